/**
 * What the Emscripten build emits next to the compiled TypeScript (`dist/kvasm.js`). The module
 * exists only after the wasm build, hence a declaration by pattern.
 */
declare module '*/kvasm.js' {
  import type { ModuleFactory } from './loader.js';
  import type { KvasmModule } from './module.js';
  const createModule: ModuleFactory<KvasmModule>;
  export default createModule;
}

/** The same of the checks of files. */
declare module '*/kvasm_checks.js' {
  import type { ModuleFactory } from './loader.js';
  import type { ChecksModule } from './module.js';
  const createModule: ModuleFactory<ChecksModule>;
  export default createModule;
}
