/** MONITOR: every command of every session, as it is executed. */
import { ClosedError } from './errors.js';
import { Deferred, Feed, type FeedOptions } from './feed.js';
import { kByName, type LocalSession } from './session.js';
import type { Bytes } from './types.js';

/** A command that is being executed. `S` is what its arguments become: `string` or `Bytes`. */
export interface MonitoredCommand<S = string> {
  /** Milliseconds since 1970, as exact as the engine's clock. */
  time: number;
  database: number;
  /** Address of the client: `127.0.0.1:50000`, `unix:/path`, `?:0` for sessions of this process. */
  client: string;
  /** The command's name and its arguments, without secrets. */
  args: S[];
}

const kLine = /^(\d+)\.(\d{6}) \[(\d+) (.*?)\] (".*")$/;
const kArgument = /"((?:[^"\\]|\\.)*)"/g;
const kText = new TextDecoder('utf-8', { ignoreBOM: true });
const kEscape = /\\x([0-9a-f]{2})|\\(.)|([^\\]+)/g;
const kControls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, a: 7, b: 8 };

/** The bytes that a quoted argument stands for. */
function unquote(text: string): number[] {
  const bytes: number[] = [];
  for (const [, hex, escape, plain] of text.matchAll(kEscape)) {
    if (hex !== undefined) bytes.push(parseInt(hex, 16));
    else if (escape !== undefined) bytes.push(kControls[escape] ?? escape.charCodeAt(0));
    else for (let i = 0; i < plain.length; ++i) bytes.push(plain.charCodeAt(i));
  }
  return bytes;
}

/** The commands that the sessions of a database execute, while it lasts. */
export class Monitor<S extends string | Bytes> extends Feed<MonitoredCommand<S>> {
  private readonly session: LocalSession;

  /**
   * Made by `db.monitor()`; `start` is to follow.
   * @throws ClosedError; the reason of a signal that is aborted already
   */
  constructor(
    owner: LocalSession,
    raw: boolean,
    handler: ((command: MonitoredCommand<S>) => unknown) | undefined,
    private readonly feedOptions: FeedOptions,
  ) {
    super(new Deferred(), handler, feedOptions);
    feedOptions.signal?.throwIfAborted();
    owner.assertOpen();
    const session = owner.openAnother([]);
    const make = raw
      ? (bytes: number[]) => session.engine.codec.pack(bytes) as S
      : (bytes: number[]) => kText.decode(Uint8Array.from(bytes)) as S;
    session.onPushes = (decode) => {
      for (const line of decode(false) as string[]) {
        const [, seconds, micros, database, client, quoted] = kLine.exec(line)!;
        this.take({
          time: Number(seconds) * 1000 + Number(micros) / 1000,
          database: Number(database),
          client,
          args: Array.from(quoted.matchAll(kArgument), ([, text]) => make(unquote(text))),
        });
      }
    };
    this.session = session;
    const forget = owner.onClose(() => session.close());
    session.onClose(() => {
      forget();
      this.end(owner.isClosed ? undefined : new ClosedError('The monitor was ended'));
    });
    this.begin();
  }

  /** @throws ClosedError, ReplyError; the reason of the signal if it is aborted meanwhile */
  async start(): Promise<this> {
    try {
      const begun = this.session.attempt(kByName, ['monitor'], false);
      if (begun instanceof Promise) await begun;
    } catch (error) {
      this.end();
      const { signal } = this.feedOptions;
      throw signal?.aborted ? signal.reason : error;
    }
    return this;
  }

  protected release(): void {
    this.session.close();
  }
}
