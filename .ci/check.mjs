// npm run check: formatting, layers, style, types. --fix formats instead; --tidy runs clang-tidy
// on the engine (slow), or on the sources named after it.
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { spawnSync } from 'node:child_process';
import { configure } from './build.mjs';
import { filesBelow, run, say, setup, step } from './steps.mjs';

const folders = ['core', 'bindings', 'node', 'web', 'tests', 'examples'];
const all = folders.flatMap(filesBelow);
const cpp = all.filter((file) => /\.(cc|h)$/.test(file));
const scripts = all
  .filter((file) => /\.(ts|mjs|js|css|html)$/.test(file))
  .concat(
    ['package.json', 'tsconfig.json', 'CMakePresets.json'],
    ['build', 'check', 'size', 'start', 'steps', 'test'].map((name) => `.ci/${name}.mjs`),
  );
const prettier = 'node_modules/prettier/bin/prettier.cjs';

let failed = 0;
function check(what, program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  say(`${what}: ${status === 0 ? 'ok' : 'FAILED'}`);
  if (status !== 0) {
    failed++;
    process.stdout.write(`${stdout ?? ''}${stderr ?? ''}`);
  }
}

function formatEverything() {
  step('Formatting C++', 'clang-format', ['-i', ...cpp]);
  step('Formatting the rest', process.execPath, [
    prettier,
    '--log-level=warn',
    '--write',
    ...scripts,
  ]);
}

function tidy(named) {
  configure('native');
  const sources = named.length ? named : cpp.filter((file) => /^core\/.*\.cc$/.test(file));
  const args = ['-p', 'build/native', '--quiet', '--extra-arg=-Wno-unknown-warning-option'];
  return run('clang-tidy', [...args, ...sources]);
}

setup();
if (process.argv.includes('--fix')) {
  formatEverything();
  process.exit(0);
}
if (process.argv.includes('--tidy')) process.exit(tidy(process.argv.slice(3)));
const node = process.execPath;
check('C++ is formatted (clang-format)', 'clang-format', ['--dry-run', '-Werror', ...cpp]);
check('the rest is formatted (prettier)', node, [prettier, '--check', ...scripts]);
check('includes follow the layers', node, ['tests/lint/layers.mjs']);
check('style rules', node, ['tests/lint/style.mjs']);
// The TypeScript stands on what the build derives from the module.
if (!existsSync('bindings/js/commands.gen.ts')) {
  say('types (tsc): FAILED');
  say('nothing is built yet: npm run build comes first');
  process.exit(1);
}
if (existsSync('build/wasm/kvasm.js')) {
  const generator = filesBelow('bindings/codegen').find((f) => basename(f) === 'generate.mjs');
  if (generator) check('generated typings are up to date', node, [generator, '--check']);
}
check('types (tsc)', node, ['node_modules/typescript/bin/tsc', '--noEmit']);
process.exit(failed ? 1 : 0);
