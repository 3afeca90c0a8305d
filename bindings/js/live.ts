/** Live views: the reply of a command that reads, kept true by CLIENT TRACKING. */
import { commandIds, commandNames, liveCommands } from './commands.gen.js';
import type { LiveReads } from './commands.gen.js';
import { ClosedError } from './errors.js';
import { Deferred, Feed, retryIfBusy, throwUncaught, type FeedOptions } from './feed.js';
import type { AnyReply, LocalSession } from './session.js';
import type { Argument, Bytes } from './types.js';

/** Commands that can be looked at live: those that read keys and do not wait. */
export type LiveCommand = keyof LiveReads<string>;

/** What the command `N` takes. */
export type LiveArguments<S extends string | Bytes, N extends LiveCommand> = Readonly<
  LiveReads<S>[N][number]['args']
>;

/** What the command `N` replies to the arguments `A`. */
export type LiveValue<S extends string | Bytes, N extends LiveCommand, A> = FirstMatch<
  LiveReads<S>[N],
  A
>;

type FirstMatch<T, A> = T extends readonly [
  { args: infer X extends unknown[]; value: infer V },
  ...infer Rest,
]
  ? A extends Readonly<X>
    ? V
    : FirstMatch<Rest, A>
  : never;

/** How a live view ends by itself, and what happens to errors. */
export interface LiveOptions extends Pick<FeedOptions, 'signal'> {
  /**
   * Told when the command fails, because a key has come to hold another type, for instance; the
   * view goes on. Without it an error ends the view: `live()` or the iteration rejects, and with a
   * handler it is thrown where nobody can catch it.
   */
  onError?: (error: Error) => unknown;
}

/** What a {@link LiveView} is asked for. */
export interface LiveRequest<T> {
  command: string;
  args: readonly Argument[];
  /** Whether strings are wanted as bytes. */
  raw: boolean;
  handler: ((value: T) => unknown) | undefined;
  options: LiveOptions;
}

/**
 * The reply of a command, and again whenever it has changed, until `unsubscribe()`, the end of an
 * `await using` block, the signal or the end of the database. Without a handler it is an async
 * iterable of values; those that were not read in time are left out, the newest never is. Leaving
 * a loop ends the view.
 */
export class LiveView<T> extends Feed<T> {
  private readonly session: LocalSession;
  private readonly id: number;
  private readonly plain: unknown[];
  private latest: T | undefined;
  private hasValue = false;
  /** Whether a look is to be taken. */
  private isStale = false;
  /** Whether one is being taken: commands are held up, and its reply comes later. */
  private isLooking = false;
  /** Whether the last look found what was there before. */
  private wasInVain = false;

  /**
   * Made by `db.live()`; `start` is to follow.
   * @throws TypeError if the command does not read keys or an argument cannot be sent; ClosedError;
   * the reason of a signal that is aborted already
   */
  constructor(
    owner: LocalSession,
    private readonly request: LiveRequest<T>,
  ) {
    super(new Deferred(), request.handler, request.options, true);
    request.options.signal?.throwIfAborted();
    owner.assertOpen();
    const id = commandIds.get(request.command.toLowerCase());
    if (id === undefined || !liveCommands.has(id)) {
      throw new TypeError(
        `live needs a command that reads keys, which ${request.command} does not`,
      );
    }
    this.id = id;
    this.plain = owner.flatten(id, request.args);
    const session = owner.openAnother(commandNames, true);
    session.track();
    this.session = session;
    const forget = owner.onClose(() => session.close());
    session.onClose(() => {
      forget();
      this.end(owner.isClosed ? undefined : new ClosedError('The live view was ended'));
    });
    session.onPushes = () => this.invalidate();
    this.begin();
  }

  /**
   * Looks for the first time; at once, unless commands are held up.
   * @throws ReplyError if it fails; ClosedError; the reason of the signal if that is aborted
   */
  async start(): Promise<this> {
    try {
      const seen = this.look(true);
      if (seen instanceof Promise) await seen;
    } catch (error) {
      this.end();
      const { signal } = this.request.options;
      throw signal?.aborted ? signal.reason : error;
    }
    return this;
  }

  /** The value as it was last seen; undefined after an error. */
  get value(): T | undefined {
    return this.latest;
  }

  protected release(): void {
    this.session.close();
  }

  /** A key may have changed. However often, it is looked at once, when the present work is done. */
  private invalidate(): void {
    if (this.isStale || this.closed) return;
    this.isStale = true;
    if (!this.isLooking) this.lookSoon();
  }

  private lookSoon(): void {
    // A table of tracked keys that is too small lets views push each other out in turn, though
    // nothing changes: that must not keep everything else from running.
    if (this.wasInVain) setTimeout(this.lookAgain, 0);
    else queueMicrotask(this.lookAgain);
  }

  private readonly lookAgain = (): void => {
    if (this.isStale && !this.isLooking && !this.closed) void this.look(false);
  };

  /** Runs the command. It throws, or rejects, only if `isFirst`. */
  private look(isFirst: boolean): void | Promise<void> {
    this.isStale = false;
    let reply: AnyReply | Promise<AnyReply>;
    try {
      reply = this.session.attempt(this.id, this.plain, this.request.raw);
    } catch (error) {
      return this.takeError(error as Error, isFirst);
    }
    if (!(reply instanceof Promise)) return this.takeValue(reply as T);
    this.isLooking = true;
    return this.await(reply, isFirst);
  }

  private async await(reply: Promise<AnyReply>, isFirst: boolean): Promise<void> {
    try {
      this.takeValue((await reply) as T);
    } catch (error) {
      this.takeError(error as Error, isFirst);
    } finally {
      this.isLooking = false;
    }
    // What has changed since the command was called may have changed before it was executed.
    if (this.isStale && !this.closed) this.lookSoon();
  }

  private takeValue(value: T): void {
    this.wasInVain = this.hasValue && isSame(value, this.latest);
    if (this.wasInVain || this.closed) return;
    this.hasValue = true;
    this.latest = value;
    this.take(value);
  }

  private takeError(error: Error, isFirst: boolean): void {
    if (isFirst && this.request.options.onError === undefined) throw error;
    // Whether the value has changed is seen when commands are executed again.
    if (retryIfBusy(error, this.lookAgain)) this.isStale = true;
    else this.fail(error);
  }

  private fail(error: Error): void {
    this.hasValue = this.wasInVain = false;
    this.latest = undefined;
    const { handler, options } = this.request;
    const { onError } = options;
    if (this.closed) return;
    if (onError !== undefined) {
      this.deferred.call(() => (this.closed ? undefined : onError(error)));
    } else if (handler !== undefined) {
      this.end();
      throwUncaught(error);
    } else {
      this.end(error);
    }
  }
}

/** Whether two replies are the same. */
function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || a instanceof Uint8Array) {
    const [left, right] = [a, b] as [ArrayLike<unknown>, ArrayLike<unknown>];
    if (left.length !== right.length) return false;
    for (let i = 0; i < left.length; ++i) if (!isSame(left[i], right[i])) return false;
    return true;
  }
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  const [left, right] = [a, b] as [Record<string, unknown>, Record<string, unknown>];
  return names.every((name) => Object.hasOwn(right, name) && isSame(left[name], right[name]));
}
