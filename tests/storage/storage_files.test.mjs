import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { assertRefused, bytesOf, pattern, testStorage } from './suite.mjs';

const isLinux = process.platform === 'linux';
const top = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'kvasm-storage-')));
let count = 0;

/** What the storage has asked of the system: 'write a 100', 'sync a', 'sync .', 'rename a b'. */
let steps = [];
/** What happens instead of a write, if it is set: (args of fs.write) => whether it has done it. */
let writing = null;

const { write, writeSync, fsync, fsyncSync, renameSync } = fs.default;
const { rename } = fs.promises;
const folder = () => join(top, String(count));
const nameOf = (path) => relative(folder(), path) || '.';
const nameOfFd = (fd) => (isLinux ? nameOf(fs.readlinkSync(`/proc/self/fd/${fd}`)) : '?');
const handlePrototype = await open(top).then(async (handle) => {
  await handle.close();
  return Object.getPrototypeOf(handle);
});
const { sync } = handlePrototype;

/** Puts a function in the place of one of the system's; what is attached to that stays. */
function patch(owner, name, original, replacement) {
  Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original));
  owner[name] = replacement;
}
patch(fs.default, 'write', write, (...args) => {
  steps.push(`write ${nameOfFd(args[0])} ${args[3]}`);
  if (!writing?.(args)) write(...args);
});
patch(fs.default, 'writeSync', writeSync, (...args) => {
  if (args.length === 5) steps.push(`writeSync ${nameOfFd(args[0])} ${args[3]}`);
  return writeSync(...args);
});
patch(fs.default, 'fsync', fsync, (fd, done) => {
  steps.push(`sync ${nameOfFd(fd)}`);
  fsync(fd, done);
});
patch(fs.default, 'fsyncSync', fsyncSync, (fd) => {
  steps.push(`sync ${nameOfFd(fd)}`);
  fsyncSync(fd);
});
patch(fs.default, 'renameSync', renameSync, (from, to) => {
  steps.push(`rename ${nameOf(from)} ${nameOf(to)}`);
  renameSync(from, to);
});
patch(fs.promises, 'rename', rename, async (from, to) => {
  steps.push(`rename ${nameOf(from)} ${nameOf(to)}`);
  await rename(from, to);
});
handlePrototype.sync = async function () {
  steps.push(`sync ${nameOfFd(this.fd)}`);
  await sync.call(this);
};
syncBuiltinESMExports();
const { FileStorage } = await import('../../dist/node/storage_files.js');

testStorage('Node files', {
  open: async () => new FileStorage(join(top, `${count++}`, 'data')),
  reopen: async (storage) => new FileStorage(storage.name.slice('file:'.length)),
  cleanup: async () => fs.rmSync(top, { recursive: true }),
});

describe('files of Node', () => {
  /** @type {InstanceType<typeof FileStorage>} */
  let storage;
  beforeEach(() => {
    count++;
    fs.mkdirSync(folder());
    storage = new FileStorage(folder());
    steps = [];
  });
  afterEach(async () => {
    writing = null;
    await storage.close();
  });
  const openHere = () =>
    fs
      .readdirSync('/proc/self/fd')
      .map((fd) => {
        try {
          return fs.readlinkSync(`/proc/self/fd/${fd}`);
        } catch {
          return '';
        }
      })
      .filter((path) => path.startsWith(folder()))
      .map(nameOf);
  const whole = (file) => fs.readFileSync(join(folder(), file));

  describe('large ones', () => {
    test('are written in pieces, between which others have their turn', async () => {
      const bytes = pattern(100 << 20);
      let turns = 0;
      let isDone = false;
      const turn = () => {
        turns++;
        if (!isDone) setImmediate(turn);
      };
      turn();
      await storage.append('a', bytes);
      isDone = true;
      assert.equal(steps.length, 100);
      assert.equal(new Set(steps).size, 1);
      assert.match(steps[0], /^write . 1048576$|^write \? 1048576$/);
      assert.ok(turns >= 50, `${turns} turns`);
      assert.equal(Buffer.compare(whole('a'), bytes), 0);

      steps = [];
      await storage.replace('a', bytes.subarray(0, (5 << 20) + 1));
      assert.equal(steps.filter((step) => step.startsWith('write ')).length, 6);
      assert.equal(whole('a').length, (5 << 20) + 1);
    });

    test('let a sync of another file pass', async () => {
      await storage.append('small', bytesOf('x'));
      const order = [];
      const small = Promise.resolve().then(() => storage.sync('small'));
      // The second piece is not written before the other file is synced.
      writing = (args) => steps.length > 2 && small.then(() => write(...args));
      await Promise.all([
        storage.append('large', pattern(5 << 20)).then(() => order.push('large')),
        small.then(() => order.push('small')),
      ]);
      assert.deepEqual(order, ['small', 'large']);
    });
  });

  describe('small ones', () => {
    test('are written at once, unless others are ahead', async () => {
      const small = storage.append('a', pattern(16 << 10));
      assert.deepEqual([whole('a').length, steps.length], [16 << 10, 1]);
      const large = storage.append('a', pattern(20_000));
      const last = storage.append('a', bytesOf('x'));
      assert.deepEqual(steps.splice(0), ['writeSync a 16384', 'write a 20000']);
      await Promise.all([small, large, last]);
      assert.equal(whole('a').at(-1), 'x'.charCodeAt(0));
      assert.deepEqual(steps, ['write a 1']);
    });
  });

  describe('a system that writes less than it was given', () => {
    test('is given the rest', async () => {
      writing = ([fd, bytes, from, length, position, done]) => {
        write(fd, bytes, from, Math.ceil(length / 3), position, done);
        return true;
      };
      const bytes = pattern(100_000);
      await storage.append('a', bytes);
      await storage.replace('b', bytes);
      assert.ok(steps.length > 20);
      assert.equal(Buffer.compare(whole('a'), bytes), 0);
      assert.equal(Buffer.compare(whole('b'), bytes), 0);
    });

    test('and then no more is an error, after which one can go on', async () => {
      const full = Object.assign(new Error('full'), { code: 'ENOSPC', errno: -28 });
      let room = 2 << 20;
      writing = ([fd, bytes, from, length, position, done]) => {
        const taken = Math.min(room, length, 700_000);
        room -= taken;
        if (taken === 0) queueMicrotask(() => done(full));
        else write(fd, bytes, from, taken, position, done);
        return true;
      };
      const bytes = pattern(5 << 20);
      await assert.rejects(storage.append('a', bytes), {
        code: 'ENOSPC',
        operation: 'append',
        file: 'a',
        reason: 'No space left on device',
        message: "Cannot append 'a': No space left on device",
      });
      assert.equal(await storage.size('a'), 2 << 20);
      assert.equal(Buffer.compare(whole('a'), bytes.subarray(0, 2 << 20)), 0);
      await assertRefused(() => storage.replace('b', bytes), 'ENOSPC', 'b');
      assert.deepEqual(await storage.list(''), ['a']);

      writing = null;
      await storage.truncate('a', 10);
      await storage.append('a', bytesOf('end'));
      assert.equal(whole('a').subarray(10).toString(), 'end');
    });

    test('or takes nothing without a word is an error, too', async () => {
      writing = ([, , , , , done]) => {
        queueMicrotask(() => done(null, 0));
        return true;
      };
      await assertRefused(() => storage.append('a', pattern(100_000)), 'EIO', 'a');
    });

    test('as a full device does', { skip: !isLinux }, async () => {
      fs.symlinkSync('/dev/full', join(folder(), 'full'));
      for (const bytes of [bytesOf('x'), pattern(100_000)]) {
        await assertRefused(() => storage.append('full', bytes), 'ENOSPC', 'full');
      }
      await assertRefused(() => storage.appendSync('full', bytesOf('x')), 'ENOSPC', 'full');
    });
  });

  describe('what survives a power cut', { skip: !isLinux }, () => {
    for (const form of ['', 'Sync']) {
      const how = form || 'waiting';

      test(`is what was synced, the name first (${how})`, async () => {
        await storage[`append${form}`]('d/a', bytesOf('x'));
        // The new folder's own name is made safe at once.
        assert.deepEqual(steps.splice(0), ['sync .', 'writeSync d/a 1']);
        await storage[`sync${form}`]('d/a');
        assert.deepEqual(steps.splice(0), ['sync d/a', 'sync .', 'sync d']);
        await storage[`append${form}`]('d/a', bytesOf('y'));
        await storage[`sync${form}`]('d/a');
        assert.deepEqual(steps, ['writeSync d/a 1', 'sync d/a']);
      });

      test(`is a new name: the file synced before, the folder after (${how})`, async () => {
        await storage.append('temp', bytesOf('x'));
        steps = [];
        await storage[`rename${form}`]('temp', 'dump');
        const renamed = steps.indexOf('rename temp dump');
        assert.ok(steps.indexOf('sync temp') >= 0 && steps.indexOf('sync temp') < renamed);
        assert.equal(steps.indexOf('sync .', renamed), renamed + 1);
        assert.equal(steps.length, renamed + 2);
      });

      test(`is a replacement: written beside first (${how})`, async () => {
        await storage.append('d/a', bytesOf('old'));
        steps = [];
        await storage[`replace${form}`]('d/a', bytesOf('new'));
        assert.deepEqual(steps, [
          `write${form} d/temp-a 3`,
          'sync d/temp-a',
          'rename d/temp-a d/a',
          'sync .',
          'sync d',
        ]);
      });
    }
  });

  describe('descriptors', { skip: !isLinux }, () => {
    test('are kept for files that are appended to, and for no others', async () => {
      await storage.append('a', bytesOf('x'));
      await storage.append('b', bytesOf('x'));
      await storage.append('a', bytesOf('x'));
      await storage.replace('c', bytesOf('x'));
      await storage.read('c', 0, 1);
      storage.readSync('c', 0, 1);
      await storage.truncate('c', 0);
      await storage.sync('c');
      assert.deepEqual(openHere().sort(), ['a', 'b']);
    });

    test('are given back when a file is renamed, replaced or removed, and at the end', async () => {
      for (const file of ['a', 'b', 'c', 'd', 'e']) {
        await storage.append(file, bytesOf('xx'));
        await storage.read(file, 0, 1);
      }
      assert.equal(openHere().length, 10);
      await storage.rename('a', 'b');
      assert.deepEqual(openHere().sort(), ['c', 'c', 'd', 'd', 'e', 'e']);
      await storage.remove('c');
      await storage.replace('d', bytesOf('y'));
      assert.deepEqual(openHere(), ['e', 'e']);
      await storage.read('e', 1, 1);
      assert.deepEqual(openHere(), ['e']);
      await storage.close();
      assert.deepEqual(openHere(), []);
    });
  });

  test('what would be in the way of what is under way is refused at once', async () => {
    const waiting = [storage.append('a', pattern(3 << 20)), storage.append('b', bytesOf('x'))];
    await assertRefused(() => storage.truncateSync('a', 0), 'EBUSY', 'a');
    await assertRefused(() => storage.renameSync('a', 'c'), 'EBUSY', 'a');
    await assertRefused(() => storage.renameSync('c', 'a'), 'EBUSY', 'a');
    await assertRefused(() => storage.replaceSync('a', bytesOf('y')), 'EBUSY', 'a');
    await assertRefused(() => storage.removeSync('a'), 'EBUSY', 'a');
    await Promise.all(waiting);
    const renaming = storage.rename('a', 'c');
    await assertRefused(() => storage.appendSync('c', bytesOf('y')), 'EBUSY', 'c');
    await assertRefused(() => storage.readSync('a', 0, 1), 'EBUSY', 'a');
    storage.appendSync('d', bytesOf('elsewhere'));
    await renaming;
    storage.removeSync('c');
    assert.deepEqual((await storage.list('')).sort(), ['b', 'd']);
  });

  test('a file that somebody made is found and appended to', async () => {
    fs.writeFileSync(join(folder(), 'dump.rdb'), 'from elsewhere');
    assert.deepEqual(await storage.list(''), ['dump.rdb']);
    await storage.append('dump.rdb', bytesOf('!'));
    assert.equal(whole('dump.rdb').toString(), 'from elsewhere!');
  });
});
