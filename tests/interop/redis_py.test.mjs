// redis-py (Debian's python3-redis) against kvasm-server: the tests are in redis_py.py.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { leaveOut } from './capabilities.mjs';
import { startTested } from './server.mjs';

const run = promisify(execFile);
const kPython = '/usr/bin/python3';
const kMinutes = 5;
const script = fileURLToPath(new URL('redis_py.py', import.meta.url));

test('redis-py', async (t) => {
  try {
    await run(kPython, ['-c', 'import redis.asyncio']);
  } catch {
    return t.skip('python3-redis is not installed');
  }
  const server = await startTested({ args: ['--unixsocket', 'kvasm.sock'] });
  t.after(() => server.stop());
  const args = [script, String(server.port), `${server.folder}/kvasm.sock`];
  const { stdout } = await run(kPython, args, { timeout: kMinutes * 60_000 });
  const results = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(results.length > 20, stdout);
  for (const { name, skip, error } of results) {
    await t.test(name, { skip }, () => {
      if (error) throw new Error(error);
    });
  }
  return undefined;
});

leaveOut(test, {
  'redis-py: SSL connections': 'the server has no TLS yet',
  'redis-py: sentinel, cluster': 'there is no cluster',
  'redis-py: JSON, search, vectors': 'they are modules, not Redis itself',
});
