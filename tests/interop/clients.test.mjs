// Clients written for Redis, unchanged, against kvasm-server.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import Redis from 'ioredis';

import { startKvasm } from './server.mjs';

const run = promisify(execFile);

/** A reason to skip when a program cannot be run, else false. */
async function missing(program, ...args) {
  try {
    await run(program, args);
    return false;
  } catch {
    return `${program} ${args.join(' ')} does not run here`;
  }
}

const kPython = '/usr/bin/python3';
const kPythonSession = `
import redis, sys
for proto in (False, True):
    r = redis.Redis(port=int(sys.argv[1]), decode_responses=proto)
    r.flushall()
    assert r.set('k', 'v', ex=100) is True
    assert r.get('k') == ('v' if proto else b'v')
    assert 0 < r.ttl('k') <= 100
    assert r.get('missing') is None
    assert r.hset('h', mapping={'a': 1, 'b': 2}) == 2
    assert r.hincrby('h', 'a', 5) == 6
    assert r.zadd('z', {'x': 1, 'y': 2.5}) == 2
    assert r.zrange('z', 0, -1, withscores=True)[1][1] == 2.5
    assert r.sadd('s', *range(1000)) == 1000
    assert len(list(r.sscan_iter('s'))) == 1000
    pipe = r.pipeline(transaction=False)
    for i in range(500):
        pipe.incr('n')
    assert pipe.execute()[-1] == 500
    try:
        r.incr('h')
        assert False
    except redis.ResponseError as error:
        assert 'WRONGTYPE' in str(error) or 'wrong kind' in str(error)
    assert r.info('server')['redis_mode'] == 'standalone'
print('fine')
`;

describe('clients of Redis', () => {
  let server;
  before(async () => {
    server = await startKvasm();
  });
  after(async () => {
    await server?.stop();
  });

  test('redis-cli', async (t) => {
    const reason = await missing('redis-cli', '--version');
    if (reason) return t.skip(reason);
    const cli = async (...args) =>
      (await run('redis-cli', ['-p', String(server.port), ...args])).stdout.trimEnd();
    assert.equal(await cli('PING'), 'PONG');
    assert.equal(await cli('SET', 'k', 'a b'), 'OK');
    assert.equal(await cli('GET', 'k'), 'a b');
    await cli('HSET', 'h', 'f', 'v');
    assert.equal(await cli('-3', '--json', 'HGETALL', 'h'), '{"f":"v"}');
    assert.match(await cli('INCR', 'k'), /^ERR value is not an integer/);
    assert.match(await cli('--no-raw', 'HELLO', '3'), /"proto"\n *(\d+\) )?\(integer\) 3|proto/);
    assert.match(await cli('--scan', '--pattern', 'k*'), /^k$/m);
    assert.match(await cli('--bigkeys'), /Biggest string found/);
    return undefined;
  });

  test('redis-benchmark', async (t) => {
    const reason = await missing('redis-benchmark', '--help');
    if (reason) return t.skip(reason);
    const tests = ['set', 'get', 'incr', 'sadd', 'hset', 'zadd', 'mset'];
    for (const pipeline of ['1', '16']) {
      const size = ['-c', '20', '-n', '4000', '-P', pipeline, '-r', '1000', '--csv'];
      const options = ['-p', String(server.port), ...size, '-t', tests.join(',')];
      const { stdout } = await run('redis-benchmark', options);
      assert.equal(stdout.trim().split('\n').length, tests.length + 1, stdout);
      assert.doesNotMatch(stdout, /ERR/i);
    }
    return undefined;
  });

  test('redis-py', async (t) => {
    const reason = await missing(kPython, '-c', 'import redis');
    if (reason) return t.skip(reason);
    const { stdout } = await run(kPython, ['-c', kPythonSession, String(server.port)]);
    assert.equal(stdout.trim(), 'fine');
    return undefined;
  });

  test('ioredis', async () => {
    const redis = new Redis({ port: server.port, host: server.host, lazyConnect: true });
    await redis.connect();
    try {
      await redis.flushall();
      assert.equal(await redis.set('k', 'v', 'EX', 100, 'NX'), 'OK');
      assert.equal(await redis.set('k', 'w', 'NX'), null);
      assert.equal(await redis.get('k'), 'v');
      await redis.hset('h', { a: 1, b: 2 });
      assert.deepEqual(await redis.hgetall('h'), { a: '1', b: '2' });
      await redis.zadd('z', 1, 'x', 2.5, 'y');
      assert.deepEqual(await redis.zrange('z', 0, -1, 'WITHSCORES'), ['x', '1', 'y', '2.5']);
      const bytes = Buffer.from([0, 255, 13, 10]);
      await redis.set('bin', bytes);
      assert.deepEqual(await redis.getBuffer('bin'), bytes);
      await assert.rejects(redis.incr('h'), /WRONGTYPE/);
      const pipeline = redis.pipeline();
      for (let i = 0; i < 1000; i++) pipeline.sadd('s', i);
      const results = await pipeline.exec();
      assert.ok(results.every(([error, added]) => error === null && added === 1));
      let seen = 0;
      for await (const page of redis.sscanStream('s', { count: 100 })) seen += page.length;
      assert.equal(seen, 1000);
    } finally {
      redis.disconnect();
    }
  });
});
