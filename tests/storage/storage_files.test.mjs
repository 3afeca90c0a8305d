import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStorage } from '../../dist/node/storage_files.js';
import { testStorage } from './suite.mjs';

const top = await mkdtemp(join(tmpdir(), 'kvasm-storage-'));
let count = 0;
testStorage('Node files', {
  open: async () => new FileStorage(join(top, `${count++}`, 'data')),
  reopen: async (storage) => new FileStorage(storage.name.slice('file:'.length)),
  cleanup: () => rm(top, { recursive: true }),
});
