// Builds the package into dist/: the wasm module, the typings derived from its command table, the
// JavaScript. `build.mjs wasm` and `build.mjs js` stop after, or start from, the wasm module.
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { filesBelow, jobs, say, setup, stale, step } from './steps.mjs';

const stamp = 'dist/.built';
const sources = ['core', 'bindings', 'node', 'web', 'CMakeLists.txt', 'CMakePresets.json'];
const settings = ['package.json', 'package-lock.json', 'tsconfig.json', '.ci/build.mjs'];

export function configure(preset) {
  if (!existsSync(`build/${preset}/build.ninja`)) {
    step(`Configuring the ${preset} build`, 'cmake', ['--preset', preset]);
  }
}

export function buildTargets(what, preset, targets) {
  configure(preset);
  const selection = targets.flatMap((target) => ['--target', target]);
  step(what, 'cmake', ['--build', '--preset', preset, '-j', jobs, ...selection]);
}

function buildWasm() {
  buildTargets('Building the wasm modules (some minutes the first time)', 'wasm', [
    'kvasm_wasm',
    'kvasm_checks',
  ]);
}

function buildJs() {
  const generator = 'bindings/codegen/generate.mjs';
  if (existsSync(generator)) {
    step('Deriving the typings from the command table', process.execPath, [generator]);
  }
  step('Compiling the TypeScript', process.execPath, ['node_modules/typescript/bin/tsc']);
  // A checkout's programs are started as such, too, not only those npm installs.
  for (const name of ['server', 'check-aof', 'check-rdb']) {
    chmodSync(`dist/node/kvasm-${name}.js`, 0o755);
  }
  mkdirSync('dist/web', { recursive: true });
  for (const name of ['kvasm', 'kvasm_checks']) {
    copyFileSync(`build/wasm/${name}.js`, `dist/${name}.js`);
    step(`Packing ${name}.wasm`, process.execPath, [
      'bindings/packing/pack.mjs',
      `build/wasm/${name}.wasm`,
      `dist/${name}.wasm`,
    ]);
  }
  for (const file of filesBelow('web')) {
    if (!['.ts', '.md'].includes(extname(file))) cpSync(file, `dist/${file}`);
  }
  writeFileSync(stamp, '');
}

/** Builds what is out of date. */
export function buildPackage() {
  if (!stale(stamp, [...sources, ...settings])) return;
  buildWasm();
  buildJs();
  say('The package is built: dist/');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  setup();
  const part = process.argv[2] ?? 'all';
  if (part === 'wasm' || part === 'all') buildWasm();
  if (part === 'js' || part === 'all') buildJs();
}
