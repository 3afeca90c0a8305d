// @ts-check
/** The lines of a file, some at a time, each with the place where the next begins. */
import { open } from 'node:fs/promises';

/**
 * @typedef {object} Batch
 * @property {string[]} lines  without their ends
 * @property {number} end      where the line after them begins, in bytes from the file's start
 */

/**
 * Reads the lines from `start` on, which must be the start of a line. A last line that has no end
 * yet is left for another time: its writer may be in the middle of it.
 * @param {string} path
 * @param {number} start  bytes from the file's start
 * @param {{ linesMax?: number, chunkBytes?: number }} [options]
 *   linesMax: lines in a batch; chunkBytes: what is read at once
 * @returns {AsyncGenerator<Batch>}
 */
export async function* readBatches(path, start, { linesMax = 1000, chunkBytes = 1 << 16 } = {}) {
  const file = await open(path, 'r');
  try {
    let rest = Buffer.alloc(0);
    let at = start; // of the first byte of `rest`
    /** @type {string[]} */
    let lines = [];
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const { bytesRead } = await file.read(chunk, 0, chunkBytes, at + rest.length);
      if (bytesRead === 0) break;
      const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
      let from = 0;
      let searched = rest.length; // what was there before has no line end
      for (let end; (end = bytes.indexOf(10, searched)) >= 0; from = searched = end + 1) {
        const isCrLf = end > from && bytes[end - 1] === 13;
        lines.push(bytes.toString('utf8', from, isCrLf ? end - 1 : end));
        if (lines.length < linesMax) continue;
        yield { lines, end: at + end + 1 };
        lines = [];
      }
      rest = bytes.subarray(from);
      at += from;
    }
    if (lines.length > 0) yield { lines, end: at };
  } finally {
    await file.close();
  }
}
