// Opening, sharing and closing.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { connect } from 'node:net';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { ClosedError, ReplyError, open } from 'kvasm';

const run = promisify(execFile);

/** What a program using the package prints and how it ends. */
async function program(text) {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', text], {
    cwd: import.meta.dirname ?? new URL('.', import.meta.url).pathname,
    timeout: 20_000,
  });
  return stdout;
}

describe('a database', () => {
  it('shares nothing with another', async () => {
    const [a, b] = await Promise.all([open('memory:'), open('memory:')]);
    a.sync.set('k', 'a');
    assert.equal(b.sync.get('k'), null);
    b.sync.configSet('hash-max-listpack-entries', 7);
    assert.notDeepEqual(
      a.sync.configGet('hash-max-listpack-entries'),
      b.sync.configGet('hash-max-listpack-entries'),
    );
    await a.close();
    b.sync.set('k', 'b');
    assert.equal(b.sync.get('k'), 'b');
    await b.close();
  });

  it('is not opened with an option that does not exist', async () => {
    await assert.rejects(
      open('memory:', { maxmemory: '1mb' }),
      /^TypeError: open has no option maxmemory; directives of redis.conf go into config/,
    );
  });

  it('is not opened with values of options that cannot be meant', async () => {
    const wrong = [
      [{ memoryLimitBytes: '20mb' }, /^memoryLimitBytes is a whole .* not the string "20mb"$/],
      [{ memoryLimitBytes: NaN }, /not the number NaN$/],
      [{ memoryLimitBytes: -5 }, /not the number -5$/],
      [{ memoryLimitBytes: 1 }, /at least 262144, or 0 for no limit, not the number 1$/],
      [{ seed: 5 }, /^The seed is a string, not the number 5$/],
      [{ config: null }, /^config is an object of directives, not null$/],
      [
        { wasm: 5 },
        /^The option wasm is a url, a Response, bytes or a WebAssembly.Module, not the/,
      ],
      [null, /^The options of open are an object, not null$/],
    ];
    for (const [options, message] of wrong) {
      await assert.rejects(open('memory:', options), { name: 'TypeError', message });
    }
    await assert.rejects(
      open(''),
      /^TypeError: Cannot open '': expected 'memory:', or 'file:' and a folder$/,
    );
    const config = { appendfsync: undefined, 'lazyfree-lazy-expire': true };
    const db = await open(new URL('memory:'), { memoryLimitBytes: 262144, config });
    assert.deepEqual(await db.configGet('lazyfree-lazy-expire'), { 'lazyfree-lazy-expire': 'yes' });
    await db.close();
  });

  it('is opened with the wasm from wherever it is', async () => {
    const url = new URL(import.meta.resolve('kvasm/kvasm.wasm'));
    const bytes = readFileSync(url);
    const type = { headers: { 'content-type': 'application/wasm' } };
    const sources = [
      url,
      url.href,
      fileURLToPath(url),
      bytes,
      new WebAssembly.Module(bytes),
      new Response(bytes),
      Promise.resolve(new Response(bytes, type)),
      `data:application/wasm;base64,${bytes.toString('base64')}`,
    ];
    for (const wasm of sources) {
      const db = await open('memory:', { wasm });
      assert.equal(await db.incr('n'), 1);
      await db.close();
    }
    await assert.rejects(
      open('memory:', { wasm: new Response('<!doctype html>') }),
      /^Error: There is no WebAssembly at .*tell open where it is/,
    );
  });

  it('is shown without what it is made of', async () => {
    const db = await open('memory:');
    assert.equal(inspect(db), 'Database { closed: false }');
    await db.close();
    assert.equal(inspect([db]), '[ Database { closed: true } ]');
  });

  it('has sessions of its own on the same data', async () => {
    const first = await open('memory:');
    const second = await first.duplicate();
    await second.select(1);
    await second.set('k', 'in 1');
    assert.equal(await first.get('k'), null);
    assert.equal(await second.get('k'), 'in 1');
    assert.notEqual(await first.clientId(), await second.clientId());
    await first.close();
    assert.equal(await second.get('k'), 'in 1');
    const third = await second.duplicate();
    assert.equal(await third.get('k'), null, 'a new session starts at database 0');
    await Promise.all([second.close(), third.close()]);
  });

  it('refuses everything once closed, as often as it is closed', async () => {
    const db = await open('memory:');
    const { sync, bytes } = db;
    assert.equal(db.closed, false);
    const before = db.set('k', 'v');
    await Promise.all([db.close(), db.close()]);
    await db.close();
    assert.equal(await before, 'OK');
    assert.equal(db.closed, true);
    for (const attempt of [
      () => db.get('k'),
      () => db.set('k', 'v'),
      () => db.call('PING'),
      () => bytes.get('k'),
      () => db.mset({ a: 1 }),
      () => db.dbsize(),
      () => db.duplicate(),
      () => db.listen({ port: 0 }),
      async () => sync.get('k'),
      async () => sync.set('a', 'b'),
      async () => db.callRaw('GET', 'k'),
      () => db.pipeline().get('k').exec(),
      () => db.multi().get('k').exec(),
    ]) {
      await assert.rejects(attempt(), (error) => {
        assert.ok(error instanceof ClosedError);
        assert.equal(error.code, 'CLOSED');
        return true;
      });
    }
  });

  it('can be disposed of', async () => {
    const db = await open('memory:');
    await db[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]();
    await assert.rejects(db.ping(), ClosedError);
  });

  it('is closed by QUIT, which leaves its duplicates alone', async () => {
    const db = await open('memory:');
    const other = await db.duplicate();
    assert.equal(await db.quit(), 'OK');
    await assert.rejects(db.get('k'), ClosedError);
    assert.equal(await other.ping(), 'PONG');
    await other.close();
  });

  it('takes directives, and says which it refuses', async () => {
    const db = await open('memory:', {
      config: { maxmemory: '100mb', 'set-max-intset-entries': 3 },
    });
    assert.deepEqual(await db.configGet('maxmemory'), { maxmemory: '104857600' });
    await db.close();
    await assert.rejects(open('memory:', { config: { 'no-such': 1 } }), TypeError);
    await assert.rejects(open('ftp://x'), TypeError);
  });

  it('is repeatable with a seed', async () => {
    const draw = async () => {
      const db = await open('memory:', { seed: 'one' });
      db.sync.sadd(
        's',
        Array.from({ length: 1000 }, (_, i) => `m${i}`),
      );
      const drawn = Array.from({ length: 20 }, () => db.sync.srandmember('s'));
      await db.close();
      return drawn;
    };
    assert.deepEqual(await draw(), await draw());
  });

  it('answers -OOM when memory is exhausted, and goes on', async () => {
    const db = await open('memory:', { memoryLimitBytes: 32 * 1024 * 1024 });
    const value = 'x'.repeat(1 << 20);
    assert.throws(
      () => {
        for (let i = 0; i < 100; ++i) db.sync.set(`k${i}`, value);
      },
      (error) => error instanceof ReplyError && error.code === 'OOM',
    );
    assert.equal(db.sync.get('k0'), value);
    assert.equal(db.sync.flushall(), 'OK');
    assert.equal(db.sync.set('a', value), 'OK');
    await db.close();
  });

  it('expires keys by itself', async () => {
    const db = await open('memory:');
    for (let i = 0; i < 100; ++i) db.sync.set(`k${i}`, 'v', 'PX', 20);
    assert.equal(db.sync.dbsize(), 100);
    for (let waited = 0; db.sync.dbsize() > 0 && waited < 5000; waited += 50) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal(db.sync.dbsize(), 0);
    await db.close();
  });
});

describe('a command that waits', () => {
  it('is answered when another session provides', async () => {
    const db = await open('memory:');
    const other = await db.duplicate();
    const waiting = db.bzpopmin('z', 0);
    const after = db.set('k', 'v');
    assert.throws(() => db.sync.get('k'), { code: 'WOULDBLOCK' });
    assert.equal(other.sync.zadd('z', 1.5, 'a'), 1);
    assert.deepEqual(await waiting, ['z', 'a', 1.5]);
    assert.equal(await after, 'OK');
    assert.equal(db.sync.get('k'), 'v');
    await Promise.all([db.close(), other.close()]);
  });

  it('is answered null when its time is up, and soon after', async () => {
    const db = await open('memory:');
    const began = performance.now();
    assert.equal(await db.bzpopmax('z', 0.02), null);
    assert.ok(performance.now() - began >= 19);
    const [[error, reply], [, set]] = await db.pipeline().bzpopmin('z', 0.02).set('k', 1).exec();
    assert.deepEqual([error, reply, set], [null, null, 'OK']);
    await db.close();
  });

  it('does not wait on the synchronous face', async () => {
    const db = await open('memory:');
    assert.equal(db.sync.bzpopmin('z', 0), null);
    assert.equal(String(db.callRaw('BZPOPMIN', 'z', 0)).trim(), '_');
    db.sync.zadd('z', 1, 'a');
    assert.deepEqual(db.sync.bzpopmin('z', 0), ['z', 'a', 1]);
    await db.close();
  });

  it('is rejected when the database is closed', async () => {
    const db = await open('memory:');
    const waiting = [db.bzpopmin('z', 0), db.get('k')];
    await db.close();
    for (const each of waiting) await assert.rejects(each, ClosedError);
  });

  it('can be answered by a client from outside', async (test) => {
    const db = await open('memory:');
    test.after(() => db.close());
    const listener = await db.listen({ port: 0 });
    const waiting = db.bzpopmin('z', 0);
    const client = connect(listener.port, '127.0.0.1');
    client.write('ZADD z 1 a\r\nBZPOPMIN y 0\r\n');
    assert.deepEqual(await waiting, ['z', 'a', 1]);
    assert.equal(db.sync.zadd('y', 2, 'b'), 1);
    let text = '';
    for await (const chunk of client) {
      text += chunk;
      if (text.endsWith('$1\r\n2\r\n')) break;
    }
    assert.equal(text, ':1\r\n*3\r\n$1\r\ny\r\n$1\r\nb\r\n$1\r\n2\r\n');
  });
});

describe('a process using the package', () => {
  it('ends by itself with a database left open', async () => {
    assert.equal(
      await program(`import { open } from 'kvasm';
        const db = await open('memory:');
        await db.set('k', 'v');
        console.log(await db.get('k'));`),
      'v\n',
    );
  });

  it('keeps its listeners and its exit code', async () => {
    assert.equal(
      await program(`import { open } from 'kvasm';
        const events = () => JSON.stringify([process.eventNames(), process.exitCode ?? null]);
        const before = events();
        const db = await open('memory:');
        await db.get('k');
        await db.close();
        console.log(before === events());`),
      'true\n',
    );
  });

  it('can let other processes in', async (test) => {
    const db = await open('memory:');
    test.after(() => db.close());
    const listener = await db.listen({ port: 0 });
    const reply = await program(`import { connect } from 'node:net';
      const socket = connect(${listener.port}, '127.0.0.1');
      socket.write('SET from outside\\r\\nQUIT\\r\\n');
      socket.on('data', (chunk) => process.stdout.write(chunk));`);
    assert.equal(reply, '+OK\r\n+OK\r\n');
    assert.equal(await db.get('from'), 'outside');
  });
});
