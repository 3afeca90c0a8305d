/**
 * Where a database keeps its files. The engine does no input or output; it says which bytes are to
 * go where, and a `Storage` does it: in memory, in a folder of Node's, in a browser. The names and
 * the contents of the files are Redis's own.
 *
 * A file's name is relative to the storage's top: `dump.rdb`, `appendonlydir/x.aof.manifest`. It is
 * made of parts joined by `/`; a part is not empty, not `.` or `..`, and holds no `\` or NUL. Names
 * that begin with `kvasm.lock` are the storage's own. A folder comes to be with the first file in
 * it. Offsets, sizes and lengths are in bytes.
 *
 * Operations on the same file are carried out in the order they were asked for, each whether or
 * not the one before has failed; those on different files may overtake each other. Every failure is
 * a {@link StorageError}: of the system, `EINVAL` for a name or number that cannot be, `ECLOSED`
 * after `close()`, `ELOCKLOST` for a change after the lock was lost (the process was held up for
 * long, or the lock removed by hand, and somebody else has taken it).
 *
 * What survives what: bytes of an `append` that has resolved survive the end of the process,
 * however it ends. They survive a power cut once a `sync` asked for after them has resolved; until
 * then any first part of them may be there afterwards, and nothing else.
 */
export interface Storage extends Partial<StorageSync> {
  /** For messages: `memory:`, `file:/srv/data`. */
  readonly name: string;

  /**
   * Makes the storage this object's alone until `close()`, or until the process ends in any way.
   * Does nothing if it is so already. Operations do not ask for the lock: what only reads (a tool
   * that checks files) can do without.
   * @param folder a folder in it that is locked instead, where that can be told apart
   * @throws StorageLockedError when somebody else has it, in this process or another
   * @throws StorageError when the place cannot be written to (EACCES, EROFS, ...)
   */
  lock(folder?: string): Promise<void>;

  /**
   * Waits for what is under way, gives the lock back. What is asked for from now on is refused with
   * `ECLOSED`; but closing twice is fine. Nothing is synced that was not asked to be.
   */
  close(): Promise<void>;

  /** The names, without the folder's, of the files in a folder (`''`: the top), in no order. */
  list(folder: string): Promise<string[]>;

  /**
   * The size of a file; undefined if there is none of this name.
   * @throws StorageError EISDIR if a folder has it
   */
  size(file: string): Promise<number | undefined>;

  /**
   * `length` bytes from `offset` on; fewer, or none, where the file ends before. The bytes are the
   * caller's own.
   * @throws StorageError ENOENT if there is no such file
   */
  read(file: string, offset: number, length: number): Promise<Uint8Array>;

  /**
   * Adds bytes to the end of a file, which comes to be if it is not there (also when there are
   * none). They must not change before the promise is settled. If it rejects, any first part of
   * them may be in the file: `size` tells, `truncate` takes it away.
   */
  append(file: string, bytes: Uint8Array): Promise<void>;

  /**
   * Once it resolves, what was appended to the file before survives a power cut, and so does the
   * file's name. If it rejects nothing is known about what was appended since the last that
   * resolved, and a repetition that resolves says nothing about it either.
   * @throws StorageError ENOENT if there is no such file
   */
  sync(file: string): Promise<void>;

  /**
   * Cuts a file off after `size` bytes.
   * @throws StorageError ENOENT if there is no such file, EINVAL if it has fewer bytes
   */
  truncate(file: string, size: number): Promise<void>;

  /**
   * Gives a file another name, in place of the file that has it now. At every moment, power cuts
   * included, the name `to` stands for the whole old or the whole new file; once it resolves, for
   * the new one: the file is synced before, its folder after.
   * @throws StorageError ENOENT if there is no file `from`
   */
  rename(from: string, to: string): Promise<void>;

  /**
   * Makes `bytes` the content of a file. At every moment, power cuts included, the file is the old
   * one or the new one; the new one once it resolves. A crash may leave a `temp-<name>` beside it.
   */
  replace(file: string, bytes: Uint8Array): Promise<void>;

  /** Removes a file; that there is none is fine. After a power cut it may be there again. */
  remove(file: string): Promise<void>;
}

/**
 * The same without waiting, where it can be done: in Node and in memory. The first four may come
 * while appends of the file are under way, and complete these first. They throw EBUSY when
 * something else is under way that changes the file; the others when anything is.
 */
export interface StorageSync {
  sizeSync(file: string): number | undefined;
  readSync(file: string, offset: number, length: number): Uint8Array;
  appendSync(file: string, bytes: Uint8Array): void;
  syncSync(file: string): void;
  truncateSync(file: string, size: number): void;
  renameSync(from: string, to: string): void;
  replaceSync(file: string, bytes: Uint8Array): void;
  removeSync(file: string): void;
}

/** Whether a storage has the synchronous forms; it has all or none. */
export function isSynchronous(storage: Storage): storage is Storage & StorageSync {
  return storage.appendSync !== undefined;
}

/** What a {@link StorageError} came from. */
export type StorageOperation = Exclude<keyof Storage, 'name' | `${string}Sync`>;

/** What the system says for the codes that storages give themselves. */
const kReasons = {
  EBUSY: 'Device or resource busy',
  ECLOSED: 'The storage is closed',
  EINVAL: 'Invalid argument',
  EISDIR: 'Is a directory',
  ELOCKED: 'The storage is in use',
  ELOCKLOST: 'Somebody else has taken the storage meanwhile',
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
};

/** Something could not be written, read, or had. */
export class StorageError extends Error {
  static {
    StorageError.prototype.name = 'StorageError';
  }

  /**
   * @param operation what was asked for
   * @param file the file it was asked for; `''` for the storage itself
   * @param code the system's name of the error: `ENOSPC`, `EIO`, `EROFS`, `EACCES`, `ENOENT`, ...
   * @param reason the system's words for it: `No space left on device`
   * @param options the error it was, as `cause`; a `message` to be had instead of the usual one
   */
  constructor(
    readonly operation: StorageOperation,
    readonly file: string,
    readonly code: string,
    readonly reason: string = kReasons[code as keyof typeof kReasons] ?? code,
    options: ErrorOptions & { message?: string } = {},
  ) {
    const { message = `Cannot ${operation} '${file}': ${reason}`, ...rest } = options;
    super(message, rest);
  }
}

/** Who has the lock of a storage. */
export interface StorageHolder {
  /** The number of its process; 0 where there are none. */
  readonly pid: number;
  /** The name of its machine; `''` where it has none. */
  readonly host: string;
  /** When it took the lock: milliseconds since 1970. */
  readonly sinceMs: number;
}

/** The storage is in use by another database. `message` says by whose, and what to do. */
export class StorageLockedError extends StorageError {
  static {
    StorageLockedError.prototype.name = 'StorageLockedError';
  }

  /** @param hint what to do about it, a sentence */
  constructor(
    storage: string,
    readonly holder: StorageHolder,
    hint: string,
  ) {
    const since = new Date(holder.sinceMs).toISOString();
    const process = holder.pid ? `process ${holder.pid}` : 'a database of this process';
    const host = holder.host ? ` on ${holder.host}` : '';
    const message = `${storage} is in use by ${process}${host} since ${since}. ${hint}`;
    super('lock', '', 'ELOCKED', undefined, { message });
  }
}

/** Names that begin so, at the top, are not the database's. */
export const kLockName = 'kvasm.lock';

/** @throws StorageError EINVAL for what cannot be a file's name */
export function checkFileName(operation: StorageOperation, file: string): void {
  const isBad = (part: string) => part === '' || part === '.' || part === '..';
  const isNamed = typeof file === 'string' && !/[\\\0]/.test(file) && !/^[a-z]:/i.test(file);
  if (!isNamed || file.split('/').some(isBad) || file.startsWith(kLockName)) {
    throw new StorageError(operation, String(file), 'EINVAL');
  }
}

/** @throws StorageError EINVAL for what cannot be an offset, a size or a length */
export function checkCount(operation: StorageOperation, file: string, count: number): void {
  if (!Number.isSafeInteger(count) || count < 0) throw new StorageError(operation, file, 'EINVAL');
}

/** The folders a file is in, from the top one down: `['a', 'a/b']` for `a/b/c`. */
export function foldersOf(file: string): string[] {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}
