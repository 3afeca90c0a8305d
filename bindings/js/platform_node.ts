/** The part of the package only Node loads. Bundlers for browsers drop it (package.json). */
import { webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** The bytes of the WebAssembly module, from the file next to the compiled package. */
export function readModule(url: URL): Promise<Uint8Array> {
  return readFile(url);
}

/** Web Crypto, which is no global in Node 18. */
export const entropy = webcrypto as { getRandomValues(bytes: Uint8Array): unknown };

/** `listen` of node/, which only those who call it pay for. */
export async function loadListen(): Promise<typeof import('../../node/listen.js').listen> {
  return (await import('../../node/listen.js')).listen;
}
