/** Finds, compiles and instantiates the WebAssembly module. */
import createModule from '../../kvasm.js';
import type { KvasmHost, KvasmModule } from './module.js';
import { describe } from './options.js';
import { isNode, type WasmSource } from './platform.js';

// These name WebAssembly's own types, which only some programs' typings have ("lib": "DOM"). So
// they are here, where no public declaration leads to.

/** What Emscripten's factory takes, and turns into the module: memory views included. */
export interface ModuleInit {
  instantiateWasm(
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
  kvasmHost?: KvasmHost;
  HEAPU8?: Uint8Array;
}

/** Emscripten's factory, the default export of `dist/kvasm.js` and its like. */
export type ModuleFactory<Module> = (init: ModuleInit) => Promise<Module>;

/** Compiled code is immutable and shared: engines differ in their instances, not in this. */
let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  return compileFrom(new URL('../../kvasm.wasm', import.meta.url));
}

/**
 * Compiles what a url, a path, a response or bytes lead to.
 * @throws TypeError if it is nothing that can be compiled; Error if it is no WebAssembly
 */
export async function compileFrom(source: string | object): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof Response) return compileResponse(source, source.url);
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    return WebAssembly.compile(source as BufferSource);
  }
  if (typeof source !== 'string' && !(source instanceof URL)) {
    throw new TypeError(
      'The option wasm is a url, a Response, bytes or a WebAssembly.Module, not ' +
        describe(source),
    );
  }
  if (isNode && !/^(?:https?|data|blob):/.test(String(source))) {
    const path = /^file:/.test(String(source)) ? new URL(source) : source;
    return (await import('./platform_node.js')).compileFile(path);
  }
  return compileResponse(await fetch(source), String(source));
}

async function compileResponse(response: Response, url: string): Promise<WebAssembly.Module> {
  if (!response.ok) throw new Error(`Cannot load ${url}: HTTP status ${response.status}`);
  // compileStreaming insists on this media type, which not every file server sends.
  if (response.headers.get('content-type')?.startsWith('application/wasm')) {
    return WebAssembly.compileStreaming(response);
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  // Servers of bundlers answer with a page what they do not find.
  if (bytes[0] !== 0 || bytes[1] !== 0x61) {
    throw new Error(
      `There is no WebAssembly at ${url}. If a bundler has moved kvasm.wasm, ` +
        "tell open where it is: open('memory:', { wasm: url })",
    );
  }
  return WebAssembly.compile(bytes);
}

/**
 * The compiled module. The first call compiles; later ones share its result. A failure is not
 * kept, so a page that was offline may try again.
 */
export function loadModule(): Promise<WebAssembly.Module> {
  compiled ??= compile().catch((error: unknown) => {
    compiled = undefined;
    throw error;
  });
  return compiled;
}

/**
 * A fresh instance with its own memory.
 * @param host made with a function that gives the instance's memory as it is now
 * @param wasm where the code is if not in the usual place; it is compiled each time then, unless it
 * is a compiled module
 */
export async function instantiate(
  host: (memory: () => Uint8Array) => KvasmHost,
  wasm?: WasmSource,
): Promise<KvasmModule> {
  const code = await (wasm === undefined ? loadModule() : compileFrom(await wasm));
  const init: Omit<ModuleInit, 'instantiateWasm'> = {
    kvasmHost: host(() => init.HEAPU8 ?? new Uint8Array(0)),
  };
  return start(createModule, code, init);
}

/** An instance of compiled code with the JavaScript that Emscripten has written for it. */
export function start<Module>(
  create: ModuleFactory<Module>,
  code: WebAssembly.Module,
  init: Omit<ModuleInit, 'instantiateWasm'> = {},
): Promise<Module> {
  return new Promise((resolve, reject) => {
    const instantiateWasm: ModuleInit['instantiateWasm'] = (imports, done) => {
      // Emscripten has no way to be told of a failure, so it goes past it.
      WebAssembly.instantiate(code, imports).then(
        (instance) => done(instance, code),
        (error: unknown) => reject(error),
      );
      return {};
    };
    create(Object.assign(init, { instantiateWasm })).then(resolve, reject);
  });
}
