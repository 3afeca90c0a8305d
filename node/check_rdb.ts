// What `kvasm-check-rdb` does: lines and exit codes are those of redis-check-rdb 7.2.
import { FileChecker } from '../bindings/js/file_check.js';
import type { RdbReport } from '../bindings/js/module.js';
import { CheckEnd, feedFile, withFile, type Surroundings } from './check_file.js';
import { ProgressBar } from './progress_bar.js';
import { reasonOf } from './replace_file.js';

/** Checks the RDB file that an open file is, or begins with. */
export function checkRdbPart(
  checker: FileChecker,
  path: string,
  fd: number,
  size: number,
  io: Surroundings,
): RdbReport {
  const bar = new ProgressBar(io.terminal, path, size);
  const check = checker.rdb(path, (lines) => {
    bar.clear();
    io.print(lines);
  });
  return feedFile(check, fd, 0, size, bar);
}

/**
 * Checks a file.
 * @throws CheckEnd with the exit code, unless that is 0
 */
export async function checkRdb(path: string, io: Surroundings): Promise<void> {
  const checker = await FileChecker.create();
  try {
    const { isGood } = withFile(path, 'r', (fd, size, isPlain) =>
      // How much comes through a pipe nobody knows.
      checkRdbPart(checker, path, fd, isPlain ? size : Infinity, io),
    );
    if (!isGood) throw new CheckEnd(1);
  } catch (error) {
    if (error instanceof CheckEnd) throw error;
    // redis-check-rdb says no more than the first line.
    const isUnopened = (error as NodeJS.ErrnoException).syscall === 'open';
    if (isUnopened) io.print(`[offset 0] Checking RDB file ${path}\n`);
    io.print(`Cannot read file ${path}: ${reasonOf(error)}\n`);
    throw new CheckEnd(1);
  }
}
