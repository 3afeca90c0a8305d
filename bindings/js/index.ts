/**
 * Kvasm: a Redis-compatible database inside your JavaScript process. Start at {@link open}.
 * @module kvasm
 */
import type { Result } from './commands.gen.js';
import type { Argument, Bytes, Face, Reply, WaitOptions } from './types.js';

export {
  AsyncFace,
  BytesDatabase,
  Database,
  SyncDatabase,
  SyncFace,
  open,
  type OpenOptions,
} from './database.js';
export type { CommandMethods, CommandName } from './commands.gen.js';
export {
  ClosedError,
  ReplyError,
  SlowSubscriberError,
  WatchError,
  WouldBlockError,
} from './errors.js';
export type { ChainResult, CommandArray } from './chain.js';
export { Feed, type FeedOptions } from './feed.js';
export {
  LiveView,
  type LiveArguments,
  type LiveCommand,
  type LiveOptions,
  type LiveValue,
} from './live.js';
export type { LoadProgress } from './engine.js';
export { Monitor, type MonitoredCommand } from './monitor.js';
export {
  Subscription,
  type KeyspaceEvent,
  type Message,
  type MessageHandler,
  type SubscribeOptions,
} from './subscriptions.js';
export type { WasmSource } from './platform.js';
export { Pipeline } from './pipeline.js';
export type { ScanOptions } from './scan.js';
export {
  StorageError,
  StorageLockedError,
  type StorageHolder,
  type StorageOperation,
} from './storage.js';
export type { CommandDefinition } from './scripts.js';
export { Transaction } from './transaction.js';
export type {
  Argument,
  Bytes,
  ChainFace,
  Connection,
  Double,
  Face,
  Fields,
  IfGiven,
  Integer,
  Key,
  Many,
  Pairs,
  Reply,
  Scalar,
  Signal,
  Token,
  Value,
  WaitOptions,
  Word,
} from './types.js';

/**
 * The methods that `defineCommand` makes, for TypeScript to know: declare them here.
 *
 * `S` is what strings of replies become, `F` how methods give their reply.
 *
 * @example
 * declare module 'kvasm' {
 *   interface DefinedCommands<S, F> {
 *     add(key: string, a: number, b: number): Result<F, number>;
 *   }
 * }
 */
// @ts-expect-error It is for those who declare methods to use S and F.
export interface DefinedCommands<S extends string | Bytes, F extends Face> {}

/** An object with the method `N` of a defined command, which replies `R`. */
export type Defined<N extends string, R = Reply> = Readonly<
  Record<N, (...args: (Argument | WaitOptions)[]) => Promise<R>>
>;

export type { Result };
