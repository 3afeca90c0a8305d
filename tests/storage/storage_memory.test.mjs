import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryFile, MemoryStorage } from '../../dist/bindings/js/storage_memory.js';
import { bytesOf, pattern, testStorage } from './suite.mjs';

let count = 0;
testStorage('memory', {
  open: async () => new MemoryStorage(`suite-${count++}`),
  reopen: async (storage) => new MemoryStorage(storage.name.slice('memory:'.length)),
  cleanup: async () => {
    while (count > 0) MemoryStorage.forget(`suite-${--count}`);
  },
});

describe('storages in memory', () => {
  test('share their files by name, until the name is forgotten', async () => {
    const [one, two, other] = ['shared', 'shared', 'other'].map((name) => new MemoryStorage(name));
    await one.append('a', bytesOf('x'));
    assert.equal(await two.size('a'), 1);
    assert.equal(await other.size('a'), undefined);
    MemoryStorage.forget('shared');
    assert.equal(await new MemoryStorage('shared').size('a'), undefined);
    assert.equal(await one.size('a'), 1);
    MemoryStorage.forget('shared');
    MemoryStorage.forget('other');
  });

  test('without a name share nothing', async () => {
    const [one, two] = [new MemoryStorage(), new MemoryStorage('')];
    await one.append('a', bytesOf('x'));
    await one.lock();
    await two.lock();
    assert.equal(await two.size('a'), undefined);
    assert.equal(one.name, 'memory:');
  });
});

describe('a file in memory', () => {
  test('is not copied when it grows', () => {
    const file = new MemoryFile();
    for (let i = 0; i < 100; i++) file.append(pattern(1 << 20, i));
    assert.equal(file.size, 100 << 20);
    // Chunks double up to 1 MB: at most 13 are smaller, and none was made twice.
    assert.ok(file.chunkCount <= 113, `${file.chunkCount} chunks`);
  });

  test('has few chunks, however small the appends', () => {
    const file = new MemoryFile();
    for (let i = 0; i < 100_000; i++) file.append(pattern(10, i));
    assert.ok(file.chunkCount <= 14, `${file.chunkCount} chunks`);
    assert.deepEqual([...file.read(999_990, 100)], [...pattern(10, 99_999)]);
  });
});
