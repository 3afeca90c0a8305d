// The files of a folder as a storage.
import * as fs from 'node:fs';
import { open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import {
  StorageError,
  checkCount,
  checkFileName,
  foldersOf,
  kLockName,
  type Storage,
  type StorageOperation,
  type StorageSync,
} from '../bindings/js/storage.js';
import { FileTurns, PendingAppend, type Turn } from './file_turns.js';
import {
  codeOf,
  kSmallBytes,
  makeFolder,
  readBuffer,
  readSome,
  syncFile,
  syncFileSync,
  syncFolder,
  syncFolderSync,
  unless,
  urgeToDisk,
  writeSome,
  writeSomeSync,
} from './file_steps.js';
import { reasonOf } from './replace_file.js';
import { FolderLock, type Beat } from './storage_lock.js';

/** A file that is being appended to. It is open for writing at positions, not for appending. */
interface OpenFile {
  readonly fd: number;
  /** Where the next byte goes. */
  end: number;
  /** Whether its name, and those of its folders, are known to survive a power cut. */
  isNameSynced: boolean;
  /** Up to where the system has been asked to write it to the disk. */
  urgedEnd: number;
  isUrged: boolean;
}

/** What can be done at once while appends are under way, by completing them. */
const kHarmlessSync = new Set<StorageOperation>(['size', 'read', 'append', 'sync']);

/** What nobody may do who has lost the lock. */
const kChanging = new Set<StorageOperation>([
  ...(['append', 'sync', 'truncate', 'rename', 'replace', 'remove'] as const),
]);

/** A file that has grown by this is urged to the disk. */
const kUrgedBytes = 4 << 20;

/** Stands for what is done to no file. */
const kNoFile = '';

/** A file that is being read. */
interface ReadFile {
  readonly fd: number;
  /** Its size when it was opened. */
  readonly size: number;
}

const kHarmless: Turn = { isHarmless: true };
const kChange: Turn = { isHarmless: false };

/**
 * A storage in a folder of the file system. The folder comes to be when it is locked or first
 * written to. A file that is appended to stays open until it is renamed, replaced, removed, or the
 * storage is closed; nobody else may write to it meanwhile. One that is read stays open until its
 * end is reached, too.
 */
export class FileStorage implements Storage, StorageSync {
  readonly name: string;
  private readonly folder: string;
  private readonly turns = new FileTurns();
  private readonly openFiles = new Map<string, OpenFile>();
  private readonly readFiles = new Map<string, ReadFile>();
  private readonly locks = new Map<string, FolderLock>();
  private closing: Promise<void> | undefined;

  /**
   * @param folder a path, taken from the working directory of now
   * @param beat how the lock shows that it is held; all who use the folder must agree
   * @param locksOnWrite whether what is written is locked first, as it is once `lock` was called
   */
  constructor(
    folder: string,
    private readonly beat?: Beat,
    private locksOnWrite = false,
  ) {
    this.name = `file:${join(folder)}`;
    this.folder = resolve(folder);
  }

  /**
   * As of every storage. A folder in the storage has a lock of its own: several databases may share
   * a folder while their logs have folders of their own in it. What is written to without having
   * been locked is locked then.
   */
  lock(folder = ''): Promise<void> {
    return this.run('lock', [], kHarmless, async () => {
      await this.lockOf(folder).take();
      this.locksOnWrite = true;
    });
  }

  private lockOf(folder: string): FolderLock {
    let lock = this.locks.get(folder);
    if (lock === undefined) {
      const name = `file:${join(this.name.slice('file:'.length), folder)}`;
      lock = new FolderLock(join(this.folder, folder), name, this.beat);
      this.locks.set(folder, lock);
    }
    return lock;
  }

  close(): Promise<void> {
    return (this.closing ??= this.closeOnce());
  }

  private async closeOnce(): Promise<void> {
    await this.turns.drain();
    for (const file of [...this.openFiles.keys(), ...this.readFiles.keys()]) this.forget(file);
    for (const lock of this.locks.values()) lock.release();
  }

  async list(folder: string): Promise<string[]> {
    if (folder !== '') checkFileName('list', folder);
    return this.run('list', [], kHarmless, async () => {
      try {
        const entries = await readdir(this.path(folder), { withFileTypes: true });
        return entries
          .filter((entry) => !entry.isDirectory())
          .map((entry) => entry.name)
          .filter((name) => !name.startsWith(kLockName));
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return [];
        throw toStorageError('list', folder, error);
      }
    });
  }

  size(file: string): Promise<number | undefined> {
    return this.run('size', [file], kHarmless, async () => {
      const stats = await stat(this.path(file)).catch(unless('ENOENT', 'ENOTDIR'));
      if (stats?.isDirectory()) throw new StorageError('size', file, 'EISDIR');
      return stats?.size;
    });
  }

  async read(file: string, offset: number, length: number): Promise<Uint8Array> {
    checkCount('read', file, offset);
    checkCount('read', file, length);
    return this.run('read', [file], kHarmless, async () => {
      const reading = this.reading(file);
      try {
        const bytes = readBuffer(reading.fd, offset, length);
        let done = 0;
        for (let some = 1; some > 0 && done < bytes.length; done += some) {
          some = await readSome(reading.fd, bytes, done, offset + done);
        }
        this.endReading(file, offset + done >= reading.size || done < bytes.length);
        return bytes.subarray(0, done);
      } catch (error) {
        this.endReading(file);
        throw error;
      }
    });
  }

  append(file: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length <= kSmallBytes && this.turns.of(file).length === 0) {
      return this.appendSmall(file, bytes);
    }
    const append = new PendingAppend(bytes);
    return this.run('append', [file], { isHarmless: true, append }, async () => {
      const opened = this.opened(file);
      while (append.bytesDone < bytes.length) {
        const { takeovers } = append;
        try {
          const written = await writeSome(opened.fd, bytes, append.bytesDone, opened.end);
          // Somebody without time to wait may have written this very piece meanwhile, and more.
          if (append.takeovers !== takeovers) continue;
          append.bytesDone += written;
          opened.end += written;
          this.urge(file, opened);
        } catch (error) {
          if (append.takeovers !== takeovers) continue;
          this.forget(file); // Where it ends now, only the system knows.
          throw error;
        }
      }
    });
  }

  /**
   * Has a snapshot reach the disk while it grows: else whoever syncs it at last waits for all of
   * it. How that goes is not looked at, the sync tells. A log is synced often enough.
   */
  private urge(file: string, opened: OpenFile): void {
    if (opened.isUrged || opened.end - opened.urgedEnd < kUrgedBytes) return;
    if (!basename(file).startsWith('temp-')) return;
    opened.urgedEnd = opened.end;
    opened.isUrged = true;
    void urgeToDisk(this.path(file)).then(() => (opened.isUrged = false));
  }

  /** What the system takes at once is not worth a thread's time: that costs four times as much. */
  private async appendSmall(file: string, bytes: Uint8Array): Promise<void> {
    this.appendSync(file, bytes);
  }

  sync(file: string): Promise<void> {
    return this.run('sync', [file], kHarmless, () => this.syncNow(file));
  }

  async truncate(file: string, size: number): Promise<void> {
    checkCount('truncate', file, size);
    return this.run('truncate', [file], kChange, async () => {
      const handle = await open(this.path(file), 'r+');
      try {
        if ((await handle.stat()).size < size) throw new StorageError('truncate', file, 'EINVAL');
        await handle.truncate(size);
        const opened = this.openFiles.get(file);
        if (opened) opened.end = size;
      } finally {
        await handle.close();
      }
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.run('rename', [from, to], kChange, async () => {
      await this.syncNow(from);
      makeFolder(dirname(this.path(to)));
      this.forget(from);
      this.forget(to);
      await rename(this.path(from), this.path(to));
      await this.syncFolders(to);
      if (dirname(from) !== dirname(to)) await this.syncFolders(from);
    });
  }

  replace(file: string, bytes: Uint8Array): Promise<void> {
    return this.run('replace', [file], kChange, async () => {
      const temporary = this.temporary(file);
      makeFolder(dirname(temporary));
      const handle = await open(temporary, 'w', 0o644);
      try {
        try {
          for (let done = 0; done < bytes.length;) {
            done += await writeSome(handle.fd, bytes, done, done);
          }
          await handle.sync();
        } finally {
          await handle.close();
        }
        this.forget(file);
        await rename(temporary, this.path(file));
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      await this.syncFolders(file);
    });
  }

  remove(file: string): Promise<void> {
    return this.run('remove', [file], kChange, async () => {
      this.forget(file);
      await unlink(this.path(file)).catch(unless('ENOENT', 'ENOTDIR'));
    });
  }

  sizeSync(file: string): number | undefined {
    return this.runSync('size', [file], () => {
      try {
        const stats = fs.statSync(this.path(file));
        if (stats.isDirectory()) throw new StorageError('size', file, 'EISDIR');
        return stats.size;
      } catch (error) {
        return unless('ENOENT', 'ENOTDIR')(error);
      }
    });
  }

  readSync(file: string, offset: number, length: number): Uint8Array {
    checkCount('read', file, offset);
    checkCount('read', file, length);
    return this.runSync('read', [file], () => {
      const fd = fs.openSync(this.path(file), 'r');
      try {
        const bytes = readBuffer(fd, offset, length);
        let done = 0;
        for (let some = 1; some > 0 && done < bytes.length; done += some) {
          some = fs.readSync(fd, bytes, done, bytes.length - done, offset + done);
        }
        return bytes.subarray(0, done);
      } finally {
        fs.closeSync(fd);
      }
    });
  }

  appendSync(file: string, bytes: Uint8Array): void {
    this.runSync('append', [file], () => {
      try {
        this.appendNow(file, new PendingAppend(bytes));
      } catch (error) {
        // Where it ends now, only the system knows.
        if (this.turns.of(file).length === 0) this.forget(file);
        throw error;
      }
    });
  }

  syncSync(file: string): void {
    this.runSync('sync', [file], () => {
      const opened = this.openFiles.get(file);
      if (opened?.isNameSynced) return fs.fsyncSync(opened.fd);
      syncFileSync(this.path(file));
      this.syncFoldersSync(file);
      if (opened) opened.isNameSynced = true;
    });
  }

  truncateSync(file: string, size: number): void {
    checkCount('truncate', file, size);
    this.runSync('truncate', [file], () => {
      const fd = fs.openSync(this.path(file), 'r+');
      try {
        if (fs.fstatSync(fd).size < size) throw new StorageError('truncate', file, 'EINVAL');
        fs.ftruncateSync(fd, size);
        const opened = this.openFiles.get(file);
        if (opened) opened.end = size;
      } finally {
        fs.closeSync(fd);
      }
    });
  }

  renameSync(from: string, to: string): void {
    this.runSync('rename', [from, to], () => {
      syncFileSync(this.path(from));
      makeFolder(dirname(this.path(to)));
      this.forget(from);
      this.forget(to);
      fs.renameSync(this.path(from), this.path(to));
      this.syncFoldersSync(to);
      if (dirname(from) !== dirname(to)) this.syncFoldersSync(from);
    });
  }

  replaceSync(file: string, bytes: Uint8Array): void {
    this.runSync('replace', [file], () => {
      const temporary = this.temporary(file);
      makeFolder(dirname(temporary));
      try {
        const fd = fs.openSync(temporary, 'w', 0o644);
        try {
          for (let done = 0; done < bytes.length;) done += writeSomeSync(fd, bytes, done, done);
          fs.fsyncSync(fd);
        } finally {
          fs.closeSync(fd);
        }
        this.forget(file);
        fs.renameSync(temporary, this.path(file));
      } catch (error) {
        fs.rmSync(temporary, { force: true });
        throw error;
      }
      this.syncFoldersSync(file);
    });
  }

  removeSync(file: string): void {
    this.runSync('remove', [file], () => {
      this.forget(file);
      try {
        fs.unlinkSync(this.path(file));
      } catch (error) {
        unless('ENOENT', 'ENOTDIR')(error);
      }
    });
  }

  /** Runs an operation when its turn has come. */
  private async run<T>(
    operation: StorageOperation,
    files: readonly string[],
    turn: Turn,
    task: () => Promise<T>,
  ): Promise<T> {
    this.check(operation, files);
    try {
      return await this.turns.run(files.length > 0 ? files : [kNoFile], turn, task);
    } catch (error) {
      throw toStorageError(operation, files[0] ?? '', error);
    }
  }

  /** Runs an operation at once. @throws StorageError EBUSY when another is in its way */
  private runSync<T>(operation: StorageOperation, files: readonly string[], task: () => T): T {
    this.check(operation, files);
    const isPatient = kHarmlessSync.has(operation);
    for (const file of files) {
      const turns = this.turns.of(file);
      if (turns.some((turn) => !isPatient || !turn.isHarmless)) {
        throw new StorageError(operation, file, 'EBUSY');
      }
    }
    try {
      if (isPatient) this.completeAppends(files[0]!);
      return task();
    } catch (error) {
      throw toStorageError(operation, files[0]!, error);
    }
  }

  private check(operation: StorageOperation, files: readonly string[]): void {
    if (this.closing) throw new StorageError(operation, files[0] ?? '', 'ECLOSED');
    for (const file of files) checkFileName(operation, file);
    if (!this.locksOnWrite || !kChanging.has(operation)) return;
    for (const file of files) {
      const lock = this.lockOf(file.slice(0, Math.max(0, file.indexOf('/'))));
      lock.takeNow();
      if (lock.isLost()) throw new StorageError(operation, file, 'ELOCKLOST');
    }
  }

  private path(file: string): string {
    return file === '' ? this.folder : join(this.folder, file);
  }

  /** The file that is written before it takes the place of another. */
  private temporary(file: string): string {
    const path = this.path(file);
    return join(dirname(path), `temp-${basename(path)}`);
  }

  /** The file, opened for being appended to; it and its folders come to be. */
  private opened(file: string): OpenFile {
    let opened = this.openFiles.get(file);
    if (opened === undefined) {
      const path = this.path(file);
      const flags = fs.constants.O_RDWR | fs.constants.O_CREAT;
      let fd: number;
      try {
        fd = fs.openSync(path, flags, 0o644);
      } catch (error) {
        unless('ENOENT')(error);
        makeFolder(dirname(path));
        fd = fs.openSync(path, flags, 0o644);
      }
      const end = fs.fstatSync(fd).size;
      opened = { fd, end, isNameSynced: false, urgedEnd: end, isUrged: false };
      this.openFiles.set(file, opened);
    }
    return opened;
  }

  /** The file, opened for being read; it stays open until its end is reached. */
  private reading(file: string): ReadFile {
    let reading = this.readFiles.get(file);
    if (reading === undefined) {
      const fd = fs.openSync(this.path(file), 'r');
      reading = { fd, size: fs.fstatSync(fd).size };
      this.readFiles.set(file, reading);
    }
    return reading;
  }

  private endReading(file: string, isAtEnd = true): void {
    const reading = this.readFiles.get(file);
    if (reading === undefined || !isAtEnd) return;
    this.readFiles.delete(file);
    fs.closeSync(reading.fd);
  }

  /** Forgets an open file; its bytes stay. Nothing may be under way on it but the caller. */
  private forget(file: string): void {
    this.endReading(file);
    const opened = this.openFiles.get(file);
    if (opened === undefined) return;
    this.openFiles.delete(file);
    fs.closeSync(opened.fd);
  }

  /** Writes at once what is still to be written of the appends that wait. */
  private completeAppends(file: string): void {
    for (const { append } of this.turns.of(file)) if (append) this.appendNow(file, append);
  }

  private appendNow(file: string, append: PendingAppend): void {
    const opened = this.opened(file);
    append.takeovers++;
    while (append.bytesDone < append.bytes.length) {
      const written = writeSomeSync(opened.fd, append.bytes, append.bytesDone, opened.end);
      append.bytesDone += written;
      opened.end += written;
    }
  }

  private async syncNow(file: string): Promise<void> {
    const opened = this.openFiles.get(file);
    await syncFile(opened?.fd ?? this.path(file));
    if (opened?.isNameSynced) return;
    await this.syncFolders(file);
    if (opened) opened.isNameSynced = true;
  }

  /** Syncs the folder a file is in, and those above it that are ours. */
  private async syncFolders(file: string): Promise<void> {
    for (const folder of ['', ...foldersOf(file)]) await syncFolder(this.path(folder));
  }

  private syncFoldersSync(file: string): void {
    for (const folder of ['', ...foldersOf(file)]) syncFolderSync(this.path(folder));
  }
}

function toStorageError(operation: StorageOperation, file: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  return new StorageError(operation, file, codeOf(error), reasonOf(error), { cause: error });
}
