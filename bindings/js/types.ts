import type { ReplyError } from './errors.js';

/** Binary data. In Node the package hands out `Buffer`s, elsewhere plain `Uint8Array`s. */
export type Bytes = Uint8Array;

/** The name of a key: text is sent as UTF-8, numbers as their shortest decimal text. */
export type Key = string | number | bigint | Bytes;

/** A value or any other free argument. */
export type Value = string | number | bigint | Bytes;

/** An argument the engine reads as a whole number; text is passed on as it stands. */
export type Integer = number | bigint | string | Bytes;

/** An argument the engine reads as a floating-point number or as a range end (`-inf`, `(1.5`). */
export type Double = number | bigint | string | Bytes;

/** A word of a command's syntax. The listed ones are suggested, any text is accepted. */
export type Token<T extends string> = T | (string & Record<never, never>);

/** Everything that may stand for one argument. */
export type Scalar = string | number | bigint | Bytes;

/** One argument, or an array of any depth that is sent as its elements one after the other. */
export type Argument = Scalar | readonly Argument[];

/** Any argument, with the words of a command's syntax suggested. */
export type Word<T extends string> = Token<T> | number | bigint | Bytes | readonly Argument[];

/**
 * A reply that the word `W` among the arguments `A` decides: `Given` with it, `Missing` without,
 * and either where the compiler does not know all of their texts.
 */
export type IfGiven<
  W extends string,
  A extends readonly unknown[],
  Given,
  Missing,
> = string extends A[number]
  ? Given | Missing
  : [Extract<A[number], readonly unknown[]>] extends [never]
    ? W extends Uppercase<Extract<A[number], string>>
      ? Given
      : Missing
    : Given | Missing;

/** At least one item, given one by one or as arrays (`del('a', 'b')`, `del(['a', 'b'])`). */
export type Many<T> = [first: T | readonly T[], ...more: (T | readonly T[])[]];

/** Name-value pairs, sent as name, value, name, value, ... in the order of the container. */
export type Pairs = Readonly<Record<string, Value>> | ReadonlyMap<Key, Value>;

/** Pairs as an object whose type is an interface, which is no record for the compiler. */
export type Fields<P extends object> = { readonly [K in keyof P]: Value };

/** What is used of an `AbortSignal`, so that neither the DOM's typings nor Node's are needed. */
export interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** What the commands that wait for something take as their last argument, besides Redis's own. */
export interface WaitOptions {
  /**
   * Ends the wait when it is aborted: the command rejects with the signal's reason and has taken
   * nothing; the session goes on.
   */
  signal?: Signal;
}

/**
 * What a command can answer. `S` is what a string reply becomes: `string` or `Bytes`.
 *
 * | RESP3 | JavaScript |
 * | --- | --- |
 * | bulk and verbatim string | `S` (text is decoded as UTF-8, bad sequences become U+FFFD) |
 * | simple string (`OK`) | `string` |
 * | integer, big number | `number`, or `bigint` beyond 2^53 - 1 |
 * | double | `number` (`Infinity` and `NaN` included) |
 * | boolean, null | `boolean`, `null` |
 * | array, set, push | array |
 * | map | plain object with own properties only, keys always as text |
 * | error inside an array | {@link ReplyError} as an element; an error on its own is thrown |
 */
export type Reply<S = string> =
  | S
  | string
  | number
  | bigint
  | boolean
  | null
  | ReplyError
  | Reply<S>[]
  | { [field: string]: Reply<S> };

/** Chains of noted commands: what a method of theirs gives is the chain itself. */
export type ChainFace = 'pipeline' | 'transaction';

/** How a generated method answers: at once, by promise, or as a link of a chain. */
export type Face = 'sync' | 'async' | ChainFace;

/**
 * A connection in memory: in Node a `Duplex` of node:stream, described here by what needs no
 * typings of Node. RESP requests are written, replies come as 'data'.
 */
export interface Connection {
  write(bytes: Uint8Array | string): boolean;
  end(): unknown;
  destroy(): unknown;
  on(event: string, listener: (...args: never[]) => void): unknown;
  once(event: string, listener: (...args: never[]) => void): unknown;
}
