/** The part of the package only Node loads. Bundlers for browsers drop it (package.json). */
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ConnectionMaker } from './platform.js';
import type { Storage } from './storage.js';

/**
 * The compiled module from a file. Synchronous, because V8 compiles
 * functions when they are first called: 4 ms, where waiting for its threads took 7 to 13.
 */
export function compileFile(path: URL | string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(path));
}

/** Fills the bytes with randomness. Node 18 has no global `crypto`, and its own is ready sooner. */
export function fillRandom(bytes: Uint8Array): void {
  randomFillSync(bytes);
}

/** `listen` of node/, which only those who call it pay for. */
export async function loadListen(): Promise<typeof import('../../node/listen.js').listen> {
  return (await import('../../node/listen.js')).listen;
}

/** A folder, by a whole url (`file:///srv/data`) or `file:` and a path (`file:./data`). */
export async function openFolder(url: string): Promise<Storage> {
  const { FileStorage } = await import('../../node/storage_files.js');
  const path = url.startsWith('file://') ? fileURLToPath(url) : url.slice('file:'.length);
  if (path === '' || path === '/') throw new TypeError(`Cannot open '${url}': it names no folder`);
  return new FileStorage(path);
}

/** Connections in memory of node/, which only those who make one pay for. */
export async function loadConnectionMaker(): Promise<ConnectionMaker> {
  return (await import('../../node/memory_connection.js')).MemoryConnection;
}
