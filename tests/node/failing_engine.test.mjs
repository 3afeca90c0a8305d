// What becomes of calls when the engine itself fails while it works on files, as WebAssembly that
// traps does; and of what is under way when a database is closed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { ClosedError, open } from 'kvasm';
import { StorageDriver } from '../../dist/bindings/js/persistence.js';
import { filesOf, makeFolder, runProgram } from './folders.mjs';
import { within } from './server_client.mjs';

describe('a trap while files are worked on', () => {
  const { begin, end } = StorageDriver.prototype;
  afterEach(() => Object.assign(StorageDriver.prototype, { begin, end }));
  /** Has the driver meet a trap instead of the end of an operation of this kind. */
  const trapAtEndOf = (kind) => {
    let last = '';
    StorageDriver.prototype.begin = function (lane) {
      const operation = begin.call(this, lane);
      last = operation?.kind ?? last;
      return operation;
    };
    StorageDriver.prototype.end = function (...args) {
      if (last === kind) throw new WebAssembly.RuntimeError('unreachable');
      return end.apply(this, args);
    };
  };
  const failed = (error) => {
    assert.ok(error instanceof ClosedError);
    assert.equal(error.message, 'The engine has failed: unreachable');
    assert.ok(error.cause instanceof WebAssembly.RuntimeError);
    return true;
  };

  it('rejects open, which gives the folder back', async (test) => {
    const folder = makeFolder(test);
    trapAtEndOf('size');
    await assert.rejects(within(open(`file:${folder}`), 'open settles'), failed);
    Object.assign(StorageDriver.prototype, { begin, end });
    assert.equal(Object.keys(filesOf(folder)).includes('kvasm.lock'), false);
    await (await open(`file:${folder}`)).close();
  });

  it('rejects open with load', async () => {
    const db = await open();
    const load = await db.dump();
    await db.close();
    trapAtEndOf('read');
    await assert.rejects(within(open('memory:', { load }), 'open settles'), failed);
  });

  it('rejects what waits and what comes later, and ends the sessions', async (test) => {
    const folder = makeFolder(test);
    const db = await open(`file:${folder}`);
    const other = await db.duplicate();
    await db.set('k', 'v');
    const ended = [];
    db.on('end', (error) => ended.push(error));
    const subscription = (await other.subscribe('a'))[Symbol.asyncIterator]().next();
    const waits = [
      other.blpop('list', 0),
      db.live('get', ['k']).then((view) =>
        view[Symbol.asyncIterator]()
          .next()
          .then(() => view),
      ),
    ];
    const view = await waits.pop();
    trapAtEndOf('rename');
    waits.push(db.bgsave());
    for (const wait of waits) await assert.rejects(within(wait, 'what waits settles'), failed);
    assert.deepEqual(await within(subscription, 'it ends'), { done: true, value: undefined });
    assert.equal(view.closed, true);
    assert.equal(ended.length, 1);
    failed(ended[0]);
    for (const call of [() => db.get('k'), () => other.bgsave(), () => db.dump()]) {
      await assert.rejects(call(), failed);
    }
    assert.throws(() => db.sync.get('k'), failed);
    await assert.rejects(
      db.close(),
      /is closed, but what it holds is not all on file:.*: The engine/,
    );
    Object.assign(StorageDriver.prototype, { begin, end });
    const again = await open(`file:${folder}`);
    assert.equal(await again.get('k'), 'v');
    await again.close();
  });
});

describe('a trap in a command', () => {
  const { instantiate } = WebAssembly;
  afterEach(() => Object.assign(WebAssembly, { instantiate }));
  /** Has every function of engines opened from now on trap once `trap.armed` is set. */
  const armEngines = () => {
    const trap = { armed: false };
    WebAssembly.instantiate = async (...args) => {
      const { exports } = await instantiate(...args);
      const guarded = Object.entries(exports).map(([name, value]) => {
        if (typeof value !== 'function') return [name, value];
        const call = (...values) => {
          if (trap.armed) throw new WebAssembly.RuntimeError('unreachable');
          return value(...values);
        };
        return [name, call];
      });
      return { exports: Object.fromEntries(guarded) };
    };
    return trap;
  };
  const failed = (error) => {
    assert.ok(error instanceof ClosedError, String(error));
    assert.equal(error.message, 'The engine has failed: unreachable');
    assert.ok(error.cause instanceof WebAssembly.RuntimeError);
    return true;
  };

  for (const [name, call] of Object.entries({
    'get()': (db) => db.get('k'),
    'sync.get()': async (db) => db.sync.get('k'),
    'set()': (db) => db.set('k', 'other'),
    'mset()': (db) => db.mset(['k', 'other', 'l', 'other']),
  })) {
    it(`of ${name} ends the engine and leaves the files as they are`, async (test) => {
      const folder = makeFolder(test);
      const trap = armEngines();
      const options = { config: { appendonly: 'yes', appendfsync: 'always' } };
      const db = await open(`file:${folder}`, options);
      const other = await db.duplicate();
      await db.set('k', 'v');
      const waits = other.blpop('list', 0);
      trap.armed = true;
      await assert.rejects(call(db), failed);
      await assert.rejects(within(waits, 'what waits settles'), failed);
      trap.armed = false;
      // What traps once is not asked again.
      await assert.rejects(db.get('k'), failed);
      await assert.rejects(other.get('k'), failed);
      await assert.rejects(db.close(), /The engine has failed/);
      const again = await open(`file:${folder}`, options);
      assert.equal(await again.get('k'), 'v');
      await again.close();
    });
  }

  it('by a client of the network ends its connections, and not the process', async () => {
    const trap = armEngines();
    const db = await open();
    const listening = await db.listen({ port: 0 });
    const clients = await Promise.all(
      [1, 2].map(async () => {
        const socket = connect(listening.port, '127.0.0.1');
        socket.write('PING\r\n');
        await once(socket, 'data');
        return socket;
      }),
    );
    const ended = [];
    db.on('end', (error) => ended.push(error));
    trap.armed = true;
    clients[0].write('PING\r\n');
    await within(Promise.all(clients.map((socket) => once(socket, 'close'))), 'they are closed');
    assert.equal(ended.length, 1);
    failed(ended[0]);
    await assert.rejects(db.get('k'), failed);
    await listening.close();
  });
});

describe('what is under way when the database is closed', () => {
  const calls = {
    'dump()': (db) => db.dump(),
    'bgsave()': (db) => db.bgsave(),
    'save()': (db) => db.save(),
    'bgrewriteaof()': (db) => db.bgrewriteaof(),
  };
  for (const [name, call] of Object.entries(calls)) {
    it(`${name} is rejected, at once and later`, async (test) => {
      const folder = makeFolder(test);
      for (const turns of [0, 1, 2, 3]) {
        const db = await open(name === 'dump()' && turns % 2 ? 'memory:' : `file:${folder}`);
        for (let i = 0; i < 2000; ++i) db.sync.set(`k${i}`, `${i}`.repeat(100));
        const waiting = call(db).then(
          (reply) => ({ reply }),
          (error) => ({ error }),
        );
        for (let i = 0; i < turns; ++i) await new Promise((done) => setImmediate(done));
        await db.close();
        const { error } = await within(waiting, 'it settles');
        // It may have ended by then, but only if it had the time to.
        if (turns === 0) assert.ok(error instanceof ClosedError, String(error));
        if (error !== undefined) assert.equal(error.constructor, ClosedError, error.message);
        await assert.rejects(call(db), ClosedError);
      }
      const again = await open(`file:${folder}`);
      assert.equal(again.sync.dbsize(), 2000);
      await again.close();
    });
  }

  it('keeps no process alive, and is no unhandled rejection', async (test) => {
    const program = `
      import { open } from 'kvasm';
      const db = await open('file:' + process.argv[1]);
      db.sync.set('k', 'v');
      for (const call of ['dump', 'bgsave', 'bgrewriteaof']) {
        db[call]().catch((error) => console.log(error.code));
      }
      await db.close();
      console.log('closed');`;
    const { code, lines, errors } = await runProgram(test, program, [makeFolder(test)]);
    assert.equal(code, 0, errors);
    assert.deepEqual(lines.sort(), ['CLOSED', 'CLOSED', 'CLOSED', 'closed']);
  });
});
