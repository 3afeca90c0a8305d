// A connection to an engine of this process without a socket: what a client library takes for one.
import { Duplex } from 'node:stream';
import type { Engine } from '../bindings/js/engine.js';

/** Bytes handed on at a time. */
const kChunkBytesMax = 64 * 1024;

/** What CLIENT LIST shows as the address of such a connection. */
const kAddress = '127.0.0.1:0';

/**
 * The client's end of a connection in memory: requests are written as RESP, replies are read. It is
 * a network session like any other, so AUTH, HELLO, CLIENT and MULTI concern it alone. Ending it
 * closes the session; it ends itself after QUIT, CLIENT KILL or the engine's SHUTDOWN.
 *
 * It keeps no process alive, unless a blocking command waits for a limited time.
 */
export class MemoryConnection extends Duplex {
  /** Always false: there is nothing to wait for. Client libraries ask. */
  readonly connecting = false;
  private readonly session: number;
  private isFull = false;
  private isAwake = false;
  private isWaiting = false;

  /** @param engine is kept alive until the connection is destroyed; `onOpen` is told its session */
  constructor(
    private readonly engine: Engine,
    onOpen: (session: number) => void = () => {},
  ) {
    super({ allowHalfOpen: false });
    engine.retain();
    this.session = engine.openSession('network', kAddress, kAddress);
    onOpen(this.session);
    engine.listenLocal(this.session, {
      ready: () => this.flush(),
      end: () => this.destroy(),
    });
  }

  /** Without effect, as there is no socket; client libraries call it. */
  setNoDelay(): this {
    return this;
  }

  /** Without effect, as there is no socket; client libraries call it. */
  setKeepAlive(): this {
    return this;
  }

  /** Without effect, as there is no socket; client libraries call it. */
  setTimeout(): this {
    return this;
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      this.engine.feed(this.session, chunk);
    } catch (error) {
      done(error as Error);
      return;
    }
    this.wake();
    done();
  }

  override _read(): void {
    this.isFull = false;
    this.wake();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.flush();
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.noteWaiting(false);
    this.engine.closeSession(this.session);
    this.engine.pump();
    this.engine.release();
    done(error);
  }

  /** Has the replies of this turn handed on at its end, as one. */
  private wake(): void {
    if (this.isAwake) return;
    this.isAwake = true;
    queueMicrotask(() => {
      this.isAwake = false;
      if (this.destroyed) return;
      this.engine.pump();
      this.flush();
    });
  }

  private flush(): void {
    if (!this.destroyed && this.engine.output(this.session).cut) this.destroy();
    while (!this.destroyed && !this.isFull && !this.readableEnded) {
      const { bytes, close, held, waiting } = this.engine.output(this.session);
      this.noteWaiting(waiting);
      if (bytes.length > 0) {
        // The view ends with the next call into the engine: the bytes are copied first.
        const copy = Buffer.from(bytes.subarray(0, kChunkBytesMax));
        this.engine.consume(this.session, copy.length);
        this.isFull = !this.push(copy);
      } else if (held) {
        this.engine.resume(this.session);
      } else {
        if (close) this.push(null);
        return;
      }
    }
  }

  private noteWaiting(waiting: boolean): void {
    if (waiting === this.isWaiting) return;
    this.isWaiting = waiting;
    this.engine.noteWaiting(waiting ? 1 : -1);
  }
}
