// The files the checks look at: what git tracks or would track, as { path, text }.
import { execFileSync } from 'node:child_process';
import { readFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Repository-relative paths, with forward slashes, of everything that is not ignored. */
export function treePaths() {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const listing = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  return [...new Set(listing.split('\0'))].filter((path) => path && existsSync(join(root, path)));
}

/** The same as { path, text }, for the paths that match. */
export function readTree(pattern) {
  return treePaths()
    .filter((path) => pattern.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}
