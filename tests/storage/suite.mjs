// What every storage promises (bindings/js/storage.ts), asked of one after the other.
import assert from 'node:assert/strict';
import { after, beforeEach, afterEach, describe, test } from 'node:test';
import { isSynchronous } from '../../dist/bindings/js/storage.js';
import { seeded } from './random.mjs';

const text = (bytes) => Buffer.from(bytes).toString('latin1');
export const bytesOf = (string) => Uint8Array.from(Buffer.from(string, 'latin1'));

/** Bytes of which each says where it is. */
export function pattern(length, from = 0) {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(from + i, 0x9e3779b1) >>> 24;
  return bytes;
}

/** Checks that something is refused with a StorageError of this code, for this file. */
export async function assertRefused(action, code, file) {
  await assert.rejects(
    async () => action(),
    (error) => {
      assert.equal(error.name, 'StorageError');
      assert.equal(error.code, code, error.message);
      if (file !== undefined) assert.equal(error.file, file);
      assert.ok(error.reason.length > 0 && error.message.includes(error.reason), error.message);
      return true;
    },
  );
}

/** The forms of the operations: with promises, and without for those that have them. */
function formsOf(storage) {
  const names = ['size', 'read', 'append', 'sync', 'truncate', 'rename', 'replace', 'remove'];
  const waiting = Object.fromEntries(names.map((name) => [name, storage[name].bind(storage)]));
  if (!isSynchronous(storage)) return { waiting };
  const immediate = Object.fromEntries(
    names.map((name) => [name, async (...args) => storage[`${name}Sync`](...args)]),
  );
  return { waiting, immediate };
}

/**
 * Runs the suite.
 * @param {string} name  of the kind of storage
 * @param {{ open: () => Promise<object>, reopen: (storage: object) => Promise<object>,
 *   cleanup: () => Promise<void> }} kind
 *   open: a new and empty storage; reopen: another object on the same files
 */
export function testStorage(name, { open, reopen, cleanup }) {
  after(cleanup);
  for (const form of ['waiting', 'immediate']) {
    describe(`${name}, ${form} forms`, () => testFiles(form, open, reopen));
  }
  describe(`${name}, several operations at once`, () => testOrder(open));
  describe(`${name}, synchronous operations meanwhile`, () => testOvertaking(open));
  describe(`${name}, the lock`, () => testLock(open, reopen));
  describe(`${name}, closing`, () => testClosing(open, reopen));
}

function testFiles(form, open, reopen) {
  let storage;
  let files;
  beforeEach(async () => {
    storage = await open();
    files = formsOf(storage)[form];
  });
  afterEach(() => storage.close());
  const content = async (file) => text(await files.read(file, 0, 1e9));
  const check = (title, body) =>
    test(title, (t) => (files === undefined ? t.skip('there are none') : body(t)));
  const args = { storage: () => storage, files: () => files, content, check };
  testContent(args);
  testChance(args);
  testGrowth(args);
  testNames(args);
  testFolders(args);
  testFailures(args);
  testKinds(args);

  check('what was written is there when the storage is opened again', async () => {
    await files.append('dump.rdb', pattern(5000));
    await files.append('aof/a.1', bytesOf('one'));
    await files.replace('aof/manifest', bytesOf('two'));
    await storage.close();
    storage = await reopen(storage);
    files = formsOf(storage)[form];
    assert.deepEqual([...(await files.read('dump.rdb', 0, 1e6))], [...pattern(5000)]);
    assert.deepEqual([await content('aof/a.1'), await content('aof/manifest')], ['one', 'two']);
    await files.append('aof/a.1', bytesOf(' more'));
    assert.equal(await content('aof/a.1'), 'one more');
  });
}

function testContent({ files, content, check }) {
  check('a file grows by what is appended', async () => {
    await files().append('a', bytesOf('hello'));
    await files().append('a', bytesOf(''));
    await files().append('a', bytesOf(', world'));
    assert.equal(await content('a'), 'hello, world');
    assert.equal(await files().size('a'), 12);
  });

  check('appending nothing makes an empty file', async () => {
    await files().append('a', new Uint8Array(0));
    assert.equal(await files().size('a'), 0);
    assert.equal(await content('a'), '');
  });

  check('any part of a file can be read, and less where it ends', async () => {
    const whole = pattern(10_000);
    await files().append('a', whole.subarray(0, 3));
    await files().append('a', whole.subarray(3, 7000));
    await files().append('a', whole.subarray(7000));
    const parts = [
      ...[0, 1, 2, 3, 255, 256, 257, 6999, 7000, 9999].flatMap((at) => [
        [at, 0],
        [at, 1],
        [at, 300],
        [at, 20_000],
      ]),
      [10_000, 5],
      [10_001, 5],
      [2 ** 40, 5],
    ];
    for (const [offset, length] of parts) {
      const part = await files().read('a', offset, length);
      assert.ok(part instanceof Uint8Array);
      assert.deepEqual([...part], [...whole.subarray(offset, offset + length)], `${offset}`);
    }
  });

  check('bytes that were read are the reader’s own', async () => {
    await files().append('a', bytesOf('abc'));
    (await files().read('a', 0, 3)).fill(0);
    assert.equal(await content('a'), 'abc');
  });

  check('bytes that were appended are the file’s own', async () => {
    const bytes = bytesOf('abc');
    await files().append('a', bytes);
    await files().replace('b', bytes);
    bytes.fill(0);
    assert.deepEqual([await content('a'), await content('b')], ['abc', 'abc']);
  });

  check('a view on a part of a buffer is no more than that part', async () => {
    const large = bytesOf('0123456789').subarray(3, 6);
    await files().append('a', large);
    await files().replace('b', large);
    assert.deepEqual([await content('a'), await content('b')], ['345', '345']);
  });
}

function testGrowth({ files, content, check }) {
  check('many small appends and a large one', async () => {
    const expected = [];
    for (let i = 0; i < 300; i++) {
      const line = `${i}\n`.repeat(i % 7);
      expected.push(line);
      await files().append('log', bytesOf(line));
    }
    const large = pattern((5 << 20) + 17);
    await files().append('log', large);
    const start = expected.join('').length;
    assert.equal(await files().size('log'), start + large.length);
    assert.equal(text(await files().read('log', 0, start)), expected.join(''));
    assert.equal(Buffer.compare(await files().read('log', start, 1e8), large), 0);
  });

  check('a file is cut off, and goes on from there', async () => {
    await files().append('a', pattern(4000));
    for (const size of [4000, 3999, 257, 256, 255, 1]) {
      await files().truncate('a', size);
      assert.equal(await files().size('a'), size);
      assert.deepEqual([...(await files().read('a', 0, 1e6))], [...pattern(size)]);
    }
    await files().append('a', bytesOf('xyz'));
    assert.deepEqual(
      [...(await files().read('a', 0, 1e6))],
      [...pattern(1), ...Buffer.from('xyz')],
    );
    await files().truncate('a', 0);
    await files().append('a', bytesOf('new'));
    assert.equal(await content('a'), 'new');
  });

  check('a file that is replaced has the new content only', async () => {
    await files().replace('a', bytesOf('a long first content'));
    await files().append('a', bytesOf('!'));
    await files().replace('a', bytesOf('short'));
    assert.equal(await content('a'), 'short');
    await files().append('a', bytesOf('er'));
    assert.equal(await content('a'), 'shorter');
    await files().replace('a', new Uint8Array(0));
    assert.equal(await files().size('a'), 0);
  });

  check('syncing changes nothing to be seen', async () => {
    await files().append('b/a', bytesOf('abc'));
    await files().sync('b/a');
    await files().sync('b/a');
    await files().append('b/a', bytesOf('d'));
    await files().sync('b/a');
    assert.equal(await content('b/a'), 'abcd');
  });
}

/** A storage as simple as can be: what the others are compared with. */
class Model {
  files = new Map();
  #get(file) {
    if (!this.files.has(file)) throw Object.assign(new Error('none'), { code: 'ENOENT' });
    return this.files.get(file);
  }
  size = (file) => this.files.get(file)?.length;
  read = (file, offset, length) => this.#get(file).slice(offset, offset + length);
  append = (file, bytes) => void this.files.set(file, (this.files.get(file) ?? '') + text(bytes));
  sync = (file) => void this.#get(file);
  replace = (file, bytes) => void this.files.set(file, text(bytes));
  remove = (file) => void this.files.delete(file);
  truncate(file, size) {
    const is = this.#get(file);
    if (is.length < size) throw Object.assign(new Error('shorter'), { code: 'EINVAL' });
    this.files.set(file, is.slice(0, size));
  }
  rename(from, to) {
    const is = this.#get(from);
    this.files.delete(from);
    this.files.set(to, is);
  }
}

function testChance({ storage, files, check }) {
  check('any operations in any order leave what they should', async () => {
    const { below } = seeded(6);
    const names = ['a', 'b', 'd/a', 'd/b', 'd/e/a'];
    const name = () => names[below(names.length)];
    const bytes = () => pattern([0, 1, 10, 300, 5000, 40_000][below(6)], below(1000));
    const operations = {
      size: () => [name()],
      read: () => [name(), below(3000), below(100_000)],
      append: () => [name(), bytes()],
      sync: () => [name()],
      truncate: () => [name(), below(3) * below(4000)],
      rename: () => [name(), name()],
      replace: () => [name(), bytes()],
      remove: () => [name()],
    };
    const likely = ['append', 'append', 'append', 'read', ...Object.keys(operations)];
    const model = new Model();
    const outcome = async (action) => {
      try {
        const result = await action();
        return result instanceof Uint8Array ? text(result) : result;
      } catch (error) {
        return error.code ?? error;
      }
    };
    for (let i = 0; i < 400; i++) {
      const operation = likely[below(likely.length)];
      const args = operations[operation]();
      const expected = await outcome(() => model[operation](...args));
      const actual = await outcome(() => files()[operation](...args));
      assert.equal(actual, expected, `${i}: ${operation} ${args[0]} ${args[1]?.length ?? args[1]}`);
    }
    for (const folder of ['', 'd/', 'd/e/']) {
      const inIt = [...model.files.keys()].filter((file) => file.startsWith(folder));
      const expected = inIt
        .map((file) => file.slice(folder.length))
        .filter((s) => !s.includes('/'));
      assert.deepEqual((await storage().list(folder.slice(0, -1))).sort(), expected.sort());
    }
  });
}

function testNames({ storage, files, content, check }) {
  check('there is no size of no file', async () => {
    assert.equal(await files().size('a'), undefined);
    assert.equal(await files().size('b/c/d'), undefined);
  });

  check('a folder lists its files and no other', async () => {
    assert.deepEqual(await storage().list(''), []);
    assert.deepEqual(await storage().list('nowhere'), []);
    await files().append('one', bytesOf('1'));
    await files().replace('two', bytesOf('2'));
    await files().append('deep/three', bytesOf('3'));
    await files().append('deep/er/four', bytesOf('4'));
    assert.deepEqual((await storage().list('')).sort(), ['one', 'two']);
    assert.deepEqual(await storage().list('deep'), ['three']);
    assert.deepEqual(await storage().list('deep/er'), ['four']);
    assert.deepEqual(await storage().list('de'), []);
  });

  check('a file gets another name', async () => {
    await files().append('old', bytesOf('content'));
    await files().rename('old', 'new');
    assert.equal(await files().size('old'), undefined);
    assert.equal(await content('new'), 'content');
    await files().append('new', bytesOf('!'));
    await files().append('old', bytesOf('another'));
    assert.deepEqual([await content('new'), await content('old')], ['content!', 'another']);
  });

  check('a file gets the name of another, which is gone', async () => {
    await files().append('temp-1.rdb', bytesOf('new'));
    await files().append('dump.rdb', bytesOf('the old one'));
    await files().rename('temp-1.rdb', 'dump.rdb');
    assert.equal(await content('dump.rdb'), 'new');
    await files().append('dump.rdb', bytesOf('er'));
    assert.equal(await content('dump.rdb'), 'newer');
    assert.deepEqual(await storage().list(''), ['dump.rdb']);
  });

  check('a file gets its own name', async () => {
    await files().append('a', bytesOf('x'));
    await files().rename('a', 'a');
    await files().append('a', bytesOf('y'));
    assert.equal(await content('a'), 'xy');
  });
}

function testFolders({ storage, files, content, check }) {
  check('a file moves to a folder that comes to be', async () => {
    await files().append('a', bytesOf('x'));
    await files().rename('a', 'b/c/a');
    assert.equal(await content('b/c/a'), 'x');
    await files().rename('b/c/a', 'a');
    assert.equal(await content('a'), 'x');
    assert.deepEqual(await storage().list('b/c'), []);
  });

  check('a file is removed, and may not be there', async () => {
    await files().append('b/a', bytesOf('old'));
    await files().remove('b/a');
    await files().remove('b/a');
    await files().remove('never/was');
    assert.equal(await files().size('b/a'), undefined);
    assert.deepEqual(await storage().list('b'), []);
    await files().append('b/a', bytesOf('new'));
    assert.equal(await content('b/a'), 'new');
  });

  check('names with spaces, dots and letters of the world', async () => {
    for (const file of [
      'a b',
      '.hidden',
      'a..b',
      '...',
      'ünï',
      'x/.y',
      'appendonly.aof.1.incr.aof',
    ]) {
      await files().append(file, bytesOf(file.length.toString()));
      assert.equal(await content(file), file.length.toString(), file);
      await files().remove(file);
    }
  });
}

function testFailures({ storage, files, content, check }) {
  check('names that would lead elsewhere are refused', async () => {
    await files().append('a', bytesOf('x'));
    const bad = ['', '.', '..', '../a', '/a', '/etc/passwd', 'a/', 'b//a', './a', 'b/../a', 'b/..'];
    for (const file of [...bad, 'a\0', '..\\a', 'c:\\a', 'C:a', 'kvasm.lock', 'kvasm.lock.1']) {
      await assertRefused(() => files().size(file), 'EINVAL', file);
      await assertRefused(() => files().read(file, 0, 1), 'EINVAL', file);
      await assertRefused(() => files().append(file, bytesOf('x')), 'EINVAL', file);
      await assertRefused(() => files().sync(file), 'EINVAL', file);
      await assertRefused(() => files().truncate(file, 0), 'EINVAL', file);
      await assertRefused(() => files().rename(file, 'b'), 'EINVAL', file);
      await assertRefused(() => files().rename('a', file), 'EINVAL', file);
      await assertRefused(() => files().replace(file, bytesOf('x')), 'EINVAL', file);
      await assertRefused(() => files().remove(file), 'EINVAL', file);
      if (file !== '') await assertRefused(() => storage().list(file), 'EINVAL', file);
    }
    assert.deepEqual(await storage().list(''), ['a']);
    assert.equal(await content('a'), 'x');
  });

  check('numbers that cannot be are refused', async () => {
    await files().append('a', bytesOf('abc'));
    for (const number of [-1, 0.5, NaN, Infinity, '1', 2 ** 53]) {
      await assertRefused(() => files().read('a', number, 1), 'EINVAL', 'a');
      await assertRefused(() => files().read('a', 0, number), 'EINVAL', 'a');
      await assertRefused(() => files().truncate('a', number), 'EINVAL', 'a');
    }
    await assertRefused(() => files().truncate('a', 4), 'EINVAL', 'a');
    assert.equal(await content('a'), 'abc');
  });

  check('what needs a file says that there is none', async () => {
    for (const file of ['none', 'no/where']) {
      await assertRefused(() => files().read(file, 0, 1), 'ENOENT', file);
      await assertRefused(() => files().sync(file), 'ENOENT', file);
      await assertRefused(() => files().truncate(file, 0), 'ENOENT', file);
      await assertRefused(() => files().rename(file, 'b'), 'ENOENT', file);
    }
    assert.deepEqual(await storage().list(''), []);
    await assert.rejects(
      files().read('none', 0, 1),
      /Cannot read 'none': No such file or directory/,
    );
  });
}

function testKinds({ storage, files, content, check }) {
  check('a folder is no file', async () => {
    await files().append('folder/a', bytesOf('x'));
    const { size, read, append, sync, truncate, rename, replace, remove } = files();
    await assertRefused(() => size('folder'), 'EISDIR', 'folder');
    await assertRefused(() => read('folder', 0, 1), 'EISDIR', 'folder');
    await assertRefused(() => append('folder', bytesOf('x')), 'EISDIR', 'folder');
    await assertRefused(() => sync('folder'), 'EISDIR', 'folder');
    await assertRefused(() => truncate('folder', 0), 'EISDIR', 'folder');
    await assertRefused(() => rename('folder', 'b'), 'EISDIR', 'folder');
    await assertRefused(() => replace('folder', bytesOf('x')), 'EISDIR', 'folder');
    await assertRefused(() => remove('folder'), 'EISDIR', 'folder');
    assert.equal(await content('folder/a'), 'x');
    assert.deepEqual(await storage().list(''), []);
  });

  check('a file is no folder', async () => {
    await files().append('a', bytesOf('x'));
    await files().append('b', bytesOf('y'));
    await assertRefused(() => storage().list('a'), 'ENOTDIR', 'a');
    await assertRefused(() => files().append('a/b', bytesOf('x')), 'ENOTDIR', 'a/b');
    await assertRefused(() => files().replace('a/b', bytesOf('x')), 'ENOTDIR', 'a/b');
    await assertRefused(() => files().rename('b', 'a/b'), 'ENOTDIR', 'b');
    assert.equal(await files().size('a/b'), undefined);
    await files().remove('a/b');
    assert.deepEqual([await content('a'), await content('b')], ['x', 'y']);
  });
}

function testOrder(open) {
  let storage;
  beforeEach(async () => (storage = await open()));
  afterEach(() => storage.close());
  const content = async (file) => text(await storage.read(file, 0, 1e9));

  test('operations on a file are carried out in the order they were asked for', async () => {
    const results = await Promise.all([
      storage.append('a', bytesOf('one ')),
      storage.append('a', bytesOf('two ')),
      storage.size('a'),
      storage.sync('a'),
      storage.truncate('a', 4),
      storage.append('a', bytesOf('three')),
      storage.read('a', 0, 99),
      storage.rename('a', 'b'),
      storage.size('a'),
      storage.append('b', bytesOf('!')),
      storage.replace('a', bytesOf('four')),
      storage.read('b', 0, 99),
      storage.remove('b'),
      storage.size('b'),
    ]);
    assert.equal(results[2], 8);
    assert.equal(text(results[6]), 'one three');
    assert.equal(results[8], undefined);
    assert.equal(text(results[11]), 'one three!');
    assert.equal(results[13], undefined);
    assert.equal(await content('a'), 'four');
  });

  test('one that fails does not stop those behind it', async () => {
    const results = await Promise.allSettled([
      storage.append('a', bytesOf('abc')),
      storage.truncate('a', 100),
      storage.append('a', bytesOf('def')),
      storage.rename('none', 'a'),
      storage.append('a', bytesOf('ghi')),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal(await content('a'), 'abcdefghi');
  });

  test('large appends to one file and to others do not mix', async () => {
    const pieces = Array.from({ length: 6 }, (_, i) => pattern((3 << 20) + i, i * 1000));
    await Promise.all(pieces.flatMap((piece) => [storage.append('a', piece)]));
    await Promise.all(pieces.map((piece, i) => storage.append(`b/${i}`, piece)));
    assert.equal(Buffer.compare(await storage.read('a', 0, 1e9), Buffer.concat(pieces)), 0);
    for (const [i, piece] of pieces.entries()) {
      assert.equal(Buffer.compare(await storage.read(`b/${i}`, 0, 1e9), piece), 0);
    }
  });
}

function testOvertaking(open) {
  let storage;
  beforeEach(async () => (storage = await open()));
  afterEach(() => storage.close());

  test('synchronous appends come after those that wait', async (t) => {
    if (!isSynchronous(storage)) return t.skip('there are none');
    const pieces = [2 << 20, 5, 3 << 20, 0, 1 << 20].map((size, i) => pattern(size, i));
    const waiting = pieces.map((piece) => storage.append('a', piece));
    waiting.push(storage.sync('a'), storage.append('a', bytesOf('last that waits')));
    storage.appendSync('a', bytesOf('|at once'));
    storage.syncSync('a');
    const expected = Buffer.concat([...pieces, Buffer.from('last that waits|at once')]);
    assert.equal(storage.sizeSync('a') ?? 0, expected.length);
    const late = storage.append('a', bytesOf('|late'));
    await Promise.all([...waiting, late]);
    const whole = await storage.read('a', 0, 1e9);
    assert.equal(Buffer.compare(whole, Buffer.concat([expected, Buffer.from('|late')])), 0);
  });

  test('synchronous appends come after any part of those that wait', async (t) => {
    if (!isSynchronous(storage)) return t.skip('there are none');
    let expected = [];
    for (let turn = 0; turn < 40; turn++) {
      const piece = pattern((turn % 4) << 20, turn);
      const waiting = storage.append('a', piece);
      for (let i = 0; i < turn % 8; i++) await new Promise(setImmediate);
      storage.appendSync('a', bytesOf(`|${turn}|`));
      expected.push(piece, bytesOf(`|${turn}|`));
      if (turn % 2) await waiting;
      if (turn % 10 === 9) {
        await waiting;
        const whole = await storage.read('a', 0, 1e9);
        assert.equal(Buffer.compare(whole, Buffer.concat(expected)), 0, `turn ${turn}`);
        await storage.remove('a');
        expected = [];
      }
    }
  });
}

function testLock(open, reopen) {
  test('it has a name', async () => {
    const storage = await open();
    assert.match(storage.name, /^[a-z]+:/);
    await storage.close();
  });

  test('of two only one has the lock, and the other is told who', async () => {
    const first = await open();
    const second = await reopen(first);
    const began = Date.now();
    await first.lock();
    await first.lock();
    await assert.rejects(second.lock(), (error) => {
      assert.equal(error.name, 'StorageLockedError');
      assert.equal(error.code, 'ELOCKED');
      assert.equal(error.operation, 'lock');
      assert.ok([0, process.pid].includes(error.holder.pid));
      assert.ok(error.holder.sinceMs >= began && error.holder.sinceMs <= Date.now());
      assert.ok(error.message.startsWith(`${second.name} is in use by `), error.message);
      return true;
    });
    await first.close();
    await second.lock();
    await second.close();
    const third = await reopen(second);
    await third.lock();
    await third.close();
  });

  test('closing without the lock leaves it to the one who has it', async () => {
    const first = await open();
    await first.lock();
    const second = await reopen(first);
    await assert.rejects(second.lock(), { code: 'ELOCKED' });
    await second.close();
    const third = await reopen(first);
    await assert.rejects(third.lock(), { code: 'ELOCKED' });
    await third.close();
    await first.close();
  });

  test('of many who try at once one has it', async () => {
    const first = await open();
    const others = await Promise.all(Array.from({ length: 19 }, () => reopen(first)));
    const all = [first, ...others];
    const results = await Promise.allSettled(all.map((storage) => storage.lock()));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    await Promise.all(all.map((storage) => storage.close()));
  });
}

function testClosing(open, reopen) {
  test('files can be used without the lock, and the lock is no file', async () => {
    const storage = await open();
    const reader = await reopen(storage);
    await storage.lock();
    await storage.append('a', bytesOf('x'));
    assert.equal(text(await reader.read('a', 0, 9)), 'x');
    assert.deepEqual(await reader.list(''), ['a']);
    await Promise.all([storage.close(), reader.close()]);
  });

  test('closing waits for what is under way, and may be done twice', async () => {
    const storage = await open();
    await storage.lock();
    const large = pattern(3 << 20);
    const waiting = [storage.append('a', large), storage.append('a', bytesOf('end'))];
    await Promise.all([storage.close(), storage.close(), ...waiting]);
    await storage.close();
    const again = await reopen(storage);
    assert.equal(await again.size('a'), large.length + 3);
    await again.close();
  });

  test('a closed storage refuses everything', async () => {
    const storage = await open();
    await storage.append('a', bytesOf('x'));
    await storage.close();
    for (const files of Object.values(formsOf(storage))) {
      await assertRefused(() => files.size('a'), 'ECLOSED', 'a');
      await assertRefused(() => files.read('a', 0, 1), 'ECLOSED', 'a');
      await assertRefused(() => files.append('a', bytesOf('x')), 'ECLOSED', 'a');
      await assertRefused(() => files.sync('a'), 'ECLOSED', 'a');
      await assertRefused(() => files.truncate('a', 0), 'ECLOSED', 'a');
      await assertRefused(() => files.rename('a', 'b'), 'ECLOSED', 'a');
      await assertRefused(() => files.replace('a', bytesOf('x')), 'ECLOSED', 'a');
      await assertRefused(() => files.remove('a'), 'ECLOSED', 'a');
    }
    await assertRefused(() => storage.list(''), 'ECLOSED', '');
    await assertRefused(() => storage.lock(), 'ECLOSED', '');
  });
}
