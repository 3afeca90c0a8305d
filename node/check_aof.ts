// What `kvasm-check-aof` does: lines, questions and exit codes are those of redis-check-aof 7.2, so
// that scripts which use the one can use the other.
import { fsyncSync, ftruncateSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { FileChecker } from '../bindings/js/file_check.js';
import type { AofReport, ManifestFiles } from '../bindings/js/module.js';
import { StorageError } from '../bindings/js/storage.js';
import { CheckEnd, feedFile, readStart, withFile, type Surroundings } from './check_file.js';
import { checkRdbPart } from './check_rdb.js';
import { formatLogLine } from './log.js';
import { ProgressBar } from './progress_bar.js';
import { reasonOf } from './replace_file.js';
import { FolderLock } from './storage_lock.js';

export interface AofCheckOptions {
  /** Offer to cut off what is not good. */
  fix: boolean;
  /** Cut the file where the notes of the time pass this, in seconds since 1970. */
  until?: bigint | undefined;
}

/** How a file is called when all is said. */
type Outcome = 'valid' | 'empty' | 'truncated' | 'truncatedToTime';

const kManifestBytesMax = 64 << 20;

class AofTool {
  /** Line of the files so far: it is counted on, from file to file. */
  private line = 1;

  constructor(
    private readonly checker: FileChecker,
    private readonly options: AofCheckOptions,
    private readonly io: Surroundings,
  ) {}

  checkPath(path: string): void {
    const isManifest = this.isManifest(path);
    const unlock = this.lock(dirname(path));
    try {
      if (isManifest) this.checkParts(path);
      else this.checkOldStyle(path);
    } finally {
      unlock();
    }
  }

  /** What may cut files off keeps out who writes to them, and is kept out. */
  private lock(folder: string): () => void {
    if (!this.options.fix && this.options.until === undefined) return () => {};
    const lock = new FolderLock(folder, resolve(folder));
    try {
      lock.takeNow();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      // Nobody who writes here can have a lock where none can be made.
      if (error.code === 'ELOCKED') this.end(`${error.message}\n`);
    }
    return () => lock.release();
  }

  private checkOldStyle(path: string): void {
    const isRdb = this.isRdb(path);
    this.io.print('Start checking Old-Style AOF\n');
    const outcome = this.checkFile(path, path, true, isRdb);
    this.printOutcome(outcome, path, 'AOF');
  }

  private checkParts(path: string): void {
    this.io.print('Start checking Multi Part AOF\n');
    const { base, increments } = this.readManifest(path);
    const folder = dirname(path);
    if (base !== undefined) {
      const file = join(folder, base.name);
      const isRdb = this.isRdb(file);
      const format = isRdb ? 'RDB' : 'RESP';
      this.io.print(`Start to check BASE AOF (${format} format).\n`);
      const outcome = this.checkFile(base.name, file, increments.length === 0, isRdb);
      this.printOutcome(outcome, base.name, 'BASE AOF');
    }
    if (increments.length > 0) this.io.print('Start to check INCR files.\n');
    increments.forEach(({ name }, index) => {
      const isLast = index === increments.length - 1;
      const outcome = this.checkFile(name, join(folder, name), isLast, false);
      this.printOutcome(outcome, name, 'INCR AOF');
    });
    this.io.print('All AOF files and manifest are valid\n');
  }

  private readManifest(path: string): ManifestFiles {
    const manifest = this.checker.parseManifest(readFileSync(path));
    if (!('fault' in manifest)) return manifest;
    const log = (text: string): void =>
      this.io.print(formatLogLine(process.pid, 'C', new Date(), 'warning', text));
    log('\n*** FATAL AOF MANIFEST FILE ERROR ***\n');
    if (manifest.line > 0) {
      log(`Reading the manifest file, at line ${manifest.line}\n`);
      log(`>>> '${manifest.lineText}'\n`);
    }
    log(`${manifest.fault}\n`);
    throw new CheckEnd(1);
  }

  /** Whether all lines but comments, up to the first other one, begin as a manifest's. */
  private isManifest(path: string): boolean {
    const start = this.readStart(path, 1 << 16);
    let isManifest = false;
    for (const line of Buffer.from(start).toString('latin1').split('\n')) {
      if (line.startsWith('#')) continue;
      if (!line.startsWith('file')) break;
      isManifest = true;
    }
    return isManifest && statSync(path).size <= kManifestBytesMax;
  }

  private isRdb(path: string): boolean {
    const start = this.readStart(path, 8);
    return start.length === 8 && Buffer.from(start).toString('latin1', 0, 5) === 'REDIS';
  }

  private readStart(path: string, bytes: number): Uint8Array {
    try {
      return readStart(path, bytes);
    } catch (error) {
      const { syscall } = error as NodeJS.ErrnoException;
      this.io.print(
        syscall === 'open'
          ? `Cannot open file ${path}: ${reasonOf(error)}\n`
          : `Cannot read file: ${path}\n`,
      );
      throw new CheckEnd(1);
    }
  }

  /** @param name what it is called in lines */
  private checkFile(name: string, path: string, isLast: boolean, isRdb: boolean): Outcome {
    const { fix, until } = this.options;
    try {
      return withFile(path, fix || until !== undefined ? 'r+' : 'r', (fd, size) =>
        this.checkOpenFile({ name, path, isLast, fd, size, isRdb }),
      );
    } catch (error) {
      if (error instanceof CheckEnd) throw error;
      const { syscall } = error as NodeJS.ErrnoException;
      this.io.print(
        syscall === 'open'
          ? `Cannot open file ${path}: ${reasonOf(error)}, aborting...\n`
          : `Failed to read from AOF ${name}: ${reasonOf(error)}, aborting...\n`,
      );
      throw new CheckEnd(1);
    }
  }

  private checkOpenFile(file: OpenFile & { isRdb: boolean }): Outcome {
    const { name, path, fd, size } = file;
    if (size === 0) return 'empty';
    let offset = 0;
    if (file.isRdb) {
      const part = checkRdbPart(this.checker, path, fd, size, this.io);
      if (!part.isGood) {
        this.end('RDB preamble of AOF file is not sane, aborting.\n');
      }
      this.io.print('RDB preamble is OK, proceeding with AOF tail...\n');
      offset = part.end;
    }
    const { until } = this.options;
    const bar = new ProgressBar(this.io.terminal, name, size);
    const check = this.checker.aof(offset, Number(until ?? 0n));
    const report = feedFile(check, fd, offset, size, bar);
    this.line += report.lines;
    if (report.verdict === 'pastTime') return this.cutAtTime(file, report);
    if (report.verdict === 'notATime') this.end('Invalid timestamp annotation\n');
    this.io.print(describe(report, name, path));
    const rest = size - report.okUpTo;
    if (rest === 0 && until !== undefined) {
      this.io.print(`Truncate nothing in AOF ${name} to timestamp ${until}\n`);
      return 'valid';
    }
    this.io.print(
      `AOF analyzed: filename=${name}, size=${size}, ok_up_to=${report.okUpTo}, ` +
        `ok_up_to_line=${this.line}, diff=${rest}\n`,
    );
    if (rest === 0) return 'valid';
    if (!this.options.fix) {
      this.end(`AOF ${name} is not valid. Use the --fix option to try fixing it.\n`);
    }
    return this.fix(file, report.okUpTo);
  }

  private fix({ name, fd, size, isLast }: OpenFile, okUpTo: number): Outcome {
    if (!isLast) this.end(`Failed to truncate AOF ${name} because it is not the last file\n`);
    this.io.print(
      `This will shrink the AOF ${name} from ${size} bytes, with ${size - okUpTo} bytes, ` +
        `to ${okUpTo} bytes\nContinue? [y/N]: `,
    );
    if (this.io.ask().toLowerCase() !== 'y') this.end('Aborting...\n');
    this.truncate(fd, okUpTo, `Failed to truncate AOF ${name}\n`);
    return 'truncated';
  }

  private cutAtTime({ name, path, fd, isLast }: OpenFile, report: AofReport): Outcome {
    const { until } = this.options;
    if (report.okUpTo === 0) {
      this.end(`AOF ${path} has nothing before timestamp ${until}, aborting...\n`);
    }
    if (!isLast) {
      this.end(
        `Failed to truncate AOF ${path} to timestamp ${until} to offset ${report.okUpTo} ` +
          'because it is not the last file.\n' +
          'If you insist, please delete all files after this file according to the manifest ' +
          'file and delete the corresponding records in manifest file manually. ' +
          'Then re-run redis-check-aof.\n',
      );
    }
    this.truncate(fd, report.okUpTo, `Failed to truncate AOF ${name} to timestamp ${until}\n`);
    return 'truncatedToTime';
  }

  private truncate(fd: number, size: number, failure: string): void {
    try {
      ftruncateSync(fd, size);
      fsyncSync(fd);
    } catch {
      this.end(failure);
    }
  }

  private printOutcome(outcome: Outcome, name: string, kind: string): void {
    const texts: Record<Outcome, string> = {
      valid: `${kind} ${name} is valid\n`,
      empty: `${kind} ${name} is empty\n`,
      truncated: `Successfully truncated AOF ${name}\n`,
      truncatedToTime: `Successfully truncated AOF ${name} to timestamp ${this.options.until}\n`,
    };
    this.io.print(texts[outcome]);
  }

  private end(text: string): never {
    this.io.print(text);
    throw new CheckEnd(1);
  }
}

interface OpenFile {
  name: string;
  path: string;
  isLast: boolean;
  fd: number;
  size: number;
}

/** A byte as C prints a signed char with %02x. */
function hex(byte: number): string {
  return (byte >>> 0).toString(16).padStart(2, '0');
}

/** The line about what is wrong; '' where redis-check-aof has none. */
function describe(report: AofReport, name: string, path: string): string {
  const what = reasonFor(report, path);
  if (what === '') return '';
  if (what === undefined) return `AOF ${name} format error\n`;
  return `0x${report.faultOffset.toString(16).padStart(16)}: ${what}\n`;
}

/** undefined: a line begins with a byte that begins nothing. */
function reasonFor(report: AofReport, path: string): string | undefined {
  const { verdict, fault, first, second } = report;
  if (verdict === 'nestedMulti') return `Unexpected MULTI in AOF ${path}`;
  if (verdict === 'execWithout') return `Unexpected EXEC in AOF ${path}`;
  if (verdict !== 'faulty') return '';
  switch (fault) {
    case 'mark': {
      const expected = String.fromCharCode(report.expected);
      if (expected === '*') return undefined;
      return `Expected prefix '${expected}', got: '${String.fromCharCode(first & 0xff)}'`;
    }
    case 'number':
      return 'Expected a number that counts arguments or bytes';
    case 'lineEnd':
      return `Expected \\r\\n, got: ${hex(first)}${hex(second)}`;
    case 'annotation':
      return 'Expected an annotation that ends';
    case 'bytesCut':
      return `Expected to read ${report.wanted} bytes, got ${report.present} bytes`;
    case 'transaction':
      return 'Reached EOF before reading EXEC for MULTI';
    case 'outOfMemory':
      return 'Out of memory';
    case 'cutShort':
      return '';
  }
}

/**
 * Checks a file, or all those a manifest names.
 * @throws CheckEnd with the exit code, unless that is 0
 */
export async function checkAof(
  path: string,
  options: AofCheckOptions,
  io: Surroundings,
): Promise<void> {
  const checker = await FileChecker.create();
  new AofTool(checker, options, io).checkPath(path);
}
