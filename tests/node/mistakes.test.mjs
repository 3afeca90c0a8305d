// Mistakes in calls of the package: each is refused with words that say what is wrong, before
// anything has been done, and leaves the session as it was.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { Database, open } from 'kvasm';
import { connectorTo } from 'kvasm/ioredis';
import { makeFolder } from './folders.mjs';

const refused = (promise, message) => assert.rejects(promise, { name: 'TypeError', message });

describe('a wrong signal', () => {
  let db;
  let other;
  beforeEach(async () => {
    db = await open();
    other = await db.duplicate();
  });
  afterEach(() => Promise.all([db.close(), other.close()]));

  const controller = new AbortController();
  const wrong = [
    [controller, /^The option signal is no AbortSignal but an object of class AbortController: it/],
    [null, /^The option signal is no AbortSignal but null$/],
    [{ aborted: false }, /but an object$/],
    ['now', /but the string "now"$/],
  ];

  it('of a command that waits keeps it from being sent', async () => {
    for (const [signal, message] of wrong) {
      await refused(db.blpop('q', 0, { signal }), message);
      await refused(db.bytes.call('blpop', 'q', 0, { signal }), message);
    }
    await other.rpush('q', 'x');
    assert.equal(await other.llen('q'), 1);
    assert.equal(await db.incr('n'), 1);
  });

  it('that throws when it is listened to leaves no wait behind', async () => {
    const signal = {
      aborted: false,
      addEventListener() {
        throw new Error('broken');
      },
      removeEventListener() {},
    };
    await assert.rejects(db.blpop('q', 0, { signal }), /broken/);
    await other.rpush('q', 'x');
    assert.equal(await db.llen('q'), 1);
  });

  it('is refused by whatever goes on for long', async () => {
    for (const [signal, message] of wrong) {
      await refused(db.subscribe('c', { signal }), message);
      await refused(
        db.psubscribe('c', () => {}, { signal }),
        message,
      );
      await refused(db.onKeyspace('*', { signal }), message);
      await refused(db.monitor({ signal }), message);
      await refused(db.live('get', ['k'], { signal }), message);
    }
    assert.match(await db.info('clients'), /connected_clients:2\r/);
  });
});

describe('mistakes', () => {
  let db;
  beforeEach(async () => {
    db = await open();
  });
  afterEach(() => db.close());

  it('in what gives others access', async () => {
    await refused(db.listen({ prot: 6380 }), /^listen has no option prot$/);
    for (const wrong of [5, undefined, null, {}, Promise.resolve(db)]) {
      assert.throws(() => connectorTo(wrong), {
        name: 'TypeError',
        message: /^connectorTo takes a/,
      });
    }
  });

  it('thrown while a database is opened reject that', async (test) => {
    db.sync.set('k', randomBytes(4 << 20)); // Read in several pieces.
    const load = await db.dump();
    const onProgress = () => {
      throw new RangeError('mine');
    };
    const mine = { name: 'RangeError', message: 'mine' };
    await assert.rejects(open('memory:', { load, onProgress }), mine);
    const folder = makeFolder(test);
    await assert.rejects(open(`file:${folder}`, { load, onProgress }), mine);
    await (await open(`file:${folder}`, { load })).close();
    await assert.rejects(open(`file:${folder}`, { onProgress }), mine);
    const again = await open(`file:${folder}`);
    assert.equal(await again.dbsize(), 1);
    await again.close();
  });

  it('in a transaction: its own commands are none of those in it', async () => {
    for (const name of ['multi', 'EXEC', 'Discard', 'watch']) {
      const message = new RegExp(`^A transaction cannot contain ${name.toLowerCase()}: exec`);
      assert.throws(() => db.multi().call(name, 'k'), { name: 'TypeError', message });
      assert.throws(() => db.multi([['get', 'k'], [name]]), { name: 'TypeError', message });
    }
    assert.deepEqual(await db.multi().call('unwatch').exec(), [[null, 'OK']]);
    assert.deepEqual(await db.pipeline([['multi'], ['get', 'k'], ['exec']]).exec(), [
      [null, 'OK'],
      [null, 'QUEUED'],
      [null, [null]],
    ]);
  });

  it('in a watch: only a transaction of tx is run', async () => {
    await db.set('stock', 1);
    await refused(
      db.watch('stock', async () => db.multi().decr('stock')),
      /^The transaction returned is not of tx.*take tx\.multi\(\), not db\.multi\(\)$/,
    );
    await refused(
      db.watch('stock', async (tx) => tx.multi().get('stock').exec()),
      /^What watch's body returns is tx\.multi\(\) with commands, without exec\(\).* an array$/,
    );
    await refused(
      db.watch('stock', async () => null),
      /not null$/,
    );
    await refused(db.watch('stock'), /^The body of watch is a function, not undefined$/);
    await refused(
      db.watch('stock', async () => {}, { attempts: 0 }),
      /at least 1 attempt, not 0/,
    );
    await refused(
      db.watch('stock', async () => {}, { tries: 1 }),
      /^watch has no option tries$/,
    );
    assert.equal(await db.get('stock'), '1');
  });

  it('in a subscription: handlers, topics and options are checked', async () => {
    await refused(
      db.subscribe('x', 'y', () => {}),
      /^The handler of subscribe is a function, not/,
    );
    await refused(
      db.subscribe('c', () => {}, { sginal: 1 }),
      /^subscribe has no option sginal$/,
    );
    await refused(db.ssubscribe([]), /^ssubscribe takes at least one channel or pattern$/);
    await refused(db.subscribe(), /not undefined$/);
    await refused(
      db.psubscribe([null], () => {}),
      /^psubscribe takes .* not null$/,
    );
    await refused(db.onKeyspace(), /^The pattern of onKeyspace is a string, not undefined$/);
    await refused(db.onKeyspace('*', 'x'), /^The handler of onKeyspace is a function/);
    await refused(db.monitor(5), /^The handler of monitor is a function, not the number 5$/);
    await refused(db.live('get', ['k'], { onerror() {} }), /^live has no option onerror$/);
    assert.deepEqual(await db.pubsubChannels(), []);
  });

  it('in a scan: an option that is misspelt does not find everything', async () => {
    await db.mset({ a: 1, b: 2 });
    await refused(db.scanIterator({ pattern: 'a' }).next(), /^scanIterator has no option pattern$/);
    await refused(db.scanIterator('a*').next(), /^The options of scanIterator are an object, not/);
    await refused(
      db.hscanIterator('h', { type: 'x' }).next(),
      /^hscanIterator has no option type$/,
    );
  });

  it('in names of commands', async () => {
    const message = /^The name of a command is a string, not (undefined|null|an array)$/;
    for (const name of [undefined, null, ['get', 'k']]) {
      await refused(db.call(name), message);
      assert.throws(() => db.sync.call(name), { name: 'TypeError', message });
      assert.throws(() => db.callRaw(name), { name: 'TypeError', message });
      assert.throws(() => db.multi().call(name), { name: 'TypeError', message });
    }
  });

  it('in what a call is for', async () => {
    for (const name of ['SUBSCRIBE', 'psubscribe', 'ssubscribe', 'monitor']) {
      const message = new RegExp(
        `^What ${name} brings has no place in a reply: use db.${name}`,
        'i',
      );
      await refused(db.call(name, 'x'), message);
      assert.throws(() => db.sync.call(name, 'x'), { name: 'TypeError', message });
      assert.throws(() => db.pipeline().call(name, 'x'), { name: 'TypeError', message });
    }
    assert.throws(() => new Database(), /^TypeError: A Database is made by open\(\), not by new/);
    const { signal } = new AbortController();
    const message = /^Argument \d of \w+ is an object: .*; a signal is for commands that wait/;
    await refused(db.get('k', { signal }), message);
    assert.throws(() => db.pipeline().blpop('q', 0, { signal }), { name: 'TypeError', message });
    assert.throws(() => db.sync.blpop('q', 0, { signal }), { name: 'TypeError', message });
  });

  it('in the size of an argument', async () => {
    const large = new Uint8Array(512 * 2 ** 20 + 1);
    const message = 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
    await assert.rejects(db.set('k', large), { name: 'ReplyError', message, command: 'set' });
    assert.throws(() => db.sync.call('append', 'k', large), { message, command: 'append' });
    assert.throws(() => db.callRaw('set', 'k', large), { message });
    assert.equal(await db.exists('k'), 0);
  });

  it('in arrays of commands', () => {
    for (const chain of ['pipeline', 'multi']) {
      assert.throws(() => db[chain]({ pipeline: false }), /TypeError: Commands are an array/);
      assert.throws(() => db[chain](['get', 'k']), /TypeError: A command is an array .*"get"$/);
      assert.throws(() => db[chain]([[]]), /TypeError: A command is an array with its name first/);
    }
  });
});

describe('a keyspace subscription', () => {
  it('takes options without a handler', async () => {
    const db = await open();
    const controller = new AbortController();
    const events = await db.onKeyspace('k*', { signal: controller.signal });
    await db.set('k1', 1);
    for await (const { event, key } of events) {
      assert.deepEqual([event, key], ['set', 'k1']);
      controller.abort();
    }
    assert.equal(events.closed, true);
    await db.close();
  });
});

describe('signals of long life', () => {
  it('are forgotten by what has ended', async () => {
    const db = await open();
    const { signal } = new AbortController();
    let listeners = 0;
    const counted = {
      aborted: false,
      throwIfAborted() {},
      addEventListener: (...args) => (listeners++, signal.addEventListener(...args)),
      removeEventListener: (...args) => (listeners--, signal.removeEventListener(...args)),
    };
    const feeds = [
      await db.subscribe('c', { signal: counted }),
      await db.onKeyspace('k', () => {}, { signal: counted }),
      await db.monitor(() => {}, { signal: counted }),
      await db.live('get', ['k'], { signal: counted }),
    ];
    assert.equal(listeners, 4);
    for (const feed of feeds) await feed.unsubscribe();
    assert.equal(listeners, 0);
    await db.close();
  });
});

describe('what the package hands out', () => {
  it('is shown without what it is made of', async () => {
    const db = await open();
    const shown = [
      [db, 'Database { closed: false }'],
      [db.sync, 'SyncDatabase { closed: false }'],
      [db.bytes, 'BytesDatabase { closed: false }'],
      [db.bytes.sync, 'SyncFace { closed: false }'],
      [db.pipeline().get('k'), 'Pipeline { length: 1 }'],
      [db.multi(), 'Transaction { length: 0 }'],
      [await db.subscribe('c'), 'Subscription { closed: false, topics: ["c"] }'],
      [await db.live('get', ['k']), 'LiveView { closed: false }'],
      [await db.monitor(), 'Monitor { closed: false }'],
    ];
    for (const [object, text] of shown) assert.equal(inspect(object), text);
    assert.equal(
      JSON.stringify({ db, all: shown.map(([object]) => object) }),
      '{"db":{"closed":false},"all":[{"closed":false},{"closed":false},{"closed":false},' +
        '{"closed":false},{"length":1},{"length":0},{"closed":false,"topics":["c"]},' +
        '{"closed":false},{"closed":false}]}',
    );
    await db.close();
    assert.equal(JSON.stringify(db), '{"closed":true}');
  });
});
