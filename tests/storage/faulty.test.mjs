import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryStorage } from '../../dist/bindings/js/storage_memory.js';
import { Disk } from './disk.mjs';
import { FaultyStorage } from './faulty.mjs';
import { assertRefused, bytesOf, pattern, testStorage } from './suite.mjs';

const disks = new Map();
const onDisk = (disk, wrap) => {
  const storage = wrap(disk.open());
  disks.set(storage, disk);
  return storage;
};
const kinds = {
  'a disk': (storage) => storage,
  'a storage without faults': (storage) => new FaultyStorage(storage),
  'a slow storage': (storage) => new FaultyStorage(storage, { delayMs: ({ index }) => index % 3 }),
};
for (const [name, wrap] of Object.entries(kinds)) {
  testStorage(name, {
    open: async () => onDisk(new Disk(), wrap),
    reopen: async (storage) => onDisk(disks.get(storage), wrap),
    cleanup: async () => disks.clear(),
  });
}

const content = async (storage, file) =>
  (await storage.size(file)) === undefined
    ? undefined
    : Buffer.from(await storage.read(file, 0, 1e9)).toString();

/** All that can be of some files after a power cut, as the texts of `describe`. */
async function outcomes(disk, files) {
  const seen = new Set();
  for (let seed = 0; seed < 300; seed++) {
    const after = disk.powerCut({ seed }).open();
    seen.add((await Promise.all(files.map((file) => content(after, file)))).join());
  }
  return [...seen].sort();
}

describe('a fault', () => {
  test('writes a part, and says what the system would', async () => {
    const storage = new FaultyStorage(new MemoryStorage());
    await storage.append('a', bytesOf('abc'));
    storage.fail({ operation: 'append', code: 'ENOSPC', bytes: 2, times: 1 });
    await assert.rejects(storage.append('a', bytesOf('defg')), {
      name: 'StorageError',
      code: 'ENOSPC',
      reason: 'No space left on device',
      message: "Cannot append 'a': No space left on device",
    });
    assert.equal(await content(storage, 'a'), 'abcde');
    await storage.append('a', bytesOf('!'));
    assert.equal(await content(storage, 'a'), 'abcde!');
  });

  test('is for an operation and a file, comes after some that go well, and heals', async () => {
    const storage = new FaultyStorage(new MemoryStorage());
    const heal = storage.fail({ operation: 'sync', file: /^aof/, code: 'EIO', skip: 1 });
    for (const file of ['aof1', 'dump']) await storage.append(file, bytesOf('x'));
    await storage.sync('aof1');
    await storage.sync('dump');
    await assertRefused(() => storage.sync('aof1'), 'EIO', 'aof1');
    await assertRefused(() => storage.syncSync('aof1'), 'EIO', 'aof1');
    await storage.sync('dump');
    heal();
    await storage.sync('aof1');
    storage.fail({ operation: 'rename', file: 'aof1', code: 'EACCES' });
    await assertRefused(() => storage.rename('aof1', 'b'), 'EACCES', 'aof1');
    assert.equal(await content(storage, 'aof1'), 'x');
  });

  test('of a synchronous form is the same', async () => {
    const storage = new FaultyStorage(new MemoryStorage());
    storage.fail({ operation: 'append', code: 'EIO', bytes: 3 });
    await assertRefused(() => storage.appendSync('a', bytesOf('abcdef')), 'EIO', 'a');
    assert.equal(await content(storage, 'a'), 'abc');
  });

  test('everything asked for is in the log', async () => {
    const storage = new FaultyStorage(new MemoryStorage());
    await storage.lock();
    await storage.append('temp', pattern(10));
    storage.renameSync('temp', 'a');
    await storage.read('a', 2, 3);
    assert.deepEqual(storage.log, [
      { operation: 'lock', isSynchronous: false, index: 0 },
      { operation: 'append', isSynchronous: false, file: 'temp', length: 10, index: 1 },
      { operation: 'rename', isSynchronous: true, file: 'temp', to: 'a', index: 2 },
      { operation: 'read', isSynchronous: false, file: 'a', offset: 2, length: 3, index: 3 },
    ]);
  });
});

describe('a crash', () => {
  test('refuses what comes then and later, and leaves a part of what was under way', async () => {
    const seen = new Set();
    for (let seed = 0; seed < 200; seed++) {
      const disk = new Disk();
      const storage = new FaultyStorage(disk.open(), { crashAt: 1, seed });
      await storage.append('a', bytesOf('ab'));
      await assertRefused(() => storage.append('a', bytesOf('cd')), 'ECRASHED', 'a');
      await assertRefused(() => storage.size('a'), 'ECRASHED', 'a');
      await assertRefused(() => storage.sizeSync('a'), 'ECRASHED', 'a');
      assert.ok(storage.isCrashed);
      assert.equal(storage.count, 2);
      seen.add(await content(disk.open(), 'a'));
    }
    assert.deepEqual([...seen].sort(), ['ab', 'abc', 'abcd']);
  });

  test('in a replacement leaves the old or the new content, or a part beside it', async () => {
    const seen = new Set();
    for (let seed = 0; seed < 200; seed++) {
      const disk = new Disk();
      const storage = new FaultyStorage(disk.open(), { crashAt: 1, seed });
      await storage.replace('b/a', bytesOf('old'));
      await assertRefused(() => storage.replace('b/a', bytesOf('xy')), 'ECRASHED', 'b/a');
      seen.add(`${await content(disk.open(), 'b/a')} ${await content(disk.open(), 'b/temp-a')}`);
    }
    assert.deepEqual([...seen].sort(), [
      'old ',
      'old undefined',
      'old x',
      'old xy',
      'xy undefined',
    ]);
  });

  test('refuses what is under way, which may never be done', async () => {
    const disk = new Disk();
    const storage = new FaultyStorage(disk.open(), { delayMs: 10 });
    const waiting = [storage.append('a', bytesOf('x')), storage.append('b', bytesOf('x'))];
    storage.crash();
    for (const operation of waiting) await assertRefused(() => operation, 'ECRASHED');
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual(await disk.open().list(''), []);
  });

  test('gives the lock of a dead process to the next', async () => {
    const disk = new Disk();
    const storage = new FaultyStorage(disk.open());
    await storage.lock();
    storage.crash();
    await storage.close();
    await disk.open().lock();
  });
});

describe('a power cut', () => {
  const written = async (write) => {
    const disk = new Disk();
    await write(disk.open());
    return disk;
  };

  test('leaves any first part of what was not synced, and all that was', async () => {
    const disk = await written(async (storage) => {
      await storage.append('a', bytesOf('ab'));
      await storage.sync('a');
      await storage.append('a', bytesOf('c'));
      await storage.append('a', bytesOf('d'));
    });
    assert.deepEqual(await outcomes(disk, ['a']), ['ab', 'abc', 'abcd']);
    assert.equal(await content(disk.open(), 'a'), 'abcd');
  });

  test('leaves as much as the test says', async () => {
    const disk = await written(async (storage) => {
      await storage.append('a', bytesOf('ab'));
      await storage.sync('a');
      await storage.append('a', bytesOf('cdef'));
    });
    const asked = [];
    const keep = (name, safe, size) => {
      asked.push([name, safe, size]);
      return 3;
    };
    assert.equal(await content(disk.powerCut({ keep }).open(), 'a'), 'abc');
    assert.deepEqual(asked, [['a', 2, 6]]);
  });

  test('may lose a file that was never synced, name and all', async () => {
    const disk = await written((storage) => storage.append('a', bytesOf('x')));
    assert.deepEqual(await outcomes(disk, ['a']), ['', 'x']);
    const pick = (_name, count) => count - 1;
    assert.equal(await content(disk.powerCut({ pick, keep: () => 0 }).open(), 'a'), '');
    assert.deepEqual(
      await disk
        .powerCut({ pick: () => 0 })
        .open()
        .list(''),
      [],
    );
  });

  test('takes back, or not, that a file was cut off', async () => {
    const disk = await written(async (storage) => {
      await storage.append('a', bytesOf('abcd'));
      await storage.sync('a');
      await storage.truncate('a', 1);
      await storage.append('a', bytesOf('X'));
    });
    assert.deepEqual(await outcomes(disk, ['a']), ['a', 'aX', 'abcd']);
    disk.open().syncSync('a');
    assert.deepEqual(await outcomes(disk, ['a']), ['aX']);
  });

  test('cannot take back a new name, nor what is in the file', async () => {
    const disk = await written(async (storage) => {
      await storage.replace('a', bytesOf('old'));
      await storage.append('temp', bytesOf('new'));
      await storage.rename('temp', 'a');
    });
    assert.deepEqual(await outcomes(disk, ['a']), ['new']);
  });

  test('cannot take back a replacement', async () => {
    const disk = await written(async (storage) => {
      await storage.replace('a', bytesOf('old'));
      await storage.append('a', bytesOf('!'));
      await storage.replace('a', bytesOf('new'));
    });
    assert.deepEqual(await outcomes(disk, ['a']), ['new']);
  });

  test('may bring back a file that was removed, but not under a synced one', async () => {
    const disk = await written(async (storage) => {
      await storage.replace('a', bytesOf('old'));
      await storage.remove('a');
    });
    assert.deepEqual(await outcomes(disk, ['a']), ['', 'old']);
    await disk.open().append('a', bytesOf('new'));
    assert.deepEqual(await outcomes(disk, ['a']), ['', 'n', 'ne', 'new', 'old']);
    await disk.open().sync('a');
    assert.deepEqual(await outcomes(disk, ['a']), ['new']);
  });

  test('leaves a disk on which everything is safe', async () => {
    const disk = await written((storage) => storage.append('a', bytesOf('abc')));
    const after = disk.powerCut({ pick: () => 1, keep: () => 2 });
    assert.deepEqual(await outcomes(after, ['a']), ['ab']);
    assert.equal(await content(disk.open(), 'a'), 'abc');
  });

  test('at any operation leaves the old or the new file, whole', async () => {
    let crashes = 0;
    for (let crashAt = 0; crashAt < 4; crashAt++) {
      for (let seed = 0; seed < 50; seed++) {
        const disk = new Disk();
        await disk.open().replace('dump', bytesOf('old'));
        const storage = new FaultyStorage(disk.open(), { crashAt, seed });
        const save = async () => {
          await storage.append('temp', bytesOf('ne'));
          await storage.append('temp', bytesOf('w'));
          await storage.rename('temp', 'dump');
        };
        const isSaved = await save().then(
          () => true,
          () => false,
        );
        crashes += Number(!isSaved);
        const found = await content(disk.powerCut({ seed }).open(), 'dump');
        assert.ok(isSaved ? found === 'new' : ['old', 'new'].includes(found), found);
      }
    }
    assert.equal(crashes, 150);
  });
});
