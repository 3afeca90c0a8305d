/** Files in memory, for databases that are to be closed and opened again in one process. */
import {
  StorageError,
  StorageLockedError,
  checkCount,
  checkFileName,
  foldersOf,
  type Storage,
  type StorageOperation,
  type StorageSync,
} from './storage.js';

const kChunkBytesMin = 256;
const kChunkBytesMax = 1 << 20;

/** The bytes of a file in pieces: to append never copies what is there. */
export class MemoryFile {
  /** Every chunk but the last is full. `starts[i]` is the offset of `chunks[i]`'s first byte. */
  private readonly chunks: Uint8Array[] = [];
  private readonly starts: number[] = [];
  private bytesUsed = 0;

  get size(): number {
    return this.bytesUsed;
  }

  /** How many pieces it is in; for tests. */
  get chunkCount(): number {
    return this.chunks.length;
  }

  /** Takes these bytes as they are for its first: they must not change any more. */
  adopt(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.chunks.push(bytes);
    this.starts.push(0);
    this.bytesUsed = bytes.length;
  }

  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const last = this.chunks.length - 1;
      const free = last < 0 ? 0 : this.starts[last]! + this.chunks[last]!.length - this.bytesUsed;
      if (free === 0) {
        // As large as the file is now: small files stay small, large ones have few chunks.
        const bytesNew = Math.min(Math.max(this.bytesUsed, kChunkBytesMin), kChunkBytesMax);
        this.chunks.push(new Uint8Array(bytesNew));
        this.starts.push(this.bytesUsed);
        continue;
      }
      const part = bytes.subarray(at, at + free);
      this.chunks[last]!.set(part, this.bytesUsed - this.starts[last]!);
      this.bytesUsed += part.length;
      at += part.length;
    }
  }

  /** A copy of [offset, offset + length), cut off at the end of the file. */
  read(offset: number, length: number): Uint8Array {
    const end = Math.min(offset + length, this.bytesUsed);
    const bytes = new Uint8Array(Math.max(0, end - offset));
    for (let i = this.chunkAt(offset), at = offset; at < end; i++) {
      const start = this.starts[i]!;
      const part = this.chunks[i]!.subarray(at - start, end - start);
      bytes.set(part, at - offset);
      at += part.length;
    }
    return bytes;
  }

  /** Cuts it off after `size` bytes, which it must have. */
  truncate(size: number): void {
    this.bytesUsed = size;
    const kept = size === 0 ? 0 : this.chunkAt(size - 1) + 1;
    this.chunks.length = kept;
    this.starts.length = kept;
  }

  /** The last chunk that begins at `offset` or before. */
  private chunkAt(offset: number): number {
    let low = 0;
    let high = this.starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** What all storages of a name share. */
interface Shelf {
  readonly files: Map<string, MemoryFile>;
  holder: MemoryStorage | undefined;
  sinceMs: number;
}

/**
 * A storage in this process's memory. Storages of the same name have the same files and the same
 * lock; the files stay until `MemoryStorage.forget(name)` or the end of the process. A storage
 * without a name has files of its own, which go with it.
 *
 * An operation is done before its method returns; the promises are for form's sake.
 */
export class MemoryStorage implements Storage, StorageSync {
  private static readonly shelves = new Map<string, Shelf>();

  /** Forgets the files of a name. Storages which are open keep them. */
  static forget(name: string): void {
    MemoryStorage.shelves.delete(name);
  }

  /** A storage with one file, whose bytes are not copied and must not change. */
  static holding(file: string, bytes: Uint8Array): MemoryStorage {
    const storage = new MemoryStorage();
    const stored = new MemoryFile();
    stored.adopt(bytes);
    storage.shelf.files.set(file, stored);
    return storage;
  }

  readonly name: string;
  private readonly shelf: Shelf;
  private isClosed = false;

  constructor(name = '') {
    this.name = `memory:${name}`;
    const empty: Shelf = { files: new Map(), holder: undefined, sinceMs: 0 };
    this.shelf = (name === '' ? undefined : MemoryStorage.shelves.get(name)) ?? empty;
    if (name !== '') MemoryStorage.shelves.set(name, this.shelf);
  }

  async lock(): Promise<void> {
    this.checkOpen('lock', '');
    const { shelf } = this;
    if (shelf.holder === this) return;
    if (shelf.holder !== undefined) {
      const holder = { pid: 0, host: '', sinceMs: shelf.sinceMs };
      throw new StorageLockedError(this.name, holder, 'Close that one first.');
    }
    shelf.holder = this;
    shelf.sinceMs = Date.now();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    if (this.shelf.holder === this) this.shelf.holder = undefined;
  }

  async list(folder: string): Promise<string[]> {
    this.checkOpen('list', folder);
    if (folder !== '') checkFileName('list', folder);
    if ([...foldersOf(folder), folder].some((name) => this.shelf.files.has(name))) {
      throw new StorageError('list', folder, 'ENOTDIR');
    }
    const prefix = folder === '' ? '' : `${folder}/`;
    return [...this.shelf.files.keys()]
      .filter((file) => file.startsWith(prefix))
      .map((file) => file.slice(prefix.length))
      .filter((name) => !name.includes('/'));
  }

  async size(file: string): Promise<number | undefined> {
    return this.sizeSync(file);
  }

  async read(file: string, offset: number, length: number): Promise<Uint8Array> {
    return this.readSync(file, offset, length);
  }

  async append(file: string, bytes: Uint8Array): Promise<void> {
    this.appendSync(file, bytes);
  }

  async sync(file: string): Promise<void> {
    this.syncSync(file);
  }

  async truncate(file: string, size: number): Promise<void> {
    this.truncateSync(file, size);
  }

  async rename(from: string, to: string): Promise<void> {
    this.renameSync(from, to);
  }

  async replace(file: string, bytes: Uint8Array): Promise<void> {
    this.replaceSync(file, bytes);
  }

  async remove(file: string): Promise<void> {
    this.removeSync(file);
  }

  sizeSync(file: string): number | undefined {
    this.check('size', file);
    if (this.isFolder(file)) throw new StorageError('size', file, 'EISDIR');
    return this.shelf.files.get(file)?.size;
  }

  readSync(file: string, offset: number, length: number): Uint8Array {
    checkCount('read', file, offset);
    checkCount('read', file, length);
    return this.existing('read', file).read(offset, length);
  }

  appendSync(file: string, bytes: Uint8Array): void {
    this.checkPlace('append', file);
    let stored = this.shelf.files.get(file);
    if (stored === undefined) this.shelf.files.set(file, (stored = new MemoryFile()));
    stored.append(bytes);
  }

  syncSync(file: string): void {
    this.existing('sync', file);
  }

  truncateSync(file: string, size: number): void {
    checkCount('truncate', file, size);
    const stored = this.existing('truncate', file);
    if (size > stored.size) throw new StorageError('truncate', file, 'EINVAL');
    stored.truncate(size);
  }

  renameSync(from: string, to: string): void {
    const stored = this.existing('rename', from);
    this.checkPlace('rename', to, from);
    this.shelf.files.delete(from);
    this.shelf.files.set(to, stored);
  }

  replaceSync(file: string, bytes: Uint8Array): void {
    this.checkPlace('replace', file);
    const stored = new MemoryFile();
    stored.append(bytes);
    this.shelf.files.set(file, stored);
  }

  removeSync(file: string): void {
    this.check('remove', file);
    if (this.isFolder(file)) throw new StorageError('remove', file, 'EISDIR');
    this.shelf.files.delete(file);
  }

  private existing(operation: StorageOperation, file: string): MemoryFile {
    this.check(operation, file);
    const stored = this.shelf.files.get(file);
    if (stored !== undefined) return stored;
    throw new StorageError(operation, file, this.isFolder(file) ? 'EISDIR' : 'ENOENT');
  }

  /** Whether a file can be of this name: nothing on its way is a file, itself no folder. */
  private checkPlace(operation: StorageOperation, file: string, subject = file): void {
    this.check(operation, file);
    if (foldersOf(file).some((folder) => this.shelf.files.has(folder))) {
      throw new StorageError(operation, subject, 'ENOTDIR');
    }
    if (this.isFolder(file)) throw new StorageError(operation, subject, 'EISDIR');
  }

  private isFolder(file: string): boolean {
    if (this.shelf.files.has(file)) return false;
    for (const other of this.shelf.files.keys()) if (other.startsWith(`${file}/`)) return true;
    return false;
  }

  private check(operation: StorageOperation, file: string): void {
    this.checkOpen(operation, file);
    checkFileName(operation, file);
  }

  private checkOpen(operation: StorageOperation, file: string): void {
    if (this.isClosed) throw new StorageError(operation, file, 'ECLOSED');
  }
}
