// db.live(): replies that stay true.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ClosedError, open } from 'kvasm';

/** Lets what is queued be delivered. */
const settle = () => delay(1);

describe('a live view', () => {
  let db;
  let got;
  const note = (value) => got.push(value);
  beforeEach(async () => {
    db = await open();
    got = [];
  });
  afterEach(() => db.close());

  it('gives the value now and whenever it has changed', async () => {
    await db.hset('user:1', { name: 'Ann' });
    const view = await db.live('hgetall', ['user:1'], note);
    await settle();
    assert.deepEqual(got, [{ name: 'Ann' }]);
    await db.hset('user:1', { age: 30 });
    await settle();
    await db.del('user:1');
    await settle();
    assert.deepEqual(got, [{ name: 'Ann' }, { name: 'Ann', age: '30' }, {}]);
    assert.deepEqual(view.value, {});
  });

  it('sees databases that are swapped or flushed', async () => {
    const other = await db.duplicate();
    await other.select(1);
    await other.set('k', 'there');
    await db.set('k', 'here');
    await db.live('get', ['k'], note);
    await settle();
    await other.swapdb(0, 1);
    await settle();
    await db.swapdb(0, 1);
    await settle();
    await other.flushall();
    await settle();
    assert.deepEqual(got, ['here', 'there', 'here', null]);
    await other.close();
  });

  it('sees changes that come together once', async () => {
    await db.live('get', ['n'], note);
    for (let i = 0; i < 100; ++i) db.sync.incr('n');
    await settle();
    assert.deepEqual(got, [null, '100']);
    await db.multi().incr('n').incr('n').exec();
    await settle();
    assert.deepEqual(got.slice(2), ['102']);
  });

  it('says nothing of changes that leave the reply as it was', async () => {
    await db.rpush('l', 'a', 'b');
    await db.live('lindex', ['l', 0], note);
    await db.rpush('l', 'c');
    await settle();
    await db.live('lrange', ['l', 0, 1], note);
    await db.rpush('l', 'd');
    await settle();
    assert.deepEqual(got, ['a', ['a', 'b']]);
    await db.lset('l', 0, 'x');
    await settle();
    assert.deepEqual(got.slice(2), ['x', ['x', 'b']]);
  });

  it('looks at several keys', async () => {
    await db.live('mget', ['a', ['b', 'c']], note);
    await settle();
    await db.set('b', '2');
    await settle();
    await db.mset('a', '1', 'c', '3', 'd', '4');
    await settle();
    assert.deepEqual(got, [
      [null, null, null],
      [null, '2', null],
      ['1', '2', '3'],
    ]);
  });

  it('hears other sessions, and looks into the database that was selected', async () => {
    await db.select(2);
    await db.set('k', 'in 2');
    await db.live('get', ['k'], note);
    await db.select(0);
    await db.set('k', 'in 0');
    const other = await db.duplicate();
    await other.select(2);
    await other.set('k', 'other');
    await settle();
    assert.deepEqual(got, ['in 2', 'other']);
    await other.close();
  });

  const removals = {
    'are flushed': (own) => own.flushall(),
    'are flushed in the background': (own) => own.flushdb('ASYNC'),
    'are renamed': (own) => own.rename('k', 'k2'),
    'are moved': (own) => own.move('k', 1),
    'expire at once': (own) => own.pexpireat('k', 1),
  };
  for (const [how, remove] of Object.entries(removals)) {
    it(`notices keys that ${how}`, async () => {
      await db.set('k', 'v');
      await db.live('get', ['k'], note);
      await settle();
      await remove(db);
      await settle();
      assert.deepEqual(got, ['v', null]);
      await db.set('k', 'again');
      await settle();
      assert.deepEqual(got, ['v', null, 'again']);
    });
  }

  it('notices keys that are renamed over and restored', async () => {
    await db.set('k', 'v');
    await db.set('other', 'w');
    await db.live('get', ['k'], note);
    await db.rename('other', 'k');
    await settle();
    await db.restore('k', 0, await db.bytes.dump('k'), 'REPLACE');
    await db.copy('k', 'k2');
    await settle();
    assert.deepEqual(got, ['v', 'w']);
  });

  it('notices keys that expire by themselves', async () => {
    const alive = setInterval(() => {}, 1000);
    await db.set('k', 'v', 'PX', 20);
    await db.live('get', ['k'], note);
    const deadline = Date.now() + 20_000;
    while (got.length < 2 && Date.now() < deadline) await delay(5);
    clearInterval(alive);
    assert.deepEqual(got, ['v', null]);
  });

  it('notices keys that are evicted', async () => {
    await db.set('k', 'v');
    const alive = setInterval(() => {}, 1000);
    await db.live('exists', ['k'], note);
    await settle();
    await db.configSet('maxmemory-policy', 'allkeys-random', 'maxmemory', '1mb');
    for (let i = 0; i < 2000 && (await db.exists('k')) === 1; ++i) {
      await db.set(`filler:${i}`, 'x'.repeat(10_000));
    }
    await settle();
    clearInterval(alive);
    assert.deepEqual(got, [1, 0]);
  });

  it('is read as an iterator of the newest values', async () => {
    const view = await db.live('get', ['n']);
    const seen = [];
    for await (const value of view) {
      seen.push(value);
      if (value === '30') break;
      for (let i = 0; i < 10; ++i) {
        await db.incr('n');
        await settle();
      }
    }
    assert.deepEqual(seen, [null, '10', '20', '30']);
    assert.equal(view.closed, true);
    assert.equal((await db.clientList()).trim().split('\n').length, 1);
  });

  it('waits for a change', async () => {
    const view = (await db.live('llen', ['l']))[Symbol.asyncIterator]();
    assert.deepEqual(await view.next(), { done: false, value: 0 });
    const next = view.next();
    await db.rpush('l', 'x');
    assert.deepEqual(await next, { done: false, value: 1 });
  });

  it('ends on its signal, by unsubscribe, with its block and with the database', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    await db.live('get', ['k'], note, { signal });
    const second = await db.live('get', ['k'], note);
    const third = await db.live('get', ['k'], { signal });
    await settle();
    controller.abort();
    await second[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]();
    await db.set('k', 'v');
    await settle();
    assert.deepEqual(got, [null, null]);
    assert.deepEqual(await third[Symbol.asyncIterator]().next(), { done: true, value: undefined });
    assert.match(await db.info('clients'), /tracking_clients:0/);
    await assert.rejects(db.live('get', ['k'], { signal }), { name: 'AbortError' });
    const own = await open();
    const last = await own.live('get', ['k'], () => {});
    await own.close();
    assert.equal(last.closed, true);
    await assert.rejects(own.live('get', ['k']), ClosedError);
  });

  it('gives bytes, and what the command’s arguments ask for', async () => {
    await db.zadd('z', 1, 'a', 2, 'b');
    await db.bytes.live('zrange', ['z', 0, -1, 'WITHSCORES'], note);
    await settle();
    const [[[member, score]]] = got;
    assert.ok(member instanceof Uint8Array);
    assert.equal(score, 1);
    await db.zincrby('z', 5, 'a');
    await settle();
    assert.equal(got[1][1][1], 6);
  });

  it('works while a command of the database waits', async () => {
    const waits = db.blpop('list', 0);
    await db.live('get', ['k'], note);
    const other = await db.duplicate();
    await other.set('k', 'v');
    await other.rpush('list', 'end');
    await waits;
    await settle();
    assert.deepEqual(got.at(-1), 'v');
    await other.close();
  });

  it('may change what others look at', async () => {
    await db.live('scard', ['tags'], (count) => db.set('count', count));
    await db.live('get', ['count'], note);
    await db.sadd('tags', 'a', 'b');
    await settle();
    assert.equal(got.at(-1), '2');
  });

  it('goes on when too few keys can be tracked, and lets everything else go on', async () => {
    await db.configSet('tracking-table-max-keys', 1);
    const alive = setInterval(() => {}, 1000);
    for (let i = 0; i < 5; ++i) await db.live('get', [`k:${i}`], note);
    await settle();
    got = [];
    for (let i = 0; i < 5; ++i) await db.set(`k:${i}`, i);
    const deadline = Date.now() + 20_000;
    while (got.length < 5 && Date.now() < deadline) await delay(5);
    clearInterval(alive);
    assert.deepEqual([...got].sort(), ['0', '1', '2', '3', '4']);
  });
});

describe('errors of a live view', () => {
  let db;
  beforeEach(async () => {
    db = await open();
  });
  afterEach(() => db.close());

  it('reject when it begins', async () => {
    await db.set('k', 'text');
    await assert.rejects(db.live('llen', ['k']), { code: 'WRONGTYPE' });
    await assert.rejects(db.live('get', []), /wrong number of arguments/);
    await assert.rejects(db.live('get', [null]), TypeError);
    for (const command of ['set', 'blpop', 'xread', 'ping', 'nosuch', 'config']) {
      await assert.rejects(db.live(command, ['k']), { name: 'TypeError' });
    }
    assert.equal((await db.clientList()).trim().split('\n').length, 1);
  });

  it('end an iteration', async () => {
    const view = (await db.live('llen', ['k']))[Symbol.asyncIterator]();
    await view.next();
    const next = view.next();
    await db.set('k', 'text');
    await assert.rejects(next, { code: 'WRONGTYPE' });
    assert.deepEqual(await view.next(), { done: true, value: undefined });
  });

  it('go to onError, and the view goes on', async () => {
    const got = [];
    const errors = [];
    const onError = (error) => errors.push(error.code);
    await db.set('k', 'text');
    const view = await db.live('llen', ['k'], (value) => got.push(value), { onError });
    await settle();
    assert.deepEqual([got, errors, view.value], [[], ['WRONGTYPE'], undefined]);
    await db.del('k');
    await settle();
    await db.set('k', 'text');
    await settle();
    await db.del('k');
    await settle();
    assert.deepEqual(
      [got, errors],
      [
        [0, 0],
        ['WRONGTYPE', 'WRONGTYPE'],
      ],
    );
    assert.equal(view.closed, false);
  });

  it('that nobody hears are thrown', async () => {
    const program = `
      import { open } from 'kvasm';
      const db = await open();
      const view = await db.live('llen', ['k'], () => {});
      process.once('uncaughtException', (error) => console.log(error.code, view.closed));
      await db.set('k', 'text');
    `;
    const args = ['--input-type=module', '-e', program];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    assert.equal(stdout, 'WRONGTYPE true\n');
  });
});
