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

  async next(timeoutMs) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const reply = this.#decoder.next();
      if (reply !== undefined) return reply;
      if (this.#ended) return { t: 'closed' };
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
export async function redisTarget(path = redisServerPath()) {
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

/** The native build of the engine behind a pipe (pipe_main.cc tells the framing). */
export async function nativeTarget(path = nativePath()) {
  const child = spawn(path, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const inboxes = new Map();
  let next = 1;
  let bytes = Buffer.alloc(0);
  child.stdout.on('data', (chunk) => {
    bytes = bytes.length ? Buffer.concat([bytes, chunk]) : chunk;
    while (bytes.length >= 9 && bytes.length >= 9 + bytes.readUInt32LE(5)) {
      const inbox = inboxes.get(bytes.readUInt32LE(1));
      const length = bytes.readUInt32LE(5);
      if (bytes[0] === 0x6f) inbox?.push(bytes.subarray(9, 9 + length));
      else inbox?.end();
      bytes = bytes.subarray(9 + length);
    }
  });
  let ended = false;
  const exit = new Promise((done) =>
    child.once('exit', (code) => {
      ended = true;
      for (const inbox of inboxes.values()) inbox.end();
      done(code);
    }),
  );
  child.stdin.on('error', () => {});
  const frame = (kind, id, payload) => {
    const head = Buffer.alloc(9);
    head.write(kind, 0, 'latin1');
    head.writeUInt32LE(id, 1);
    head.writeUInt32LE(payload.length, 5);
    if (!ended) child.stdin.write(Buffer.concat([head, payload]));
  };
  return {
    name: 'native',
    async open() {
      const id = next++;
      const inbox = new Inbox();
      inboxes.set(id, inbox);
      if (ended) inbox.end();
      frame('n', id, Buffer.alloc(0));
      return {
        send: (data) => frame('i', id, data),
        next: (timeoutMs) => inbox.next(timeoutMs),
        close: () => {
          inboxes.delete(id);
          frame('c', id, Buffer.alloc(0));
        },
      };
    },
    async advance(ms) {
      frame('t', ms, Buffer.alloc(0));
    },
    async stop() {
      child.stdin.end();
      const code = await exit;
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
