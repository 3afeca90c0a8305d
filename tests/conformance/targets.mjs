// What the conformance files are played against.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { redisServerPath, redisServerVersion, startKvasm, startRedis } from '../interop/server.mjs';
import { Decoder } from './resp.mjs';

const kTickMs = 20;
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Queue between bytes that arrive and whoever waits for the next reply. */
class Inbox {
  #decoder = new Decoder();
  #waiter = null;
  #ended = false;

  push(chunk) {
    this.#decoder.push(chunk);
    this.#wake();
  }

  end() {
    this.#ended = true;
    this.#wake();
  }

  #wake() {
    const wake = this.#waiter;
    this.#waiter = null;
    wake?.();
  }

  /** What has come; undefined if nothing has. */
  take() {
    return this.#decoder.next() ?? (this.#ended ? { t: 'closed' } : undefined);
  }

  async next(timeoutMs) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const reply = this.take();
      if (reply !== undefined) return reply;
      const left = deadline - Date.now();
      if (left <= 0) return { t: 'timeout' };
      let timer;
      await new Promise((done) => {
        this.#waiter = done;
        timer = setTimeout(done, left);
      });
      clearTimeout(timer);
    }
  }
}

/** A session over TCP. */
export function openTcp(host, port) {
  return new Promise((done, fail) => {
    const inbox = new Inbox();
    const socket = net.connect({ host, port, noDelay: true });
    socket.once('connect', () =>
      done({
        send: (bytes) => socket.write(bytes),
        next: (timeoutMs) => inbox.next(timeoutMs),
        close: () => socket.destroy(),
      }),
    );
    socket.on('data', (chunk) => inbox.push(chunk));
    socket.on('error', (error) => {
      fail(error);
      inbox.end();
    });
    for (const ending of ['end', 'close']) socket.on(ending, () => inbox.end());
  });
}

function overTcp(name, server, version) {
  return {
    name,
    version,
    network: true,
    open: () => openTcp(server.host, server.port),
    advance: (ms) => delay(ms),
    stop: () => server.stop(),
  };
}

/** A real redis-server: the judge of the expectations. */
export async function redisTarget({ path = redisServerPath() } = {}) {
  const version = redisServerVersion(path);
  return overTcp(`redis ${version}`, await startRedis({ path }), version);
}

/** Our server on a loopback port. */
export async function tcpTarget() {
  return overTcp('tcp', await startKvasm());
}

/** The built package inside this process; sessions speak RESP bytes with the engine itself. */
export async function wasmTarget() {
  const { Engine } = await import(join(root, 'dist', 'bindings', 'js', 'engine.js'));
  const engine = await Engine.create({ serverMode: 'standalone' });
  const error = engine.configSet('enable-debug-command', 'yes');
  if (error) throw new Error(error);
  const open = new Map();
  const take = (id) => {
    const { bytes, close } = engine.output(id);
    open.get(id)?.push(Buffer.from(bytes));
    engine.consume(id, bytes.length);
    if (!close) return;
    open.get(id)?.end();
    open.delete(id);
    engine.closeSession(id);
  };
  const drain = () => {
    for (let id = engine.nextReady(); id >= 0; id = engine.nextReady()) take(id);
    engine.takeEffects();
  };
  const timer = setInterval(() => {
    engine.tick();
    drain();
  }, kTickMs).unref();
  return {
    name: 'wasm',
    async open() {
      const id = engine.openSession('network', '127.0.0.1:50000', '127.0.0.1:6379');
      const inbox = new Inbox();
      open.set(id, inbox);
      return {
        send(bytes) {
          if (!open.has(id)) return;
          engine.feed(id, bytes);
          take(id);
          drain();
        },
        next: (timeoutMs) => inbox.next(timeoutMs),
        close() {
          if (open.delete(id)) engine.closeSession(id);
          inbox.end();
        },
      };
    },
    async advance(ms) {
      await delay(ms);
      engine.tick();
      drain();
    },
    async stop() {
      clearInterval(timer);
      engine.dispose();
    },
  };
}

/** The native engine's process, spoken to in frames (runner.cc tells them). */
class EnginePipe {
  #child;
  #inboxes = new Map();
  #waits = new Map(); // by session: told whether it said something
  #bytes = Buffer.alloc(0);
  #ended = false;

  constructor(path, args) {
    this.#child = spawn(path, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin.on('error', () => {});
    this.#child.stdout.on('data', (chunk) => this.#read(chunk));
    this.exit = new Promise((done) =>
      this.#child.once('exit', (code) => {
        this.#ended = true;
        for (const inbox of this.#inboxes.values()) inbox.end();
        for (const told of this.#waits.values()) told(true);
        done(code);
      }),
    );
  }

  #read(chunk) {
    let bytes = this.#bytes.length ? Buffer.concat([this.#bytes, chunk]) : chunk;
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUInt32LE(5)) {
      const [kind, id] = [String.fromCharCode(bytes[0]), bytes.readUInt32LE(1)];
      const payload = bytes.subarray(9, 9 + bytes.readUInt32LE(5));
      if (kind === 'o') this.#inboxes.get(id)?.push(payload);
      else if (kind === 'd') this.#waits.get(id)?.(payload.toString() === '1');
      else this.#inboxes.get(id)?.end();
      bytes = bytes.subarray(9 + payload.length);
    }
    this.#bytes = bytes;
  }

  frame(kind, id, payload = Buffer.alloc(0)) {
    const head = Buffer.alloc(9);
    head.write(kind, 0, 'latin1');
    head.writeUInt32LE(id, 1);
    head.writeUInt32LE(payload.length, 5);
    if (!this.#ended) this.#child.stdin.write(Buffer.concat([head, payload]));
  }

  open(id) {
    const inbox = new Inbox();
    this.#inboxes.set(id, inbox);
    if (this.#ended) inbox.end();
    this.frame('n', id);
    return inbox;
  }

  /** What comes to a session's inbox by a clock that goes only while somebody waits. */
  async nextStill(id, timeoutMs) {
    const inbox = this.#inboxes.get(id);
    const most = Buffer.alloc(4);
    most.writeUInt32LE(timeoutMs);
    for (;;) {
      const reply = inbox.take();
      if (reply !== undefined) return reply;
      const hasTalked = await new Promise((told) => {
        this.#waits.set(id, told);
        this.frame('w', id, most);
      });
      if (!hasTalked) return { t: 'timeout' };
    }
  }

  close(id) {
    this.#inboxes.delete(id);
    this.#waits.delete(id);
    this.frame('c', id);
  }

  end() {
    this.#child.stdin.end();
    return this.exit;
  }
}

/**
 * The native build of the engine behind a pipe. A `still` one has a clock of its own, so that no
 * load of the machine changes a reply.
 */
export async function nativeTarget({ path = nativePath(), still = false } = {}) {
  const pipe = new EnginePipe(path, still ? ['--still'] : []);
  let last = 0;
  return {
    name: 'native',
    async open() {
      const id = ++last;
      const inbox = pipe.open(id);
      return {
        send: (data) => pipe.frame('i', id, data),
        next: (timeoutMs) => (still ? pipe.nextStill(id, timeoutMs) : inbox.next(timeoutMs)),
        close: () => pipe.close(id),
      };
    },
    async advance(ms) {
      pipe.frame('t', ms);
    },
    async stop() {
      const code = await pipe.end();
      if (code !== 0) throw new Error(`${path} ended with ${code}`);
    },
  };
}

/** The native executable: KVASM_NATIVE, else the one the `native` preset builds. */
export function nativePath() {
  const path = process.env.KVASM_NATIVE ?? join(root, 'build', 'native', 'kvasm_conformance');
  return existsSync(path) ? path : undefined;
}

export const targets = {
  native: nativeTarget,
  wasm: wasmTarget,
  tcp: tcpTarget,
  redis: redisTarget,
};
