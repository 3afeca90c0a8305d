/** What comes by itself - messages, lines of MONITOR - for a handler or an async iterator. */
import { ReplyError, SlowSubscriberError } from './errors.js';
import { Shown } from './shown.js';
import type { Signal } from './types.js';

/** How a feed ends by itself. */
export interface FeedOptions {
  /** Ends it when it is aborted. */
  signal?: Signal;
  /** How many items an iterator may leave unread before the feed ends: 65,536. */
  maxUnread?: number;
}

/** The names of {@link FeedOptions}. */
export const kFeedOptions = ['signal', 'maxUnread'] as const;

const kMaxUnread = 65536;

/** `Symbol.asyncDispose`, or where it is missing the symbol that stands in for it elsewhere. */
const kAsyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

interface Wanted<T> {
  resolve: (result: IteratorResult<T, undefined>) => void;
  reject: (error: Error) => void;
}

/** Calls handlers soon, one after the other, never within the call that caused it. */
export class Deferred {
  private calls: (() => unknown)[] = [];

  /** What the handler throws concerns nobody else. */
  call(handler: () => unknown): void {
    if (this.calls.push(handler) > 1) return;
    queueMicrotask(() => {
      const { calls } = this;
      this.calls = [];
      for (const each of calls) {
        try {
          each();
        } catch (error) {
          throwUncaught(error);
        }
      }
    });
  }
}

/** Throws where nobody can catch it, so that it does not go unseen. */
export function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** How long to wait for the end of what keeps commands from being executed. */
const kBusyMs = 10;

/**
 * Has a command that was refused because a script runs, or data is loaded, tried again soon.
 * @returns false if that was not the reason
 */
export function retryIfBusy(error: unknown, retry: () => void): boolean {
  if (!(error instanceof ReplyError) || !/^(?:BUSY|LOADING)$/.test(error.code)) return false;
  const timer = setTimeout(retry, kBusyMs) as { unref?: () => void } | number;
  // No process stays alive for it: what takes its time has a timer of its own.
  if (typeof timer === 'object') timer.unref?.();
  return true;
}

/**
 * Waits for what gives no sign of a signal by itself.
 * @throws the signal's reason when it is aborted first
 */
export async function unlessAborted<T>(work: Promise<T>, signal: Signal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
  });
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * Items that come until `unsubscribe()`, the end of an `await using` block, the signal or the end
 * of the database. Without a handler it is an async iterable: items wait from the beginning on, and
 * each is given to one iterator. An iteration ends with the feed; leaving a loop ends the feed.
 */
export abstract class Feed<T> extends Shown implements AsyncIterable<T> {
  private readonly unread: T[] = [];
  private readonly wanted: Wanted<T>[] = [];
  private error: Error | undefined;
  private isClosed = false;

  /** @param conflates whether an item takes the place of those that were not read before it */
  constructor(
    protected readonly deferred: Deferred,
    private readonly handler: ((item: T) => unknown) | undefined,
    private readonly options: FeedOptions,
    private readonly conflates = false,
  ) {
    super();
  }

  toJSON(): Readonly<Record<string, unknown>> {
    return { closed: this.closed };
  }

  /** Whether it has ended. */
  get closed(): boolean {
    return this.isClosed;
  }

  /** Ends it: nothing is delivered any more. Harmless when repeated. */
  async unsubscribe(): Promise<void> {
    this.end();
  }

  /** For `await using`: the same as `unsubscribe`. */
  [kAsyncDispose](): Promise<void> {
    return this.unsubscribe();
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => this.next(),
      return: async () => {
        this.end();
        return { done: true, value: undefined };
      },
    };
  }

  /** Gives back what the feed holds; called once, when it ends. */
  protected abstract release(): void;

  /** To be called when the feed has begun: from now on its signal ends it. */
  protected begin(): void {
    this.options.signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  /** Ends it; who waits for an item, or asks for the next, gets `error` once if there is one. */
  protected end(error?: Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.options.signal?.removeEventListener('abort', this.onAbort);
    this.unread.length = 0;
    this.release();
    const wanted = this.wanted.splice(0);
    if (wanted.length === 0) this.error = error;
    for (const { resolve, reject } of wanted) {
      if (error === undefined) resolve({ done: true, value: undefined });
      else reject(error);
    }
  }

  /** Takes an item that has come. */
  protected take(item: T): void {
    const { handler, options } = this;
    if (handler !== undefined) {
      this.deferred.call(() => (this.isClosed ? undefined : handler(item)));
      return;
    }
    const wanted = this.wanted.shift();
    if (this.conflates) this.unread.length = 0;
    if (wanted !== undefined) wanted.resolve({ done: false, value: item });
    else if (this.unread.length < (options.maxUnread ?? kMaxUnread)) this.unread.push(item);
    else this.end(new SlowSubscriberError(this.unread.length));
  }

  private readonly onAbort = (): void => this.end();

  private next(): Promise<IteratorResult<T, undefined>> {
    if (this.unread.length > 0) {
      return Promise.resolve({ done: false, value: this.unread.shift()! });
    }
    if (!this.isClosed) {
      return new Promise((resolve, reject) => this.wanted.push({ resolve, reject }));
    }
    const { error } = this;
    this.error = undefined;
    if (error !== undefined) return Promise.reject(error);
    return Promise.resolve({ done: true, value: undefined });
  }
}
