// What becomes of calls when the engine itself fails while it works on files, as WebAssembly that
// traps does; and of what is under way when a database is closed.
import assert from 'node:assert/strict';
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
