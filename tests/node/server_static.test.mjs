// The file server behind the page.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { serveStatic } from '../../dist/node/static.js';

let folder;
let server;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kvasm-static-'));
  mkdirSync(join(folder, 'root', 'web'), { recursive: true });
  writeFileSync(join(folder, 'secret.js'), 'secret');
  writeFileSync(join(folder, 'rootkit.js'), 'secret');
  writeFileSync(join(folder, 'root', '.hidden.js'), 'secret');
  writeFileSync(join(folder, 'root', 'notes.txt'), 'secret');
  writeFileSync(join(folder, 'root', 'web', 'index.html'), '<p>page');
  writeFileSync(join(folder, 'root', 'kvasm.wasm'), 'wasm');
  writeFileSync(join(folder, 'root', 'a b.js'), 'js');
  server = await serveStatic(join(folder, 'root'), { home: '/web/' });
});
after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Asks for exactly this path; fetch would tidy it up first. */
function get(path, method = 'GET') {
  return new Promise((done, fail) => {
    const call = http.request(
      { port: server.port, host: '127.0.0.1', path, method },
      (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk));
        response.on('end', () =>
          done({ status: response.statusCode, headers: response.headers, body }),
        );
      },
    );
    call.on('error', fail);
    call.end();
  });
}

test('files come with their type and a policy that forbids foreign code', async () => {
  const page = await get('/web/');
  assert.deepEqual([page.status, page.body], [200, '<p>page']);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(
    page.headers['content-security-policy'],
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'",
  );
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal((await get('/kvasm.wasm?v=1')).headers['content-type'], 'application/wasm');
  assert.equal((await get('/a%20b.js')).body, 'js');
});

test('the root leads to the page', async () => {
  const { status, headers } = await get('/');
  assert.deepEqual([status, headers.location], [302, '/web/']);
});

test('HEAD has no body, other methods are refused', async () => {
  const head = await get('/kvasm.wasm', 'HEAD');
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '4']);
  assert.equal((await get('/kvasm.wasm', 'POST')).status, 405);
});

test('nothing outside the folder, nothing hidden, nothing of an unknown type', async () => {
  const paths = [
    '/../secret.js',
    '/web/../../secret.js',
    '/%2e%2e/secret.js',
    '/..%2fsecret.js',
    '/..%5csecret.js',
    '/%2e%2e%2frootkit.js',
    '//../secret.js',
    '/.hidden.js',
    '/notes.txt',
    '/web',
    '/missing.js',
    '/kvasm.wasm%00.js',
    '/%zz',
  ];
  for (const path of paths) assert.equal((await get(path)).status, 404, path);
});
