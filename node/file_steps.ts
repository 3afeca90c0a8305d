// The steps a storage of files is made of.
import * as fs from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/** What is handed to the system at once: a large write is many, and others get in between. */
export const kPieceBytes = 1 << 20;

/** What is written without a thread's help, unless others are ahead of it. */
export const kSmallBytes = 1 << 14;

const read = promisify(fs.read);
const write = promisify(fs.write);
const sync = promisify(fs.fsync);

/** The system's name of an error. */
export function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'EIO';
}

/** A handler that swallows errors of these codes. */
export function unless(...codes: string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes(codeOf(error))) throw error;
  };
}

function systemError(code: string, errno: number): Error {
  return Object.assign(new Error(code), { code, errno });
}

/** Room for what there is to read of [offset, offset + length). */
export function readBuffer(fd: number, offset: number, length: number): Uint8Array {
  // Small ones are not worth the question of how much there is.
  if (length > 0 && length <= kPieceBytes) return Buffer.allocUnsafeSlow(length);
  const stats = fs.fstatSync(fd);
  if (stats.isDirectory()) throw systemError('EISDIR', -21);
  return Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, stats.size - offset)));
}

/** Reads some of a file at a position to `bytes`, from its `from`th on; 0: the file ends there. */
export async function readSome(
  fd: number,
  bytes: Uint8Array,
  from: number,
  position: number,
): Promise<number> {
  const length = Math.min(kPieceBytes, bytes.length - from);
  return (await read(fd, bytes, from, length, position)).bytesRead;
}

/** How many bytes were written; a system that takes none, and calls it no error, has one. */
function progress(bytesWritten: number): number {
  if (bytesWritten > 0) return bytesWritten;
  throw systemError('EIO', -5);
}

/** Writes some of `bytes`, from its `from`th on, at a position of a file; there must be some. */
export async function writeSome(
  fd: number,
  bytes: Uint8Array,
  from: number,
  position: number,
): Promise<number> {
  const length = Math.min(kPieceBytes, bytes.length - from);
  return progress((await write(fd, bytes, from, length, position)).bytesWritten);
}

/** As `writeSome`, and waits for it. */
export function writeSomeSync(
  fd: number,
  bytes: Uint8Array,
  from: number,
  position: number,
): number {
  return progress(fs.writeSync(fd, bytes, from, bytes.length - from, position));
}

/** Syncs a file, open (a number) or not (a path). */
export async function syncFile(file: number | string): Promise<void> {
  if (typeof file === 'number') return sync(file);
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** As `syncFile`, and waits for it. */
export function syncFileSync(path: string): void {
  const fd = fs.openSync(path, 'r+');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Begins what a sync will have to do. The errors are left to it: this has the file open anew. */
export async function urgeToDisk(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r');
    await handle.datasync().finally(() => handle.close());
  } catch {
    // The file has gone, or such a one cannot be synced: then there is more to do at the end.
  }
}

// Windows knows no syncing of folders; names are safe there without.
const kHasFolderSync = process.platform !== 'win32';

/** Has the names in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  if (!kHasFolderSync) return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** As `syncFolder`, and waits for it. */
export function syncFolderSync(path: string): void {
  if (!kHasFolderSync) return;
  const fd = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Makes a folder if the one it is in is there: in one that takes no others, /proc for one, Node
 * would try for ever to make all. @returns whether it has
 */
function makeLast(path: string): boolean {
  if (!fs.existsSync(dirname(path)) || fs.existsSync(path)) return false;
  try {
    fs.mkdirSync(path);
    return true;
  } catch (error) {
    unless('EEXIST')(error); // somebody else was faster
    return false;
  }
}

/** Makes a folder, and those it is in, unless they are there. They survive a power cut. */
export function makeFolder(path: string): void {
  let first: string | undefined;
  try {
    first = makeLast(path) ? path : fs.mkdirSync(path, { recursive: true });
  } catch (error) {
    unless('EEXIST')(error);
    throw systemError('ENOTDIR', -20);
  }
  if (first === undefined) return;
  for (let made = path; ; made = dirname(made)) {
    syncFolderSync(dirname(made));
    if (made === first || made === dirname(made)) return;
  }
}
