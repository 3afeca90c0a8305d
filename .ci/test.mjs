// npm test: set-up, build, then the native tests (GoogleTest and conformance, by ctest) and the
// Node tests. --asan: only the native ones, under the sanitizers. --wasm: the unit tests as wasm.
import { existsSync } from 'node:fs';
import { buildPackage, buildTargets } from './build.mjs';
import { filesBelow, jobs, run, say, setup } from './steps.mjs';

function nativeTests(preset) {
  buildTargets(`Building the ${preset} tests (some minutes the first time)`, preset, []);
  say(`Running the ${preset} tests`);
  return run('ctest', ['--preset', preset, '-j', jobs]);
}

function wasmTests() {
  buildTargets('Building the unit tests for wasm', 'wasm', ['kvasm_unit_tests_wasm']);
  const program = 'build/wasm/kvasm_unit_tests_wasm.cjs';
  return run(process.execPath, ['--no-experimental-fetch', program, '--gtest_brief=1']);
}

function nodeTests() {
  const files = ['tests', 'examples'].flatMap(filesBelow).filter((f) => f.endsWith('.test.mjs'));
  say(`Running the Node tests (${files.length} files)`);
  return run(process.execPath, ['--test', ...files]);
}

setup();
if (process.argv.includes('--asan')) process.exit(nativeTests('asan'));
if (process.argv.includes('--wasm')) process.exit(wasmTests());
if (!existsSync('core')) throw new Error('run from a checkout of the project');
buildPackage();
const native = nativeTests('native');
const node = nodeTests();
process.exit(native || node);
