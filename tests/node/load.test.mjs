// What db.dump() gives and open(url, { load }) takes: in folders it survives, nothing is mixed or
// lost; other work goes on meanwhile, and memory is given back.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { open } from 'kvasm';
import { fill, filesOf, makeFolder, runProgram, startProgram, stateOf } from './folders.mjs';
import { eventually } from './server_client.mjs';

const kDebug = { 'enable-debug-command': 'yes' };

/** Ways to keep data, as `config`, and whether what comes after `open` is kept when killed. */
const kWays = {
  'the log that is the default': [{}, true],
  'a log synced always': [{ appendonly: true, appendfsync: 'always' }, true],
  'a log with its base in commands': [{ appendonly: true, 'aof-use-rdb-preamble': false }, true],
  'snapshots alone': [{ save: '3600 1' }, false],
  'snapshots and the log': [{ save: '3600 1', appendonly: true }, true],
  'no snapshots unless asked for': [{ save: '' }, false],
  'a password for others': [{ requirepass: 'secret' }, true],
};

describe('open with load in a folder', () => {
  let load;
  let state;
  before(async () => {
    const db = await open('memory:', { config: kDebug });
    fill(db.sync);
    db.sync.set('n', 10);
    state = stateOf(db.sync);
    load = await db.dump();
    await db.close();
  });
  const openIn = (folder, config, options) =>
    open(`file:${folder}`, { config: { ...kDebug, ...config }, ...options });

  for (const [way, [config, isKept]] of Object.entries(kWays)) {
    it(`is there when it is opened again, with ${way}`, async (test) => {
      const folder = makeFolder(test);
      const first = await openIn(folder, config, { load });
      assert.deepEqual(stateOf(first.sync), state);
      assert.equal(await first.incr('n'), 11);
      await first.close();
      const second = await openIn(folder, config);
      assert.equal(await second.get('n'), config.save === '' ? '10' : '11');
      second.sync.set('n', 10);
      assert.deepEqual(stateOf(second.sync), state);
      await second.close();
    });

    it(`survives a kill as soon as open has resolved, with ${way}`, async (test) => {
      const folder = makeFolder(test);
      const file = join(makeFolder(test), 'load.rdb');
      writeFileSync(file, load);
      const program = `
        import { readFileSync } from 'node:fs';
        import { open } from 'kvasm';
        const load = readFileSync(process.argv[2]);
        const config = ${JSON.stringify(config)};
        const db = await open('file:' + process.argv[1], { load, config });
        await db.incr('n');
        // Unless told otherwise a command is written when its turn of the event loop ends.
        for (let i = 0; i < 2; ++i) await new Promise((done) => setImmediate(done));
        process.kill(process.pid, 'SIGKILL');`;
      const { signal, errors } = await runProgram(test, program, [folder, file]);
      assert.equal(signal, 'SIGKILL', errors);
      const again = await openIn(folder, config);
      assert.equal(await again.get('n'), isKept ? '11' : '10');
      again.sync.set('n', 10);
      assert.deepEqual(stateOf(again.sync), state);
      await again.close();
    });
  }

  it('that is killed before is all there or not at all', async (test) => {
    const big = await open();
    for (let i = 0; i < 30_000; ++i) big.sync.set(`k${i}`, `${i}`.repeat(10));
    const bytes = await big.dump();
    await big.close();
    const file = join(makeFolder(test), 'load.rdb');
    writeFileSync(file, bytes);
    const program = `
      import { readFileSync } from 'node:fs';
      import { open } from 'kvasm';
      const load = readFileSync(process.argv[2]);
      console.log('now');
      await open('file:' + process.argv[1], { load });
      console.log('open');`;
    for (const ms of [5, 30, 60, 90]) {
      const folder = makeFolder(test);
      const child = startProgram(test, program, [folder, file]);
      await eventually(() => child.lines.length > 0, 'it has begun');
      await new Promise((done) => setTimeout(done, ms));
      child.child.kill('SIGKILL');
      await child.ended;
      const db = await open(`file:${folder}`);
      const size = db.sync.dbsize();
      await db.close();
      if (child.lines.includes('open')) assert.equal(size, 30_000);
      assert.ok(size === 0 || size === 30_000, `${size} keys after ${ms} ms`);
      if (size > 0) continue;
      const again = await open(`file:${folder}`, { load: bytes });
      assert.equal(again.sync.dbsize(), 30_000);
      await again.close();
    }
  });

  it('is refused where there is data, which stays as it is', async (test) => {
    const ways = {
      log: [{}, (db) => db.set('mine', 1)],
      snapshot: [{ save: '3600 1' }, (db) => db.set('mine', 1)],
      library: [
        {},
        (db) => db.functionLoad("#!lua name=mine\nredis.register_function('f', function() end)"),
      ],
      'another database': [{}, (db) => db.multi().select(5).set('mine', 1).select(0).exec()],
    };
    for (const [what, [config, put]] of Object.entries(ways)) {
      const folder = makeFolder(test);
      const first = await openIn(folder, config);
      await put(first);
      await first.close();
      const files = filesOf(folder);
      for (const later of [config, {}, { save: '3600 1' }, { save: '3600 1', appendonly: true }]) {
        // The log of the first begins with what the snapshot holds.
        if (what === 'snapshot' && later !== config && later.save === undefined) continue;
        await assert.rejects(openIn(folder, later, { load }), (error) => {
          assert.match(error.message, /^Cannot open 'file:.*': there is data in it already/, what);
          assert.ok(error.message.includes(folder));
          assert.match(error.message, /load into an empty folder$/);
          return true;
        });
        for (const [name, bytes] of Object.entries(files)) {
          assert.deepEqual(filesOf(folder)[name], bytes, name);
        }
      }
    }
    // A log that the snapshot was not taken of.
    const folder = makeFolder(test);
    await (await openIn(folder, {})).close();
    writeFileSync(join(folder, 'dump.rdb'), load);
    await assert.rejects(openIn(folder, {}, { load }), /there is data in it already/);
  });

  it('works in a folder whose database is empty, and again after it has failed', async (test) => {
    const folder = makeFolder(test);
    await (await openIn(folder, {})).close();
    const damaged = load.subarray(0, load.length - 20);
    await assert.rejects(openIn(folder, {}, { load: damaged }), /Unexpected EOF/);
    const db = await openIn(folder, {}, { load });
    assert.deepEqual(stateOf(db.sync), state);
    await db.close();
  });

  it('fails when it cannot be stored, and says why', async (test) => {
    const folder = makeFolder(test);
    mkdirSync(join(folder, 'appendonlydir', 'appendonly.aof.2.base.rdb', 'x'), { recursive: true });
    await assert.rejects(
      openIn(folder, {}, { load }),
      /^Error: Cannot open 'file:.*': what was loaded cannot be stored: .*directory/i,
    );
  });
});

describe('a large dump', () => {
  it('that does not fit is not said to be damaged', async () => {
    const db = await open();
    for (let i = 0; i < 30; ++i) db.sync.set(`k${i}`, 'x'.repeat(1 << 20));
    const load = await db.dump();
    await db.close();
    await assert.rejects(open('memory:', { load, memoryLimitBytes: 20 << 20 }), ({ message }) => {
      assert.match(message, /Out of memory reading RDB file \(offset \d+/);
      assert.match(message, /the file may be sound, but there is not enough memory/);
      assert.doesNotMatch(message, /backup|kvasm-check/);
      return true;
    });
  });

  /** The longest time in ms nothing else could run while `work` went on, and how long that took. */
  async function longestGap(work) {
    const began = performance.now();
    let last = began;
    let longest = 0;
    const look = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    };
    const timer = setInterval(look, 1);
    const result = await work();
    look();
    clearInterval(timer);
    return { result, longest, took: performance.now() - began };
  }

  it('is made and loaded while other work goes on', async () => {
    const db = await open();
    const script = `for i = 1, 300000 do redis.call('set', 'k'..i, string.rep(i..'x', 30)) end`;
    db.sync.eval(script, 0);
    const dumped = await longestGap(() => db.dump());
    assert.ok(dumped.longest < dumped.took / 2, JSON.stringify({ ...dumped, result: 0 }));
    const load = dumped.result;
    const loaded = await longestGap(() => open('memory:', { load }));
    assert.ok(loaded.longest < loaded.took / 2, JSON.stringify({ ...loaded, result: 0 }));
    assert.equal(loaded.result.sync.dbsize(), 300_000);
    await Promise.all([db.close(), loaded.result.close()]);
  });

  it('leaves nothing in memory', async (test) => {
    const program = `
      import { open } from 'kvasm';
      const held = () => (globalThis.gc(), globalThis.gc(), process.memoryUsage().arrayBuffers);
      const db = await open();
      db.sync.set('k', 'x');
      db.sync.configSet('rdbcompression', 'no');
      for (let i = 0; i < 40; ++i) db.sync.set('k' + i, 'x'.repeat(1 << 18));
      const before = held();
      for (let i = 0; i < 2; ++i) {
        let load = await db.dump();
        const other = await open('memory:', { load });
        load = undefined;
        await new Promise((done) => setTimeout(done, 20));
        console.log(held() - before < 1 << 20);
        await other.close();
      }
      await db.close();`;
    const { lines, errors } = await runProgram(test, program, [], ['--expose-gc']);
    assert.deepEqual(lines, ['true', 'true'], errors);
  });
});
