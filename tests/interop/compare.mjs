// Tells whether two servers gave the same reply to the same step.
import { show } from '../conformance/match.mjs';
import { kTimed, untimed } from './times.mjs';
import { explain } from './versions.mjs';

/** Replies without an order of their own. */
const kUnordered = /^(KEYS|HKEYS|HVALS|SMEMBERS|SINTER|SUNION|SDIFF)$/;
const kScans = /^(SCAN|HSCAN|SSCAN|ZSCAN)$/;
const kTimes = /^(TTL|PTTL|EXPIRETIME|PEXPIRETIME)$/;
/** Replies whose size is each server's own. */
const kOwn = /^(MEMORY)$/;

const flat = (reply) => show(reply, false);

const sorted = (items) => items.map(flat).sort().join(' ');
const paired = (items) => {
  const out = [];
  for (let i = 0; i < items.length; i += 2)
    out.push(
      items
        .slice(i, i + 2)
        .map(flat)
        .join(' '),
    );
  return out.sort().join('  ');
};

/** A reply as text that is equal for equal replies. */
function canonical([name], reply) {
  if (!Array.isArray(reply.v)) return flat(reply);
  if (kTimed.test(name)) return flat(untimed(name, reply));
  if (kUnordered.test(name) || reply.t === '~') return reply.t + sorted(reply.v);
  if (name === 'HGETALL' || reply.t === '%') return reply.t + paired(reply.v);
  if (kScans.test(name) && reply.v.length === 2 && Array.isArray(reply.v[1].v)) {
    const items = reply.v[1].v;
    return `${flat(reply.v[0])} ${/^[HZ]/.test(name) ? paired(items) : sorted(items)}`;
  }
  return flat(reply);
}

function sameTime(name, a, b) {
  const [x, y] = [Number(a.v), Number(b.v)];
  if (a.t !== ':' || b.t !== ':' || x < 0 || y < 0) return a.t === b.t && a.v === b.v;
  return Math.abs(x - y) <= (name.startsWith('P') ? 20_000 : 20);
}

function same(command, theirs, ours, version, counts) {
  const words = command.map((word, i) => (i < 2 ? String(word).toUpperCase() : word));
  if (theirs.t === ours.t && kOwn.test(words[0]) && theirs.t === ':') return true;
  if (kTimes.test(words[0])) {
    if (sameTime(words[0], theirs, ours)) return true;
  } else if (canonical(words, theirs) === canonical(words, ours)) return true;
  const change = explain(words, theirs, ours, version);
  if (change) counts.set(change, (counts.get(change) ?? 0) + 1);
  return Boolean(change);
}

const items = (reply) => (Array.isArray(reply.v) ? reply.v.map(flat) : []);

/** What is wrong with a random draw: how many, and from what. */
function drawn([, [name, , count, withValues]], [look, reply]) {
  if (look.t === '-' || reply.t === '-') return undefined;
  const pool = new Set(items(look));
  if (count === undefined) {
    const fine =
      pool.size === 0 ? !Array.isArray(reply.v) && reply.v === null : pool.has(flat(reply));
    return fine ? undefined : `${name} drew ${flat(reply)}`;
  }
  let got = reply.v;
  if (withValues !== undefined) {
    got =
      got.length && Array.isArray(got[0].v)
        ? got.map((pair) => pair.v[0])
        : got.filter((_, i) => i % 2 === 0);
  }
  const names = got.map(flat);
  const want =
    Number(count) < 0 ? (pool.size ? -Number(count) : 0) : Math.min(Number(count), pool.size);
  const distinct = Number(count) < 0 || new Set(names).size === names.length;
  return names.length === want && distinct && names.every((item) => pool.has(item))
    ? undefined
    : `${name} drew ${flat(reply)}`;
}

/** What is wrong with SPOP: before = popped + after, and the right number popped. */
function popped([, [, , count]], [before, reply, after]) {
  if (before.t === '-' || reply.t === '-') return undefined;
  const taken = Array.isArray(reply.v) ? items(reply) : reply.v === null ? [] : [flat(reply)];
  const want = Math.min(count === undefined ? 1 : Number(count), items(before).length);
  const whole = [...taken, ...items(after)].sort().join(' ') === items(before).sort().join(' ');
  return whole && taken.length === want ? undefined : `SPOP took ${flat(reply)}`;
}

/**
 * What differs between their and our replies to a step: undefined, or { command, theirs, ours } as
 * text. `version` is theirs; `counts` collects how often each row of versions.mjs was met.
 */
export function difference({ commands, check }, theirs, ours, version, counts) {
  for (let i = 0; i < commands.length; i++) {
    const random = check && i > 0 && i < (check === 'pop' ? 3 : 2);
    // Of random replies only the kind is compared, and errors in full.
    const fine =
      random && theirs[i].t !== '-' && ours[i].t !== '-'
        ? theirs[i].t === ours[i].t
        : same(commands[i], theirs[i], ours[i], version, counts);
    if (!fine) return { command: commands[i], theirs: flat(theirs[i]), ours: flat(ours[i]) };
  }
  for (const [who, replies] of [
    ['theirs', theirs],
    ['ours', ours],
  ]) {
    const wrong =
      check === 'draw'
        ? drawn(commands, replies)
        : check === 'pop'
          ? popped(commands, replies)
          : undefined;
    if (wrong)
      return {
        command: commands[1],
        theirs: '(a fair draw)',
        ours: '(a fair draw)',
        [who]: `${wrong} from ${flat(replies[0])}`,
      };
  }
  return undefined;
}

/** A command as one could type it; long runs of one byte as in a .resp file. */
export const typed = (command) =>
  command
    .map((word) => {
      const text = flat({ t: '$', v: Buffer.from(word) });
      return /^"[\x23-\x7e]+"$/.test(text) && !/['\\]/.test(text) ? text.slice(1, -1) : text;
    })
    .join(' ');
