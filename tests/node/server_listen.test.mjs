// db.listen(): clients on sockets and calls in this process work on the same data.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { open } from 'kvasm';
import { bulk, connect, request, within } from './server_client.mjs';

let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvasm-listen-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe('a database that listens', () => {
  test('refuses a bare port instead of taking any free one', async () => {
    const db = await open('memory:');
    await assert.rejects(db.listen(6380), /^TypeError: listen takes an object of options/);
    await db.close();
  });

  test('shares its data with clients of any free port', async () => {
    const db = await open('memory:');
    const listener = await db.listen({ port: 0 });
    assert.equal(listener.address, '127.0.0.1');
    assert.ok(listener.port > 0);
    const client = await connect(listener.port);
    assert.equal(await client.ask('SET', 'from', 'outside'), '+OK');
    assert.equal(await db.get('from'), 'outside');
    db.sync.set('from', 'inside');
    client.send(request('GET', 'from'));
    assert.ok((await client.bytes(12)).equals(bulk('inside')));
    await db.close();
    await within(client.closed, 'the end of the connection');
    await assert.rejects(connect(listener.port));
  });

  test('listens on a unix socket, which goes with the listener', async () => {
    const db = await open('memory:');
    const path = join(folder, 'db.sock');
    const listener = await db.listen({ path, mode: 0o600 });
    assert.deepEqual([listener.port, listener.address], [0, path]);
    const client = await connect({ path });
    assert.equal(await client.ask('SET', 'k', 'v'), '+OK');
    await listener.close();
    await within(client.closed, 'the end of the connection');
    assert.ok(!existsSync(path));
    assert.equal(db.sync.get('k'), 'v');
    await db.close();
  });

  test('closing one listener leaves the clients of another alone', async () => {
    const db = await open('memory:');
    const first = await db.listen({ port: 0 });
    const second = await db.listen({ port: 0, host: ['127.0.0.1', '127.0.0.2'] });
    const [a, b, c] = await Promise.all([
      connect(first.port),
      connect(second.port),
      connect({ host: '127.0.0.2', port: second.port }),
    ]);
    await first.close();
    await within(a.closed, 'the end of the connection');
    await first.close();
    assert.equal(await b.ask('SET', 'k', 'v'), '+OK');
    assert.equal(await c.ask('EXISTS', 'k'), ':1');
    await db.close();
    await within(Promise.all([b.closed, c.closed]), 'the end of the connections');
  });

  test('a port that is taken is an error with its code, and harms nothing', async () => {
    const blocker = net.createServer();
    await new Promise((done) => blocker.listen(0, '127.0.0.1', done));
    const db = await open('memory:');
    await assert.rejects(db.listen({ port: blocker.address().port }), { code: 'EADDRINUSE' });
    blocker.close();
    assert.equal(await db.set('k', 'v'), 'OK');
    const listener = await db.listen({ port: 0 });
    const client = await connect(listener.port);
    assert.equal(await client.ask('EXISTS', 'k'), ':1');
    client.close();
    await db.close();
  });

  test('two databases of one process share nothing', async () => {
    const databases = await Promise.all([open('memory:'), open('memory:')]);
    const ports = [];
    for (const db of databases) ports.push((await db.listen({ port: 0 })).port);
    const [a, b] = await Promise.all(ports.map((port) => connect(port)));
    assert.equal(await a.ask('SET', 'mine', '1'), '+OK');
    assert.equal(await b.ask('EXISTS', 'mine'), ':0');
    for (const db of databases) await db.close();
  });

  test('a client that never reads does not keep a database from closing', async () => {
    const db = await open('memory:');
    const { port } = await db.listen({ port: 0 });
    db.sync.set('k', 'x'.repeat(100_000));
    const client = await connect(port);
    client.socket.pause();
    client.send(Buffer.concat(Array.from({ length: 1000 }, () => request('GET', 'k'))));
    await new Promise((done) => setTimeout(done, 200));
    await within(db.close(), 'the end of the database', 5000);
    client.close();
  });

  test('adds no handlers to the process', async () => {
    const names = ['SIGTERM', 'SIGINT', 'SIGHUP', 'exit', 'beforeExit', 'uncaughtException'];
    const count = () => names.map((name) => process.listenerCount(name));
    const counted = count();
    const db = await open('memory:');
    await db.listen({ port: 0 });
    assert.deepEqual(count(), counted);
    await db.close();
    assert.equal(process.exitCode, undefined);
  });
});
