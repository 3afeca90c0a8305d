/**
 * Messages for handlers and iterators of this process. A database that subscribes has a second
 * session for it, so that its own is never in the way: neither a command that waits nor RESET.
 */
import { ClosedError } from './errors.js';
import { Deferred, Feed, retryIfBusy, unlessAborted, type FeedOptions } from './feed.js';
import { kByName, type AnyReply, type LocalSession } from './session.js';
import type { Bytes } from './types.js';

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

/** How a subscription ends by itself. */
export type SubscribeOptions = FeedOptions;

/** What can be listened to, as the word in front of SUBSCRIBE, UNSUBSCRIBE and a message. */
export type TopicKind = '' | 'p' | 's';

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

/**
 * Listening to channels, until `unsubscribe()`, the end of an `await using` block, the signal or
 * the end of the database. Without a handler it is an async iterable: messages wait from the
 * moment of subscribing on, and each is given to one iterator. An iteration ends with the
 * subscription; leaving a loop ends the subscription.
 */
export class Subscription<T = Message> extends Feed<T> {
  /** The channels or patterns. */
  readonly topics: readonly string[];

  /** Made by the methods of a database. */
  constructor(
    private readonly hub: SubscriptionHub,
    private readonly request: SubscriptionRequest<T>,
  ) {
    super(hub.deferred, request.handler, request.options);
    this.topics = request.topics;
  }

  override toJSON(): Readonly<Record<string, unknown>> {
    return { closed: this.closed, topics: this.topics };
  }

  protected release(): void {
    this.hub.remove(this as Subscription<unknown>);
  }

  /** Takes a message that has arrived. */
  protected deliver(message: Message<string | Bytes>): void {
    this.take(this.request.make(message));
  }
}

/** A subscription as its hub sees it. */
interface Listener {
  readonly request: SubscriptionRequest<unknown>;
  readonly topics: readonly string[];
  begin(): void;
  deliver(message: Message<string | Bytes>): void;
  end(error?: Error): void;
}

/** A channel or a pattern that is listened to. */
interface Topic {
  readonly listeners: Set<Listener>;
  /** Settled when it has been subscribed to; undefined if it was at once. */
  readonly begun: Promise<unknown> | undefined;
}

/** All subscriptions of one database as one user, and the session that gets their messages. */
export class SubscriptionHub {
  private static readonly hubs = new WeakMap<LocalSession, Map<string, SubscriptionHub>>();

  private session: LocalSession | undefined;
  private readonly byTopic = new Map<string, Topic>();
  private rawCount = 0;
  /** Calls the handlers of all its subscriptions, in the order of the messages. */
  readonly deferred = new Deferred();

  private constructor(private readonly owner: LocalSession) {
    owner.onClose(() => {
      this.endAll();
      this.session?.close();
    });
  }

  /** The hub of the database whose session this is, for who it is logged in as now. */
  static of(owner: LocalSession): SubscriptionHub {
    const { user } = owner;
    let hubs = SubscriptionHub.hubs.get(owner);
    if (hubs === undefined) SubscriptionHub.hubs.set(owner, (hubs = new Map()));
    let hub = hubs.get(user);
    if (hub === undefined) hubs.set(user, (hub = new SubscriptionHub(owner)));
    return hub;
  }

  /**
   * Subscribes at once, or when commands are no longer held up.
   * @throws ClosedError, ReplyError; the reason of a signal that is aborted by then
   */
  async subscribe<T>(request: SubscriptionRequest<T>): Promise<Subscription<T>> {
    const { signal } = request.options;
    signal?.throwIfAborted();
    this.owner.assertOpen();
    const subscription = new Subscription<T>(this, request);
    const listener = subscription as unknown as Listener;
    if (request.raw) ++this.rawCount;
    listener.begin();
    try {
      const late = request.topics.map((topic) => this.add(listener, request.kind + topic));
      if (late.some((begun) => begun !== undefined)) {
        await unlessAborted(Promise.all(late), signal);
      }
    } catch (error) {
      listener.end();
      throw error;
    }
    return subscription;
  }

  /** Ends a subscription's part in its topics; called by itself when it ends. */
  remove(subscription: Subscription<unknown>): void {
    const listener = subscription as unknown as Listener;
    const { kind, raw } = listener.request;
    if (raw) --this.rawCount;
    for (const topic of listener.topics) {
      const listeners = this.byTopic.get(kind + topic)?.listeners;
      if (!listeners?.delete(listener) || listeners.size > 0) continue;
      this.byTopic.delete(kind + topic);
      this.leave(kind, topic);
    }
  }

  /** `name` is the kind and the topic. @returns the topic's `begun` */
  private add(listener: Listener, name: string): Promise<unknown> | undefined {
    let topic = this.byTopic.get(name);
    if (topic === undefined) {
      const { kind } = listener.request;
      const command = [`${kind}subscribe`, name.slice(kind.length)];
      const reply = this.open().attempt(kByName, command, false);
      const begun = reply instanceof Promise ? reply : undefined;
      begun?.catch(() => {}); // Who waits for it may have given up.
      topic = { listeners: new Set(), begun };
      this.byTopic.set(name, topic);
    }
    topic.listeners.add(listener);
    return topic.begun;
  }

  /** Nobody listens to a topic any more. */
  private leave(kind: TopicKind, topic: string): void {
    const { session } = this;
    if (session === undefined || session.isClosed || this.byTopic.has(kind + topic)) return;
    const fail = (error: unknown): void => {
      if (retryIfBusy(error, () => this.leave(kind, topic))) return;
      // The user may subscribe, but not take it back.
      if (this.byTopic.size === 0) session.close();
    };
    try {
      const reply = session.attempt(kByName, [`${kind}unsubscribe`, topic], false);
      if (reply instanceof Promise) reply.catch(fail);
    } catch (error) {
      fail(error);
    }
  }

  private open(): LocalSession {
    if (this.session !== undefined && !this.session.isClosed) return this.session;
    const session = this.owner.openAnother([]);
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
      const listeners = this.byTopic.get(kind + parts[1])?.listeners;
      if (listeners === undefined) return;
      const [channel, message] = parts.slice(-2);
      const pattern = kind === 'p' ? parts[1] : undefined;
      for (const listener of [...listeners]) {
        const isRaw = listener.request.raw;
        listener.deliver({ channel, message: isRaw ? bytes[i].at(-1)! : message, pattern });
      }
    });
  }

  /** The database is closing, or the engine has ended the session: messages were lost then. */
  private endAll(): void {
    const error = this.owner.isClosed ? undefined : new ClosedError('The subscription was ended');
    for (const { listeners } of [...this.byTopic.values()]) {
      for (const listener of [...listeners]) listener.end(error);
    }
  }
}
