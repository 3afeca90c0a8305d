/**
 * One engine: a WebAssembly instance with one `Engine` object of the control plane in it, the views
 * of its memory, its clock and its ticks. Sessions of any kind are numbers here.
 */
import { instantiate } from './loader.js';
import type { Effect, EngineControl, EngineOptions, KvasmHost, KvasmModule } from './module.js';
import {
  createCodec,
  loadFillRandom,
  nextTurn,
  type Codec,
  type FillRandom,
  type WasmSource,
} from './platform.js';
import { ClosedError, ReplyError } from './errors.js';
import { ProgressTeller, type LoadProgress } from './load_progress.js';
import { StorageDriver } from './persistence.js';
import { ReplyDecoder } from './resp.js';
import type { Storage, StorageError } from './storage.js';

export type { LoadProgress } from './load_progress.js';
export type { Effect, EngineOptions } from './module.js';

/** The frame's words; see bindings/data_plane.cc. */
const kInputPointer = 0;
const kInputCapacity = 1;
const kOutputPointer = 2;
const kFlags = 4;

/** Flag bits of the frame. */
const kCloseAfterOutput = 1;
const kWaiting = 2;
const kInputHeld = 8;
const kCutOff = 16;
const kReplyHeld = 64;

/** The input buffer is never smaller: nearly every command fits without a reservation. */
const kInputBytesMin = 64 * 1024;

/** A larger input buffer is given back after the command that needed it. */
const kInputBytesKept = 8 * 1024 * 1024;

/** Larger chunks are fed in parts, so that one client cannot make the input buffer grow. */
const kFeedBytesMax = 256 * 1024;

/** Work one tick may do; the engine converts its own chores to these units. */
const kTickUnits = 2000;

/** What a file is called, in errors, that `open` is given as its option `load`. */
const kExchangeFile = 'load';

/** Why nothing can be saved while something else is. */
const kOtherSave = /^ERR (Background save already in progress|Another child process is active)/;

/** Why a database cannot end whose log is not there yet: it is being written. */
const kLogBegins = 'Writing initial AOF';

/** Bytes copied in one turn of the event loop. */
const kCopyBytes = 8 * 1024 * 1024;

const kTickMsMin = 1;
const kTickMsMax = 1000;

/** What a session of this process is told. */
export interface LocalListener {
  /** A reply the session waited for is there. */
  ready(): void;
  /** The engine was asked to shut down. */
  end(): void;
}

/** What a network session has to send; see {@link Engine.output}. */
export interface Output {
  bytes: Uint8Array;
  close: boolean;
  cut: boolean;
  held: boolean;
  waiting: boolean;
  unsafe: boolean;
}

/** What the sessions of an engine that has failed have to send. */
const kNothingToSend: Output = {
  bytes: new Uint8Array(),
  close: true,
  cut: true,
  held: false,
  waiting: false,
  unsafe: false,
};

/** Who waits for the end of something the engine was asked for. */
interface Asked {
  resolve: (error: string) => void;
  reject: (error: Error) => void;
}

interface Unref {
  unref?: () => void;
}

/** One engine; see the head of this file. Methods must not be called after `dispose`. */
export class Engine {
  /** Memory as bytes and as 32-bit words. Replaced when memory grows: see `refresh`. */
  heap: Uint8Array;
  heap32: Uint32Array;
  /** Index in `heap32` of the first word of the frame. */
  readonly frame: number;
  /** Byte offsets of the input buffer: its start, and the end of what may be written. */
  input = 0;
  inputEnd = 0;
  /** Decodes replies out of this engine's memory. */
  readonly decoder: ReplyDecoder;
  readonly codec: Codec;
  /**
   * Set by whoever serves network sessions: called when there may be effects to take or replies to
   * send, often several times a turn of the event loop. Without it the engine sees to both itself.
   */
  onWork: (() => void) | undefined;
  /** Told of every failure of the storage. */
  readonly persistenceListeners = new Set<(error: StorageError) => void>();
  /** The files, if there are any. */
  driver: StorageDriver | undefined;

  private readonly local = new Map<number, LocalListener>();
  private users = 0;
  private waiting = 0;
  private timer: (Unref & object) | number | undefined;
  private disposed = false;
  /** Settled once the engine and its files are closed, after the last `release`. */
  closed: Promise<void> = Promise.resolve();
  /** Why it is of no use any more, if it is not. */
  fatal: ClosedError | undefined;
  /** Whether SHUTDOWN has ended its sessions. */
  isShutDown = false;
  private files: Storage | undefined;
  private readonly asked = new Map<number, Asked>();
  private lastAsked = 0;
  /** Settled when nothing is being dumped. */
  private dumps: Promise<unknown> = Promise.resolve();

  private constructor(
    /** The exported C functions. */
    readonly module: KvasmModule,
    private readonly control: EngineControl,
  ) {
    this.codec = createCodec();
    this.decoder = new ReplyDecoder(this.codec);
    this.heap = module.HEAPU8;
    this.heap32 = module.HEAPU32;
    this.frame = module._kv_frame() >>> 2;
    this.refresh();
    if (!this.reserve(kInputBytesMin)) throw new Error('No memory for the input buffer');
  }

  /**
   * Instantiates the module and makes an engine in it.
   * @param wasm where the module is, if not next to the compiled package
   */
  static async create(options: EngineOptions = {}, wasm?: WasmSource): Promise<Engine> {
    const fillRandom = await loadFillRandom();
    const module = await instantiate((memory) => makeHost(memory, fillRandom), wasm);
    const control = new module.Engine({
      memoryLimitBytes: options.memoryLimitBytes ?? 0,
      systemMemoryBytes: options.systemMemoryBytes ?? 0,
      processId: options.processId ?? 0,
      scriptLimitMs: options.scriptLimitMs ?? 0,
      seed: options.seed ?? '',
      serverMode: options.serverMode ?? 'embedded',
      executable: options.executable ?? '',
      configFile: options.configFile ?? '',
      tcpPort: options.tcpPort ?? 0,
    });
    return new Engine(module, control);
  }

  /** Takes new views if memory has grown since the last call (the old ones have length 0 then). */
  refresh(): void {
    this.heap = this.module.HEAPU8;
    this.heap32 = this.module.HEAPU32;
    this.decoder.attach(this.heap);
    this.input = this.heap32[this.frame + kInputPointer];
    this.inputEnd = this.input + this.heap32[this.frame + kInputCapacity];
  }

  /** Gives back an input buffer that one big command has made big. */
  shrinkInput(): void {
    if (this.inputEnd - this.input > kInputBytesKept) this.reserve(kInputBytesMin);
  }

  /** Makes the input buffer hold this many bytes. False if memory is exhausted. */
  reserve(bytes: number): boolean {
    const done = this.module._kv_reserve(bytes) !== 0;
    this.refresh();
    return done;
  }

  /** @returns the number of the new session */
  openSession(kind: 'local' | 'network', address: string, localAddress: string): number {
    const session = this.control.openSession(kind === 'local' ? 0 : 1, address, localAddress);
    this.refresh();
    return session;
  }

  /** Gives a new session the user that another one is logged in as, and the database if asked. */
  takeAfter(session: number, other: number, withDatabase = false): void {
    this.control.takeAfter(session, other, withDatabase);
    this.refresh();
  }

  /** The database a session has selected. */
  databaseOf(session: number): number {
    return this.control.databaseOf(session);
  }

  /** Who a session is logged in as; '' if it is the program itself. */
  userOf(session: number): string {
    return this.control.userOf(session);
  }

  /** '' or the error for a session that runs a command without arguments. */
  refusalOf(session: number, command: number): string {
    return this.control.refusalOf(session, command);
  }

  /** As CLIENT TRACKING ON, whoever the session's user is. */
  track(session: number): void {
    this.control.track(session);
    this.refresh();
  }

  /** Ends a session and drops whatever it had pending. */
  closeSession(session: number): void {
    this.local.delete(session);
    if (!this.disposed) this.control.closeSession(session);
  }

  /**
   * Executes a command whose arguments are in the input buffer (bindings/README.md).
   * @returns the length of the reply
   * @throws ClosedError if that is the engine's end (see `fail`)
   */
  call(session: number, command: number, count: number): number {
    try {
      return this.module._kv_call(session, command, count);
    } catch (error) {
      throw this.trapped(error);
    }
  }

  /**
   * Has a session that waits reply as if its time were up.
   * @returns the length of the reply
   * @throws ClosedError if that is the engine's end
   */
  endWait(session: number): number {
    try {
      return this.module._kv_end_wait(session) >>> 0;
    } catch (error) {
      throw this.trapped(error);
    }
  }

  /**
   * Feeds raw RESP bytes of a network session and executes every complete command in them.
   * @throws Error if memory is so exhausted that the chunk cannot be handed over; close the session
   * @throws ClosedError if that is the engine's end
   */
  feed(session: number, chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += kFeedBytesMax) {
      const part = chunk.length <= kFeedBytesMax ? chunk : chunk.subarray(at, at + kFeedBytesMax);
      if (this.heap.length === 0) this.refresh();
      if (this.inputEnd - this.input < part.length && !this.reserve(part.length)) {
        throw new Error('No memory for the input buffer');
      }
      this.heap.set(part, this.input);
      this.execute(session, part.length);
      if ((this.heap32[this.frame + kFlags] & kWaiting) !== 0) this.tickSoon();
    }
  }

  /**
   * What a session has to send.
   * @returns `bytes`: a view, valid until the next call of the engine; `close`: end the connection
   * once they are sent; `cut`: end it at once; `held`: requests wait for these bytes to be taken,
   * call `resume` then; `waiting`: a blocking command has not been answered yet; `unsafe`: what
   * follows these bytes must wait for the storage
   */
  output(session: number): Output {
    if (this.fatal !== undefined) return kNothingToSend;
    const length = this.module._kv_output(session) >>> 0;
    if (this.heap.length === 0) this.refresh();
    const start = this.heap32[this.frame + kOutputPointer];
    const flags = this.heap32[this.frame + kFlags];
    const unsafe = (flags & kReplyHeld) !== 0;
    return {
      bytes: this.heap.subarray(start, start + length),
      close: (flags & kCloseAfterOutput) !== 0 && !unsafe,
      cut: (flags & kCutOff) !== 0,
      held: (flags & kInputHeld) !== 0 && !unsafe,
      waiting: (flags & kWaiting) !== 0,
      unsafe,
    };
  }

  /** Executes requests that were held back because of the output before them. */
  resume(session: number): void {
    this.execute(session, 0);
  }

  private execute(session: number, bytes: number): void {
    if (this.fatal !== undefined) throw this.fatal;
    try {
      this.module._kv_feed(session, bytes);
    } catch (error) {
      throw this.trapped(error);
    }
    if (this.heap.length === 0) this.refresh();
  }

  /** Drops the first `count` bytes of what a session has to send: they are on their way. */
  consume(session: number, count: number): void {
    this.module._kv_consume(session, count);
  }

  /**
   * A network session with something to send that nobody has asked for yet, or -1. Sessions of this
   * process are served on the way.
   */
  nextReady(): number {
    while (this.fatal === undefined) {
      const session = this.module._kv_next_ready();
      if (session < 0) return -1;
      const listener = this.local.get(session);
      if (listener === undefined) return session;
      listener.ready();
    }
    return -1;
  }

  /** Steps the engine's chores (expiry, rehashing, ...). @returns milliseconds until the next */
  tick(): number {
    const wait = this.module._kv_tick(kTickUnits);
    if (this.heap.length === 0) this.refresh();
    return wait;
  }

  /** How many effects wait to be taken; cheap. */
  effectsPending(): number {
    if (this.fatal !== undefined) return 0;
    return this.module._kv_effects_pending();
  }

  /** Takes what the engine asks of its host. */
  takeEffects(): Effect[] {
    const effects = this.control.takeEffects();
    return this.asked.size === 0 ? effects : effects.filter((effect) => !this.isAnswer(effect));
  }

  private isAnswer(effect: Effect): boolean {
    if (effect.kind !== 'done') return false;
    this.asked.get(effect.session)?.resolve(effect.error);
    return this.asked.delete(effect.session);
  }

  /**
   * Asks the engine for what takes its time.
   * @returns '' or why it failed
   * @throws ClosedError if the engine ends before
   */
  private ask(start: (id: number) => void): Promise<string> {
    if (this.disposed) return Promise.reject(this.fatal ?? new ClosedError());
    const id = ++this.lastAsked;
    return new Promise((resolve, reject) => {
      this.asked.set(id, { resolve, reject });
      start(id);
      if (this.heap.length === 0) this.refresh();
      this.pump();
      this.tickSoon();
    });
  }

  /**
   * Gives the engine files, and has it load what they hold as its configuration says. Until that is
   * done commands are answered with -LOADING.
   * @param storage locked already; it is the caller's to close
   * @returns '' or why they cannot be loaded: the engine is of no use then
   */
  async startStorage(storage: Storage, onProgress?: (progress: LoadProgress) => void) {
    this.setStorage(storage);
    return this.watchLoading(onProgress, (id) => this.control.startStorage(id));
  }

  /**
   * Loads the bytes of an RDB file, which must not change meanwhile. What is loaded is not in the
   * files of the engine's storage.
   * @returns '' or why they are none
   */
  async loadBytes(bytes: Uint8Array, onProgress?: (progress: LoadProgress) => void) {
    const { MemoryStorage } = await import('./storage_memory.js');
    const memory = MemoryStorage.holding(kExchangeFile, bytes);
    const before = this.driver;
    const driver = (this.driver ??= new StorageDriver(this, memory));
    driver.divert(kExchangeFile, memory);
    try {
      return await this.watchLoading(onProgress, (id) => this.control.loadFile(kExchangeFile, id));
    } finally {
      driver.divert(kExchangeFile, undefined);
      if (before === undefined) driver.stop();
      this.driver = before;
    }
  }

  /**
   * The data set as an RDB file. What else is being saved comes first.
   * @throws Error why there is none; ClosedError
   */
  async dump(): Promise<Uint8Array> {
    const { MemoryStorage } = await import('./storage_memory.js');
    const file = `dump-${++this.lastAsked}.rdb`;
    const memory = new MemoryStorage();
    const driver = (this.driver ??= new StorageDriver(this, new MemoryStorage()));
    driver.divert(file, memory);
    const saved = this.dumps.then(() => this.saveTo(file));
    this.dumps = saved.catch(() => {});
    let error: string;
    try {
      error = await saved;
    } finally {
      driver.divert(file, undefined);
    }
    if (error !== '') throw new Error(`The data cannot be dumped: ${error.replace(/^ERR /, '')}`);
    const bytes = new Uint8Array(memory.sizeSync(file)!);
    for (let at = 0; at < bytes.length; at += kCopyBytes) {
      if (at > 0) await nextTurn();
      bytes.set(memory.readSync(file, at, kCopyBytes), at);
    }
    return bytes;
  }

  private async saveTo(file: string): Promise<string> {
    for (;;) {
      const error = await this.ask((id) => this.control.saveTo(file, id));
      if (!kOtherSave.test(error)) return error;
      await this.ask((id) => this.control.whenSaved(id));
      await this.ask((id) => this.control.whenRewritten(id));
      await nextTurn();
    }
  }

  /**
   * Ends what can be ended of an engine that cannot go on: WebAssembly has trapped. What waits, and
   * whatever is called from now on, is rejected with a ClosedError whose cause is the error.
   */
  fail(error: Error): void {
    if (this.disposed) return;
    this.fatal = new ClosedError(`The engine has failed: ${error.message}`, { cause: error });
    const isHeard = this.asked.size > 0 || this.local.size > 0;
    this.dispose();
    this.onShutdown();
    this.onWork?.();
    // There is nobody whose calls fail from now on: a server's process ends by it.
    if (!isHeard) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  /** Fails with what has been thrown out of WebAssembly. @returns what to throw instead */
  private trapped(error: unknown): Error {
    this.fail(error as Error);
    return this.fatal ?? (error as Error);
  }

  /** Has the files elsewhere from now on (see `StorageDriver.move`); those before are closed. */
  async moveStorage(storage: Storage): Promise<void> {
    if (this.driver === undefined) return storage.close();
    this.files = storage;
    await this.driver.move(storage)?.close();
  }

  /** Ends as SHUTDOWN does: saves what is to be saved, then asks for the end by an effect. */
  shutdown(save: '' | 'SAVE' | 'NOSAVE' = '', force = false): void {
    this.control.shutdown(save, force);
    this.tickSoon();
  }

  private setStorage(storage: Storage): void {
    this.files = storage;
    this.driver = new StorageDriver(this, storage);
    this.driver.onFailure = (error) => {
      for (const listener of [...this.persistenceListeners]) listener(error);
    };
  }

  private async watchLoading(
    onProgress: ((progress: LoadProgress) => void) | undefined,
    start: (id: number) => void,
  ): Promise<string> {
    const { driver } = this;
    if (driver === undefined || onProgress === undefined) return this.ask(start);
    const teller = new ProgressTeller(onProgress);
    driver.onRead = () => {
      teller.tell(this.stat('loading_loaded_bytes'), this.stat('loading_total_bytes'));
    };
    try {
      const problem = await this.ask(start);
      teller.end(problem === '');
      return problem;
    } finally {
      driver.onRead = undefined;
    }
  }

  /** The value of a configuration directive, undefined if there is none of this name. */
  configGet(name: string): string | undefined {
    return this.control.configGet(name);
  }

  /** Sets a directive, start-up-only ones included. @returns '' or the error's text */
  configSet(name: string, value: string): string {
    const problem = this.control.configSet(name, value);
    if (this.heap.length === 0) this.refresh();
    return problem;
  }

  /** Obeys a `user` directive: name and rules. @returns '' or what is wrong with it */
  defineUser(words: readonly string[]): string {
    const problem = this.control.defineUser(words);
    if (this.heap.length === 0) this.refresh();
    return problem;
  }

  /** Obeys a `rename-command` directive. @returns '' or what is wrong with it */
  renameCommand(from: string, to: string): string {
    const problem = this.control.renameCommand(from, to);
    if (this.heap.length === 0) this.refresh();
    return problem;
  }

  /** Replaces all users by those of a file. @returns '' or what is wrong with it */
  loadUsers(file: string, content: Uint8Array): string {
    const problem = this.control.loadUsers(file, content);
    if (this.heap.length === 0) this.refresh();
    return problem;
  }

  /** Answers an `aclLoad` effect with the file's content, or with why it cannot be read. */
  endAclLoad(session: number, isRead: boolean, text: Uint8Array | string): void {
    this.control.endAclLoad(session, isRead, text);
    if (this.heap.length === 0) this.refresh();
  }

  /** Answers an `aclSave` effect. */
  endAclSave(session: number, isWritten: boolean): void {
    this.control.endAclSave(session, isWritten);
    if (this.heap.length === 0) this.refresh();
  }

  /** Answers a `configRewrite` effect. @param reason '' or why it cannot be written */
  endConfigRewrite(session: number, reason: string): void {
    this.control.endConfigRewrite(session, reason);
    if (this.heap.length === 0) this.refresh();
  }

  /** Answers a `configSet` effect: `name` is the directive that failed, `reason` why ('': none). */
  endConfigSet(session: number, name: string, reason: string): void {
    this.control.endConfigSet(session, name, reason);
    if (this.heap.length === 0) this.refresh();
  }

  /**
   * Ends the script that a session waits for, whose reply comes with the next tick.
   * @param kind which command asks, SCRIPT KILL or FUNCTION KILL; '' for either
   * @returns '', or the error's text; undefined if the session waits for no script
   */
  killScript(session: number, kind: 'script' | 'function' | ''): string | undefined {
    const problem = this.control.killScript(session, kind);
    if (this.heap.length === 0) this.refresh();
    return problem;
  }

  /** The digest of a script, which EVALSHA takes for it. */
  scriptSha(script: string): string {
    const sha = this.control.scriptSha(script);
    if (this.heap.length === 0) this.refresh();
    return sha;
  }

  /** Names of all configuration directives. */
  configNames(): string[] {
    return this.control.configNames().split('\n');
  }

  /** Names of all commands; the index is the command's number in `kv_call`. */
  commandNames(): string[] {
    return this.control.commandNames().split('\n');
  }

  /** A number of INFO, for example `used_memory` (bytes) or `connected_clients`. */
  stat(name: string): number {
    return this.control.stat(name);
  }

  /** Counts a connection that was refused because of `maxclients`. */
  noteRejectedConnection(): void {
    this.control.noteRejectedConnection();
  }

  /** Adds to the network traffic INFO reports. */
  noteNetwork(bytesIn: number, bytesOut: number): void {
    this.control.noteNetwork(bytesIn, bytesOut);
  }

  /** Ends every session of this process, as SHUTDOWN asks of an embedded engine. */
  onShutdown(): void {
    this.isShutDown = true;
    for (const listener of [...this.local.values()]) listener.end();
  }

  /** Has `listener` told what happens to a session of this process. */
  listenLocal(session: number, listener: LocalListener): void {
    this.local.set(session, listener);
  }

  /** To be called when a call may have caused more than its reply. */
  pump(): void {
    if (this.disposed) return;
    this.driver?.wake();
    if (this.onWork !== undefined) {
      this.onWork();
      return;
    }
    if (this.effectsPending() > 0) {
      for (const effect of this.takeEffects()) {
        if (effect.kind === 'shutdown') this.onShutdown();
      }
    }
    if (!this.disposed) this.nextReady();
  }

  /** Counts a user of this engine; the first one starts the ticks. */
  retain(): void {
    if (++this.users === 1) this.scheduleTick(kTickMsMin);
  }

  /** Whether it has a user. */
  get isInUse(): boolean {
    return this.users > 0;
  }

  /** Ends a use; the last one disposes of the engine, when its files are closed. */
  release(): void {
    if (--this.users > 0) return;
    if (this.files === undefined) this.dispose();
    else {
      this.closed = this.closeStorage(this.files).finally(() => this.dispose());
      this.closed.catch(() => {}); // It is told to whoever closes the database.
    }
  }

  /** Closes the files of an engine that has been shut down. */
  async closeFiles(): Promise<void> {
    this.driver?.stop();
    this.files = undefined;
    for (const storage of this.driver?.storages ?? []) await storage.close();
  }

  /** Gives the files up as they are: what they hold could not be loaded. */
  abandon(): void {
    this.driver?.stop();
    const { files } = this;
    this.files = undefined;
    if (files !== undefined) this.closed = files.close();
  }

  /** Resolves when the snapshot under way is on disk. @throws ReplyError if it could not be */
  whenSaved(): Promise<void> {
    return this.until((id) => this.control.whenSaved(id));
  }

  /** Resolves when the log has been rewritten. @throws ReplyError if it could not be */
  whenRewritten(): Promise<void> {
    return this.until((id) => this.control.whenRewritten(id));
  }

  private async until(start: (id: number) => void): Promise<void> {
    const error = await this.ask(start);
    if (error !== '') throw new ReplyError(`ERR ${error}`);
  }

  private async closeStorage(storage: Storage): Promise<void> {
    const { fatal } = this;
    const end = (): Promise<string> => this.ask((id) => this.control.endStorage(id));
    let error = fatal?.message ?? (await end());
    if (error === kLogBegins) {
      await this.ask((id) => this.control.whenRewritten(id));
      error = await end();
    }
    this.driver?.stop();
    await storage.close();
    if (error === '') return;
    const what = `The database is closed, but what it holds is not all on ${storage.name}`;
    throw new Error(`${what}: ${error}`);
  }

  /** Frees the engine. Its memory goes when the last reference to this object does. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.driver?.stop(this.fatal);
    clearTimeout(this.timer as number | undefined);
    const unheard = [...this.asked.values()];
    this.asked.clear();
    for (const { reject } of unheard) reject(this.fatal ?? new ClosedError());
    if (this.fatal === undefined) this.control.delete();
  }

  /**
   * Counts the sessions of this process that wait for a reply. While one of them waits for a
   * limited time the process stays alive: its promise is going to be settled.
   */
  noteWaiting(change: 1 | -1): void {
    this.waiting += change;
    this.tickSoon();
  }

  /** To be called when a session has begun to wait: its time may be up before the next tick. */
  private tickSoon(): void {
    if (this.timer !== undefined && !this.disposed) this.scheduleTick(kTickMsMin);
  }

  /**
   * While somebody waits for a reply that time brings (the end of a script, a limit), the timer
   * holds the engine and keeps the process alive. Otherwise it does neither, so that a database
   * that was forgotten instead of closed can be collected.
   */
  private scheduleTick(wait: number): void {
    clearTimeout(this.timer as number | undefined);
    const isTimed = this.waiting > 0 && this.stat('wait_deadline_ms') >= 0;
    if (isTimed || this.asked.size > 0) {
      this.timer = setTimeout(() => this.runTick(), wait);
      return;
    }
    const weak = new WeakRef(this);
    const timer = setTimeout(() => weak.deref()?.runTick(), wait);
    this.timer = timer;
    (timer as Unref).unref?.();
  }

  private runTick(): void {
    if (this.disposed) return;
    let wait: number;
    try {
      wait = this.tick();
      this.pump();
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      return this.fail(error);
    }
    if (this.disposed) return;
    this.scheduleTick(Math.min(Math.max(wait, kTickMsMin), kTickMsMax));
  }
}

function makeHost(memory: () => Uint8Array, fillRandom: FillRandom): KvasmHost {
  return {
    nowMs: Date.now,
    cpuUs: cpuTime,
    sleepMs: sleep,
    fillRandom(pointer, length) {
      const start = pointer >>> 0;
      fillRandom(memory().subarray(start, start + length));
    },
  };
}

/** A page does not learn how much processor time it uses. */
function cpuTime(isSystem: boolean): number {
  if (typeof process === 'undefined' || typeof process.cpuUsage !== 'function') return 0;
  const { user, system } = process.cpuUsage();
  return isSystem ? system : user;
}

/** Blocks, as DEBUG SLEEP asks. A page's main thread may not wait, so there it spins. */
function sleep(milliseconds: number): void {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  } catch {
    const end = Date.now() + milliseconds;
    while (Date.now() < end);
  }
}
