// Starts and stops the servers that tests talk to: our kvasm-server and a real redis-server.
// Every server listens on a free loopback port, persists nothing, and is stopped by its process id.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const kReadyTimeoutMs = 20_000;
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A TCP port nobody listens on at this moment. */
export function freePort() {
  return new Promise((done, fail) => {
    const probe = net.createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** Path of the judge: KVASM_REDIS_SERVER, else redis-server on PATH; undefined if there is none. */
export function redisServerPath() {
  if (process.env.KVASM_REDIS_SERVER) return process.env.KVASM_REDIS_SERVER;
  for (const folder of [...(process.env.PATH ?? '').split(':'), '/usr/bin']) {
    if (folder && existsSync(join(folder, 'redis-server'))) return join(folder, 'redis-server');
  }
  return undefined;
}

/** The version a redis-server executable prints, as `7.0.15`. */
export function redisServerVersion(path) {
  return /v=(\d+\.\d+\.\d+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))[1];
}

/** Path of our server's executable script, read from package.json's `bin`. */
export function kvasmServerPath() {
  const manifest = createRequire(import.meta.url)(join(root, 'package.json'));
  return join(root, manifest.bin['kvasm-server']);
}

/** Starts a real redis-server. `path` defaults to redisServerPath(). */
export function startRedis({ path = redisServerPath(), args = [], bind } = {}) {
  if (!path) throw new Error('no redis-server found (apt-get install redis-server)');
  return start(
    'redis',
    path,
    [],
    ['--save', '', '--appendonly', 'no', '--enable-debug-command', 'yes', ...args],
    { bind },
  );
}

/**
 * Starts our server from the built package. `file`: its configuration file, if it has one; `bind`:
 * where it listens, with [] on what is its default.
 */
export function startKvasm({ file, args = [], bind, env = {} } = {}) {
  return start(
    'kvasm',
    process.execPath,
    file === undefined ? [kvasmServerPath()] : [kvasmServerPath(), file],
    ['--save', '', '--appendonly', 'no', '--enable-debug-command', 'yes', ...args],
    { bind, env },
  );
}

/**
 * Starts the server that the tests of clients talk to: ours, or the judge if KVASM_TARGETS is
 * `redis`, which tells whether a test itself is right.
 */
export function startTested(options) {
  return process.env.KVASM_TARGETS === 'redis' ? startRedis(options) : startKvasm(options);
}

/** Waits until the server's output says that it accepts connections; gives that output's reader. */
async function ready(name, child, exit) {
  let text = '';
  const look = (chunk) => (text += chunk);
  child.stdout.on('data', look);
  child.stderr.on('data', look);
  let failed;
  child.once('error', (error) => (failed = error.message));
  exit.then(({ code }) => (failed = `ended with ${code}`));
  const deadline = Date.now() + kReadyTimeoutMs;
  while (!/Ready to accept connections/.test(text)) {
    if (Date.now() > deadline) failed = `is not ready after ${kReadyTimeoutMs} ms`;
    if (failed) {
      child.kill('SIGKILL');
      throw new Error(`${name} ${failed}:\n${text}`);
    }
    await delay(5);
  }
  return () => text;
}

/**
 * Resolves to { name, host, port, pid, log(), stop() } once the server says it accepts connections.
 * `log()` is everything it printed; `stop()` ends it by process id and waits for its end.
 */
async function start(name, command, leading, options, { bind = ['127.0.0.1'], env = {} }) {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), `${name}-test-`));
  const fixed = ['--port', String(port), '--dir', folder];
  if (bind.length > 0) fixed.push('--bind', ...bind);
  const child = spawn(command, [...leading, ...fixed, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
    env: { ...process.env, ...env },
  });
  let ended = false;
  const exit = new Promise((done) => {
    child.once('exit', (code, signal) => {
      ended = true;
      done({ code, signal });
    });
  });
  const log = await ready(name, child, exit);
  // A test that forgets stop() must not hang its runner, nor leave the server behind.
  child.unref();
  child.stdout.unref?.();
  child.stderr.unref?.();
  const kill = () => {
    if (!ended) child.kill('SIGKILL');
  };
  process.once('exit', kill);
  const stop = async (signal = 'SIGTERM') => {
    if (!ended) {
      child.ref();
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await exit;
      clearTimeout(timer);
    }
    process.removeListener('exit', kill);
    rmSync(folder, { recursive: true, force: true });
    return exit;
  };
  return { name, host: '127.0.0.1', port, pid: child.pid, folder, exit, log, stop };
}
