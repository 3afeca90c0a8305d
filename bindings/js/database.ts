/// <reference lib="esnext.disposable" preserve="true" />
/** What a user holds: a session on an engine with a method for every command. */
import type { Listener, ListenOptions } from '../../node/listen.js';
import {
  AsyncCommands,
  SyncCommands,
  commandIds,
  commandNames,
  waitingCommands,
} from './commands.gen.js';
import { Engine, type EngineOptions, type LoadProgress } from './engine.js';
import { loadConnectionMaker, loadListen, storageOf, type WasmSource } from './platform.js';
import type { ChainResult, CommandArray } from './chain.js';
import { WatchError, type ClosedError } from './errors.js';
import type { Defined, DefinedCommands } from './index.js';
import { kFeedOptions, type FeedOptions } from './feed.js';
import {
  LiveView,
  type LiveArguments,
  type LiveCommand,
  type LiveOptions,
  type LiveValue,
} from './live.js';
import { Monitor, type MonitoredCommand } from './monitor.js';
import {
  checkHandler,
  checkCalled,
  checkName,
  describe,
  optionsOf,
  sortOut,
  topicsOf,
  type HandlerAndOptions,
} from './options.js';
import { directivesFor } from './directives.js';
import { untilClosed, untilShutDown, withEnd } from './ending.js';
import { loadInto } from './load_into.js';
import { lockAll } from './lock_all.js';
import { Pipeline } from './pipeline.js';
import { inPairs, scanAll, type ScanOptions } from './scan.js';
import {
  checkDefinedName,
  defineMethod,
  scriptOf,
  type CommandDefinition,
  type DefinedScript,
} from './scripts.js';
import { LocalSession, kByName } from './session.js';
import {
  SubscriptionHub,
  type KeyspaceEvent,
  type Message,
  type MessageHandler,
  type SubscribeOptions,
  type Subscription,
  type TopicKind,
} from './subscriptions.js';
import { Transaction } from './transaction.js';
import type { StorageError } from './storage.js';
import type { Argument, Bytes, Connection, Key, Pairs, Reply, WaitOptions, Word } from './types.js';

/** Settings of {@link open}. */
export interface OpenOptions extends Pick<
  EngineOptions,
  'memoryLimitBytes' | 'seed' | 'scriptLimitMs'
> {
  /**
   * Directives of redis.conf, such as `{ maxmemory: '100mb' }`, set before the first command; true
   * and false are yes and no.
   */
  config?: Readonly<Record<string, string | number | boolean | undefined>>;
  /**
   * Where `kvasm.wasm` is, if a bundler has moved it: its url (or path, in Node), the response to a
   * request for it, its bytes, or a compiled `WebAssembly.Module`; promises of these, too.
   */
  wasm?: WasmSource;
  /**
   * The bytes of an RDB file (`db.dump()`), whose data the database begins with; they must not
   * change meanwhile. With `file:` the folder must hold no data yet, and holds these when `open`
   * resolves: in the append-only file, or without one in a snapshot.
   */
  load?: Uint8Array;
  /** Told now and then how far loading has got. */
  onProgress?: (progress: LoadProgress) => void;
}

/** Less than this does not hold an empty database and what every session needs. */
const kMemoryLimitMin = 256 * 1024;

/** `Symbol.asyncDispose`, or where it is missing the symbol that stands in for it elsewhere. */
const kAsyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

export interface SyncFace<S extends string | Bytes> extends DefinedCommands<S, 'sync'> {}
export interface AsyncFace<S extends string | Bytes> extends DefinedCommands<S, 'async'> {}

/** The synchronous methods. `S` is what strings of replies become. */
export class SyncFace<S extends string | Bytes> extends SyncCommands<S> {
  /** Runs any command by its name and returns its reply; see {@link Database.call}. */
  call(name: string, ...args: (Argument | Pairs)[]): Reply<S> {
    checkCalled(name);
    const id = commandIds.get(name.toLowerCase());
    if (id === undefined) return this.runMany(kByName, [name, ...args]) as Reply<S>;
    return this.runMany(id, args) as Reply<S>;
  }
}

/** The asynchronous methods. `S` is what strings of replies become. */
export class AsyncFace<S extends string | Bytes> extends AsyncCommands<S> {
  /**
   * Runs any command by its name, in any case; subcommands are arguments:
   * `db.call('CONFIG', 'GET', 'maxmemory')`. For names computed at run time and for commands this
   * version does not know.
   *
   * Rejects with a {@link ReplyError} if the engine answers with an error, with a `TypeError` if an
   * argument cannot be sent, with a {@link ClosedError} if the database is closed.
   */
  call(name: string, ...args: (Argument | Pairs)[]): Promise<Reply<S>>;
  call(
    name: string,
    ...args: [...args: (Argument | Pairs)[], options: WaitOptions]
  ): Promise<Reply<S>>;
  async call(name: string, ...args: unknown[]): Promise<Reply<S>> {
    checkCalled(name);
    const id = commandIds.get(name.toLowerCase());
    if (id === undefined) return this.runMany(kByName, [name, ...args]) as Promise<Reply<S>>;
    if (typeof args.at(-1) === 'object' && waitingCommands.has(id)) {
      return this.runWaiting(id, args) as Promise<Reply<S>>;
    }
    return this.runMany(id, args) as Promise<Reply<S>>;
  }

  /**
   * Listens to one or several channels: with a handler, which gets each message; without one as an
   * async iterable. Several subscriptions to a channel get its messages each.
   *
   * @example
   * await db.subscribe('news', (message, channel) => console.log(channel, message));
   * for await (const { message } of await db.subscribe('news', { signal })) console.log(message);
   */
  subscribe(
    channels: string | readonly string[],
    handler: MessageHandler<S>,
    options?: SubscribeOptions,
  ): Promise<Subscription<Message<S>>>;
  subscribe(
    channels: string | readonly string[],
    options?: SubscribeOptions,
  ): Promise<Subscription<Message<S>>>;
  subscribe(channels: string | readonly string[], ...rest: Rest<S>) {
    return this.listenTo('', channels, rest);
  }

  /** As {@link AsyncFace.subscribe}, for all channels whose names match patterns. */
  psubscribe(
    patterns: string | readonly string[],
    handler: MessageHandler<S>,
    options?: SubscribeOptions,
  ): Promise<Subscription<Message<S>>>;
  psubscribe(
    patterns: string | readonly string[],
    options?: SubscribeOptions,
  ): Promise<Subscription<Message<S>>>;
  psubscribe(patterns: string | readonly string[], ...rest: Rest<S>) {
    return this.listenTo('p', patterns, rest);
  }

  /** As {@link AsyncFace.subscribe}, for shard channels (SPUBLISH). */
  ssubscribe(
    channels: string | readonly string[],
    handler: MessageHandler<S>,
    options?: SubscribeOptions,
  ): Promise<Subscription<Message<S>>>;
  ssubscribe(
    channels: string | readonly string[],
    options?: SubscribeOptions,
  ): Promise<Subscription<Message<S>>>;
  ssubscribe(channels: string | readonly string[], ...rest: Rest<S>) {
    return this.listenTo('s', channels, rest);
  }

  /**
   * Shows every command that any session executes: to a handler, or as an async iterable. It costs
   * every command time.
   *
   * @example
   * await db.monitor(({ client, args }) => console.log(client, ...args), { signal });
   */
  monitor(
    handler: (command: MonitoredCommand<S>) => unknown,
    options?: FeedOptions,
  ): Promise<Monitor<S>>;
  monitor(options?: FeedOptions): Promise<Monitor<S>>;
  async monitor(
    ...rest: HandlerAndOptions<(command: MonitoredCommand<S>) => unknown, FeedOptions>
  ): Promise<Monitor<S>> {
    const { handler, options } = sortOut('monitor', rest, kFeedOptions);
    return new Monitor<S>(this.session, this.raw, handler, options).start();
  }

  /**
   * The reply of a command that reads, now and again whenever a change of its keys has changed it:
   * to a handler, or as an async iterable of values. Changes that come together are seen once; keys
   * that expire, are evicted, renamed, flushed or swapped count as changed. It looks into the
   * database that is selected now, through a session of its own with CLIENT TRACKING.
   * @param args the command's arguments
   *
   * @example
   * const view = await db.live('hgetall', ['user:1'], (user) => render(user));
   * for await (const top of await db.live('zrange', ['scores', 0, 9, 'REV'])) show(top);
   */
  live<N extends LiveCommand, const A extends LiveArguments<S, N>>(
    command: N,
    args: A,
    handler: (value: LiveValue<S, N, A>) => unknown,
    options?: LiveOptions,
  ): Promise<LiveView<LiveValue<S, N, A>>>;
  live<N extends LiveCommand, const A extends LiveArguments<S, N>>(
    command: N,
    args: A,
    options?: LiveOptions,
  ): Promise<LiveView<LiveValue<S, N, A>>>;
  async live(
    command: string,
    args: readonly Argument[],
    ...rest: HandlerAndOptions<(value: never) => unknown, LiveOptions>
  ): Promise<unknown> {
    const { handler, options } = sortOut('live', rest, ['signal', 'onError']);
    const request = { command, args, raw: this.raw, handler, options };
    return new LiveView<never>(this.session, request).start();
  }

  private async listenTo(
    kind: TopicKind,
    topics: string | readonly string[],
    rest: Rest<S>,
  ): Promise<Subscription<Message<S>>> {
    const method = `${kind}subscribe`;
    const { handler, options } = sortOut(method, rest, kFeedOptions);
    return SubscriptionHub.of(this.session).subscribe<Message<S>>({
      kind,
      topics: topicsOf(method, topics),
      raw: this.raw,
      make: (message) => message as Message<S>,
      handler: handler && (({ message, channel, pattern }) => handler(message, channel, pattern)),
      options,
    });
  }
}

/** Told of the end of a session, and why if the engine has ended it. */
export type EndListener = (error: ClosedError | undefined) => void;

/** What follows the channels of a subscription. */
type Rest<S extends string | Bytes> = HandlerAndOptions<MessageHandler<S>, SubscribeOptions>;

/**
 * `db.sync`: methods that return the reply, or throw what a promise would reject with. Blocking
 * commands do not wait here: they answer null at once, as they do inside MULTI.
 */
export class SyncDatabase extends SyncFace<string> {
  /** The same, with strings of replies as bytes. */
  readonly bytes: SyncFace<Bytes>;

  constructor(session: LocalSession) {
    super(session, false);
    this.bytes = new SyncFace(session, true);
  }
}

/** `db.bytes`: the same commands with bulk strings of replies as `Buffer` or `Uint8Array`. */
export class BytesDatabase extends AsyncFace<Bytes> {
  /** The same synchronously. */
  readonly sync: SyncFace<Bytes>;

  constructor(session: LocalSession, sync: SyncFace<Bytes>) {
    super(session, true);
    this.sync = sync;
  }
}

/**
 * A database in this process, as one session sees it: SELECT, CLIENT SETNAME and the like concern
 * this object alone; {@link Database.duplicate} makes another session on the same data.
 *
 * Every command is a lower-case method (`db.zadd('z', 1, 'a')`), every subcommand one more
 * (`db.configGet('port')`, the same as `db.config('GET', 'port')`). Arguments are strings (sent as
 * UTF-8, lone surrogates as U+FFFD), numbers, bigints, bytes, and arrays of these; MSET and HSET
 * also take objects and Maps. Replies are described at {@link Reply}; behaviour is Redis 7.2's.
 * Commands run when they are called, in the order of the calls; promises only bring the
 * reply. Those that wait for something take `{ signal }` as one more argument, to end the wait.
 */
export class Database extends AsyncFace<string> {
  /** The same commands without promises. */
  readonly sync: SyncDatabase;
  /** The same commands with bytes instead of text in replies. */
  readonly bytes: BytesDatabase;

  /** What is open to others and ends with this object. */
  private readonly doors = new Set<{ close(): Promise<void> | void }>();
  private closing: Promise<void> | undefined;
  /** What takes each listener of `end` back. */
  private readonly endListeners = new Map<unknown, () => void>();

  /** Made by {@link open}. */
  constructor(session: LocalSession) {
    if (!(session instanceof LocalSession)) {
      throw new TypeError('A Database is made by open(), not by new Database()');
    }
    super(session, false);
    this.sync = new SyncDatabase(session);
    this.bytes = new BytesDatabase(session, this.sync.bytes);
    session.onClose(() => {
      this.closing ??= this.closeDoors();
    });
  }

  /** Whether the database is closed: by `close()`, QUIT or SHUTDOWN. */
  get closed(): boolean {
    return this.session.isClosed;
  }

  /**
   * Runs a command and gives its reply as the engine wrote it: RESP3, or RESP2 after HELLO 2. An
   * error reply is bytes like any other. For tools that show or forward replies.
   * Blocking commands do not wait.
   * @throws TypeError, ClosedError, WouldBlockError as the methods of `db.sync`
   */
  callRaw(name: string, ...args: (Argument | Pairs)[]): Uint8Array {
    checkName(name);
    const id = commandIds.get(name.toLowerCase());
    const { session } = this;
    const reply =
      id === undefined ? session.callRaw(kByName, [name, ...args]) : session.callRaw(id, args);
    session.settleNow();
    return reply;
  }

  /**
   * Makes a Lua script a method of this object, of its `bytes`, `sync`, pipelines and transactions,
   * and of what `duplicate` gives from then on. It is run by EVALSHA, and sent by EVAL where the
   * engine does not know it (any more). For TypeScript declare the method in `DefinedCommands`, or
   * use what is returned.
   * @param name the method's name; a name that was defined before is defined anew
   * @param definition `lua`, the script; `numberOfKeys`, how many arguments are keys, or each call
   * says so first; `readOnly`, whether it only reads
   * @returns this object
   * @throws TypeError if the name is taken or the definition is none
   *
   * @example
   * db.defineCommand('add', { numberOfKeys: 1, lua: `
   *   return redis.call('incrby', KEYS[1], ARGV[1] + ARGV[2])` });
   * await db.add('n', 1, 2); // 3
   */
  defineCommand<N extends string, R = Reply>(
    name: N,
    definition: CommandDefinition,
  ): this & Defined<N, R> {
    const { session } = this;
    const known = [this, this.bytes, this.sync, Pipeline.prototype, Transaction.prototype];
    checkDefinedName(name, known, session.scripts.has(name));
    this.addScript(name, scriptOf(session.engine, name, definition));
    return this as this & Defined<N, R>;
  }

  private addScript(name: string, script: DefinedScript): void {
    this.session.scripts.set(name, script);
    for (const face of [this, this.bytes]) {
      defineMethod(face, name, (...args) => face['runScript'](script, args));
    }
    for (const face of [this.sync, this.sync.bytes]) {
      defineMethod(face, name, (...args) => face['runScript'](script, args));
    }
  }

  /**
   * A pipeline; see {@link Pipeline}.
   * @param commands the first commands as arrays: `[['set', 'a', 1], ['get', 'a']]`
   */
  pipeline(commands: readonly CommandArray[] = []): Pipeline {
    return new Pipeline(this.session).callAll(commands);
  }

  /** A transaction, with commands as for `pipeline`; see {@link Transaction}. */
  multi(commands: readonly CommandArray[] = []): Transaction {
    return new Transaction(this.session).callAll(commands);
  }

  /**
   * Reads keys, then writes what follows from them, and starts over if somebody has changed one of
   * them in between (WATCH).
   * @param keys the keys that must not change
   * @param body reads through `tx`, a session of its own with this one's database selected, and
   * returns what is to be written: `tx.multi()` with commands. It is called again after a conflict.
   * Without a transaction to execute the watch ends there.
   * @param options `attempts`: how often to try, 100 unless told otherwise
   * @returns one entry for each command of the transaction; null if `body` returned none
   * @throws WatchError when each attempt met a conflict; whatever `body` throws; what
   * {@link Transaction.exec} rejects with; TypeError if `body` returns anything but a transaction
   * of `tx`: one of another session would run unwatched
   *
   * @example
   * await db.watch('stock', async (tx) => {
   *   const stock = Number(await tx.get('stock'));
   *   if (stock > 0) return tx.multi().decr('stock').rpush('orders', 'ann');
   * });
   */
  async watch(
    keys: Key | readonly Key[],
    body: (tx: Database) => Promise<Transaction | undefined | void>,
    options: { attempts?: number } = {},
  ): Promise<ChainResult[] | null> {
    checkHandler('watch', 'body', body);
    const { attempts = 100 } = optionsOf('watch', options, ['attempts']);
    if (!(attempts >= 1)) throw new TypeError(`watch makes at least 1 attempt, not ${attempts}`);
    const tx = this.another(true);
    try {
      for (let attempt = 0; attempt < attempts; ++attempt) {
        await tx.call('watch', keys);
        const transaction = await body(tx);
        if (transaction === undefined) return null;
        assertOf(tx.session, transaction);
        const results = await transaction.exec();
        if (results !== null) return results;
      }
      throw new WatchError(attempts);
    } finally {
      await tx.close();
    }
  }

  /**
   * Listens to what happens to keys whose names match a pattern, in the database that is selected
   * now, whoever causes it. Adds `KA` to `notify-keyspace-events` if it is not there.
   * @param handler without it the subscription is an async iterable
   *
   * @example
   * await db.onKeyspace('user:*', ({ event, key }) => console.log(event, key));
   */
  onKeyspace(
    pattern: string,
    handler: (event: KeyspaceEvent) => unknown,
    options?: SubscribeOptions,
  ): Promise<Subscription<KeyspaceEvent>>;
  onKeyspace(pattern: string, options?: SubscribeOptions): Promise<Subscription<KeyspaceEvent>>;
  async onKeyspace(
    pattern: string,
    ...rest: HandlerAndOptions<(event: KeyspaceEvent) => unknown, SubscribeOptions>
  ): Promise<Subscription<KeyspaceEvent>> {
    const { handler, options } = sortOut('onKeyspace', rest, kFeedOptions);
    if (typeof pattern !== 'string') {
      throw new TypeError(`The pattern of onKeyspace is a string, not ${describe(pattern)}`);
    }
    const { database, engine } = this.session;
    const prefix = `__keyspace@${database}__:`;
    const subscription = await SubscriptionHub.of(this.session).subscribe<KeyspaceEvent>({
      kind: 'p',
      topics: [prefix + pattern],
      raw: false,
      make: ({ channel, message }) => ({
        event: message as string,
        key: channel.slice(prefix.length),
        database,
      }),
      handler,
      options,
    });
    // Only now: who may not listen changes nothing.
    const events = engine.configGet('notify-keyspace-events') ?? '';
    if (!events.includes('K') || !events.includes('A')) {
      engine.configSet('notify-keyspace-events', `${events}KA`);
    }
    return subscription;
  }

  /**
   * The names of all keys, a step of SCAN at a time. What is there from beginning to end is given
   * at least once; what comes or goes meanwhile may be.
   * @param options as for SCAN; `type` limits it to keys of one type, such as `'hash'`
   *
   * @example
   * for await (const keys of db.scanIterator({ match: 'user:*' })) await db.unlink(keys);
   */
  scanIterator(options: ScanOptions & { type?: string } = {}): AsyncGenerator<string[], void> {
    return scanAll(this, ['scan'], options) as AsyncGenerator<string[], void>;
  }

  /** The members of a set, as {@link Database.scanIterator}. */
  sscanIterator(key: Key, options: ScanOptions = {}): AsyncGenerator<string[], void> {
    return scanAll(this, ['sscan', key], options) as AsyncGenerator<string[], void>;
  }

  /** The fields of a hash with their values, as {@link Database.scanIterator}. */
  async *hscanIterator(
    key: Key,
    options: ScanOptions = {},
  ): AsyncGenerator<[field: string, value: string][], void> {
    for await (const found of scanAll(this, ['hscan', key], options)) {
      yield inPairs(found as string[]);
    }
  }

  /** The members of a sorted set with their scores, as {@link Database.scanIterator}. */
  async *zscanIterator(
    key: Key,
    options: ScanOptions = {},
  ): AsyncGenerator<[member: string, score: number][], void> {
    for await (const found of scanAll(this, ['zscan', key], options)) {
      yield inPairs(found as string[]).map(([member, score]) => [member, Number(score)]);
    }
  }

  /**
   * Another session on the same engine and data, logged in as this one, with database 0 selected
   * and the commands that `defineCommand` has defined. Both stay usable until each is closed; the
   * data goes with the last of them.
   * @throws ClosedError if this one is closed
   */
  async duplicate(): Promise<Database> {
    return this.another(false);
  }

  private another(inDatabase: boolean): Database {
    const other = new Database(this.session.openAnother(commandNames, inDatabase));
    for (const [name, script] of this.session.scripts) other.addScript(name, script);
    return other;
  }

  /**
   * Lets other processes use this database over TCP or a unix socket with any Redis client (Node
   * only). Bound to 127.0.0.1 unless told otherwise.
   * @returns the listener; closing the database closes it, too
   * @throws the system's error when the address cannot be had, e.g. `code` EADDRINUSE
   */
  async listen(options: ListenOptions = {}): Promise<Listener> {
    this.session.assertOpen();
    const listen = await loadListen();
    const listener = await listen(this.session.engine, options);
    if (this.closed) {
      await listener.close();
      this.session.assertOpen();
    }
    this.doors.add(listener);
    return listener;
  }

  /**
   * A connection to this database without a socket (Node only), for whatever speaks RESP over a
   * stream: requests are written, replies are read. It begins with the rights of this session.
   * Closing the database ends it.
   */
  async connect(): Promise<Connection> {
    this.session.assertOpen();
    const Maker = await loadConnectionMaker();
    this.session.assertOpen();
    const connection = new Maker(this.session.engine, (session) =>
      this.session.lendRights(session),
    );
    const door = { close: () => void connection.destroy() };
    this.doors.add(door);
    connection.once('close', () => this.doors.delete(door));
    return connection;
  }

  /**
   * Ends this session, and the listeners and connections opened through it. Calls still waiting for
   * a reply reject with a {@link ClosedError}, as do later ones. Harmless when repeated.
   *
   * With the last session the database ends: resolves when all is in its files. A script that has
   * written is waited for; only `shutdown('NOSAVE')` is not stopped by one that does not end.
   */
  async close(): Promise<void> {
    const { engine } = this.session;
    this.session.close();
    await this.closing;
    await engine.closed;
  }

  /** As `close`, when the commands before have had their replies. */
  override quit(): Promise<'OK'> {
    return untilClosed(this.session, super.quit());
  }

  /** Ends all sessions, and the database as `close` does (SHUTDOWN); then resolves with null. */
  override shutdown(...how: Word<'NOSAVE' | 'SAVE' | 'NOW' | 'FORCE' | 'ABORT'>[]): Promise<Reply> {
    return untilShutDown(this.session, () => super.shutdown(...how));
  }

  /**
   * Saves a snapshot while commands run on (BGSAVE); resolves when it is on disk.
   *
   * Rejects with a {@link ReplyError} if one is under way or it could not be written.
   */
  override bgsave(...args: Word<'SCHEDULE'>[]): Promise<string> {
    const { isBusy, engine } = this.session;
    const saved = withEnd(super.bgsave(...args), isBusy, () => engine.whenSaved());
    return this.session.unlessClosed(saved);
  }

  /**
   * Writes the append-only file anew, as short as it can be (BGREWRITEAOF); resolves when that has
   * been done.
   *
   * Rejects with a {@link ReplyError} if it is being done already or could not be.
   */
  override bgrewriteaof(): Promise<string> {
    const { isBusy, engine } = this.session;
    const rewritten = withEnd(super.bgrewriteaof(), isBusy, () => engine.whenRewritten());
    return this.session.unlessClosed(rewritten);
  }

  /** The value of a key in a serialized form that RESTORE reads (take `db.bytes`'s), or null. */
  override dump(key: Key): Promise<string | null>;
  /**
   * The data of all databases and the libraries of functions as the bytes of an RDB file. It waits
   * for what is being saved already. The session's user must have the right to SAVE.
   */
  override dump(): Promise<Uint8Array>;
  override dump(key?: Key): never {
    const reply: unknown = key === undefined ? this.dumpAll() : super.dump(key);
    return reply as never;
  }

  /**
   * Has `listener` told, until it is taken `off`:
   * - `persistenceError`: of every failure to write or read the files. What follows from one is as
   *   `stop-writes-on-bgsave-error` and `appendfsync` say.
   * - `end`: when this session has ended, with a {@link ClosedError} if the engine has ended it:
   *   another session has asked for that with CLIENT KILL ID.
   */
  on(event: 'persistenceError', listener: (error: StorageError) => void): this;
  on(event: 'end', listener: EndListener): this;
  on(event: 'persistenceError' | 'end', listener: EndListener | ((error: never) => void)): this {
    checkEvent(event);
    checkHandler('on', 'listener', listener);
    const { session, endListeners } = this;
    if (event === 'persistenceError') {
      session.engine.persistenceListeners.add(listener as (error: StorageError) => void);
    } else if (!endListeners.has(listener)) {
      const tell = (): void => queueMicrotask(() => (listener as EndListener)(session.killed));
      endListeners.set(listener, session.onClose(tell));
    }
    return this;
  }

  /** Takes `on` back. */
  off(event: 'persistenceError', listener: (error: StorageError) => void): this;
  off(event: 'end', listener: EndListener): this;
  off(event: 'persistenceError' | 'end', listener: EndListener | ((error: never) => void)): this {
    checkEvent(event);
    if (event === 'persistenceError') {
      this.session.engine.persistenceListeners.delete(listener as (error: StorageError) => void);
    } else {
      this.endListeners.get(listener)?.();
      this.endListeners.delete(listener);
    }
    return this;
  }

  /** For `await using`: the same as `close`. */
  [kAsyncDispose](): Promise<void> {
    return this.close();
  }

  private async dumpAll(): Promise<Uint8Array> {
    this.session.assertMay(commandIds.get('save')!);
    return this.session.unlessClosed(this.session.engine.dump());
  }

  private async closeDoors(): Promise<void> {
    const doors = [...this.doors];
    this.doors.clear();
    await Promise.allSettled(doors.map((door) => door.close()));
  }
}

/**
 * Opens a database.
 *
 * In files the data survives the process: unless `config` says anything of `appendonly` or `save`,
 * each command is in the append-only file when the turn of the event loop has ended, and survives a
 * power cut a second later (`appendfsync: 'always'`: before its promise resolves). The folder is a
 * Redis server's, and the other way round.
 * @param url `memory:` - data lives as long as the database is open, and is shared with nobody: two
 * calls make two engines; `file:./data` or `file:///srv/data` (Node) - a folder, which one database
 * has at a time
 * @throws TypeError if the url's scheme is not supported, there is no such option or a directive
 * of `config` is refused; {@link StorageLockedError} if the folder is in use; {@link StorageError}
 * if it cannot be written; Error if what is in it cannot be loaded, or holds data besides what
 * there is to `load`: nothing is changed then
 *
 * @example
 * const db = await open('file:./data');
 * await db.hset('user:1', { name: 'Ada' });
 * db.sync.hgetall('user:1'); // { name: 'Ada' }
 */
export async function open(
  url: string | { readonly href: string } = 'memory:',
  options: OpenOptions = {},
): Promise<Database> {
  const href = typeof url === 'string' ? url : url?.href;
  if (typeof href !== 'string') {
    throw new TypeError(`Cannot open ${describe(url)}: expected a url, 'memory:' or 'file:./data'`);
  }
  const { wasm, config, load, onProgress, ...settings } = checkOpenOptions(options);
  const storage = href === 'memory:' ? undefined : await storageOf(href);
  const directives = directivesFor(storage, config);
  const engine = await Engine.create(settings, wasm);
  checkCommands(engine);
  for (const [name, value] of directives) {
    const problem = engine.configSet(name, value);
    if (problem !== '') throw new TypeError(problem);
  }
  if (storage !== undefined) await lockAll(storage, engine);
  const database = new Database(LocalSession.open(engine, commandNames));
  try {
    let problem = '';
    if (storage !== undefined && load !== undefined) {
      problem = await loadInto(database, engine, { storage, load, onProgress });
    } else if (storage !== undefined) {
      problem = await engine.startStorage(storage, onProgress);
    } else if (load !== undefined) {
      problem = await engine.loadBytes(load, onProgress);
    }
    if (problem !== '') throw new Error(`Cannot open '${href}': ${problem}`);
  } catch (error) {
    engine.abandon();
    await database.close();
    throw error;
  }
  return database;
}

/** @throws TypeError if an option is unknown or has a value that cannot be meant */
function checkOpenOptions(options: OpenOptions): OpenOptions {
  const known = [
    ...(['memoryLimitBytes', 'seed', 'scriptLimitMs', 'config', 'wasm'] as const),
    ...(['load', 'onProgress'] as const),
  ];
  const hint = '; directives of redis.conf go into config';
  const { memoryLimitBytes, seed, scriptLimitMs, config } = optionsOf('open', options, known, hint);
  if (
    memoryLimitBytes !== undefined &&
    memoryLimitBytes !== 0 &&
    !(Number.isSafeInteger(memoryLimitBytes) && memoryLimitBytes >= kMemoryLimitMin)
  ) {
    throw new TypeError(
      `memoryLimitBytes is a whole number of at least ${kMemoryLimitMin}, or 0 for no limit, not ` +
        describe(memoryLimitBytes),
    );
  }
  if (seed !== undefined && typeof seed !== 'string') {
    throw new TypeError(`The seed is a string, not ${describe(seed)}`);
  }
  if (scriptLimitMs !== undefined && !(Number.isSafeInteger(scriptLimitMs) && scriptLimitMs >= 0)) {
    throw new TypeError(
      'scriptLimitMs is a whole number of milliseconds, or 0 for no limit, not ' +
        describe(scriptLimitMs),
    );
  }
  const { load, onProgress } = options;
  if (load !== undefined && !(load instanceof Uint8Array)) {
    throw new TypeError(`load is the bytes of an RDB file, not ${describe(load)}`);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new TypeError(`onProgress is a function, not ${describe(onProgress)}`);
  }
  if (config !== undefined && (typeof config !== 'object' || config === null)) {
    throw new TypeError(`config is an object of directives, not ${describe(config)}`);
  }
  return options;
}

/** What a watch may execute. @throws TypeError if it is anything else */
function assertOf(session: LocalSession, transaction: unknown): asserts transaction is Transaction {
  if (!(transaction instanceof Transaction)) {
    throw new TypeError(
      `What watch's body returns is tx.multi() with commands, without exec(), or undefined; not ` +
        describe(transaction),
    );
  }
  if (transaction.isOf(session)) return;
  throw new TypeError(
    'The transaction returned is not of tx, which watches the keys: ' +
      'take tx.multi(), not db.multi()',
  );
}

function checkEvent(event: unknown): void {
  if (event === 'persistenceError' || event === 'end') return;
  throw new TypeError(`There is no event ${describe(event)}, only 'persistenceError' and 'end'`);
}

/** The generated methods hold command numbers, so they must come from this very module. */
function checkCommands(engine: Engine): void {
  if (engine.commandNames().join() !== commandNames.join()) {
    throw new Error('kvasm.wasm and the JavaScript next to it are of different builds');
  }
}
