/**
 * Kvasm: a Redis-compatible database inside your JavaScript process. Start at {@link open}.
 * @module kvasm
 */
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
