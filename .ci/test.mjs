// npm test: set-up, build, then the native tests (GoogleTest and conformance, by ctest) and the
// Node tests. --asan: only the native ones, under the sanitizers. --wasm: the unit tests as wasm.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildPackage, buildTargets } from './build.mjs';
import { nativeFailures } from './failures.mjs';
import { filesBelow, jobs, root, run, say, setup } from './steps.mjs';

const nodeTestMinutes = 10;
const nativeReport = join(root, 'build', 'ctest.xml');

function nativeTests(preset) {
  buildTargets(`Building the ${preset} tests (some minutes the first time)`, preset, []);
  say(`Running the ${preset} tests`);
  rmSync(nativeReport, { force: true });
  return run('ctest', ['--preset', preset, '-j', jobs, '--output-junit', nativeReport]);
}

function wasmTests() {
  buildTargets('Building the unit tests for wasm', 'wasm-tests', []);
  const program = 'build/wasm-tests/kvasm_unit_tests_wasm.cjs';
  return run(process.execPath, ['--no-experimental-fetch', program, '--gtest_brief=1']);
}

function nodeTests() {
  const files = ['tests', 'examples'].flatMap(filesBelow).filter((f) => f.endsWith('.test.mjs'));
  say(`Running the Node tests (${files.length} files)`);
  // A test that hangs must fail, not stop the line; Node has the option since 20.11.
  const [major, minor] = process.versions.node.split('.').map(Number);
  const limited = major > 20 || (major === 20 && minor >= 11);
  const limit = limited ? [`--test-timeout=${nodeTestMinutes * 60_000}`] : [];
  const reports = ['tap', './.ci/failures.mjs'].flatMap((reporter) => [
    `--test-reporter=${reporter}`,
    '--test-reporter-destination=stdout',
  ]);
  return run(process.execPath, ['--test', ...limit, ...reports, ...files]);
}

setup();
if (process.argv.includes('--asan')) process.exit(nativeTests('asan'));
if (process.argv.includes('--wasm')) process.exit(wasmTests());
if (!existsSync('core')) throw new Error('run from a checkout of the project');
buildPackage();
const native = nativeTests('native');
const node = nodeTests();
if (native !== 0) process.stdout.write(nativeFailures(nativeReport));
for (const [which, status] of Object.entries({ native, Node: node })) {
  say(`The ${which} tests ${status === 0 ? 'passed' : 'FAILED'}`);
}
process.exit(native || node);
