// Files that are damaged or cannot be written, and what is switched while a database is open.
import assert from 'node:assert/strict';
import {
  mkdirSync,
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ClosedError, ReplyError, open } from 'kvasm';
import { StorageDriver } from '../../dist/bindings/js/persistence.js';
import { filesOf, logFile, makeFolder } from './folders.mjs';
import { eventually } from './server_client.mjs';

const openIn = (folder, config = {}) => open(`file:${folder}`, { config });
const infoOf = (db) =>
  Object.fromEntries(
    db.sync
      .info('persistence')
      .split('\r\n')
      .map((line) => line.split(':')),
  );

/** That a folder is not opened, why, and that nothing in it is changed by the attempt. */
async function assertRefused(folder, config, message) {
  const before = filesOf(folder);
  await assert.rejects(openIn(folder, config), (error) => {
    assert.ok(error.message.startsWith(`Cannot open 'file:${folder}': `), error.message);
    assert.match(error.message, message);
    return true;
  });
  assert.deepEqual(filesOf(folder), before);
}

describe('a damaged file', () => {
  it('of the log is refused, and the folder can be had when it is repaired', async (test) => {
    const folder = makeFolder(test);
    const first = await openIn(folder);
    await first.set('k', 'v');
    await first.close();
    const file = logFile(folder, 'incr');
    const good = readFileSync(file);
    appendFileSync(file, 'garbage\r\n');
    const message = new RegExp(`incr.aof: .* at offset ${good.length}\\b.*kvasm-check-aof --fix`);
    await assertRefused(folder, {}, message);
    await assertRefused(folder, {}, message);
    writeFileSync(file, good);
    const again = await openIn(folder);
    assert.equal(await again.get('k'), 'v');
    await again.close();
  });

  it('of a snapshot is refused', async (test) => {
    const folder = makeFolder(test);
    const first = await openIn(folder, { save: '900 1' });
    await first.set('k', 'v'.repeat(1000));
    await first.close();
    const file = join(folder, 'dump.rdb');
    const good = readFileSync(file);
    writeFileSync(file, good.subarray(0, good.length - 9));
    await assertRefused(folder, { save: '900 1' }, /dump\.rdb: .*offset \d+/);
    writeFileSync(file, 'nothing of the kind');
    await assertRefused(folder, { save: '900 1' }, /dump\.rdb: /);
    writeFileSync(file, good);
    const again = await openIn(folder, { save: '900 1' });
    assert.equal(await again.strlen('k'), 1000);
    await again.close();
  });

  it('in whose place is a folder is refused', async (test) => {
    const folder = makeFolder(test);
    mkdirSync(join(folder, 'dump.rdb'));
    await assertRefused(folder, { save: '900 1' }, /dump\.rdb.*Is a directory/);
  });

  it('that is missing, or a manifest that is none, is refused', async (test) => {
    const folder = makeFolder(test);
    const first = await openIn(folder);
    await first.set('k', 'v');
    await first.close();
    const file = logFile(folder, 'incr');
    renameSync(file, `${file}.away`);
    await assertRefused(folder, {}, /incr\.aof/);
    renameSync(`${file}.away`, file);
    writeFileSync(join(folder, 'appendonlydir', 'appendonly.aof.manifest'), 'file nothing\n');
    await assertRefused(folder, {}, /manifest|AOF/i);
  });

  it('that ends in a record is cut back, or refused, as aof-load-truncated says', async (test) => {
    const folder = makeFolder(test);
    const first = await openIn(folder);
    await first.set('a', 1);
    await first.set('b', 2);
    await first.close();
    const file = logFile(folder, 'incr');
    const good = readFileSync(file);
    const record = good.indexOf('*3', good.indexOf('*3') + 2);
    writeFileSync(file, good.subarray(0, good.length - 3));
    const config = { appendonly: true, 'aof-load-truncated': false };
    await assertRefused(folder, config, new RegExp(`Unexpected end of file.* offset ${record}\\b`));
    const cut = await openIn(folder);
    assert.deepEqual(await cut.mget('a', 'b'), ['1', null]);
    assert.equal(readFileSync(file).length, record);
    await cut.set('b', 3);
    await cut.close();
    const again = await openIn(folder, config);
    assert.deepEqual(await again.mget('a', 'b'), ['1', '3']);
    await again.close();
  });
});

describe('a log that cannot be rewritten', () => {
  it('rejects, is told, and goes on; the next attempt succeeds', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder);
    await db.set('k', 'v');
    await new Promise((done) => setTimeout(done, 20));
    const told = [];
    db.on('persistenceError', (error) => told.push(error));
    const logs = join(folder, 'appendonlydir');
    renameSync(logs, `${logs}.away`);
    writeFileSync(logs, '');
    await assert.rejects(db.bgrewriteaof(), ReplyError);
    assert.ok(told.length > 0);
    assert.equal(told[0].name, 'StorageError');
    assert.equal(infoOf(db).aof_last_bgrewrite_status, 'err');
    rmSync(logs);
    renameSync(`${logs}.away`, logs);
    await db.set('k', 'w');
    await db.bgrewriteaof();
    assert.equal(infoOf(db).aof_last_bgrewrite_status, 'ok');
    await db.close();
    const again = await openIn(folder);
    assert.equal(await again.get('k'), 'w');
    await again.close();
  });
});

describe('while a database is open', () => {
  it('a snapshot is taken by itself when `save` says so', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder, { save: '1 1' });
    await db.set('k', 'v');
    assert.equal(infoOf(db).rdb_changes_since_last_save, '1');
    await eventually(() => existsSync(join(folder, 'dump.rdb')), 'a snapshot', 10_000);
    await eventually(() => infoOf(db).rdb_changes_since_last_save === '0', 'the count');
    assert.equal(infoOf(db).rdb_saves, '1');
    await db.close();
  });

  it('the log can be switched on and off', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder, { save: '' });
    await db.set('before', 1);
    assert.equal(infoOf(db).aof_enabled, '0');
    await db.configSet('appendonly', 'yes');
    await eventually(() => infoOf(db).aof_rewrite_in_progress === '0', 'the log has its base');
    assert.equal(infoOf(db).aof_enabled, '1');
    await db.set('after', 2);
    await db.close();
    const again = await openIn(folder);
    assert.deepEqual(await again.mget('before', 'after'), ['1', '2']);
    await again.configSet('appendonly', 'no');
    await again.set('after', 'lost');
    await again.close();
    const last = await openIn(folder);
    assert.equal(await last.get('after'), '2');
    await last.close();
  });

  it('SHUTDOWN saves as it is told, and closes the database', async (test) => {
    for (const [words, value] of [
      [['SAVE'], 'new'],
      [['NOSAVE'], 'old'],
      [[], 'old'],
    ]) {
      const folder = makeFolder(test);
      const db = await openIn(folder, { save: '' });
      await db.set('k', 'old');
      await db.save();
      await db.set('k', 'new');
      await db.shutdown(...words).catch((error) => assert.ok(error instanceof ClosedError));
      await eventually(() => db.closed, 'closed');
      await assert.rejects(db.get('k'), ClosedError);
      await eventually(() => !existsSync(join(folder, 'kvasm.lock')), 'the lock is given back');
      const again = await openIn(folder, { save: '' });
      assert.equal(await again.get('k'), value, `SHUTDOWN ${words}`);
      await again.close();
    }
  });

  it('INFO tells the truth of it', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder);
    await db.mset({ a: 1, b: 2 });
    await eventually(() => infoOf(db).aof_buffer_length === '0', 'it is written');
    const bytes = () =>
      readFileSync(logFile(folder, 'incr')).length + readFileSync(logFile(folder, 'base')).length;
    assert.equal(Number(infoOf(db).aof_current_size), bytes());
    await eventually(() => infoOf(db).aof_pending_bio_fsync === '0', 'it is synced');
    assert.equal(infoOf(db).rdb_changes_since_last_save, '2');
    await db.bgrewriteaof();
    const info = infoOf(db);
    assert.equal(Number(info.aof_base_size), bytes());
    assert.deepEqual(
      [info.aof_rewrites, info.aof_enabled, info.aof_last_write_status, info.loading],
      ['1', '1', 'ok', '0'],
    );
    await db.close();
  });
});

describe('with appendfsync always', () => {
  const kWriteAndFail = "redis.call('set', 'k', 1) return redis.call('incr', 'text')";
  const kWrite = "redis.call('incr', 'k') error('after all')";

  /** What the files held of `k` when each of these was told. */
  async function toldAt(folder, calls) {
    const seen = [];
    for (const call of calls) {
      const tell = () =>
        seen.push(readFileSync(logFile(folder, 'incr'), 'latin1').split('k\r\n').length);
      await call().then(() => assert.fail('it succeeds'), tell);
    }
    return seen;
  }

  it('an error of what has written is told when that is durable', async (test) => {
    const folder = makeFolder(test);
    const db = await openIn(folder, { appendonly: true, appendfsync: 'always' });
    await db.set('text', 'x');
    const other = await db.duplicate();
    const calls = [
      () => db.eval(kWriteAndFail, 1, 'k'),
      () => db.eval(kWrite, 1, 'k'),
      // Of a row.
      () => Promise.all([db.blpop('none', 0.01), db.eval(kWrite, 1, 'k')]),
      async () => db.sync.eval(kWrite, 1, 'k'),
      () => other.call('EVAL', kWrite, '1', 'k'),
    ];
    assert.deepEqual(await toldAt(folder, calls), [2, 3, 4, 5, 6]);
    await other.close();
    await db.close();
  });
});

describe('what waits for the disk when its session is closed, one of several', () => {
  it('is rejected; that of the others goes on', async (test) => {
    const db = await openIn(makeFolder(test), { appendonly: true, appendfsync: 'always' });
    const other = await db.duplicate();
    const { begin } = StorageDriver.prototype;
    test.after(() => Object.assign(StorageDriver.prototype, { begin }));
    StorageDriver.prototype.begin = () => undefined; // A disk that takes its time.
    const kept = db.set('a', 1);
    const lost = [
      other.set('b', 1),
      other.pipeline().set('c', 1).exec(),
      other.multi().set('d', 1).exec(),
      other.eval('redis.call("set", KEYS[1], 1) return redis.error_reply("X")', 1, 'e'),
    ].map((call) => assert.rejects(call, ClosedError));
    const closing = other.close();
    await Promise.all(lost);
    await closing;
    Object.assign(StorageDriver.prototype, { begin });
    const last = db.set('f', 1);
    assert.equal(await kept, 'OK');
    await db.close();
    assert.equal(await last, 'OK');
  });
});

describe('what is not durable when the files are given up', () => {
  it('is not acknowledged', async () => {
    const driver = new StorageDriver({ module: { _kv_storage_frame: () => 0 } }, {});
    const before = driver.whenDurable(1);
    driver.stop();
    await assert.rejects(before, ClosedError);
    await assert.rejects(driver.whenDurable(1), ClosedError);
    await driver.whenDurable(0);
  });
});
