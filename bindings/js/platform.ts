/**
 * What differs between Node and everything else, found out once, without importing anything a
 * browser lacks. `platform_node.ts` is loaded by a dynamic import and only under Node.
 */

import type { Engine } from './engine.js';
import type { Storage } from './storage.js';
import type { Connection } from './types.js';

/** Text and bytes at positions of the engine's memory. Positions are byte offsets. */
export interface Codec {
  /** Must be called again with the new memory whenever it has grown. */
  attach(heap: Uint8Array): void;
  /** UTF-8 text of [start, end); bad sequences become U+FFFD. */
  decode(start: number, end: number): string;
  /**
   * Writes `text` as UTF-8 and returns the bytes written. The caller guarantees room for
   * 3 bytes per UTF-16 unit. Lone surrogates become U+FFFD.
   */
  encode(text: string, at: number): number;
  /** A copy of [start, end) that stays valid: a Buffer in Node. */
  copy(start: number, end: number): Uint8Array;
  /** These bytes in the same form as `copy` gives them. */
  pack(bytes: readonly number[]): Uint8Array;
  /** Strings up to this length are cheaper to write unit by unit than through `encode`. */
  readonly shortText: number;
}

/** The part of Node's Buffer the codec uses; latin1Slice and friends are what toString calls. */
interface NodeBuffer extends Uint8Array {
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, at: number, length: number): number;
}

interface NodeBufferClass {
  from(buffer: ArrayBufferLike, offset?: number, length?: number): NodeBuffer;
  from(bytes: Uint8Array): NodeBuffer;
}

const scope = globalThis as unknown as {
  Buffer?: NodeBufferClass;
  process?: { versions?: { node?: string }; type?: string };
};

/** Whether this is Node (or something that imitates it well enough to offer Buffer). */
export const isNode =
  typeof scope.process?.versions?.node === 'string' &&
  scope.process.type !== 'renderer' &&
  typeof scope.Buffer?.from === 'function';

/** The codec for this platform. Every engine has its own, since it holds a view of its memory. */
export function createCodec(): Codec {
  const buffer = scope.Buffer;
  return isNode && buffer !== undefined ? new BufferCodec(buffer) : new TextCodec();
}

/** Node: Buffer's own methods take positions, so no view is made per call. */
class BufferCodec implements Codec {
  readonly shortText = 16;
  private buffer: NodeBuffer;

  constructor(private readonly bufferClass: NodeBufferClass) {
    this.buffer = bufferClass.from(new ArrayBuffer(0));
  }

  attach(heap: Uint8Array): void {
    this.buffer = this.bufferClass.from(heap.buffer, heap.byteOffset, heap.byteLength);
  }

  decode(start: number, end: number): string {
    return this.buffer.utf8Slice(start, end);
  }

  encode(text: string, at: number): number {
    return this.buffer.utf8Write(text, at, text.length * 3);
  }

  copy(start: number, end: number): Uint8Array {
    return this.bufferClass.from(this.buffer.subarray(start, end));
  }

  pack(bytes: readonly number[]): Uint8Array {
    return this.bufferClass.from(Uint8Array.from(bytes));
  }
}

/** Browsers and everything else: the Encoding standard. */
class TextCodec implements Codec {
  readonly shortText = 24;
  private heap: Uint8Array = new Uint8Array(0);
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  private readonly encoder = new TextEncoder();

  attach(heap: Uint8Array): void {
    this.heap = heap;
  }

  decode(start: number, end: number): string {
    return this.decoder.decode(this.heap.subarray(start, end));
  }

  encode(text: string, at: number): number {
    const room = this.heap.subarray(at, at + text.length * 3);
    return this.encoder.encodeInto(text, room).written;
  }

  copy(start: number, end: number): Uint8Array {
    return this.heap.slice(start, end);
  }

  pack(bytes: readonly number[]): Uint8Array {
    return Uint8Array.from(bytes);
  }
}

/** Resolves when the event loop has turned: whatever else was to be done has been done. */
export function nextTurn(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  // Timers of a page that follow each other wait for 4 ms.
  const { port1, port2 } = new MessageChannel();
  return new Promise<void>((resolve) => {
    port1.onmessage = () => resolve();
    port2.postMessage(0);
  }).finally(() => port1.close());
}

/**
 * Where the compiled engine comes from: a url (or in Node a path), a `URL`, a `Response`, bytes or
 * a `WebAssembly.Module`. Not more exactly, since not every program has typings of all of these.
 */
export type WasmSource = string | object | PromiseLike<string | object>;

/** Fills the bytes with randomness fit for seeds. */
export type FillRandom = (bytes: Uint8Array) => void;

/** The platform's entropy. */
export async function loadFillRandom(): Promise<FillRandom> {
  if (isNode) return (await import('./platform_node.js')).fillRandom;
  const kMost = 65536; // getRandomValues refuses more
  return (bytes) => {
    for (let at = 0; at < bytes.length; at += kMost) {
      crypto.getRandomValues(bytes.subarray(at, at + kMost) as Uint8Array<ArrayBuffer>);
    }
  };
}

/**
 * The storage a url names, not locked yet: `file:` and a path in Node.
 * @throws TypeError if there is no such storage here
 */
export async function storageOf(url: string): Promise<Storage> {
  if (!url.startsWith('file:')) {
    throw new TypeError(`Cannot open '${url}': expected 'memory:', or 'file:' and a folder`);
  }
  if (!isNode) throw new TypeError(`Cannot open '${url}': a page has no folders`);
  return (await import('./platform_node.js')).openFolder(url);
}

/** `listen` of node/, loaded when it is wanted. @throws Error where there is no Node */
export async function loadListen(): Promise<typeof import('../../node/listen.js').listen> {
  if (!isNode) throw new Error('listen() needs Node: a page cannot accept connections');
  return (await import('./platform_node.js')).loadListen();
}

/** Makes connections in memory. */
export type ConnectionMaker = new (
  engine: Engine,
  /** Told of the connection's session before anything is executed. */
  onOpen: (session: number) => void,
) => Connection;

/** That of node/, loaded when it is wanted. @throws Error where there is no Node */
export async function loadConnectionMaker(): Promise<ConnectionMaker> {
  if (!isNode) throw new Error('connect() needs Node: it gives a stream of node:stream');
  return (await import('./platform_node.js')).loadConnectionMaker();
}
