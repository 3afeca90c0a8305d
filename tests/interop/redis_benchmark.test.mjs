// redis-benchmark of the distribution against kvasm-server.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startTested } from './server.mjs';

const run = promisify(execFile);

test('redis-benchmark', async (t) => {
  try {
    await run('redis-benchmark', ['--help']);
  } catch {
    return t.skip('redis-benchmark does not run here');
  }
  const server = await startTested();
  t.after(() => server.stop());
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
