// db.multi() and db.watch(): nothing comes between the commands of a transaction, and a conflict
// starts the reading over.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ReplyError, WatchError, open } from 'kvasm';

describe('transactions', () => {
  let db;
  beforeEach(async () => {
    db = await open('memory:');
  });
  afterEach(() => db.close());

  it('gives an entry for each command, a failed one included', async () => {
    const results = await db.multi().set('a', 'x').incr('a').get('a').hset('h', { f: 1 }).exec();
    assert.deepEqual(results[0], [null, 'OK']);
    assert.ok(results[1][0] instanceof ReplyError);
    assert.deepEqual(results.slice(2), [
      [null, 'x'],
      [null, 1],
    ]);
  });

  it('takes its commands as arrays, as pipelines do', async () => {
    const commands = [
      ['set', 'a', '1'],
      ['INCR', 'a'],
      ['hset', 'h', { f: 1 }],
    ];
    assert.deepEqual(await db.pipeline(commands).get('a').exec(), [
      [null, 'OK'],
      [null, 2],
      [null, 1],
      [null, '2'],
    ]);
    assert.deepEqual(await db.multi([['get', 'a']]).exec(), [[null, '2']]);
  });

  it('runs nothing before exec, and nothing twice', async () => {
    const transaction = db.multi().incr('n');
    assert.equal(transaction.length, 1);
    assert.equal(await db.get('n'), null);
    assert.deepEqual(await transaction.exec(), [[null, 1]]);
    assert.equal(transaction.length, 0);
    assert.deepEqual(await transaction.exec(), []);
    assert.equal(await db.get('n'), '1');
  });

  it('is refused as a whole when a command cannot be queued, and says which', async () => {
    const transaction = db.multi().set('a', 1).call('nosuch', 'x').set('b', 2);
    await assert.rejects(transaction.exec(), (error) => {
      assert.equal(error.code, 'EXECABORT');
      assert.match(error.cause.message, /unknown command 'nosuch'/);
      return true;
    });
    assert.equal(await db.exists('a', 'b'), 0);
    assert.equal(await db.ping(), 'PONG', 'the session is in no transaction any more');
  });

  it('lets no other call between its commands, not even behind one that waits', async () => {
    const other = await db.duplicate();
    const popped = db.blpop('list', 0);
    const done = db.multi().set('k', 1).incr('k').exec();
    const later = db.get('k');
    await other.rpush('list', 'x');
    assert.deepEqual(await popped, ['list', 'x']);
    assert.deepEqual(await done, [
      [null, 'OK'],
      [null, 2],
    ]);
    assert.equal(await later, '2');
    await other.close();
  });

  it('does not wait in blocking commands', async () => {
    assert.deepEqual(await db.multi().blpop('none', 0).exec(), [[null, null]]);
  });

  it('rejects once the database is closed', async () => {
    const transaction = db.multi().set('a', 1);
    const pipeline = db.pipeline().set('a', 1);
    await db.close();
    await assert.rejects(transaction.exec(), { code: 'CLOSED' });
    await assert.rejects(pipeline.exec(), { code: 'CLOSED' });
  });
});

describe('watch', () => {
  let db;
  beforeEach(async () => {
    db = await open('memory:');
  });
  afterEach(() => db.close());

  it('starts over when a key has changed, and loses no increment', async () => {
    let reads = 0;
    const increment = () =>
      db.watch('n', async (tx) => {
        reads++;
        const n = Number(await tx.get('n'));
        await new Promise(setImmediate);
        return tx.multi().set('n', n + 1);
      });
    await Promise.all(Array.from({ length: 10 }, increment));
    assert.equal(await db.get('n'), '10');
    assert.ok(reads > 10, `${reads} reads`);
  });

  it('gives up after so many attempts', async () => {
    const conflict = db.watch(
      ['a', 'b'],
      async (tx) => {
        await db.incr('b');
        return tx.multi().set('a', 1);
      },
      { attempts: 3 },
    );
    await assert.rejects(
      conflict,
      (error) => error instanceof WatchError && /3/.test(error.message),
    );
    assert.equal(await db.get('b'), '3');
    assert.equal(await db.exists('a'), 0);
  });

  it('writes nothing when the body returns nothing or throws', async () => {
    assert.equal(await db.watch('a', async () => {}), null);
    const problem = new Error('no');
    await assert.rejects(
      db.watch('a', () => Promise.reject(problem)),
      problem,
    );
    assert.match(await db.info('clients'), /connected_clients:1\r/);
    assert.equal(await db.ping(), 'PONG');
  });

  it('looks at the database that is selected', async () => {
    await db.select(3);
    await db.set('a', 1);
    await db.watch('a', async (tx) => tx.multi().incrby('a', Number(await tx.get('a'))));
    assert.equal(await db.get('a'), '2');
  });
});

describe('iterators', () => {
  it('give every name once where nothing changes, by type and by pattern', async () => {
    const db = await open('memory:');
    for (let i = 0; i < 1000; ++i) db.sync.set(`k:${i}`, i);
    db.sync.sadd('s', 'a', 'b');
    const seen = [];
    for await (const keys of db.scanIterator()) seen.push(...keys);
    assert.equal(seen.length, 1001);
    assert.equal(new Set(seen).size, 1001);
    const some = [];
    for await (const keys of db.scanIterator({ match: 'k:99*', count: 100 })) some.push(...keys);
    assert.equal(some.length, 11);
    const sets = [];
    for await (const keys of db.scanIterator({ type: 'set' })) sets.push(...keys);
    assert.deepEqual(sets, ['s']);
    await db.close();
  });

  it('give fields with values and members with scores', async () => {
    const db = await open('memory:');
    for (let i = 0; i < 600; ++i) {
      db.sync.hset('h', `f${i}`, `v${i}`);
      db.sync.zadd('z', i / 2, `m${i}`);
      db.sync.sadd('s', `m${i}`);
    }
    const fields = new Map();
    for await (const found of db.hscanIterator('h')) for (const [f, v] of found) fields.set(f, v);
    assert.equal(fields.size, 600);
    assert.equal(fields.get('f599'), 'v599');
    const scores = new Map();
    for await (const found of db.zscanIterator('z')) for (const [m, s] of found) scores.set(m, s);
    assert.equal(scores.size, 600);
    assert.equal(scores.get('m7'), 3.5);
    const members = [];
    for await (const found of db.sscanIterator('s', { match: 'm1*' })) members.push(...found);
    assert.equal(members.length, 111);
    await db.close();
  });
});
