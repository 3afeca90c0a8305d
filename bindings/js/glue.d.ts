/**
 * What the Emscripten build emits next to the compiled TypeScript (`dist/kvasm.js`). The module
 * exists only after the wasm build, hence a declaration by pattern.
 */
declare module '*/kvasm.js' {
  import type { ModuleFactory } from './loader.js';
  const createModule: ModuleFactory;
  export default createModule;
}
