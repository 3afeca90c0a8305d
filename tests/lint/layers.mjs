// The arrows between the folders of the engine. A folder may include itself and what its line
// names, nothing else; every edge points downward.
import { pathToFileURL } from 'node:url';
import { readTree } from './tree.mjs';

const layers = {
  base: [],
  host: ['base'],
  ds: ['base'],
  types: ['base', 'ds'],
  keyspace: ['base', 'host', 'ds', 'types'],
  persist: ['base', 'ds', 'types', 'keyspace', 'resp'],
  resp: ['base'],
  services: ['base', 'host', 'ds', 'types', 'keyspace', 'resp'],
  scripting: ['base', 'resp', 'services'],
  durability: [
    'base',
    'host',
    'ds',
    'types',
    'keyspace',
    'persist',
    'resp',
    'services',
    'scripting',
  ],
  command: ['base', 'host', 'ds', 'types', 'keyspace', 'resp', 'services'],
  commands: [
    'base',
    'host',
    'ds',
    'types',
    'keyspace',
    'persist',
    'resp',
    'services',
    'scripting',
    'durability',
    'command',
  ],
  engine: [
    'base',
    'host',
    'ds',
    'types',
    'keyspace',
    'persist',
    'resp',
    'services',
    'scripting',
    'durability',
    'command',
    'commands',
  ],
};

/** A folder's name in the table: "core/ds", or "bindings" for the one door. */
export const allowed = {
  ...Object.fromEntries(
    Object.entries(layers).map(([layer, below]) => [
      `core/${layer}`,
      below.map((name) => `core/${name}`),
    ]),
  ),
  bindings: Object.keys(layers).map((layer) => `core/${layer}`),
};

function folderOf(path) {
  const parts = path.split('/');
  return parts[0] === 'core' ? parts.slice(0, 2).join('/') : parts[0];
}

function includesOf({ text }) {
  return [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]+"([^"]+)"/gm)].map((match) => match[1]);
}

function edgeProblems(files) {
  const problems = [];
  for (const file of files) {
    const from = folderOf(file.path);
    if (!(from in allowed)) {
      problems.push(`${file.path}: ${from} is not a layer (see tests/lint/layers.mjs)`);
      continue;
    }
    for (const include of includesOf(file)) {
      const to = folderOf(include);
      if (!include.includes('/') || !(to in allowed)) {
        problems.push(`${file.path}: write "${include}" from the repository's root`);
      } else if (to !== from && !allowed[from].includes(to)) {
        problems.push(`${file.path}: ${from} may not include ${to} ("${include}")`);
      }
    }
  }
  return problems;
}

/** Headers that include each other, in whichever folder: one line for each cycle met. */
function cycleProblems(files) {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const state = new Map();
  const problems = [];
  const visit = (path, trail) => {
    if (state.get(path) === 'done' || !byPath.has(path)) return;
    if (state.get(path) === 'open') {
      problems.push(`${[...trail.slice(trail.indexOf(path)), path].join(' -> ')}: a cycle`);
      return;
    }
    state.set(path, 'open');
    for (const include of includesOf(byPath.get(path))) visit(include, [...trail, path]);
    state.set(path, 'done');
  };
  for (const { path } of files) visit(path, []);
  return problems;
}

/** Problems, one text each, in files given as { path, text }. */
export function checkLayers(files) {
  return [...edgeProblems(files), ...cycleProblems(files)];
}

export function layerFiles() {
  return readTree(/^(core|bindings)\/.*\.(cc|h)$/);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const problems = checkLayers(layerFiles());
  for (const problem of problems) console.error(problem);
  process.exit(problems.length ? 1 : 0);
}
