// One client connection: bytes to its session, replies back, back-pressure both ways.
import type { Socket } from 'node:net';
import type { Network } from './network.js';

/** Bytes fed before the replies are sent: bounds what pipelined requests can queue up in a turn. */
const kFeedBytesMax = 16 * 1024;
/** Bytes handed to the socket at a time: bounds what is held for a client that never reads. */
const kWriteBytesMax = 256 * 1024;

/**
 * Owned by its Network. Once the socket has more than it can send, the replies stay in the engine:
 * it decides how far they may pile up, and then reading stops until the socket has drained.
 */
export class Connection {
  /** The Network's turn (a second each) in which the client last sent or took something. */
  activeTurn: number;
  /** Whether the Network's turn will flush this connection. */
  isQueued = false;
  /** Resolves when the socket is gone. */
  readonly closed: Promise<void>;
  private isBlocked = false;
  private isClosing = false;
  private hasEnded = false;
  /** What was read but may not be fed before the replies so far have gone. */
  private rest: Buffer | null = null;
  /** Bytes fed since the last flush. */
  private fedBytes = 0;

  constructor(
    private readonly network: Network,
    private readonly socket: Socket,
    readonly session: number,
  ) {
    this.activeTurn = network.turn;
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('drain', () => this.resume());
    socket.on('end', () => this.finish());
    // A reset or broken pipe: 'close' follows and does the work.
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.forget();
        resolve();
      });
    });
  }

  /** Writes what the engine has for this session, as far as the socket takes it. */
  flush(): void {
    const { engine } = this.network;
    if (this.isClosing || this.network.isHolding) return;
    if (this.isBlocked) {
      // Its output stays in the engine, which sees how much it is; 'drain' goes on here.
      const { bytes, close, cut } = engine.output(this.session);
      if (cut) this.destroy();
      else if (close && bytes.length === 0) this.close();
      return;
    }
    this.fedBytes = 0;
    for (;;) {
      const { bytes, close, cut, held, unsafe } = engine.output(this.session);
      if (cut) return this.destroy();
      const pending = bytes.length;
      // The rest comes when the storage has what it tells of: the session is ready then.
      if (pending === 0 && unsafe) return;
      if (pending === 0 && held) {
        engine.resume(this.session);
        continue;
      }
      if (pending === 0) {
        if (close || (this.hasEnded && this.rest === null)) this.close();
        return;
      }
      const count = pending < kWriteBytesMax ? pending : kWriteBytesMax;
      // The view ends with the next call into the engine: the bytes are copied first.
      const copy = Buffer.allocUnsafe(count);
      copy.set(count === pending ? bytes : bytes.subarray(0, count));
      engine.consume(this.session, count);
      const taken = this.socket.write(copy);
      if (!taken && this.socket.writableLength > 0) {
        this.isBlocked = true;
        if (!this.pileUp()) this.socket.pause();
        return;
      }
    }
  }

  /**
   * While the socket is full: has what was read executed as far as the replies may pile up.
   * @returns whether that is all of it
   */
  private pileUp(): boolean {
    const { engine } = this.network;
    for (let before = -1; ;) {
      const { bytes, close, held } = engine.output(this.session);
      if (close || (held && bytes.length === before)) return false;
      if (!held) return true;
      before = bytes.length;
      engine.resume(this.session);
    }
  }

  /** Ends the connection once what was written has been sent. */
  close(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.rest = null;
    this.network.linger(this);
    this.socket.destroySoon();
  }

  /** Ends the connection of a client that has been idle, unless it waits for a reply. */
  expire(): void {
    if (!this.network.engine.output(this.session).waiting) this.close();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.isClosing = true;
    this.socket.destroy();
  }

  /** Sends what is pending, then ends; cuts off a client that has not taken it within `graceMs`. */
  async end(graceMs: number): Promise<void> {
    this.flush();
    this.close();
    const timer = setTimeout(() => this.destroy(), graceMs);
    await this.closed;
    clearTimeout(timer);
  }

  /** Goes on after the Network has held replies back. */
  release(): void {
    if (!this.isBlocked) this.resume();
  }

  private receive(chunk: Buffer): void {
    const { network } = this;
    this.activeTurn = network.turn;
    for (let at = 0; at < chunk.length && !this.isClosing;) {
      if ((this.isBlocked && !this.pileUp()) || network.isHolding) {
        this.rest = chunk.subarray(at);
        this.socket.pause();
        return;
      }
      const size = Math.min(chunk.length - at, kFeedBytesMax);
      try {
        network.engine.feed(
          this.session,
          size === chunk.length ? chunk : chunk.subarray(at, at + size),
        );
      } catch {
        return this.destroy(); // No memory for it; or no engine any more, which is told elsewhere.
      }
      at += size;
      this.fedBytes += size;
      network.queue(this);
      if (this.fedBytes >= kFeedBytesMax) network.settle();
    }
  }

  private resume(): void {
    this.isBlocked = false;
    this.activeTurn = this.network.turn;
    this.flush();
    if (this.isBlocked || this.isClosing) return;
    const { rest } = this;
    this.rest = null;
    if (rest !== null) this.receive(rest);
    if (this.isBlocked || this.isClosing || this.rest !== null) return;
    if (this.hasEnded) this.flush();
    else if (this.socket.isPaused()) this.socket.resume();
  }

  /** The client sends no more; it still gets what it asked for. */
  private finish(): void {
    this.hasEnded = true;
    this.flush();
  }

  private forget(): void {
    this.isClosing = true;
    this.rest = null;
    this.network.remove(this);
  }
}
