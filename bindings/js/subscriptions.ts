/**
 * Messages for handlers and iterators of this process. A database that subscribes has a second
 * session for it, so that its own is never in the way: neither a command that waits nor RESET.
 */
import { ClosedError, SlowSubscriberError } from './errors.js';
import { LocalSession, kByName, type AnyReply } from './session.js';
import type { Bytes, Signal } from './types.js';

/** A message as it arrives. `S` is what texts become: `string` or `Bytes`. */
export interface Message<S = string> {
  channel: string;
  message: S;
  /** The pattern that let it in, with `psubscribe`. */
  pattern: string | undefined;
}

/** What happened to a key. */
export interface KeyspaceEvent {
  /** As Redis names it: `set`, `del`, `expired`, `rename_from`, ... */
  event: string;
  key: string;
  database: number;
}

/** Called with each message, one after the other, soon after it was published. */
export type MessageHandler<S = string> = (
  message: S,
  channel: string,
  pattern: string | undefined,
) => unknown;

export interface SubscribeOptions {
  /** Ends the subscription when it is aborted. */
  signal?: Signal;
  /** How many messages an iterator may leave unread before the subscription ends: 65,536. */
  maxUnread?: number;
}

/** What can be listened to, as the word in front of SUBSCRIBE, UNSUBSCRIBE and a message. */
export type TopicKind = '' | 'p' | 's';

const kMaxUnread = 65536;

/** `Symbol.asyncDispose`, or where it is missing the symbol that stands in for it elsewhere. */
const kAsyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

/** What a {@link SubscriptionHub} is asked for. */
export interface SubscriptionRequest<T> {
  kind: TopicKind;
  topics: readonly string[];
  /** Whether the texts of messages are wanted as bytes. */
  raw: boolean;
  /** Makes of a message what the handler or the iterator gets. */
  make: (message: Message<string | Bytes>) => T;
  handler: ((item: T) => unknown) | undefined;
  options: SubscribeOptions;
}

interface Wanted<T> {
  resolve: (result: IteratorResult<T, undefined>) => void;
  reject: (error: Error) => void;
}

/**
 * Listening to channels, until `unsubscribe()`, the end of an `await using` block, the signal or
 * the end of the database. Without a handler it is an async iterable: messages wait from the
 * moment of subscribing on, and each is given to one iterator. An iteration ends with the
 * subscription; leaving a loop ends the subscription.
 */
export class Subscription<T = Message> implements AsyncIterable<T> {
  /** The channels or patterns. */
  readonly topics: readonly string[];
  private readonly unread: T[] = [];
  private readonly wanted: Wanted<T>[] = [];
  private error: Error | undefined;
  private isClosed = false;

  /** Made by the methods of a database. */
  constructor(
    private readonly hub: SubscriptionHub,
    private readonly request: SubscriptionRequest<T>,
  ) {
    this.topics = request.topics;
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

  /** Ends it; who waits for a message, or asks for the next, gets `error` once if there is one. */
  protected end(error?: Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.unread.length = 0;
    this.hub.remove(this as Subscription<unknown>);
    const wanted = this.wanted.splice(0);
    if (wanted.length === 0) this.error = error;
    for (const { resolve, reject } of wanted) {
      if (error === undefined) resolve({ done: true, value: undefined });
      else reject(error);
    }
  }

  /** Takes a message that has arrived. */
  protected take(message: Message<string | Bytes>): void {
    const { make, handler, options } = this.request;
    const item = make(message);
    if (handler !== undefined) {
      this.hub.call(() => (this.isClosed ? undefined : handler(item)));
      return;
    }
    const wanted = this.wanted.shift();
    if (wanted !== undefined) wanted.resolve({ done: false, value: item });
    else if (this.unread.length < (options.maxUnread ?? kMaxUnread)) this.unread.push(item);
    else this.end(new SlowSubscriberError(this.unread.length));
  }

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

/** A subscription as its hub sees it. */
interface Listener {
  readonly request: SubscriptionRequest<unknown>;
  readonly topics: readonly string[];
  take(message: Message<string | Bytes>): void;
  end(error?: Error): void;
}

/** All subscriptions of one database and the session that gets their messages. */
export class SubscriptionHub {
  private static readonly hubs = new WeakMap<LocalSession, SubscriptionHub>();

  private session: LocalSession | undefined;
  private readonly byTopic = new Map<string, Set<Listener>>();
  private rawCount = 0;
  private calls: (() => unknown)[] = [];

  private constructor(private readonly owner: LocalSession) {
    owner.onClose(() => {
      this.endAll();
      this.session?.close();
    });
  }

  /** The hub of the database whose session this is. */
  static of(owner: LocalSession): SubscriptionHub {
    let hub = SubscriptionHub.hubs.get(owner);
    if (hub === undefined) {
      hub = new SubscriptionHub(owner);
      SubscriptionHub.hubs.set(owner, hub);
    }
    return hub;
  }

  /** @throws ClosedError, ReplyError; the reason of a signal that is aborted already */
  subscribe<T>(request: SubscriptionRequest<T>): Subscription<T> {
    const { signal } = request.options;
    signal?.throwIfAborted();
    this.owner.assertOpen();
    const subscription = new Subscription<T>(this, request);
    const listener = subscription as unknown as Listener;
    if (request.raw) ++this.rawCount;
    try {
      for (const topic of request.topics) this.add(listener, request.kind + topic);
    } catch (error) {
      listener.end();
      throw error;
    }
    signal?.addEventListener('abort', () => listener.end(), { once: true });
    return subscription;
  }

  /** Ends a subscription's part in its topics; called by itself when it ends. */
  remove(subscription: Subscription<unknown>): void {
    const listener = subscription as unknown as Listener;
    const { kind, raw } = listener.request;
    if (raw) --this.rawCount;
    for (const topic of listener.topics) {
      const listeners = this.byTopic.get(kind + topic);
      if (!listeners?.delete(listener) || listeners.size > 0) continue;
      this.byTopic.delete(kind + topic);
      if (this.session === undefined || this.session.isClosed) continue;
      this.session.callMany(kByName, [`${kind}unsubscribe`, topic], false);
    }
  }

  /** Has a handler called when the present work is done; what it throws concerns nobody else. */
  call(handler: () => unknown): void {
    if (this.calls.push(handler) > 1) return;
    queueMicrotask(() => {
      const { calls } = this;
      this.calls = [];
      for (const each of calls) {
        try {
          each();
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    });
  }

  /** `name` is the kind and the topic. */
  private add(listener: Listener, name: string): void {
    const listeners = this.byTopic.get(name);
    if (listeners !== undefined) {
      listeners.add(listener);
      return;
    }
    const { kind } = listener.request;
    this.open().callMany(kByName, [`${kind}subscribe`, name.slice(kind.length)], false);
    this.byTopic.set(name, new Set([listener]));
  }

  private open(): LocalSession {
    if (this.session !== undefined && !this.session.isClosed) return this.session;
    const session = LocalSession.open(this.owner.engine, []);
    session.onPushes = (decode) => this.deliver(decode);
    session.onClose(() => this.endAll());
    this.session = session;
    return session;
  }

  private deliver(decode: (raw: boolean) => AnyReply[]): void {
    const texts = decode(false) as string[][];
    const bytes = this.rawCount > 0 ? (decode(true) as Bytes[][]) : [];
    texts.forEach((parts, i) => {
      const kind = parts[0].slice(0, -'message'.length) as TopicKind;
      const listeners = this.byTopic.get(kind + parts[1]);
      if (listeners === undefined) return;
      const [channel, message] = parts.slice(-2);
      const pattern = kind === 'p' ? parts[1] : undefined;
      for (const listener of [...listeners]) {
        const isRaw = listener.request.raw;
        listener.take({ channel, message: isRaw ? bytes[i].at(-1)! : message, pattern });
      }
    });
  }

  /** The database is closing, or the engine has ended the session: messages were lost then. */
  private endAll(): void {
    const error = this.owner.isClosed ? undefined : new ClosedError('The subscription was ended');
    for (const listeners of [...this.byTopic.values()]) {
      for (const listener of [...listeners]) listener.end(error);
    }
  }
}
