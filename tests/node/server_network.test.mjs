// Raw clients on real sockets: framing, back-pressure, limits. No client may disturb another.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startKvasm } from '../interop/server.mjs';
import { bulk, connect, eventually, makeRandom, request } from './server_client.mjs';

const kMebibyte = 1024 * 1024;

/** Bytes of memory a process holds. */
function residentBytes(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

describe('one server', () => {
  let server;
  let port;
  before(async () => {
    server = await startKvasm({ args: ['--enable-debug-command', 'yes'] });
    port = server.port;
  });
  after(() => server.stop());

  test('pipelines cut at any byte give the same replies in the same order', async () => {
    const random = makeRandom(7);
    const requests = [];
    const replies = [];
    const values = new Map();
    for (let i = 0; i < 5000; i++) {
      const key = `cut:${random(50)}`;
      if (random(2) === 0) {
        const value = Buffer.from(Array.from({ length: random(200) }, () => random(256)));
        values.set(key, value);
        requests.push(request('SET', key, value));
        replies.push(Buffer.from('+OK\r\n'));
      } else {
        requests.push(request('GET', key));
        const value = values.get(key);
        replies.push(value === undefined ? Buffer.from('$-1\r\n') : bulk(value));
      }
    }
    const stream = Buffer.concat(requests);
    const expected = Buffer.concat(replies);
    const client = await connect(port);
    client.socket.setNoDelay(true);
    for (let at = 0; at < stream.length;) {
      const size = random(10) === 0 ? 1 + random(3) : 1 + random(5000);
      client.send(stream.subarray(at, at + size));
      at += size;
      if (random(3) === 0) await new Promise(setImmediate);
    }
    assert.ok((await client.bytes(expected.length)).equals(expected));
    client.close();
  });

  test('a request sent byte by byte is answered once it is whole', async () => {
    const client = await connect(port);
    for (const byte of request('SET', 'slow', 'value')) {
      assert.equal(client.received, 0);
      client.send(Buffer.of(byte));
      await wait(1);
    }
    assert.equal(await client.line(), '+OK');
    client.close();
  });

  test('a value of many chunks arrives whole and comes back whole', async () => {
    const value = Buffer.alloc(9 * kMebibyte, 'abcdefghijk');
    const client = await connect(port);
    assert.equal(await client.ask('SET', 'large', value), '+OK');
    client.send(request('GET', 'large'));
    assert.ok((await client.bytes(bulk(value).length)).equals(bulk(value)));
    assert.equal(await client.ask('DEL', 'large'), ':1');
    client.close();
  });

  test('a half-sent request holds up nobody and is forgotten when its client goes', async () => {
    const half = await connect(port);
    half.send('*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$5\r\nva');
    const other = await connect(port);
    assert.equal(await other.ask('PING'), '+PONG');
    half.close();
    assert.equal(await other.ask('EXISTS', 'half'), ':0');
    other.close();
  });

  test('a malformed request closes its own connection only', async () => {
    const good = await connect(port);
    const bad = await connect(port);
    bad.send('*1\r\n!oops\r\n');
    assert.equal(await bad.rest(), "-ERR Protocol error: expected '$', got '!'\r\n");
    assert.equal(await good.ask('PING'), '+PONG');
    good.close();
  });

  test('replies before a malformed request are sent first', async () => {
    const client = await connect(port);
    client.send('*1\r\n$4\r\nPING\r\n*1\r\nx\r\n*1\r\n$4\r\nPING\r\n');
    assert.match(await client.rest(), /^\+PONG\r\n-ERR Protocol error: [^\r]*\r\n$/);
  });

  test('QUIT is answered, then the connection ends', async () => {
    const client = await connect(port);
    client.send('QUIT\r\nPING\r\n');
    assert.equal(await client.rest(), '+OK\r\n');
  });

  test('a client that only closes its sending half gets its replies', async () => {
    const client = await connect(port);
    client.socket.allowHalfOpen = true;
    client.socket.end(Buffer.concat(Array.from({ length: 500 }, () => request('PING'))));
    assert.equal(await client.rest(), '+PONG\r\n'.repeat(500));
  });

  test('a connection that is reset in the middle of replies harms nobody', async () => {
    const other = await connect(port);
    await other.ask('SET', 'reset', 'x'.repeat(10_000));
    for (let i = 0; i < 20; i++) {
      const client = await connect(port);
      client.send(Buffer.concat(Array.from({ length: 100 }, () => request('GET', 'reset'))));
      await wait(2);
      client.socket.resetAndDestroy?.() ?? client.close();
    }
    assert.equal(await other.ask('PING'), '+PONG');
    other.close();
  });

  test('a client that never reads stays bounded while others are served', async () => {
    const kReplies = 4000;
    const value = Buffer.alloc(64 * 1024, 'v');
    const other = await connect(port);
    assert.equal(await other.ask('SET', 'unread', value), '+OK');
    const idleBytes = residentBytes(server.pid);
    const client = await connect(port);
    client.socket.pause();
    client.send(Buffer.concat(Array.from({ length: kReplies }, () => request('GET', 'unread'))));
    for (let i = 0; i < 20; i++) {
      assert.equal(await other.ask('PING'), '+PONG');
      await wait(20);
    }
    // All replies together are 256 MB.
    const heldBytes = residentBytes(server.pid) - idleBytes;
    assert.ok(heldBytes < 48 * kMebibyte, `holds ${heldBytes} bytes`);
    // Once it reads, it gets every reply.
    let taken = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk) => (taken += chunk.length));
    client.socket.resume();
    await eventually(() => taken === kReplies * bulk(value).length, 'all replies', 20_000);
    client.close();
    other.close();
  });

  test('many clients at once each get their own replies', async () => {
    const clients = await Promise.all(Array.from({ length: 100 }, () => connect(port)));
    await Promise.all(
      clients.map(async (client, index) => {
        for (let i = 0; i < 20; i++) {
          const value = `${index}:${i}`;
          assert.equal(await client.ask('SET', `own:${index}`, value), '+OK');
          client.send(request('GET', `own:${index}`));
          assert.ok((await client.bytes(bulk(value).length)).equals(bulk(value)));
        }
        client.close();
      }),
    );
  });

  test('clients over maxclients are told so and closed; places become free again', async () => {
    const clients = [await connect(port)];
    assert.equal(await clients[0].ask('CONFIG', 'SET', 'maxclients', '2'), '+OK');
    clients.push(await connect(port));
    assert.equal(await clients[1].ask('PING'), '+PONG');
    const third = await connect(port);
    assert.equal(await third.rest(), '-ERR max number of clients reached\r\n');
    clients[1].close();
    await eventually(async () => {
      const next = await connect(port);
      const answer = await next.ask('PING').catch(() => '');
      next.close();
      return answer === '+PONG';
    }, 'a free place');
    assert.equal(await clients[0].ask('CONFIG', 'SET', 'maxclients', '10000'), '+OK');
    clients[0].close();
  });

  test('idle clients are closed after timeout, busy and waiting ones are not', async () => {
    const busy = await connect(port);
    assert.equal(await busy.ask('CONFIG', 'SET', 'timeout', '1'), '+OK');
    const waiting = await connect(port);
    waiting.send('BZPOPMIN timeout:none 0\r\n');
    const idle = await connect(port);
    const began = Date.now();
    let closedAfterMs = 0;
    while (Date.now() - began < 4000) {
      assert.equal(await busy.ask('PING'), '+PONG');
      await wait(50);
      if (idle.isClosed) closedAfterMs ||= Date.now() - began;
    }
    assert.ok(closedAfterMs >= 900, `closed after ${closedAfterMs} ms`);
    assert.ok(!waiting.isClosed, 'the waiting client was closed');
    waiting.close();
    assert.equal(await busy.ask('CONFIG', 'SET', 'timeout', '0'), '+OK');
    busy.close();
  });
});

describe('who may connect', () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address.family === 'IPv4' && !address.internal)?.address;

  test('protected mode', { skip: outside === undefined && 'no other address' }, async () => {
    const server = await startKvasm({ args: ['--bind', outside, '127.0.0.1'] });
    const target = { host: outside, port: server.port };
    const refused = await connect(target);
    assert.match(await refused.rest(), /^-DENIED Redis is running in protected mode [^\r]*\r\n$/);
    const local = await connect(server.port);
    assert.equal(await local.ask('CONFIG', 'SET', 'protected-mode', 'no'), '+OK');
    const open = await connect(target);
    assert.equal(await open.ask('PING'), '+PONG');
    assert.equal(await local.ask('CONFIG', 'SET', 'protected-mode', 'yes'), '+OK');
    assert.equal(await local.ask('CONFIG', 'SET', 'requirepass', 'secret'), '+OK');
    const asked = await connect(target);
    assert.match(await asked.ask('PING'), /^-NOAUTH /);
    assert.equal(await asked.ask('AUTH', 'secret'), '+OK');
    assert.equal(await asked.ask('PING'), '+PONG');
    for (const client of [local, open, asked]) client.close();
    await server.stop();
  });

  test('only loopback unless told otherwise', { skip: outside === undefined }, async () => {
    const server = await startKvasm({ args: ['--bind', '127.0.0.1', '-::1'] });
    await assert.rejects(connect({ host: outside, port: server.port }));
    await server.stop();
  });

  test('a machine without IPv6 does without it', async () => {
    const without = fileURLToPath(new URL('without_ipv6.cjs', import.meta.url));
    const env = { NODE_OPTIONS: `--require ${without}` };
    const server = await startKvasm({ bind: [], env });
    const client = await connect(server.port);
    client.send(request('CONFIG', 'GET', 'bind'));
    for (const line of ['*2', '$4', 'bind', '$6', '* -::*'])
      assert.equal(await client.line(), line);
    assert.match(
      server.log(),
      /Could not create server TCP listening socket ::\*:\d+: .*EAFNOSUPPORT/,
    );
    // Nor is it an error to ask for it.
    assert.equal(await client.ask('CONFIG', 'SET', 'bind', '127.0.0.1 ::1'), '+OK');
    assert.equal(await client.ask('PING'), '+PONG');
    client.close();
    await server.stop();
  });

  test('an address this machine does not have is fatal, unless it is optional', async () => {
    const server = await startKvasm({ args: ['--bind', '127.0.0.1', '-192.0.2.1'] });
    const client = await connect(server.port);
    assert.equal(await client.ask('PING'), '+PONG');
    client.close();
    await server.stop();
    await assert.rejects(
      startKvasm({ args: ['--bind', '127.0.0.1', '192.0.2.1'] }),
      /ended with 1/,
    );
  });

  test('requirepass', async () => {
    const server = await startKvasm({ args: ['--requirepass', 'a "b" \\c'] });
    const client = await connect(server.port);
    assert.match(await client.ask('GET', 'x'), /^-NOAUTH /);
    assert.match(await client.ask('AUTH', 'wrong'), /^-WRONGPASS /);
    assert.equal(await client.ask('AUTH', 'a "b" \\c'), '+OK');
    assert.equal(await client.ask('GET', 'x'), '$-1');
    client.close();
    await server.stop();
  });
});
