// A value goes from the package to a real server and back, as bytes: what DUMP and RESTORE are for.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import Redis from 'ioredis';
import { ReplyError, open } from 'kvasm';

import { redisServerPath, redisServerVersion, startRedis } from './server.mjs';
import { since } from './versions.mjs';

const path = redisServerPath();
const skip = path ? false : 'no redis-server found';

test('a hash goes to a real server and returns', { skip }, async () => {
  const server = await startRedis();
  const redis = new Redis(server.port, server.host);
  const db = await open('memory:');
  try {
    // A server before 7.2 refuses payloads of 7.2.
    if (!since('rdbVersion', redisServerVersion(path))) db.sync.config('SET', 'rdb-version', 10);
    db.sync.hset('user', { name: 'Ada', born: 1815, note: 'é'.repeat(100) });
    const payload = db.sync.bytes.dump('user');
    assert.ok(payload instanceof Uint8Array);

    assert.equal(await redis.restore('user', 0, Buffer.from(payload)), 'OK');
    assert.deepEqual(await redis.hgetall('user'), db.sync.hgetall('user'));

    await redis.hincrby('user', 'born', 37);
    const back = await redis.dumpBuffer('user');
    assert.equal(await db.restore('user', 60_000, back, 'REPLACE'), 'OK');
    assert.equal(await db.hget('user', 'born'), '1852');
    assert.ok(db.sync.pttl('user') > 0);

    back[3] ^= 1;
    assert.throws(
      () => db.sync.restore('user', 0, back, 'REPLACE'),
      (error) => error instanceof ReplyError && /checksum are wrong/.test(error.message),
    );
  } finally {
    redis.disconnect();
    await db.close();
    await server.stop();
  }
});
