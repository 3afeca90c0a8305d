// What the scripts of this folder share: running commands, and knowing what is stale.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const jobs = String(availableParallelism?.() ?? cpus().length);
process.chdir(root);

export function say(text) {
  console.log(`[kvasm] ${text}`);
}

/** Runs a program in the repository's root with its output shown; returns its exit status. */
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, { stdio: 'inherit', ...options });
  if (result.error) {
    say(`cannot run ${program}: ${result.error.message}`);
    return 127;
  }
  return result.status ?? 1;
}

/** One step of work, announced in words; the whole script ends when it fails. */
export function step(what, program, args, options = {}) {
  say(`${what} ...`);
  const began = Date.now();
  const status = run(program, args, options);
  if (status !== 0) {
    say(`${what}: FAILED (${program} ${args.join(' ')})`);
    process.exit(status);
  }
  say(`${what}: done in ${((Date.now() - began) / 1000).toFixed(1)} s`);
}

/** Installs what is missing (see .ci/setup); silent and fast when nothing is. */
export function setup() {
  const status = run('bash', ['.ci/setup']);
  if (status !== 0) process.exit(status);
}

/** Every file below a folder (repository-relative), sorted; no hidden files, no node_modules. */
export function filesBelow(folder) {
  const found = [];
  if (!existsSync(folder)) return found;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesBelow(path));
    else if (entry.isFile()) found.push(path);
  }
  return found.sort();
}

/** True when a file of `sources` (files or folders) is newer than `stamp`, or there is no stamp. */
export function stale(stamp, sources) {
  if (!existsSync(stamp)) return true;
  const built = statSync(stamp).mtimeMs;
  return sources
    .flatMap((source) =>
      existsSync(source) && statSync(source).isDirectory() ? filesBelow(source) : [source],
    )
    .some((file) => existsSync(file) && statSync(file).mtimeMs > built);
}
