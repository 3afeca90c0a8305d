// npm start: set-up, build when sources are newer than the last build, then a server on 6379 (or
// the next free port) and the page with the same engine inside the browser. Further arguments go
// to the server: npm start -- --requirepass secret
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';
import { buildPackage } from './build.mjs';
import { root, say, setup } from './steps.mjs';

const host = '127.0.0.1';
const contentTypes = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}

async function nextFreePort(wanted) {
  for (let port = wanted; port < wanted + 100; port++) {
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${wanted} on`);
}

/** Serves dist/ (the page is /web/); answers nothing outside of it. */
function answerPage(request, response) {
  const { pathname } = new URL(request.url, `http://${host}`);
  if (pathname === '/') {
    response.writeHead(302, { location: '/web/' }).end();
    return;
  }
  const dist = join(root, 'dist');
  let file;
  try {
    file = join(dist, normalize(decodeURIComponent(pathname)));
  } catch {
    response.writeHead(400).end();
    return;
  }
  if (file.endsWith(sep)) file += 'index.html';
  const type = contentTypes[extname(file)];
  if (!file.startsWith(dist + sep) || !type || !existsSync(file) || !statSync(file).isFile()) {
    response.writeHead(404).end('not found\n');
    return;
  }
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' });
  createReadStream(file).pipe(response);
}

async function servePage() {
  if (!existsSync('dist/web/index.html')) return undefined;
  const port = await nextFreePort(8080);
  const server = createHttpServer(answerPage);
  await new Promise((resolve) => server.listen(port, host, resolve));
  return `http://${host}:${port}/`;
}

function explain(port, page) {
  say(`Kvasm is serving on ${host}:${port}. Connect with:`);
  say(`  redis-cli -p ${port}`);
  say(`  ioredis / BullMQ: new Redis(${port})     node-redis, others: redis://${host}:${port}`);
  if (page) say(`  in the browser, with an engine of its own: ${page}`);
  say('Ctrl-C ends it.');
}

setup();
buildPackage();
const args = process.argv.slice(2);
const named = args.indexOf('--port');
let port = named >= 0 ? Number(args[named + 1]) : 6379;
if (named < 0) {
  port = await nextFreePort(6379);
  if (port !== 6379) say(`Port 6379 is taken: using ${port}`);
  args.push('--port', String(port));
}
const page = await servePage();
const server = spawn(process.execPath, ['dist/node/kvasm-server.js', ...args], {
  stdio: ['inherit', 'pipe', 'inherit'],
});
let ready = false;
server.stdout.on('data', (chunk) => {
  process.stdout.write(chunk);
  if (!ready && chunk.includes('Ready to accept connections')) {
    ready = true;
    explain(port, page);
  }
});
// The terminal sends Ctrl-C to both; here it only must not end us before the server has ended.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => server.kill('SIGTERM'));
server.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
