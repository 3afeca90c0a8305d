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
export { ClosedError, ReplyError, WouldBlockError } from './errors.js';
export { Pipeline, type PipelineResult } from './pipeline.js';
export type {
  Argument,
  Bytes,
  Double,
  Face,
  Integer,
  Key,
  Many,
  Pairs,
  Reply,
  Scalar,
  Token,
  Value,
  Word,
} from './types.js';
