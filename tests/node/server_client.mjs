// A raw client for the server's tests: bytes out, bytes in, no library in between.
import net from 'node:net';

/** Connects to a port of this machine, or to `{ path }` / `{ port, host }`. */
export async function connect(target) {
  const socket = net.connect(typeof target === 'number' ? { port: target } : target);
  await new Promise((connected, failed) => {
    socket.once('connect', connected);
    socket.once('error', failed);
  });
  return new RawClient(socket);
}

/** A request as RESP; arguments are strings or Buffers. */
export function request(...args) {
  const parts = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.from(arg);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** A bulk string as it stands in a reply. */
export function bulk(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
}

class RawClient {
  received = 0;
  isClosed = false;
  #chunks = [];
  #wakers = new Set();

  constructor(socket) {
    this.socket = socket;
    // A test that fails before it closes its clients must still end.
    socket.unref();
    this.closed = new Promise((done) => socket.once('close', done));
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk);
      this.received += chunk.length;
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  send(bytes) {
    this.socket.write(bytes);
  }

  /** Sends one command and resolves to a reply of one line, without its line end. */
  async ask(...args) {
    this.send(request(...args));
    return this.line();
  }

  /** The next `count` bytes. Rejects when the connection ends or nothing comes. */
  async bytes(count) {
    await this.#until(() => this.received >= count, `${count} bytes`);
    const all = Buffer.concat(this.#chunks);
    this.#keep(all.subarray(count));
    return all.subarray(0, count);
  }

  /** The next line. */
  async line() {
    const end = () => Buffer.concat(this.#chunks).indexOf('\r\n');
    await this.#until(() => end() >= 0, 'a line');
    const line = await this.bytes(end() + 2);
    return line.toString('latin1', 0, line.length - 2);
  }

  /** Everything up to the end of the connection. */
  async rest() {
    await this.#until(() => this.isClosed, 'the end');
    const all = Buffer.concat(this.#chunks);
    this.#keep(Buffer.alloc(0));
    return all.toString('latin1');
  }

  close() {
    this.socket.destroy();
  }

  #keep(bytes) {
    this.#chunks = bytes.length > 0 ? [bytes] : [];
    this.received = bytes.length;
  }

  #wake() {
    for (const waker of this.#wakers) waker();
  }

  #until(isThere, what) {
    if (isThere()) return Promise.resolve();
    return new Promise((done, fail) => {
      const finish = (error) => {
        clearTimeout(timer);
        this.#wakers.delete(look);
        if (error) fail(error);
        else done();
      };
      const look = () => {
        if (isThere()) finish();
        else if (this.isClosed) finish(new Error(`connection closed, waiting for ${what}`));
      };
      const timer = setTimeout(() => finish(new Error(`no ${what} within 10 s`)), 10_000);
      this.#wakers.add(look);
    });
  }
}

/** Polls until `isTrue()` (which may be async) holds. */
export async function eventually(isTrue, what, withinMs = 5000) {
  const deadline = Date.now() + withinMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** What `promise` resolves to; rejects when that takes too long. Keeps the process alive. */
export function within(promise, what, withinMs = 10_000) {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`not within ${withinMs} ms: ${what}`)), withinMs);
    promise.then(done, fail).finally(() => clearTimeout(timer));
  });
}

/** Numbers in [0, below) that are the same for the same seed. */
export function makeRandom(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x100000000) * below);
  };
}
