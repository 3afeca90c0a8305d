// The package as npm would publish it: complete, small, and usable where there is nothing but Node.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompressSync } from 'node:zlib';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--offline', '--loglevel=error'];

describe('the published package', () => {
  let folder;
  let packed;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'kvasm-package-'));
    const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const listing = execFileSync('npm', args, { cwd: root, encoding: 'utf8' });
    packed = JSON.parse(listing)[0];
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    execFileSync('npm', ['install', ...quiet, join(folder, packed.filename)], { cwd: folder });
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  test('contains the wasm, its JavaScript and typings, and no source of the engine', () => {
    const paths = packed.files.map(({ path }) => path);
    for (const path of [
      'dist/kvasm.wasm',
      'dist/kvasm.js',
      'dist/kvasm_checks.wasm',
      'dist/kvasm_checks.js',
      'dist/bindings/js/index.js',
      'dist/bindings/js/index.d.ts',
      'dist/node/kvasm-server.js',
      'dist/node/kvasm-check-aof.js',
      'dist/node/kvasm-check-rdb.js',
      'README.md',
      'LICENSE',
    ]) {
      assert.ok(paths.includes(path), `${path} is missing`);
    }
    const strays = paths.filter((path) => !/^(dist\/|[A-Z]+(\.md)?$|package\.json$)/.test(path));
    assert.deepEqual(strays, []);
    assert.deepEqual(
      paths.filter((path) => /\.(cc|h)$|(?<!\.d)\.ts$|^dist\/\./.test(path)),
      [],
    );
  });

  test('has no dependencies and no install scripts', () => {
    assert.equal(manifest.dependencies, undefined);
    assert.equal(manifest.optionalDependencies, undefined);
    const hooks = Object.keys(manifest.scripts).filter((name) => /install|^prepare$/.test(name));
    assert.deepEqual(hooks, []);
  });

  test('every file its exports and bin name is there', () => {
    const named = (value) =>
      typeof value === 'string' ? [value] : Object.values(value).flatMap(named);
    for (const path of [...named(manifest.exports), ...named(manifest.bin), manifest.types]) {
      assert.ok(statSync(join(folder, 'node_modules/kvasm', path)).isFile(), path);
    }
  });

  test('keeps the wasm under 300 KB with brotli', () => {
    const file = join(folder, 'node_modules/kvasm/dist/kvasm.wasm');
    const bytes = brotliCompressSync(readFileSync(file)).length;
    assert.ok(bytes < 300_000, `${bytes} bytes`);
  });

  test('opens a database in a program that has installed it', async () => {
    const program = [
      "import { open } from 'kvasm';",
      "const db = await open('memory:');",
      "await db.set('greeting', 'hello');",
      "console.log(await db.get('greeting'));",
      'await db.close();',
    ].join('\n');
    writeFileSync(join(folder, 'program.mjs'), program);
    const { stdout } = await promisify(execFile)(process.execPath, ['program.mjs'], {
      cwd: folder,
    });
    assert.equal(stdout, 'hello\n');
  });
});

test('npm start has no shell in between, which would keep a signal to npm from the server', () => {
  assert.match(manifest.scripts.start, /^exec node /);
});
