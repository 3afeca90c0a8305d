// What tests/storage/writer.mjs writes.
import { pattern } from './suite.mjs';

/** Line `i` of the log: some short, some too long to be written at once. */
export function lineOf(i) {
  return Buffer.from(`${i}:${'x'.repeat(i % 11 ? i % 50 : 30_000)}\n`);
}

/** The content of a file that is replaced: it says which it is, and whether it is whole. */
export function contentOf(i) {
  const bytes = pattern(100_000 + i, i);
  new DataView(bytes.buffer).setUint32(0, i);
  return bytes;
}
