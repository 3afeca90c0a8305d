/**
 * Does what an engine wants done with files on a storage. The engine queues operations in three
 * lanes, the log's, the snapshot's and that of the log's files; of each one is under way at a time.
 */
import { ClosedError } from './errors.js';
import type { KvasmModule } from './module.js';
import { nextTurn } from './platform.js';
import {
  isSynchronous,
  StorageError,
  type Storage,
  type StorageOperation,
  type StorageSync,
} from './storage.js';

/** Numbers of `persist::Operation::Kind`. */
const kKinds = [
  'none',
  'size',
  'read',
  'append',
  'sync',
  'truncate',
  'rename',
  'replace',
  'remove',
] as const;

/** Words of the frame of operations (see bindings/door.h). */
const kFile = 0;
const kTo = 2;
const kData = 4;
const kOffset = 6;
const kLength = 8;
const kSynced = 9;
const kRecorded = 5; // in doubles

/**
 * Appends up to this are written without waiting; before replies are sent, as by Redis. They need
 * not be copied, either.
 */
const kQuickBytes = 256 * 1024;

/** As much as the engine hands over of a snapshot at a time, but for single large values. */
const kStageBytes = 640 * 1024;

const kLogLane = 0;
const kSnapshotLane = 1;
const kLanes = 3;

/** A lane lets everything else run when it has gone on for so long (in memory nothing waits). */
const kTurnMs = 5;

/** How an operation went, as `kv_storage_end` wants it. */
const kDone = 0;
const kFailed = 1;
const kAbsent = 2;

interface Operation {
  kind: (typeof kKinds)[number];
  file: string;
  to: string;
  /** In the engine's memory until the operation takes its time. */
  bytes: Uint8Array;
  offset: number;
  length: number;
  synced: boolean;
}

interface Outcome {
  status: number;
  size: number;
  bytes: Uint8Array | undefined;
}

const kNothing = new Uint8Array();
const kNoMemory = new TextEncoder().encode('Out of memory');
const kFine: Outcome = { status: kDone, size: 0, bytes: undefined };

/** What the driver needs of an engine (`engine.ts`). */
export interface StorageEngine {
  readonly module: KvasmModule;
  heap: Uint8Array;
  input: number;
  inputEnd: number;
  refresh(): void;
  reserve(bytes: number): boolean;
  shrinkInput(): void;
  configGet(name: string): string | undefined;
  /** To be called when a call may have caused replies and effects. */
  pump(): void;
  /** To be told of what the engine does not survive. */
  fail(error: Error): void;
}

interface Held {
  until: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

/** One engine's files. */
export class StorageDriver {
  /** Told of every operation that fails. */
  onFailure: ((error: StorageError) => void) | undefined;
  /** Called when the engine has taken a piece of a file it reads. */
  onRead: (() => void) | undefined;
  /** Files that are elsewhere. */
  private readonly diverted = new Map<string, Storage>();
  /** Where files are that are written, or belong to the log. */
  private readonly homes = new Map<string, Storage>();
  /** Where the log is; what is in a folder belongs to it. */
  private logStorage: Storage;
  private readonly busy: (Operation | undefined)[] = new Array(kLanes).fill(undefined);
  private readonly held: Held[] = [];
  /** Where the pieces of a snapshot are while they are written: fresh memory costs much more. */
  private stage: Uint8Array | undefined;
  private covered = 0;
  private isWaking = false;
  private isStopped = false;
  private readonly frame: number;

  constructor(
    private readonly engine: StorageEngine,
    /** Where files are made. */
    private storage: Storage,
  ) {
    this.logStorage = storage;
    this.frame = engine.module._kv_storage_frame() >>> 2;
  }

  /** Has a file, and what is called after it while it is written, kept elsewhere, or here again. */
  divert(file: string, storage: Storage | undefined): void {
    if (storage === undefined) this.diverted.delete(file);
    else this.diverted.set(file, storage);
  }

  private storageOf(file: string): Storage {
    const elsewhere = this.diverted.get(file.replace(/^temp-/, '')) ?? this.homes.get(file);
    return elsewhere ?? (isOfLog(file) ? this.logStorage : this.storage);
  }

  /**
   * Has what is begun from now on elsewhere. As with Redis the log goes on where it is until it is
   * rewritten; what is there by then stays, whole, and loads as of then.
   * @returns what is to be closed, if anything is
   */
  move(storage: Storage): Storage | undefined {
    const before = this.storage;
    // Back to where something has been left: that has the lock.
    this.storage = [...this.storages].find(({ name }) => name === storage.name) ?? storage;
    if (![...this.homes.keys()].some(isOfLog)) this.logStorage = this.storage;
    return this.storages.has(before) ? undefined : before;
  }

  /** What is to be closed when all is done. */
  get storages(): Set<Storage> {
    return new Set([this.storage, this.logStorage, ...this.homes.values()]);
  }

  /** Notes where files are. @returns where the operation is to be done, if it is to be done */
  private place({ kind, file, to }: Operation): Storage | undefined {
    const { homes } = this;
    if (kind === 'append' && !homes.has(file) && isOfLog(file) && !file.includes('/temp-')) {
      this.logStorage = this.storage; // A new increment: what follows is a log of its own.
    }
    const home = this.storageOf(file);
    if (kind === 'append' || (kind === 'read' && isOfLog(file))) homes.set(file, home);
    if (kind === 'rename' || kind === 'remove') homes.delete(file);
    if (kind === 'rename' && isOfLog(to)) homes.set(to, home);
    if (kind !== 'remove' || !isOfLog(file) || home === this.logStorage) return home;
    if (!this.storages.has(home)) void home.close();
    return undefined;
  }

  /** Begins what can be begun, when the turn of the event loop ends: what it does goes together. */
  wake(): void {
    if (this.isWaking) return;
    this.isWaking = true;
    defer(() => {
      this.isWaking = false;
      this.pump();
    });
  }

  /** Begins what can be begun. */
  pump(): void {
    for (let lane = 0; lane < kLanes; ++lane) {
      if (this.busy[lane] !== undefined) continue;
      this.run(lane).catch((error: unknown) => this.engine.fail(error as Error));
    }
  }

  /**
   * No operation is begun any more, and the engine is not told of those under way. What is not
   * durable by now is not acknowledged: who waits for that is rejected with the error.
   */
  stop(error = new ClosedError()): void {
    this.isStopped = true;
    for (const { reject } of this.held.splice(0)) reject(error);
  }

  /** How far, in bytes, the log had got when a reply was last held. */
  get recorded(): number {
    return this.engine.module.HEAPF64[(this.frame >>> 1) + kRecorded];
  }

  /**
   * Resolves when the log is as durable as replies ask for, up to `until`.
   * @throws ClosedError if that does not come to be before `stop`
   */
  whenDurable(until: number): Promise<void> {
    if (until <= this.covered) return Promise.resolve();
    if (this.isStopped) return Promise.reject(new ClosedError());
    return new Promise((resolve, reject) => this.held.push({ until, resolve, reject }));
  }

  /**
   * Makes durable at once what can be: for replies that cannot wait. On a storage without
   * synchronous forms nothing happens.
   */
  flushSync(until: number): void {
    const underWay = this.busy[kLogLane];
    if (underWay?.kind === 'none') this.busy[kLogLane] = undefined;
    else if (underWay !== undefined) {
      if (underWay.kind !== 'append' && underWay.kind !== 'sync') return;
      const storage = this.storageOf(underWay.file);
      if (!isSynchronous(storage)) return;
      this.busy[kLogLane] = undefined;
      const operation = { ...underWay, bytes: new Uint8Array(), synced: true };
      this.end(kLogLane, this.attemptSync(storage, operation));
    }
    const isAll = [...this.storages].every(isSynchronous);
    while (isAll && this.covered < until) {
      const operation = this.begin(kLogLane);
      if (operation === undefined) break;
      const storage = this.place(operation) as (Storage & StorageSync) | undefined;
      this.end(kLogLane, storage === undefined ? kFine : this.attemptSync(storage, operation));
    }
    this.engine.pump();
  }

  private async run(lane: number): Promise<void> {
    let began = performance.now();
    for (let hasRead = false; ;) {
      // Between commands and their writes there is no turn: replies would overtake them.
      const isLong = (hasRead || lane === kSnapshotLane) && performance.now() - began > kTurnMs;
      if (isLong && !this.isStopped) {
        const breath = pause();
        this.busy[lane] = breath;
        await nextTurn();
        // flushSync may have gone on meanwhile.
        if (this.busy[lane] !== breath) return;
        this.busy[lane] = undefined;
        began = performance.now();
      }
      if (this.isStopped) return;
      const operation = this.begin(lane);
      if (operation === undefined) return;
      hasRead = operation.kind === 'read';
      const storage = this.place(operation);
      if (storage === undefined) {
        this.end(lane, kFine);
        continue;
      }
      const isAtOnce = isQuick(operation) || this.wouldKeepWaiting(lane, operation);
      if (isAtOnce && isSynchronous(storage)) {
        this.end(lane, this.attemptSync(storage, operation));
        continue;
      }
      // Memory may move, and what is in it go, while they are written.
      operation.bytes = this.copyOf(lane, operation);
      this.busy[lane] = operation;
      const outcome = await this.attempt(storage, operation);
      // flushSync may have ended it meanwhile.
      if (this.isStopped || this.busy[lane] !== operation) return;
      this.busy[lane] = undefined;
      this.end(lane, outcome);
      if (operation.kind === 'read') this.onRead?.();
      this.engine.pump();
    }
  }

  /** What is to be written, for as long as that takes. */
  private copyOf(lane: number, { kind, bytes }: Operation): Uint8Array {
    // One of the log may be on its way still when the next begins: `flushSync` has written it.
    if (lane !== kSnapshotLane) return bytes.slice();
    // What is no piece begins or ends a snapshot: until the next one the stage is not needed.
    if (kind !== 'append') this.stage = undefined;
    if (kind !== 'append' || bytes.length > kStageBytes) return bytes.slice();
    this.stage ??= new Uint8Array(kStageBytes);
    this.stage.set(bytes);
    return this.stage.subarray(0, bytes.length);
  }

  /**
   * Whether replies that cannot wait would come too early if this took its time: `flushSync` does
   * not get past it. Manifests are short.
   */
  private wouldKeepWaiting(lane: number, { kind }: Operation): boolean {
    const isChange = kind === 'replace' || kind === 'rename' || kind === 'remove';
    return lane === kLogLane && isChange && this.engine.configGet('appendfsync') === 'always';
  }

  private begin(lane: number): Operation | undefined {
    const { engine, frame } = this;
    const kind = kKinds[engine.module._kv_storage_begin(lane)]!;
    if (engine.heap.length === 0) engine.refresh();
    if (kind === 'none') return undefined;
    const words = engine.module.HEAPU32;
    const bytesAt = (word: number): Uint8Array => {
      const start = words[frame + word]!;
      return engine.heap.subarray(start, start + words[frame + word + 1]!);
    };
    return {
      kind,
      file: textOf(bytesAt(kFile)),
      to: textOf(bytesAt(kTo)),
      bytes: bytesAt(kData),
      offset: words[frame + kOffset]! + words[frame + kOffset + 1]! * 2 ** 32,
      length: words[frame + kLength]!,
      synced: words[frame + kSynced] !== 0,
    };
  }

  private end(lane: number, outcome: Outcome): void {
    const { engine } = this;
    let { status, bytes = kNothing } = outcome;
    if (engine.heap.length === 0) engine.refresh();
    if (engine.inputEnd - engine.input < bytes.length && !engine.reserve(bytes.length)) {
      status = kFailed;
      bytes = kNoMemory; // There is room for that always.
    }
    engine.heap.set(bytes, engine.input);
    const inputBytes = bytes.length;
    const covered = engine.module._kv_storage_end(lane, status, outcome.size, inputBytes);
    if (engine.heap.length === 0) engine.refresh();
    if (covered <= this.covered) return;
    this.covered = covered;
    const first = this.held.findIndex(({ until }) => until > covered);
    for (const { resolve } of this.held.splice(0, first < 0 ? this.held.length : first)) resolve();
  }

  private async attempt(storage: Storage, operation: Operation): Promise<Outcome> {
    try {
      const result = await methodOf(storage, operation.kind)(...argumentsOf(operation));
      if (isSyncedAppend(operation)) await storage.sync(operation.file);
      return outcomeOf(operation, result);
    } catch (error) {
      return this.failure(operation, error as Error);
    }
  }

  private attemptSync(storage: Storage & StorageSync, operation: Operation): Outcome {
    try {
      const result = methodOf(storage, `${operation.kind}Sync`)(...argumentsOf(operation));
      if (isSyncedAppend(operation)) storage.syncSync(operation.file);
      return outcomeOf(operation, result);
    } catch (error) {
      return this.failure(operation, error as Error);
    }
  }

  private failure({ kind, file }: Operation, error: Error): Outcome {
    const known =
      error instanceof StorageError
        ? error
        : new StorageError(kind as StorageOperation, file, 'EIO', error.message, { cause: error });
    if (!this.isStopped) this.onFailure?.(known);
    return { status: kFailed, size: 0, bytes: new TextEncoder().encode(known.reason) };
  }
}

/** Stands for an operation while a lane lets others run. */
function pause(): Operation {
  const nothing = new Uint8Array();
  return { kind: 'none', file: '', to: '', bytes: nothing, offset: 0, length: 0, synced: false };
}

/** Short enough to be written at once: what it costs is less than a turn of the event loop. */
function isQuick({ kind, bytes, synced }: Operation): boolean {
  return kind === 'append' && !synced && bytes.length <= kQuickBytes;
}

function isOfLog(file: string): boolean {
  return file.includes('/');
}

/** The storage's method of that name: operations are called as they are. */
function methodOf(storage: Storage, name: string): (...args: unknown[]) => unknown {
  const method = storage[name as keyof Storage] as (...args: unknown[]) => unknown;
  return method.bind(storage);
}

function argumentsOf({ kind, file, to, bytes, offset, length }: Operation): unknown[] {
  if (kind === 'read') return [file, offset, length];
  if (kind === 'append' || kind === 'replace') return [file, bytes];
  if (kind === 'truncate') return [file, offset];
  return kind === 'rename' ? [file, to] : [file];
}

function isSyncedAppend({ kind, synced }: Operation): boolean {
  return kind === 'append' && synced;
}

function outcomeOf({ kind }: Operation, result: unknown): Outcome {
  if (kind === 'read') return { ...kFine, bytes: result as Uint8Array };
  if (kind !== 'size') return kFine;
  return result === undefined
    ? { ...kFine, status: kAbsent }
    : { ...kFine, size: result as number };
}

const kDecoder = new TextDecoder();

function textOf(bytes: Uint8Array): string {
  // A copy, since not every decoder takes views of memory that can grow.
  return bytes.length === 0 ? '' : kDecoder.decode(bytes.slice());
}

/** Has something done at the end of this turn of the event loop. */
const defer: (work: () => void) => void =
  typeof setImmediate === 'function' ? (work) => void setImmediate(work) : queueMicrotask;
