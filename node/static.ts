// Serves the files of one folder over HTTP: what `npm start` needs to show the page, no more.
import { createReadStream, statSync, type Stats } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve, sep } from 'node:path';

const kContentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
};

/** No script but our own and no eval; compiling the engine's WebAssembly is allowed. */
const kPolicy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

/** A server of files. */
export interface StaticServer {
  readonly port: number;
  /** `http://host:port/` */
  readonly url: string;
  close(): Promise<void>;
}

export interface StaticOptions {
  /** Address to listen on; 127.0.0.1 by default. */
  host?: string;
  /** Port to listen on; any free one by default. */
  port?: number;
  /** Where `/` leads, such as `/web/`. */
  home?: string;
}

/** The file a request path names inside `root`, or undefined: nothing outside, nothing hidden. */
export function resolveFile(root: string, path: string): string | undefined {
  let name: string;
  try {
    name = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  const parts = name.split(/[/\\]/);
  if (name.includes('\0') || parts.some((part) => part.startsWith('.'))) return undefined;
  const base = resolve(root);
  const file = join(base, ...parts, name.endsWith('/') ? 'index.html' : '');
  return file.startsWith(base + sep) && extname(file) in kContentTypes ? file : undefined;
}

function statFile(file: string): Stats | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  return found?.isFile() ? found : undefined;
}

function answer(
  root: string,
  home: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  response.setHeader('content-security-policy', kPolicy);
  response.setHeader('x-content-type-options', 'nosniff');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const path = (request.url ?? '/').replace(/[?#].*$/, '');
  if (path === '/' && home !== '/') {
    response.writeHead(302, { location: home }).end();
    return;
  }
  const file = resolveFile(root, path);
  const found = file === undefined ? undefined : statFile(file);
  if (file === undefined || found === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
    return;
  }
  response.writeHead(200, {
    'content-type': kContentTypes[extname(file)],
    'content-length': found.size,
    'cache-control': 'no-cache',
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const stream = createReadStream(file);
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
  stream.pipe(response);
}

/** Serves the files below `root`. @throws the system's error when the port cannot be had */
export async function serveStatic(
  root: string,
  options: StaticOptions = {},
): Promise<StaticServer> {
  const { host = '127.0.0.1', port = 0, home = '/' } = options;
  const handler: RequestListener = (request, response) => answer(root, home, request, response);
  const server = createServer(handler);
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(port, host, listening);
  });
  const actual = (server.address() as AddressInfo).port;
  return {
    port: actual,
    url: `http://${host}:${actual}/`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections?.();
      }),
  };
}
