/**
 * A session of this process: writes arguments into linear memory, calls the engine, decodes the
 * reply. Everything a generated method does comes through here, so the paths for one to four plain
 * arguments allocate nothing but the reply.
 */
import { flattenInto, numberText } from './arguments.js';
import type { Engine } from './engine.js';
import { ClosedError, ReplyError, WouldBlockError } from './errors.js';
import type { Codec } from './platform.js';
import type { DefinedScript } from './scripts.js';
import type { Bytes, Reply, Signal } from './types.js';

/** A reply of either kind: what a face narrows to its own `S`. */
export type AnyReply = Reply<string | Bytes>;

/** Words of the frame (see bindings/data_plane.cc), relative to `engine.frame`. */
const kOutputPointer = 2;
const kFlags = 4;

/** Bits of the frame's flags. */
const kClose = 1;
const kBlocked = 2;
const kWorkPending = 4;
const kCutOff = 16;
const kHasPushes = 32;
const kReplyHeld = 64;

/** The command number that means: the name is argument 0. */
export const kByName = -1;

/** States of a session, other than ready. */
const kReady = 0;
const kWaiting = 1;
const kClosed = 2;

const kWaitsForFiles = 'The command goes on, but its reply has to be awaited: it works on files';
const kKilled =
  'This session was ended by CLIENT KILL, its user was deleted or has lost a right it needs, or ' +
  'there was no memory to tell it more';

/** Thrown within the package when a command has parked: its reply comes later. */
const kParked = Symbol('parked');

/** What a position of the input becomes when an argument needs the long way round. */
const kNotPlain = -1;

interface Waiting {
  raw: boolean;
  command: string;
  resolve: (reply: AnyReply | Promise<AnyReply>) => void;
  reject: (error: Error) => void;
  /** What `interrupt` knows the command by, if it can be interrupted. */
  token?: object;
  /** Why its script was ended, if an abort has done that. */
  aborted?: Error;
}

interface Delayed extends Waiting {
  id: number;
  parts: readonly unknown[];
}

/** One session in the engine, made by {@link LocalSession.open}. Replies come in order. */
export class LocalSession {
  /** What `defineCommand` has defined, by name. */
  readonly scripts = new Map<string, DefinedScript>();
  private state = kReady;
  private readonly codec: Codec;
  private readonly shortText: number;
  private waiting: Waiting | undefined;
  private readonly delayed: Delayed[] = [];
  private readonly closed = new Set<() => void>();
  private wasKilled = false;
  /** Whether the reply just given has to wait for the storage. */
  private isHeld = false;
  /** What rejects the calls that wait for the storage. */
  private readonly held = new Set<(error: Error) => void>();
  /**
   * Told of the messages the session gets besides replies: `decode` gives them, their texts as
   * bytes if wanted, while it is called. Without it they are dropped.
   */
  onPushes: ((decode: (raw: boolean) => AnyReply[]) => void) | undefined;

  private constructor(
    readonly engine: Engine,
    private readonly session: number,
    private readonly names: readonly string[],
  ) {
    this.codec = engine.codec;
    this.shortText = engine.codec.shortText;
    engine.listenLocal(session, { ready: () => this.takeLateReply(), end: () => this.close() });
    engine.retain();
  }

  /**
   * Opens a session on an engine and keeps the engine alive until it is closed.
   * @param names the engine's commands by number, for errors to say which one failed
   */
  static open(engine: Engine, names: readonly string[]): LocalSession {
    return new LocalSession(engine, engine.openSession('local', '', ''), names);
  }

  /**
   * Opens a session with the rights of this one: as the user that it is logged in as now.
   * @param inDatabase whether with the same database selected, not with 0
   */
  openAnother(names: readonly string[], inDatabase = false): LocalSession {
    this.assertOpen();
    const other = LocalSession.open(this.engine, names);
    this.engine.takeAfter(other.session, this.session, inDatabase);
    return other;
  }

  /** Gives a session of another kind the rights of this one. @throws ClosedError */
  lendRights(session: number): void {
    this.assertOpen();
    this.engine.takeAfter(session, this.session);
  }

  /** The database that is selected, whatever the session is doing. @throws ClosedError */
  get database(): number {
    this.assertOpen();
    return this.engine.databaseOf(this.session);
  }

  /** Who it is logged in as; '' if it is the program itself. @throws ClosedError */
  get user(): string {
    this.assertOpen();
    return this.engine.userOf(this.session);
  }

  /** Asks for pushes about changes of what is read from now on: CLIENT TRACKING ON. */
  track(): void {
    this.engine.track(this.session);
  }

  /** @throws ReplyError NOPERM if the user may not run a command; ClosedError */
  assertMay(command: number): void {
    this.assertOpen();
    const refusal = this.engine.refusalOf(this.session, command);
    if (refusal === '') return;
    const error = new ReplyError(refusal);
    error.command = this.names[command];
    throw error;
  }

  /** Whether a new command has to wait for an earlier one or is refused. */
  get isBusy(): boolean {
    return this.state !== kReady;
  }

  get isClosed(): boolean {
    return this.state === kClosed;
  }

  /** Why the engine has ended the session, if it has. */
  get killed(): ClosedError | undefined {
    return this.wasKilled || this.engine.fatal !== undefined ? this.closedError() : undefined;
  }

  /**
   * Has `listener` called once when the session closes, by whatever cause.
   * @returns a function that takes this back
   */
  onClose(listener: () => void): () => void {
    this.closed.add(listener);
    return () => void this.closed.delete(listener);
  }

  /** Why calls are refused now that the session is closed. */
  private closedError(): ClosedError {
    const { fatal } = this.engine;
    if (fatal !== undefined) return new ClosedError(fatal.message, { cause: fatal.cause });
    return new ClosedError(this.wasKilled ? kKilled : undefined);
  }

  /** Waits for what is no command of the session. @throws ClosedError if it is closed before */
  async unlessClosed<T>(work: Promise<T>): Promise<T> {
    let forget = (): void => {};
    const end = new Promise<never>((_, reject) => {
      if (this.isClosed) reject(this.closedError());
      forget = this.onClose(() => reject(this.closedError()));
    });
    return Promise.race([work, end]).finally(forget);
  }

  /** Ends the session: whatever waits is rejected. Harmless when repeated. */
  close(): void {
    if (this.state === kClosed) return;
    this.state = kClosed;
    const lost = this.delayed.splice(0);
    this.takeWaiting()?.reject(this.closedError());
    for (const call of lost) call.reject(this.closedError());
    this.engine.closeSession(this.session);
    this.engine.release();
    // With the last session the files are closed, and what is on disk then is told.
    if (this.engine.isInUse) for (const reject of [...this.held]) reject(this.closedError());
    const listeners = [...this.closed];
    this.closed.clear();
    for (const listener of listeners) listener();
  }

  /**
   * Executes a command without arguments. This and its siblings:
   * @param id the command's number
   * @param raw whether strings of the reply are wanted as bytes
   * @throws ReplyError when the engine answers with an error
   * @throws TypeError when an argument cannot be sent; nothing has been sent then
   * @throws ClosedError when the session is closed
   * @throws WouldBlockError when an earlier command of this session still waits
   * @throws kParked when the reply cannot come yet: see `rejection` and `giveUp`
   */
  call0(id: number, raw: boolean): AnyReply {
    if (this.state !== kReady) this.refuse();
    return this.finish(this.engine.call(this.session, id, 0), id, raw);
  }

  call1(id: number, a: unknown, raw: boolean): AnyReply {
    if (this.state !== kReady) this.refuse();
    const engine = this.engine;
    const at = engine.input;
    const end = this.put(a, at + 4);
    if (end === kNotPlain) return this.callMany(id, [a], raw);
    engine.heap32[at >>> 2] = end - at - 4;
    return this.finish(engine.call(this.session, id, 1), id, raw);
  }

  call2(id: number, a: unknown, b: unknown, raw: boolean): AnyReply {
    if (this.state !== kReady) this.refuse();
    const engine = this.engine;
    const at = engine.input;
    const endA = this.put(a, at + 8);
    const endB = endA === kNotPlain ? kNotPlain : this.put(b, endA);
    if (endB === kNotPlain) return this.callMany(id, [a, b], raw);
    const words = engine.heap32;
    words[at >>> 2] = endA - at - 8;
    words[(at >>> 2) + 1] = endB - endA;
    return this.finish(engine.call(this.session, id, 2), id, raw);
  }

  call3(id: number, a: unknown, b: unknown, c: unknown, raw: boolean): AnyReply {
    if (this.state !== kReady) this.refuse();
    const engine = this.engine;
    const at = engine.input;
    const endA = this.put(a, at + 12);
    const endB = endA === kNotPlain ? kNotPlain : this.put(b, endA);
    const endC = endB === kNotPlain ? kNotPlain : this.put(c, endB);
    if (endC === kNotPlain) return this.callMany(id, [a, b, c], raw);
    const words = engine.heap32;
    const word = at >>> 2;
    words[word] = endA - at - 12;
    words[word + 1] = endB - endA;
    words[word + 2] = endC - endB;
    return this.finish(engine.call(this.session, id, 3), id, raw);
  }

  /**
   * Executes a command with any number of arguments of any accepted kind: arrays stand for their
   * elements, and where the command takes pairs, objects and maps for their names and values.
   */
  callMany(id: number, parts: ArrayLike<unknown>, raw: boolean): AnyReply {
    if (this.state !== kReady) this.refuse();
    return this.send(id, this.flatten(id, parts), raw);
  }

  /** Executes a command with arguments that `flatten` has returned. */
  callPlain(id: number, plain: readonly unknown[], raw: boolean): AnyReply {
    if (this.state !== kReady) this.refuse();
    return this.send(id, plain, raw);
  }

  /**
   * As `callPlain`, after commands that wait: the reply, or the promise of it if it comes later.
   * Whoever is to see a reply only when it is durable takes `promise`.
   */
  attempt(id: number, plain: readonly unknown[], raw: boolean): AnyReply | Promise<AnyReply> {
    if (this.isBusy) return this.later(id, plain, raw);
    try {
      return this.callPlain(id, plain, raw);
    } catch (error) {
      if (error !== kParked) throw error;
      return this.rejection(error);
    }
  }

  /** As `callMany`, but gives a copy of the reply's bytes; errors are replies like any other. */
  callRaw(id: number, parts: ArrayLike<unknown>): Uint8Array {
    if (this.state !== kReady) this.refuse();
    const engine = this.engine;
    let length = this.transmit(id, this.flatten(id, parts)) >>> 0;
    if (engine.heap.length === 0) engine.refresh();
    const flags = engine.heap32[engine.frame + kFlags];
    if (length === 0 && (flags & kBlocked) !== 0) length = this.endWait();
    const start = engine.heap32[engine.frame + kOutputPointer];
    const reply = this.codec.copy(start, start + length);
    if (flags !== 0) this.follow(flags);
    if (!this.isClosed) engine.shrinkInput();
    return reply;
  }

  /** Validates and flattens arguments without executing anything. @throws TypeError */
  flatten(id: number, parts: ArrayLike<unknown>): unknown[] {
    const plain: unknown[] = [];
    const name = this.nameOf(id, parts);
    for (let i = 0; i < parts.length; ++i) flattenInto(plain, parts[i], name, i);
    return plain;
  }

  /** Executes a command after those that wait; rejects at once when closed. */
  later(id: number, parts: ArrayLike<unknown>, raw: boolean): Promise<AnyReply> {
    if (this.state === kClosed) return Promise.reject(this.closedError());
    let plain: unknown[];
    try {
      plain = this.flatten(id, parts);
    } catch (error) {
      return Promise.reject(error as Error);
    }
    const command = this.nameOf(id, plain);
    const killed = this.killOwnScript(command, id < 0 ? plain.slice(1) : plain);
    if (killed !== undefined) return killed;
    return new Promise((resolve, reject) => {
      this.delayed.push({ id, parts: plain, raw, command, resolve, reject });
    });
  }

  /**
   * Executes a command that may wait, after those that wait already, until it is aborted: then it
   * rejects with the signal's reason, has taken nothing out of the database, and the session goes
   * on. A command that has its reply by then gives it.
   */
  interruptible(
    id: number,
    parts: ArrayLike<unknown>,
    raw: boolean,
    signal: Signal,
  ): Promise<AnyReply> {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const token = {};
    const abort = (): void => this.interrupt(token, signal.reason as Error);
    // First of all: whatever a signal of another make does wrong, no wait is left behind.
    signal.addEventListener('abort', abort, { once: true });
    return this.begin(id, parts, raw, token).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  }

  /** Executes a command that `interrupt` knows by its token. */
  private begin(
    id: number,
    parts: ArrayLike<unknown>,
    raw: boolean,
    token: object,
  ): Promise<AnyReply> {
    if (this.isBusy) {
      const before = this.delayed.length;
      const promise = this.later(id, parts, raw);
      if (this.delayed.length > before) this.delayed[before].token = token;
      return promise;
    }
    try {
      return this.promise(this.callMany(id, parts, raw));
    } catch (error) {
      if (error === kParked && this.waiting !== undefined) this.waiting.token = token;
      return this.rejection(error);
    }
  }

  /** @throws ClosedError if the session is closed */
  assertOpen(): void {
    if (this.state === kClosed) throw this.closedError();
  }

  private refuse(): never {
    throw this.state === kClosed ? this.closedError() : new WouldBlockError();
  }

  private nameOf(id: number, parts: ArrayLike<unknown>): string {
    if (id >= 0) return this.names[id];
    return typeof parts[0] === 'string' ? parts[0].toLowerCase() : 'command';
  }

  /**
   * Writes one argument at byte offset `at`.
   * @returns where it ends, or kNotPlain if it is no plain argument or does not fit
   */
  private put(value: unknown, at: number): number {
    if (typeof value === 'string') {
      const length = value.length;
      const engine = this.engine;
      if (at + length * 3 > engine.inputEnd) return kNotPlain;
      if (length > this.shortText) return at + this.codec.encode(value, at);
      const heap = engine.heap;
      for (let i = 0; i < length; ++i) {
        const unit = value.charCodeAt(i);
        if (unit > 127) return at + this.codec.encode(value, at);
        heap[at + i] = unit;
      }
      return at + length;
    }
    return this.putOther(value, at);
  }

  private putOther(value: unknown, at: number): number {
    switch (typeof value) {
      case 'number':
        return this.put(numberText(value), at);
      case 'bigint':
        return this.put(value.toString(), at);
      case 'object':
        if (value instanceof Uint8Array) return this.putBytes(value, at);
        return kNotPlain;
      default:
        return kNotPlain;
    }
  }

  private putBytes(value: Uint8Array, at: number): number {
    const engine = this.engine;
    const length = value.length;
    if (at + length > engine.inputEnd) return kNotPlain;
    if (length > 32) {
      engine.heap.set(value, at);
    } else {
      const heap = engine.heap;
      for (let i = 0; i < length; ++i) heap[at + i] = value[i];
    }
    return at + length;
  }

  /** The promise of a reply: it waits until what the command has done is durable. */
  promise(reply: AnyReply): Promise<AnyReply> {
    if (!this.isHeld) return Promise.resolve(reply);
    this.isHeld = false;
    return this.whenDurable().then(() => reply);
  }

  /** Resolves when what replies have told of so far is as durable as they are to wait for. */
  whenDurable(): Promise<void> {
    const { driver } = this.engine;
    if (driver === undefined) return Promise.resolve();
    const durable = driver.whenDurable(driver.recorded);
    return new Promise((resolve, reject) => {
      this.held.add(reject);
      durable.then(resolve, reject).finally(() => this.held.delete(reject));
    });
  }

  /** For faces that cannot wait: what the last command has done is made durable now, if it can. */
  settleNow(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    const { driver } = this.engine;
    driver?.flushSync(driver.recorded);
  }

  /** The promise for what a call threw: its late reply, if it only said that there is none yet. */
  rejection(error: unknown): Promise<AnyReply> {
    const waiting = this.waiting;
    if (error !== kParked || waiting === undefined) return this.refusal(error);
    return new Promise((resolve, reject) => {
      waiting.resolve = resolve;
      waiting.reject = reject;
    });
  }

  /** The promise of an error: what was done before it, by a script say, is durable first. */
  refusal(error: unknown): Promise<never> {
    if (!this.isHeld) return Promise.reject(error as Error);
    return this.promise(null).then(() => Promise.reject(error as Error));
  }

  /**
   * For faces that cannot wait: the reply of a command that has parked, as if its time were up.
   * @throws whatever else was thrown
   */
  giveUp(error: unknown, raw: boolean): AnyReply {
    if (error !== kParked) {
      this.settleNow();
      throw error;
    }
    const engine = this.engine;
    const length = this.endWait();
    const flags = engine.heap32[engine.frame + kFlags];
    if (length === 0) {
      this.follow(flags);
      // What waits for files goes on; for the rest there is no reply (CLIENT REPLY OFF).
      if ((flags & kBlocked) !== 0) throw new WouldBlockError(kWaitsForFiles);
      return null;
    }
    const reply = engine.decoder.decode(engine.heap32[engine.frame + kOutputPointer], raw);
    this.follow(flags);
    this.settleNow();
    if (reply instanceof ReplyError) throw reply;
    return reply;
  }

  /**
   * SCRIPT KILL and FUNCTION KILL, if it is a script that this very session waits for: behind it in
   * the row they would come too late. Undefined if there is no such script.
   */
  private killOwnScript(command: string, plain: unknown[]): Promise<AnyReply> | undefined {
    if (command !== 'script' && command !== 'function') return undefined;
    if (plain.length !== 1 || String(plain[0]).toLowerCase() !== 'kill') return undefined;
    const problem = this.engine.killScript(this.session, command);
    if (problem === undefined) return undefined;
    if (problem === '') return Promise.resolve('OK');
    const error = new ReplyError(problem);
    error.command = command;
    return Promise.reject(error);
  }

  private interrupt(token: object, reason: Error): void {
    const place = this.delayed.findIndex((call) => call.token === token);
    if (place >= 0) {
      this.delayed.splice(place, 1)[0].reject(reason);
      return;
    }
    const { waiting, engine } = this;
    if (waiting?.token !== token) return;
    // Its reply may stand ready: what it has popped must not be lost.
    this.takeLateReply();
    if (this.waiting !== waiting) return;
    const killed = this.engine.killScript(this.session, '');
    if (killed !== undefined) {
      // Its reply comes with the next tick. One that has written is not ended and gives its own.
      if (killed === '') waiting.aborted = reason;
      return;
    }
    this.endWait();
    waiting.reject(reason);
    this.follow(engine.heap32[engine.frame + kFlags]);
    queueMicrotask(() => this.runDelayed());
  }

  private takeWaiting(): Waiting | undefined {
    const waiting = this.waiting;
    this.waiting = undefined;
    if (waiting !== undefined) this.engine.noteWaiting(-1);
    return waiting;
  }

  private endWait(): number {
    const engine = this.engine;
    const length = engine.endWait(this.session);
    if (engine.heap.length === 0) engine.refresh();
    if ((engine.heap32[engine.frame + kFlags] & kBlocked) === 0) {
      this.takeWaiting();
      this.state = kReady;
    }
    return length;
  }

  /** Sends arguments that are strings or bytes already. */
  private send(id: number, plain: readonly unknown[], raw: boolean): AnyReply {
    const name = id < 0 ? this.nameOf(id, plain) : undefined;
    try {
      return this.finish(this.transmit(id, plain), id, raw, name);
    } finally {
      if (!this.isClosed) this.engine.shrinkInput();
    }
  }

  /** What a server would not even read. @throws ReplyError */
  private refuseLong(id: number, plain: readonly unknown[], part: unknown): void {
    const most = Number(this.engine.configGet('proto-max-bulk-len') ?? kArgumentMost);
    if ((part as string | Uint8Array).length <= most) return;
    const error = new ReplyError('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
    error.command = this.nameOf(id, plain);
    throw error;
  }

  /** Writes the arguments and makes the call. @returns the length of the reply */
  private transmit(id: number, plain: readonly unknown[]): number {
    const engine = this.engine;
    const count = plain.length;
    let room = 4 * count;
    for (const part of plain) {
      room += roomFor(part);
      if ((part as string | Uint8Array).length > kArgumentMost) this.refuseLong(id, plain, part);
    }
    if (engine.inputEnd - engine.input < room && !engine.reserve(room)) {
      const error = new ReplyError('OOM command not allowed: no memory for its arguments');
      error.command = this.nameOf(id, plain);
      throw error;
    }
    const start = engine.input;
    let at = start + 4 * count;
    for (let i = 0; i < count; ++i) {
      const end = this.put(plain[i], at);
      engine.heap32[(start >>> 2) + i] = end - at;
      at = end;
    }
    return engine.call(this.session, id, count);
  }

  /** Decodes the reply of the call just made and sees to what the call has caused. */
  private finish(length: number, id: number, raw: boolean, name?: string): AnyReply {
    const engine = this.engine;
    if (engine.heap.length === 0) engine.refresh();
    const frame = engine.frame;
    const flags = engine.heap32[frame + kFlags];
    if (length === 0) return this.noReply(flags, id, raw, name);
    const reply = engine.decoder.decode(engine.heap32[frame + kOutputPointer], raw);
    if (flags !== 0) this.follow(flags);
    if (reply instanceof ReplyError) {
      reply.command = name ?? this.names[id];
      throw reply;
    }
    return reply;
  }

  private noReply(flags: number, id: number, raw: boolean, name?: string): AnyReply {
    if ((flags & kBlocked) === 0) {
      this.follow(flags);
      if ((flags & kCutOff) !== 0) throw this.closedError();
      return null; // CLIENT REPLY OFF and SKIP: there will be no reply
    }
    this.state = kWaiting;
    const command = name ?? this.names[id];
    const ignore = (): void => {};
    this.waiting = { raw, command, resolve: ignore, reject: ignore };
    this.engine.noteWaiting(1);
    this.follow(flags);
    throw kParked;
  }

  /** What a command may have caused besides its reply. */
  private follow(flags: number): void {
    this.isHeld = (flags & kReplyHeld) !== 0;
    if ((flags & kWorkPending) !== 0) this.engine.pump();
    if ((flags & kClose) !== 0) this.endBy(flags);
  }

  private endBy(flags: number): void {
    this.wasKilled = (flags & kCutOff) !== 0;
    this.close();
  }

  /** A reply that had to be waited for is there. */
  private takeLateReply(): void {
    const engine = this.engine;
    const length = engine.module._kv_output(this.session) >>> 0;
    if (engine.heap.length === 0) engine.refresh();
    const start = engine.heap32[engine.frame + kOutputPointer];
    const flags = engine.heap32[engine.frame + kFlags];
    const waiting = this.waiting;
    if (length > 0 && waiting !== undefined) {
      this.takeWaiting();
      this.state = kReady;
      this.isHeld = (flags & kReplyHeld) !== 0;
      settle(waiting, () => engine.decoder.decode(start, waiting.raw), this);
    }
    engine.module._kv_consume(this.session, length);
    if ((flags & kHasPushes) !== 0) this.takePushes();
    if ((flags & kClose) !== 0) this.endBy(flags);
    else queueMicrotask(() => this.runDelayed());
  }

  private takePushes(): void {
    const engine = this.engine;
    const length = engine.module._kv_pushes(this.session) >>> 0;
    if (engine.heap.length === 0) engine.refresh();
    const start = engine.heap32[engine.frame + kOutputPointer];
    this.onPushes?.((raw) => {
      const pushes: AnyReply[] = [];
      const { decoder } = engine;
      for (let at = start; at < start + length; at = decoder.at) {
        pushes.push(decoder.decode(at, raw));
      }
      return pushes;
    });
    engine.module._kv_drop_pushes(this.session);
  }

  private runDelayed(): void {
    while (this.state === kReady) {
      const next = this.delayed.shift();
      if (next === undefined) return;
      try {
        next.resolve(this.promise(this.send(next.id, next.parts, next.raw)));
      } catch (error) {
        if (error === kParked && this.waiting !== undefined) {
          this.waiting.resolve = next.resolve;
          this.waiting.reject = next.reject;
          this.waiting.token = next.token;
        } else {
          next.resolve(this.refusal(error));
        }
      }
    }
  }
}

/** Settles a command's promise by its reply; one that cannot be decoded rejects it, too. */
function settle(
  { command, resolve, aborted }: Waiting,
  decode: () => AnyReply,
  session: LocalSession,
): void {
  let reply: AnyReply;
  try {
    reply = decode();
  } catch (error) {
    resolve(session.refusal(error));
    return;
  }
  if (reply instanceof ReplyError) {
    reply.command = command;
    resolve(session.refusal(aborted ?? reply));
  } else {
    resolve(session.promise(reply));
  }
}

/** Bytes an argument may need at most. */
function roomFor(part: unknown): number {
  return typeof part === 'string' ? part.length * 3 : (part as Uint8Array).length;
}

/** Longer arguments than these bytes are refused unless `proto-max-bulk-len` has been raised. */
const kArgumentMost = 512 * 2 ** 20;
