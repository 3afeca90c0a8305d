// Seeded random commands over every family (generate/, one file each).
//
// An episode is a list of steps that starts on an empty server; a step is { commands, check? }: one
// command, or several that only make sense together (a random draw between two looks at the
// collection). Nothing in an episode depends on replies, so it can be replayed and shrunk.
//
// Few keys and small limits of the compact encodings, so that wrong types and conversions are
// common. No expiry falls into the run: times are far away, far from each other, or in the past.
import bitmaps from './generate/bitmaps.mjs';
import geo from './generate/geo.mjs';
import groups from './generate/groups.mjs';
import hashes from './generate/hashes.mjs';
import hashesExpire from './generate/hashes_expire.mjs';
import hyperloglogs from './generate/hyperloglogs.mjs';
import keys from './generate/keys.mjs';
import lists from './generate/lists.mjs';
import server from './generate/server.mjs';
import sets from './generate/sets.mjs';
import sort from './generate/sort.mjs';
import streams from './generate/streams.mjs';
import strings from './generate/strings.mjs';
import zsets from './generate/zsets.mjs';
import { Source, kGarbage } from './generate/source.mjs';

const kFamilies = [
  strings,
  keys,
  lists,
  hashes,
  hashesExpire,
  sets,
  zsets,
  geo,
  streams,
  groups,
  bitmaps,
  hyperloglogs,
  sort,
  server,
];

const kTypes = kFamilies.flatMap(({ type }) => (type === undefined ? [] : [type]));
const kLooks = new Map(kFamilies.map(({ type, look }) => [type, look]));
const kSteps = kFamilies.flatMap(({ steps = [] }) => steps);
const kCommands = kFamilies.flatMap(({ commands, unaltered }) =>
  Object.entries(commands).map(([name, [weight, make, rarer = 1]]) => ({
    words: name.trim().split(' '),
    weight,
    make,
    rarer,
    alterable: !unaltered?.test(name),
  })),
);
const kTotal = kCommands.reduce((sum, { weight }) => sum + weight, 0);

function command(r, version) {
  let left = r.int(0, kTotal - 1);
  const { words, make, rarer, alterable } = kCommands.find(({ weight }) => (left -= weight) < 0);
  if (!r.once(rarer)) return ['PING'];
  const rest = make(r, version);
  if (rest === null) return ['PING'];
  const args = [...words, ...rest];
  return alterable && r.once(30) ? altered(r, args) : args;
}

/** One argument dropped, doubled or replaced; the name in lower case. Tests what errors say. */
function altered(r, args) {
  const at = r.int(1, Math.max(1, args.length - 1));
  const out = [...args];
  switch (r.int(0, 3)) {
    case 0:
      out.splice(at, 1);
      break;
    case 1:
      out.splice(at, 0, r.pick(kGarbage));
      break;
    case 2:
      out.splice(at, 1, r.pick(kGarbage));
      break;
    default:
      out[0] = out[0].toLowerCase();
  }
  return out;
}

function step(r, version) {
  for (const [once, make] of kSteps) {
    if (r.once(once)) return make(r, version);
  }
  const args = command(r, version);
  // (' 1' keys are 1 to COMMAND GETKEYS, which reads what is no number as C's atoi does.)
  if (r.once(80) && !/^(B[LRZ]|SELECT|FLUSH)/.test(args[0]) && !args.includes(' 1')) {
    return { commands: [['COMMAND', r.pick(['GETKEYS', 'GETKEYSANDFLAGS']), ...args]] };
  }
  return { commands: [args] };
}

/** Looks at everything that is there. */
function audit(r) {
  const steps = [];
  for (const db of ['0', '1', '2']) {
    steps.push(['SELECT', db], ['DBSIZE'], ['KEYS', '*']);
    for (const family of kFamilies) steps.push(...(family.audit ?? []));
    for (const type of kTypes) {
      for (let i = 0; i <= 3; i++) {
        const key = `${type}:${i}`;
        steps.push(['TYPE', key], ['OBJECT', 'ENCODING', key], ['PTTL', key]);
        steps.push(kLooks.get(r.once(6) ? r.pick(kTypes) : type)(key));
      }
    }
  }
  return steps.map((args) => ({ commands: [args] }));
}

/**
 * The limits of compact encodings an episode runs with, as CONFIG SET arguments: the usual ones in
 * every fourth, small ones in the others.
 */
export function limits(seed) {
  const r = new Source(`${seed}/limits`, kTypes);
  const usual = r.once(4);
  return Object.fromEntries(
    kFamilies.flatMap((family) =>
      Object.entries(family.limits ?? {}).map(([name, [small, value]]) => [
        name,
        usual ? value : small(r),
      ]),
    ),
  );
}

/**
 * The steps of the episode with this seed, for a judge of this version ('7.0.15'): about `count`
 * commands and a look at everything.
 */
export function episode(seed, count, version) {
  const r = new Source(seed, kTypes);
  const steps = [];
  for (let commands = 0; commands < count;) {
    const next = step(r, version);
    commands += next.commands.length;
    steps.push(next);
  }
  return [...steps, ...audit(r)];
}
