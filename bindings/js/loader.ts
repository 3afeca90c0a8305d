/** Finds, compiles and instantiates the WebAssembly module. */
import createModule from '../../kvasm.js';
import type { KvasmHost, KvasmModule } from './module.js';
import { isNode } from './platform.js';

// These name WebAssembly's own types, which only some programs' typings have ("lib": "DOM"). So
// they are here, where no public declaration leads to.

/** What Emscripten's factory takes. */
export interface ModuleInit {
  instantiateWasm(
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
  kvasmHost: KvasmHost;
}

/** Emscripten's factory, the default export of `dist/kvasm.js`. */
export type ModuleFactory = (init: ModuleInit) => Promise<KvasmModule>;

/** Compiled code is immutable and shared: engines differ in their instances, not in this. */
let compiled: Promise<WebAssembly.Module> | undefined;

async function compile(): Promise<WebAssembly.Module> {
  const url = new URL('../../kvasm.wasm', import.meta.url);
  if (isNode && url.protocol === 'file:') {
    return (await import('./platform_node.js')).compileFile(url);
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Cannot load ${url}: HTTP status ${response.status}`);
  // compileStreaming insists on this media type, which not every file server sends.
  if (response.headers.get('content-type')?.startsWith('application/wasm')) {
    return WebAssembly.compileStreaming(response);
  }
  return WebAssembly.compile(await response.arrayBuffer());
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
 */
export async function instantiate(
  host: (memory: () => Uint8Array) => KvasmHost,
): Promise<KvasmModule> {
  const code = await loadModule();
  return new Promise((resolve, reject) => {
    const init: ModuleInit & Partial<Pick<KvasmModule, 'HEAPU8'>> = {
      // Emscripten turns the object it is given into the module, memory views included.
      kvasmHost: host(() => init.HEAPU8 ?? new Uint8Array(0)),
      instantiateWasm(imports, done) {
        // Emscripten has no way to be told of a failure, so it goes past it.
        WebAssembly.instantiate(code, imports).then(
          (instance) => done(instance, code),
          (error: unknown) => reject(error),
        );
        return {};
      },
    };
    createModule(init).then(resolve, reject);
  });
}
