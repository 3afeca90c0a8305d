// What `npm start` runs once everything is built: a server, the page, and how to reach both.
// Arguments go to kvasm-server.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { serveStatic } from './static.js';

const kHost = '127.0.0.1';
const kServerPort = 6379;
const kPagePort = 8080;
const kPortsTried = 100;

const dist = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
// A server to look at: it is nobody's but this machine's, unless it is configured.
if (!args.includes('--bind') && (args[0] === undefined || args[0].startsWith('--'))) {
  args.push('--bind', kHost, '-::1');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, kHost, () => probe.close(() => resolve(true)));
  });
}

async function nextFreePort(wanted: number): Promise<number> {
  for (let port = wanted; port < wanted + kPortsTried; port++) if (await isFree(port)) return port;
  throw new Error(`No free port between ${wanted} and ${wanted + kPortsTried}`);
}

function explain(port: number | undefined, page: string | undefined): void {
  const lines = ['Ctrl-C ends it.'];
  if (page !== undefined)
    lines.unshift(`  page       ${page}   (the same engine, inside the browser)`);
  if (port !== undefined) {
    lines.unshift(
      `Kvasm is running on port ${port}.`,
      `  redis-cli  redis-cli -p ${port}`,
      `  ioredis    const redis = new Redis(${port}); await redis.set('greeting', 'hello');`,
      `  others     redis://${kHost}:${port}`,
    );
  } else {
    lines.unshift('Kvasm is running.');
  }
  process.stdout.write(`\n${lines.join('\n')}\n\n`);
}

/** The port the server will have: the one asked for, or a free one, added to the arguments. */
async function choosePort(): Promise<number | undefined> {
  const named = args.indexOf('--port');
  if (named >= 0) return Number(args[named + 1]) || undefined;
  if (args[0] !== undefined && !args[0].startsWith('--')) return undefined;
  const port = await nextFreePort(kServerPort);
  if (port !== kServerPort) process.stdout.write(`Port ${kServerPort} is taken: using ${port}\n`);
  args.push('--port', String(port));
  return port;
}

async function startPage(): Promise<string | undefined> {
  if (!existsSync(`${dist}web/index.html`)) return undefined;
  return (await serveStatic(dist, { port: await nextFreePort(kPagePort), home: '/web/' })).url;
}

const port = await choosePort();
const page = await startPage();
const server = spawn(process.execPath, [`${dist}node/kvasm-server.js`, ...args], {
  stdio: ['inherit', 'pipe', 'inherit'],
});
let log = '';
let isReady = false;
server.stdout.on('data', (chunk: Buffer) => {
  process.stdout.write(chunk);
  if (isReady) return;
  log += chunk.toString('latin1');
  if (!log.includes('Ready to accept connections')) return;
  isReady = true;
  explain(port, page);
});
// A terminal sends Ctrl-C to both processes: this one only must not end before the server has.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => server.kill('SIGTERM'));
server.on('exit', (code) => process.exit(code ?? 1));
