// What the tools that check files share: what they write and ask, and how they read.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { FileCheck } from '../bindings/js/file_check.js';
import { ProgressBar, type Terminal } from './progress_bar.js';

/** The tool is to end with this exit code; all has been said. */
export class CheckEnd extends Error {
  constructor(readonly code: number) {
    super(`exit code ${code}`);
  }
}

/** What a tool has of its surroundings. */
export interface Surroundings {
  /** Writes to the standard output. */
  print(text: string): void;
  /** The first character of an answer, '' if there is none. */
  ask(): string;
  /** Where a bar may be drawn. */
  terminal: Terminal;
}

const kPieceBytes = 1 << 20;

/** Feeds a check from `offset` on, until it has learned enough, or `size` or the end is reached. */
export function feedFile<Report>(
  check: FileCheck<Report>,
  fd: number,
  offset: number,
  size: number,
  bar: ProgressBar,
): Report {
  const buffer = new Uint8Array(Math.min(kPieceBytes, Math.max(size - offset, 1)));
  // What comes through a pipe has no places.
  const isPlain = size !== Infinity;
  try {
    for (let at = offset; at < size;) {
      const wanted = Math.min(buffer.length, size - at);
      const count = readSync(fd, buffer, 0, wanted, isPlain ? at : null);
      if (count === 0 || !check.feed(buffer.subarray(0, count))) break;
      at += count;
      bar.update(at);
    }
    return check.finish();
  } finally {
    bar.clear();
    check.dispose();
  }
}

/** Reads up to `bytes` bytes from the start of a file. */
export function readStart(path: string, bytes: number): Uint8Array {
  const fd = openSync(path, 'r');
  try {
    const start = new Uint8Array(bytes);
    // Of what is no plain file (a folder), reading fails.
    return start.subarray(0, readSync(fd, start, 0, bytes, 0));
  } finally {
    closeSync(fd);
  }
}

/** A file that is open while `use` runs. */
export function withFile<Result>(
  path: string,
  flags: 'r' | 'r+',
  use: (fd: number, size: number, isPlain: boolean) => Result,
): Result {
  const fd = openSync(path, flags);
  try {
    const stats = fstatSync(fd);
    return use(fd, stats.size, stats.isFile());
  } finally {
    closeSync(fd);
  }
}

/** One character of the standard input, waiting for it; the rest of the line is left there. */
export function readAnswer(): string {
  const byte = new Uint8Array(1);
  for (;;) {
    try {
      return readSync(0, byte, 0, 1, null) === 1 ? String.fromCharCode(byte[0]!) : '';
    } catch (error) {
      // Nobody has typed yet.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return '';
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  }
}

/** The surroundings of this process. */
export function processSurroundings(): Surroundings {
  // Whoever reads the lines may have seen enough of them.
  process.stdout.on('error', () => {});
  return {
    print: (text) => void process.stdout.write(text),
    ask: readAnswer,
    terminal: process.stderr,
  };
}
