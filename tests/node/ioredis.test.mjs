// The real ioredis over a connection in memory.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { execFile } from 'node:child_process';
import { after, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import Redis from 'ioredis';
import { open } from 'kvasm';
import { connectorTo } from 'kvasm/ioredis';

const kProgramMs = 20_000;

describe('ioredis without a socket', () => {
  let db;
  let redis;
  before(async () => {
    db = await open('memory:');
    redis = new Redis({ Connector: connectorTo(db) });
  });
  after(async () => {
    redis.disconnect();
    await db.close();
  });
  beforeEach(() => db.flushall());

  test('sees the data of the database, and the reverse', async () => {
    assert.equal(await redis.set('k', 'v', 'EX', 100), 'OK');
    assert.equal(db.sync.get('k'), 'v');
    db.sync.hset('h', { a: 1, b: 2 });
    assert.deepEqual(await redis.hgetall('h'), { a: '1', b: '2' });
    const bytes = Buffer.from([0, 255, 13, 10]);
    await redis.set('bin', bytes);
    assert.deepEqual(await redis.getBuffer('bin'), bytes);
    await assert.rejects(redis.incr('h'), /WRONGTYPE/);
  });

  test('pipelines of thousands and values of megabytes', async () => {
    const pipeline = redis.pipeline();
    for (let i = 0; i < 20_000; ++i) pipeline.rpush('l', `element ${i}`);
    const results = await pipeline.exec();
    assert.ok(results.every(([error, length], i) => error === null && length === i + 1));
    assert.equal((await redis.lrange('l', 0, -1)).length, 20_000);
    const large = 'x'.repeat(5_000_000);
    await redis.set('large', large);
    assert.equal(await redis.get('large'), large);
  });

  test('transactions, and WATCH between two connections', async () => {
    const other = redis.duplicate();
    assert.deepEqual(await redis.multi().set('a', 1).incr('a').exec(), [
      [null, 'OK'],
      [null, 2],
    ]);
    await redis.watch('a');
    await other.incr('a');
    assert.equal(await redis.multi().incr('a').exec(), null);
    assert.equal(await redis.get('a'), '3');
    other.disconnect();
  });

  test('a blocking command waits for another connection', async () => {
    const other = redis.duplicate();
    const popped = other.blpop('queue', 0);
    await redis.ping();
    await redis.rpush('queue', 'job');
    assert.deepEqual(await popped, ['queue', 'job']);
    assert.equal(await other.blpop('queue', 0.01), null);
    other.disconnect();
  });

  test('scanStream goes through all keys', async () => {
    for (let i = 0; i < 500; ++i) db.sync.set(`k:${i}`, i);
    const seen = new Set();
    for await (const keys of redis.scanStream({ match: 'k:*' })) keys.forEach((k) => seen.add(k));
    assert.equal(seen.size, 500);
  });

  test('quit ends the connection and its session', async () => {
    const other = redis.duplicate();
    await other.ping();
    assert.equal(db.sync.client('LIST').trim().split('\n').length, 3);
    const ended = once(other, 'end');
    assert.equal(await other.quit(), 'OK');
    await ended;
    assert.equal(db.sync.client('LIST').trim().split('\n').length, 2);
  });

  test('a killed connection is made anew', async () => {
    const other = redis.duplicate();
    const id = await other.client('ID');
    assert.equal(await redis.client('KILL', 'ID', id), 1);
    assert.ok((await other.client('ID')) > id);
    other.disconnect();
  });

  test('a connection ends with the database it was made from', async () => {
    const own = await open('memory:');
    const client = new Redis({ Connector: connectorTo(own), retryStrategy: () => null });
    await client.ping();
    const ended = once(client, 'end');
    await own.close();
    await ended;
    await assert.rejects(client.ping(), /Connection is closed/);
  });
});

test('a program ends that has only forgotten to disconnect', async () => {
  const program = `
    import Redis from 'ioredis';
    import { open } from 'kvasm';
    import { connectorTo } from 'kvasm/ioredis';
    const redis = new Redis({ Connector: connectorTo(await open('memory:')) });
    await redis.set('k', 'v');
    console.log(await redis.blpop('none', 0.2), await redis.get('k'));
  `;
  const args = ['--input-type=module', '-e', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: kProgramMs });
  assert.equal(stdout, 'null v\n');
});
