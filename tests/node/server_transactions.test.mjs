// Transactions with commands that the server around the engine has to do its part for.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startKvasm } from '../interop/server.mjs';
import { connect, request } from './server_client.mjs';

let folder;
let server;
let client;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kvasm-multi-'));
  writeFileSync(join(folder, 'users.acl'), 'user default on nopass ~* &* +@all\n');
  writeFileSync(
    join(folder, 'kvasm.conf'),
    `dir ${folder}\naclfile ${join(folder, 'users.acl')}\nenable-debug-command yes\nsave ""\n`,
  );
  server = await startKvasm({ file: join(folder, 'kvasm.conf') });
  client = await connect(server.port);
});
after(async () => {
  client.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Sends a transaction in one piece. @returns the lines of EXEC's reply */
async function transact(commands, lines) {
  const all = [['MULTI'], ...commands.map((line) => line.split(' ')), ['EXEC']];
  client.send(Buffer.concat(all.map((command) => request(...command))));
  assert.equal(await client.line(), '+OK');
  for (const _ of commands) assert.equal(await client.line(), '+QUEUED');
  assert.equal(await client.line(), `*${commands.length}`);
  const replies = [];
  for (let i = 0; i < lines; i++) replies.push(await client.line());
  return replies;
}

test('files are written and read in their place among the replies', async () => {
  const replies = await transact(
    [
      'SET a 1',
      'CONFIG SET maxmemory-samples 7',
      'CONFIG REWRITE',
      'ACL SETUSER eve on >pw ~e* +get',
      'ACL SAVE',
      'ACL SETUSER mallory on nopass',
      'ACL LOAD',
      'ACL WHOAMI',
      'INCR a',
    ],
    10,
  );
  assert.deepEqual(replies, [...Array(7).fill('+OK'), '$7', 'default', ':2']);
  assert.match(readFileSync(join(folder, 'kvasm.conf'), 'utf8'), /maxmemory-samples 7/);
  assert.match(readFileSync(join(folder, 'users.acl'), 'utf8'), /user eve/);
  assert.equal(await client.ask('ACL', 'DELUSER', 'mallory'), ':0', 'the file has none');
});

test('what fails is told there, and the rest goes on', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => taken.once('listening', listening));
  writeFileSync(join(folder, 'users.acl'), 'nonsense\n');
  const { port } = taken.address();
  const replies = await transact(
    [`CONFIG SET port ${port} maxmemory-samples 9`, 'ACL LOAD', 'PING'],
    3,
  );
  assert.match(replies[0], /^-ERR CONFIG SET failed \(possibly related to argument 'port'\)/);
  assert.match(replies[1], /^-ERR/);
  assert.equal(replies[2], '+PONG');
  assert.equal((await transact(['CONFIG GET maxmemory-samples'], 5))[4], '7');
  taken.close();
});

test('all is saved and loaded within a transaction, which nobody sees the inside of', async () => {
  const other = await connect(server.port);
  const replies = transact(['SET b 1', 'DEBUG RELOAD', 'INCR b', 'FLUSHALL', 'SET b 5'], 5);
  const seen = [];
  for (let i = 0; i < 50; i++) {
    other.send(request('GET', 'b'));
    const length = await other.line();
    seen.push(length === '$-1' ? null : await other.line());
  }
  assert.deepEqual(await replies, ['+OK', '+OK', ':2', '+OK', '+OK']);
  for (const value of seen) assert.ok(value === null || value === '5', `saw ${value}`);
  other.close();
});

test('a client that goes meanwhile leaves nothing behind', async () => {
  const gone = await connect(server.port);
  gone.send(
    Buffer.concat(
      [['MULTI'], ['DEBUG', 'RELOAD'], ['SET', 'c', '1'], ['EXEC']].map((each) => request(...each)),
    ),
  );
  await gone.line();
  gone.close();
  for (;;) {
    client.send(request('CLIENT', 'LIST'));
    const size = Number((await client.line()).slice(1));
    const list = (await client.bytes(size + 2)).toString();
    if (list.trim().split('\n').length === 1) break;
  }
  assert.equal(await client.ask('EXISTS', 'c'), ':1');
});
