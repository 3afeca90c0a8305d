// Prints the size of the built wasm module and its JavaScript: raw, gzip and brotli.
import { readFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { pathToFileURL } from 'node:url';
import './steps.mjs';

/** Sizes in bytes of a file as it is, under gzip -9 and under brotli -11. */
export function sizes(file) {
  const bytes = readFileSync(file);
  return {
    raw: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes).length,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.table(
    Object.fromEntries(['dist/kvasm.wasm', 'dist/kvasm.js'].map((file) => [file, sizes(file)])),
  );
}
