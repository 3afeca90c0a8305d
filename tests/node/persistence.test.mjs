// A database in files: what survives which end, and what is told when something is wrong.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, it } from 'node:test';
import { ClosedError, ReplyError, open } from 'kvasm';
import { fill, filesOf, logFile, makeFolder, runProgram, stateOf } from './folders.mjs';
import { eventually } from './server_client.mjs';

const kDebug = { 'enable-debug-command': 'yes' };

/** Ways to keep data, as `config`. */
const kWays = {
  'the log that is the default': {},
  'a log with its base in commands': { appendonly: true, 'aof-use-rdb-preamble': false },
  'a log synced always': { appendonly: true, appendfsync: 'always' },
  'snapshots alone': { save: '900 1' },
  'snapshots and the log': { save: '900 1', appendonly: true },
};

const openIn = (folder, config = {}, options = {}) =>
  open(`file:${folder}`, { config: { ...kDebug, ...config }, ...options });

describe('a database in a folder', () => {
  for (const [way, config] of Object.entries(kWays)) {
    it(`holds everything after it was closed and opened, with ${way}`, async (test) => {
      const folder = makeFolder(test);
      const first = await openIn(folder, config);
      fill(first.sync);
      const state = stateOf(first.sync);
      await first.close();
      assert.equal(existsSync(join(folder, 'kvasm.lock')), false, 'the lock is given back');
      const second = await openIn(folder, config);
      assert.deepEqual(stateOf(second.sync), state);
      assert.equal(second.sync.fcall('hello', 0, 'Bob'), 'hi Bob');
      assert.equal(second.sync.pexpiretime('ends'), 4_000_000_000_000);
      // And once more, from what the rewritten files say.
      if (config.save === undefined) await second.bgrewriteaof();
      await second.close();
      const third = await openIn(folder, config);
      assert.deepEqual(stateOf(third.sync), state);
      await third.close();
    });
  }

  it('is found by every form of its url', async (test) => {
    const folder = makeFolder(test);
    const db = await open(pathToFileURL(folder));
    await db.set('k', 'v');
    await db.close();
    const again = await open(pathToFileURL(folder).href);
    assert.equal(await again.get('k'), 'v');
    await again.close();
  });

  it('is closed when the log that was just turned on holds it', async (test) => {
    for (const save of ['', '900 1']) {
      const folder = makeFolder(test);
      const db = await openIn(folder, { save });
      for (let i = 0; i < 20_000; ++i) db.sync.set(`k${i}`, i);
      await db.configSet('appendonly', 'yes');
      await db.close();
      const again = await openIn(folder, { appendonly: true });
      assert.equal(await again.dbsize(), 20_000);
      await again.close();
    }
  });

  it('is closed when its last session has quit', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder);
    const other = await db.duplicate();
    await db.quit();
    await assert.rejects(openIn(folder), { code: 'ELOCKED' });
    void other.set('k', 'v');
    assert.equal(await other.quit(), 'OK');
    const again = await openIn(folder);
    assert.equal(await again.get('k'), 'v');
    await again.close();
  });

  it('is shut down as one in memory is, and can be opened again', async (test) => {
    const url = `file:${makeFolder(test)}`;
    for (const each of [url, url, 'memory:']) {
      const db = await open(each);
      const other = await db.duplicate();
      await db.incr('n');
      assert.equal(await db.shutdown(), null);
      await assert.rejects(other.get('n'), ClosedError);
      await assert.rejects(db.shutdown(), ClosedError);
      await db.close();
    }
    const again = await open(url);
    assert.equal(await again.get('n'), '2');
    await assert.rejects(again.shutdown('ABORT'), /^ReplyError: ERR No shutdown in progress/);
    await again.close();
    await assert.rejects(again.shutdown(), ClosedError);
  });

  it('can be left where a script that has written does not end', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder, { 'busy-reply-threshold': 5 });
    await db.set('before', '1');
    const other = await db.duplicate();
    const endless = assert.rejects(
      db.eval("redis.call('set', 'within', 1) while true do end", 0),
      ClosedError,
    );
    await eventually(async () => {
      await assert.rejects(other.get('before'), { code: 'BUSY' });
      return true;
    });
    assert.equal(await other.shutdown('NOSAVE'), null);
    await endless;
    const again = await openIn(folder);
    assert.deepEqual(await again.mget('before', 'within'), ['1', null]);
    await again.close();
  });

  it('is told of directives it could not obey', async (test) => {
    const url = `file:${makeFolder(test)}`;
    await assert.rejects(open(url, { config: { dir: '/tmp' } }), /^TypeError: The folder is what/);
    await assert.rejects(
      open('file://'),
      /^TypeError: Cannot open 'file:\/\/': it names no folder/,
    );
    const kNothing = /^TypeError: 'memory:' keeps nothing, whatever (appendonly|save) says/;
    for (const config of [{ appendonly: true }, { AppendOnly: 'YES' }, { save: '60 1' }])
      await assert.rejects(open('memory:', { config }), kNothing);
    const db = await open('memory:', { config: { appendonly: false, save: '' } });
    await assert.rejects(db.configSet('appendonly', 'yes'), /This database has no files/);
    await assert.rejects(db.configSet('save', '60 1'), /This database has no files/);
    assert.equal(await db.configSet('save', ''), 'OK');
    await db.close();
  });

  it('keeps what came by transactions, pipelines, scripts, functions and waits', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder);
    const other = await db.duplicate();
    await db.multi().set('multi', 1).incr('multi').rpush('l', 'a', 'b').exec();
    await db.pipeline().set('piped', 1).incrby('piped', 5).exec();
    await db.eval("redis.call('set', KEYS[1], ARGV[1]) return redis.call('incr', 'n')", 1, 's', 7);
    await db.functionLoad(
      `#!lua name=lib
       redis.register_function('put', function(k, a) return redis.call('set', k[1], a[1]) end)`,
    );
    await db.fcall('put', 1, 'put', 'by function');
    const waiting = db.blpop('queue', 0);
    await other.rpush('queue', 'first', 'second');
    assert.deepEqual(await waiting, ['queue', 'first']);
    await other.set('gone', 1, 'PX', 1);
    await eventually(() => other.sync.exists('gone') === 0, 'the key has expired');
    const state = db.sync.debug('DIGEST');
    await Promise.all([db.close(), other.close()]);
    const again = await openIn(folder);
    assert.equal(again.sync.debug('DIGEST'), state);
    assert.deepEqual(again.sync.mget('multi', 'piped', 's', 'n', 'put', 'gone'), [
      ...['2', '6', '7', '1', 'by function', null],
    ]);
    assert.deepEqual(again.sync.lrange('queue', 0, -1), ['second']);
    assert.equal(again.sync.fcall('put', 1, 'put', 'again'), 'OK');
    await again.close();
  });

  it('is had by one database at a time, and says by whom', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder);
    await assert.rejects(openIn(folder), (error) => {
      assert.equal(error.name, 'StorageLockedError');
      assert.equal(error.code, 'ELOCKED');
      assert.equal(error.holder.pid, process.pid);
      assert.ok(error.message.includes(`in use by process ${process.pid} on`), error.message);
      assert.match(error.message, /That is this process: close that database first/);
      return true;
    });
    await db.set('k', 'v');
    await db.close();
    const again = await openIn(folder);
    assert.equal(await again.get('k'), 'v');
    await again.close();
  });

  it('lets a duplicate go on when the first session is closed', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder);
    const other = await db.duplicate();
    await db.close();
    await other.set('k', 'v');
    await assert.rejects(openIn(folder), { code: 'ELOCKED' });
    await other.close();
    const again = await openIn(folder);
    assert.equal(await again.get('k'), 'v');
    await again.close();
  });

  it('writes what `save` asks for when it is closed', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder, { save: '900 1000' });
    await db.set('k', 'v');
    await db.close();
    assert.ok(existsSync(join(folder, 'dump.rdb')));
    const without = await openIn(folder, { save: '' });
    assert.equal(await without.get('k'), 'v');
    await without.set('k', 'lost');
    await without.close();
    const again = await openIn(folder, { save: '' });
    assert.equal(await again.get('k'), 'v', 'nothing was to be saved');
    await again.close();
  });
});

/** A program that opens `argv[1]` with the configuration `argv[2]`. */
const kProgram = `
  import { writeSync } from 'node:fs';
  import { open } from 'kvasm';
  const [folder, config] = process.argv.slice(1);
  const db = await open('file:' + folder, { config: JSON.parse(config) });
  const say = (line) => writeSync(1, line + '\\n');
  const turn = () => new Promise((done) => setImmediate(done));
`;

const kEnds = {
  'process.exit': 'process.exit(7);',
  'SIGKILL in itself': "process.kill(process.pid, 'SIGKILL');",
  'an exception that nobody catches': "queueMicrotask(() => { throw new Error('bug'); });",
};

describe('a process that ends without closing its database', () => {
  for (const [end, code] of Object.entries(kEnds)) {
    it(`loses at most the running turn by ${end}`, async (test) => {
      const folder = makeFolder(test);
      const program = `${kProgram}
        for (let i = 1; i <= 50; ++i) { db.sync.rpush('list', i); await db.rpush('list', i); }
        await turn(); await turn();
        db.sync.set('of this turn', 1);
        say('written');
        ${code}`;
      const ended = await runProgram(test, program, [folder, '{}']);
      assert.deepEqual(ended.lines, ['written'], ended.errors);
      const db = await openIn(folder);
      assert.equal(db.sync.llen('list'), 100);
      assert.ok(db.sync.dbsize() <= 2);
      await db.close();
    });

    it(`loses nothing that was answered by ${end}, if synced always`, async (test) => {
      const folder = makeFolder(test);
      const program = `${kProgram}
        for (let i = 0; i < 20; ++i) await db.rpush('awaited', i);
        db.sync.rpush('sync', 1, 2, 3);
        const transaction = await db.multi().set('a', 1).set('b', 2).exec();
        const piped = await db.pipeline().set('c', 1).set('d', 2).exec();
        db.sync.set('last', 1);
        say('written');
        ${code}`;
      const config = JSON.stringify({ appendonly: true, appendfsync: 'always' });
      const ended = await runProgram(test, program, [folder, config]);
      assert.deepEqual(ended.lines, ['written'], ended.errors);
      const db = await openIn(folder);
      assert.equal(db.sync.llen('awaited'), 20);
      assert.equal(db.sync.llen('sync'), 3);
      assert.equal(db.sync.exists('a', 'b', 'c', 'd', 'last'), 5);
      await db.close();
    });
  }

  it('ends by itself with the database left open, and loses nothing', async (test) => {
    const folder = makeFolder(test);
    const program = `${kProgram} await db.set('k', 'v'); say('done');`;
    const ended = await runProgram(test, program, [folder, '{}']);
    assert.deepEqual(ended, { code: 0, signal: null, lines: ['done'], errors: '' });
    const db = await openIn(folder);
    assert.equal(await db.get('k'), 'v');
    await db.close();
  });

  it('leaves whole transactions or nothing of them', async (test) => {
    const folder = makeFolder(test);
    const first = await openIn(folder);
    await first.multi().set('a', 1).set('b', 1).exec();
    await first.multi().set('a', 2).set('b', 2).exec();
    await first.close();
    const file = logFile(folder, 'incr');
    truncateSync(file, statSync(file).size - 1);
    const db = await openIn(folder);
    assert.deepEqual(db.sync.mget('a', 'b'), ['1', '1']);
    await db.close();
  });
});

describe('appendfsync always', () => {
  const config = { appendonly: true, appendfsync: 'always' };

  it('has a write in the file when its promise resolves, or its method returns', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder, config);
    const holds = (text) => readFileSync(logFile(folder, 'incr')).includes(text);
    for (let i = 0; i < 10; ++i) {
      await db.set(`awaited-${i}`, 1);
      assert.ok(holds(`awaited-${i}`));
      db.sync.set(`returned-${i}`, 1);
      assert.ok(holds(`returned-${i}`));
    }
    await db.multi().set('in transaction', 1).exec();
    assert.ok(holds('in transaction'));
    await db.pipeline().get('x').set('in pipeline', 1).exec();
    assert.ok(holds('in pipeline'));
    db.callRaw('SET', 'raw', 'by callRaw');
    assert.ok(holds('by callRaw'));
    await db.eval("return redis.call('set', 'scripted', 1)", 0);
    assert.ok(holds('scripted'));
    const waiting = db.blpop('queue', 0);
    const other = await db.duplicate();
    await other.rpush('queue', 'to the waiting');
    await waiting;
    assert.ok(holds('LPOP'));
    assert.ok(holds('to the waiting'));
    await Promise.all([db.close(), other.close()]);
  });

  it('has it in a file, too, while the log is rewritten', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder, config);
    await db.mset(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, i])));
    const isThere = (text) => Object.values(filesOf(folder)).some((bytes) => bytes.includes(text));
    for (let round = 0; round < 2; ++round) {
      let isOver = false;
      const rewriting = db.bgrewriteaof().then(() => (isOver = true));
      for (let i = 0; !isOver; ++i) {
        const [sync, awaited] = [`sync-${round}-${i}.`, `awaited-${round}-${i}.`];
        db.sync.set('sync', sync);
        assert.ok(isThere(sync), sync);
        await db.set('awaited', awaited);
        assert.ok(isThere(awaited), awaited);
        await new Promise((done) => setImmediate(done));
      }
      await rewriting;
    }
    await db.close();
  });

  it('answers a read only once it is certain that what it shows stays', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder, config);
    const other = await db.duplicate();
    const written = db.set('k', 'shown');
    assert.equal(await other.get('k'), 'shown');
    assert.ok(readFileSync(logFile(folder, 'incr')).includes('shown'));
    await written;
    await Promise.all([db.close(), other.close()]);
  });
});

describe('db.save, bgsave and bgrewriteaof', () => {
  it('resolve when their files are there', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder);
    fill(db.sync);
    const state = stateOf(db.sync);
    const before = readFileSync(logFile(folder, 'base'));
    assert.equal(await db.save(), 'OK');
    const saved = readFileSync(join(folder, 'dump.rdb'));
    await db.set('more', 1);
    assert.equal(await db.bgsave(), 'Background saving started');
    const savedAgain = readFileSync(join(folder, 'dump.rdb'));
    assert.notDeepEqual(savedAgain, saved);
    await db.del('more');
    assert.equal(await db.bgrewriteaof(), 'Background append only file rewriting started');
    const base = readFileSync(logFile(folder, 'base'));
    assert.notDeepEqual(base, before);
    assert.equal(statSync(logFile(folder, 'incr')).size, 0);
    assert.equal(db.sync.lastsave() * 1000 <= Date.now(), true);
    await db.close();
    assert.deepEqual(Object.keys(filesOf(folder)).sort(), [
      'appendonlydir/appendonly.aof.2.base.rdb',
      'appendonlydir/appendonly.aof.2.incr.aof',
      'appendonlydir/appendonly.aof.manifest',
      'dump.rdb',
    ]);
    for (const bytes of [saved, base]) {
      const loaded = await open('memory:', { load: bytes, config: kDebug });
      assert.deepEqual(stateOf(loaded.sync), state);
      await loaded.close();
    }
  });

  it('show the state of when they were called, and let commands run meanwhile', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder, { appendonly: true, save: '' });
    const count = 20_000;
    for (let i = 0; i < count; ++i) db.sync.set(`k${i}`, 'before');
    let isSaved = false;
    const saving = db.bgsave().then(() => (isSaved = true));
    assert.equal(db.sync.info('persistence').includes('rdb_bgsave_in_progress:1'), true);
    await assert.rejects(db.bgsave(), /Background save already in progress/);
    let commands = 0;
    for (; !isSaved; ++commands) {
      db.sync.set(`k${(commands * 7) % count}`, 'after');
      db.sync.set(`new${commands}`, 1);
      if (commands % 50 === 0) await new Promise((done) => setImmediate(done));
    }
    await saving;
    assert.ok(commands > 50, `${commands} commands ran`);
    await db.close();
    const load = readFileSync(join(folder, 'dump.rdb'));
    const loaded = await open('memory:', { load });
    assert.equal(loaded.sync.dbsize(), count);
    for (let i = 0; i < count; ++i) assert.equal(loaded.sync.get(`k${i}`), 'before');
    await loaded.close();
    const again = await openIn(folder, { appendonly: true, save: '' });
    assert.equal(again.sync.dbsize(), count + commands);
    assert.equal(again.sync.get('k0'), 'after');
    await again.close();
  });

  it('have no place without a folder', async () => {
    const db = await open('memory:');
    for (const call of [() => db.save(), () => db.bgsave(), () => db.bgrewriteaof()]) {
      await assert.rejects(call(), ReplyError);
    }
    await db.close();
  });

  it('a failure rejects, and is told to listeners', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder, { save: '900 100', appendonly: true });
    await db.set('k', 'v');
    const told = [];
    const listener = (error) => told.push(error);
    db.on('persistenceError', listener);
    // A folder in the place of the file: not even root gets past it.
    mkdirSync(join(folder, 'dump.rdb', 'x'), { recursive: true });
    await assert.rejects(db.bgsave(), { name: 'ReplyError', message: /directory/i });
    await assert.rejects(db.save(), ReplyError);
    assert.equal(told.length, 2);
    assert.equal(told[0].name, 'StorageError');
    assert.equal(told[0].operation, 'rename');
    assert.ok(/^(EISDIR|ENOTEMPTY|EEXIST)$/.test(told[0].code), told[0].code);
    assert.match(db.sync.info('persistence'), /rdb_last_bgsave_status:err/);
    await assert.rejects(db.set('k', 'w'), { code: 'MISCONF', message: /MISCONF/ });
    assert.throws(() => db.sync.set('k', 'w'), { code: 'MISCONF' });
    assert.equal(await db.get('k'), 'v', 'reads go on');
    assert.equal(
      Object.keys(filesOf(folder)).some((name) => name.startsWith('temp-')),
      false,
      'no half of a file is left',
    );
    // Told otherwise, writes go on.
    await db.configSet('stop-writes-on-bgsave-error', 'no');
    assert.equal(await db.set('k', 'w'), 'OK');
    await db.configSet('stop-writes-on-bgsave-error', 'yes');
    // And they go on when it works again.
    db.off('persistenceError', listener);
    rmSync(join(folder, 'dump.rdb'), { recursive: true });
    await db.bgsave();
    assert.equal(await db.set('k', 'x'), 'OK');
    assert.equal(told.length, 2);
    await db.close();
    assert.ok(statSync(join(folder, 'dump.rdb')).isFile());
  });

  it('takes only the event there is', async () => {
    const db = await open('memory:');
    assert.throws(() => db.on('error', () => {}), /^TypeError: There is no event .*"error"/);
    assert.throws(() => db.on('persistenceError', 5), TypeError);
    await db.close();
  });
});

describe('db.waitaof()', () => {
  it('resolves when what was written is synced', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder);
    await db.set('k', 'v');
    assert.deepEqual(await db.waitaof(1, 0, 0), [1, 0]);
    assert.equal(db.sync.info('persistence').includes('aof_pending_bio_fsync:0'), true);
    await db.close();
    const memory = await open('memory:');
    await assert.rejects(memory.waitaof(1, 0, 0), /appendonly is disabled/);
    await memory.close();
  });
});

describe('db.dump()', () => {
  it('keeps a score of -0 in a sorted set that has a long member', async () => {
    const db = await open('memory:', { config: { 'zset-max-listpack-entries': 0 } });
    await db.zadd('z', '-0', 'a', -1, 'x'.repeat(65));
    const copy = await open('memory:', { load: await db.dump() });
    assert.equal(Object.is(await db.zscore('z', 'a'), -0), true);
    assert.deepEqual(await copy.zrange('z', 0, -1, 'withscores'), [
      ['x'.repeat(65), -1],
      ['a', -0],
    ]);
    await copy.close();
    await db.close();
  });

  it('is a file that another database is opened with', async (test) => {
    const first = await open('memory:', { config: kDebug });
    fill(first.sync);
    const state = stateOf(first.sync);
    const load = await first.dump();
    assert.equal(Buffer.from(load.subarray(0, 5)).toString(), 'REDIS');
    const second = await open('memory:', { load, config: kDebug });
    assert.deepEqual(stateOf(second.sync), state);
    assert.equal(first.sync.set('still', 'usable'), 'OK');
    await Promise.all([first.close(), second.close()]);
  });

  it('leaves nothing in the folder, and fills one', async (test) => {
    const folder = makeFolder(test);
    const first = await openIn(folder);
    fill(first.sync);
    const files = Object.keys(filesOf(folder)).sort();
    const load = await first.dump();
    assert.deepEqual(Object.keys(filesOf(folder)).sort(), files);
    const state = stateOf(first.sync);
    await first.close();
    const second = await open('memory:', { load, config: kDebug });
    assert.deepEqual(stateOf(second.sync), state);
    await second.close();
  });

  it('of a key is what RESTORE reads', async () => {
    const db = await open('memory:');
    await db.rpush('list', 1, 2);
    const value = await db.bytes.dump('list');
    await db.restore('copy', 0, value);
    assert.deepEqual(await db.lrange('copy', 0, -1), ['1', '2']);
    assert.equal(await db.dump('none'), null);
    await db.close();
  });

  it('waits for what else is being saved', async (test) => {
    const db = await openIn(makeFolder(test));
    for (let i = 0; i < 5000; ++i) db.sync.set(`k${i}`, i);
    const saved = db.bgsave();
    const [first, second] = await Promise.all([db.dump(), db.dump()]);
    await saved;
    const rewritten = db.bgrewriteaof();
    const third = await db.dump();
    await rewritten;
    assert.ok(first.length > 5000);
    assert.deepEqual([second.length, third.length], [first.length, first.length]);
    const last = db.dump();
    await db.close();
    await last.catch((error) => assert.ok(error instanceof ClosedError));
  });

  it('that is damaged is refused with what is wrong and where', async () => {
    const db = await open('memory:');
    db.sync.set('key', 'value');
    db.sync.rpush('list', 'a', 'b');
    const bytes = await db.dump();
    await db.close();
    const wrong = [
      [Buffer.from('this is no such file'), /Wrong signature/],
      [Buffer.alloc(0), /it is empty/],
      [bytes.subarray(0, bytes.length - 20), /Unexpected EOF reading RDB file \(offset \d+/],
      [bytes.map((byte, i) => (i === bytes.length - 12 ? byte ^ 1 : byte)), /offset \d+/],
    ];
    for (const [load, message] of wrong) {
      await assert.rejects(open('memory:', { load }), (error) => {
        assert.match(error.message, /^Cannot open 'memory:': /);
        assert.match(error.message, message);
        return true;
      });
    }
    await assert.rejects(open('memory:', { load: 'REDIS' }), TypeError);
    // What is cut off anywhere is never a part of the data.
    for (let end = 0; end < bytes.length; ++end) {
      await assert.rejects(open('memory:', { load: bytes.subarray(0, end) }), Error, `${end}`);
    }
  });
});

describe('onProgress', () => {
  it('is told how far loading is', async (test) => {
    const folder = makeFolder(test);
    const first = await openIn(folder);
    for (let i = 0; i < 40; ++i) first.sync.set(`k${i}`, `${i}`.repeat(50_000));
    await first.close();
    const calls = [];
    const db = await openIn(folder, {}, { onProgress: (progress) => calls.push(progress) });
    await db.close();
    assert.ok(calls.length > 1, `${calls.length} calls`);
    const { loadedBytes, totalBytes } = calls.at(-1);
    assert.ok(totalBytes > 2_000_000);
    assert.equal(loadedBytes, totalBytes);
    for (let i = 1; i < calls.length; ++i) {
      assert.ok(calls[i].loadedBytes >= calls[i - 1].loadedBytes);
      assert.equal(calls[i].totalBytes, totalBytes);
    }
    await assert.rejects(openIn(folder, {}, { onProgress: 5 }), TypeError);
  });

  it('is told that a snapshot has been loaded to its end', async (test) => {
    const folder = makeFolder(test);
    const first = await openIn(folder, { save: '900 1', rdbcompression: false });
    for (let i = 0; i < 40; ++i) first.sync.set(`k${i}`, `${i}`.repeat(50_000));
    const load = await first.dump();
    await first.close();
    for (const options of [{ url: 'memory:', load }, { url: `file:${folder}` }]) {
      const calls = [];
      const { url, ...rest } = options;
      const onProgress = (progress) => calls.push(progress);
      const config = url === 'memory:' ? {} : { save: '900 1' };
      const db = await open(url, { config, onProgress, ...rest });
      await db.close();
      assert.ok(calls.length > 1, `${url}: ${calls.length} calls`);
      const { loadedBytes, totalBytes } = calls.at(-1);
      assert.equal(loadedBytes, totalBytes, url);
    }
  });
});
