// CONFIG SET dir while a server has an append-only file: what is written where, and what of it
// loads afterwards.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startKvasm } from '../interop/server.mjs';
import { makeFolder } from './folders.mjs';
import { connect, eventually } from './server_client.mjs';

const kLog = ['--appendonly', 'yes', '--enable-protected-configs', 'yes', '--save', ''];

async function start(folder) {
  const server = await startKvasm({ args: ['--dir', folder, ...kLog] });
  return { server, client: await connect(server.port) };
}

async function stop({ server, client }) {
  client.close();
  await server.stop();
}

async function sizeOf(folder) {
  const started = await start(folder);
  const size = await started.client.ask('DBSIZE');
  await stop(started);
  return size;
}

async function rewrite(client) {
  assert.match(
    await client.ask('BGREWRITEAOF'),
    /^\+Background append only file rewriting started/,
  );
  await rewritten(client);
}

async function rewritten(client) {
  await eventually(async () => {
    client.send('INFO persistence\r\n');
    const length = Number((await client.line()).slice(1));
    return /aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/.test(
      (await client.bytes(length + 2)).toString(),
    );
  });
}

test('a log stays where it is until it is rewritten, then it has moved', async (test) => {
  const folder = makeFolder(test);
  const [from, to] = ['from', 'to'].map((name) => join(folder, name));
  for (const path of [from, to]) mkdirSync(path);
  const { server, client } = await start(from);
  assert.equal(await client.ask('SET', 'a', '1'), '+OK');
  assert.equal(await client.ask('CONFIG', 'SET', 'dir', to), '+OK');
  assert.equal(await client.ask('SET', 'b', '2'), '+OK');
  assert.equal(await client.ask('SAVE'), '+OK');
  assert.ok(existsSync(join(to, 'dump.rdb')));
  const tail = join(from, 'appendonlydir', 'appendonly.aof.1.incr.aof');
  assert.match(readFileSync(tail, 'latin1'), /\r\nb\r\n/);

  await rewrite(client);
  assert.equal(await client.ask('SET', 'c', '3'), '+OK');
  const names = readdirSync(join(to, 'appendonlydir')).filter((name) => name !== 'kvasm.lock');
  assert.deepEqual(names.sort(), [
    'appendonly.aof.2.base.rdb',
    'appendonly.aof.2.incr.aof',
    'appendonly.aof.manifest',
  ]);
  await stop({ server, client });
  // What was left is whole, as of then.
  assert.equal(await sizeOf(from), ':2');
  assert.equal(await sizeOf(to), ':3');
});

test('and back again, before or after it was rewritten', async (test) => {
  const folder = makeFolder(test);
  const [from, to] = ['from', 'to'].map((name) => join(folder, name));
  for (const path of [from, to]) mkdirSync(path);
  const { server, client } = await start(from);
  for (const path of [to, from]) {
    assert.equal(await client.ask('CONFIG', 'SET', 'dir', path), '+OK');
  }
  assert.equal(await client.ask('SET', 'a', '1'), '+OK');
  await rewrite(client);
  assert.equal(existsSync(join(to, 'appendonlydir')), false);
  assert.equal(await client.ask('CONFIG', 'SET', 'dir', to), '+OK');
  assert.equal(await client.ask('CONFIG', 'SET', 'appendonly', 'no'), '+OK');
  assert.equal(await client.ask('CONFIG', 'SET', 'appendonly', 'yes'), '+OK');
  await rewritten(client);
  assert.equal(await client.ask('SET', 'b', '2'), '+OK');
  assert.equal(await client.ask('CONFIG', 'SET', 'dir', from), '+OK');
  await rewrite(client);
  assert.equal(await client.ask('SET', 'c', '3'), '+OK');
  await stop({ server, client });
  assert.equal(await sizeOf(from), ':3');
  assert.equal(await sizeOf(to), ':2');
});

test('what fails again and again is logged once in a while', async (test) => {
  const folder = makeFolder(test);
  const { server, client } = await start(folder);
  mkdirSync(join(folder, 'dump.rdb'));
  for (let i = 0; i < 3; ++i) assert.equal(await client.ask('SAVE'), '-ERR');
  await stop({ server, client });
  const count = (text) => server.log().split(text).length - 1;
  assert.equal(count('Write error while saving DB to the disk: Is a directory'), 3);
  assert.equal(count(': Is a directory\n') - 3, 1);
});
