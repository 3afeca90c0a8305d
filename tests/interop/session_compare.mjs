// Compares what scripts for several sessions (session_play.mjs) caused on two servers, and shrinks
// a script that shows a difference.
import { show } from '../conformance/match.mjs';
import { typed } from './compare.mjs';
import { script } from './session_scripts.mjs';
import { Stage } from './session_play.mjs';
import { shrink } from './shrink.mjs';
import { explain, since } from './versions.mjs';

const flat = (reply) => show(reply, false);
const word = (reply) => (reply === undefined ? '' : String(reply.v));
const kUnordered = /^(unsubscribe|punsubscribe|sunsubscribe)$/;
/** Events that 7.0 does not tell everywhere. */
const kPops = /zpop(min|max)/;
const kMessages = /^(message|pmessage|smessage|invalidate)$/;

/**
 * UNSUBSCRIBE of everything gives more replies than EXEC has counted: those in the list, and those
 * that follow it. Their names are left out.
 */
function unnamed({ at, reply }) {
  if (!Array.isArray(reply.v)) return { at, reply };
  if (kUnordered.test(parts(reply)[0]))
    return { at, reply: { ...reply, v: [reply.v[0], reply.v[2]] } };
  return { at, reply: { ...reply, v: reply.v.map((item) => unnamed({ reply: item }).reply) } };
}

const unsubscribesWithin = ({ v }) =>
  Array.isArray(v) && v.some((item) => kUnordered.test(parts(item)[0]) || unsubscribesWithin(item));

/** Replies whose order is that of a hash table, among their like: brought into one. */
function ordered(list) {
  const out = [];
  let spilled = false;
  const replies = list.map((item) => {
    const follows = spilled && kUnordered.test(parts(item.reply)[0]);
    spilled = follows || unsubscribesWithin(item.reply);
    return spilled ? unnamed(item) : item;
  });
  for (let at = 0; at < replies.length;) {
    const run = runFrom(replies, at);
    at += run.length;
    out.push(...run);
  }
  return out;
}

/** The replies from `at` that come in no order of their own, sorted; or one reply. */
function runFrom(list, at) {
  const [kind, , channel, message] = parts(list[at].reply);
  let end = at + 1;
  const run = (like) => {
    while (end < list.length && like(parts(list[end].reply))) end++;
    return list.slice(at, end);
  };
  if (kUnordered.test(kind) && list[at].reply.v.length === 3) {
    const all = run(([other]) => other === kind);
    const names = all.map(({ reply }) => reply.v[1]).sort(inText);
    return all.map(({ at, reply }, i) => {
      return { at, reply: { ...reply, v: [reply.v[0], names[i], reply.v[2]] } };
    });
  }
  const byReply = (a, b) => inText(a.reply, b.reply);
  if (kind === 'pmessage') {
    return run(([k, , c, m]) => k === kind && c === channel && m === message).sort(byReply);
  }
  // Of several sessions, in the order of their addresses in memory, if to the same one.
  if (isInvalidation(parts(list[at].reply))) return run(isInvalidation).sort(byReply);
  return [list[at]];
}

const inText = (a, b) => (flat(a) < flat(b) ? -1 : 1);
const parts = (reply) => (Array.isArray(reply.v) ? reply.v.map(word) : ['']);
const isInvalidation = ([kind, name]) => kind === 'invalidate' || name === '__redis__:invalidate';
const isMessage = (reply) => kMessages.test(parts(reply)[0]);

/** PUBSUB CHANNELS and the like tell channels in any order. */
function sorted(reply) {
  if (!Array.isArray(reply.v)) return reply;
  const texts = reply.t === '*' && reply.v.length > 1 && reply.v.every(({ t }) => t === '$');
  return texts && reply.v.every((item) => /^(c\d|__key|__redis__)/.test(word(item)))
    ? { ...reply, v: [...reply.v].sort(inText) }
    : { ...reply, v: reply.v.map(sorted) };
}

class Comparison {
  constructor(version, counts) {
    this.version = version;
    this.counts = counts;
  }

  count(change) {
    this.counts.set(change, (this.counts.get(change) ?? 0) + 1);
    return true;
  }

  /** Whether two replies are the same, or the judge's version explains the difference. */
  same(theirs, ours, asked) {
    if (flat(theirs) === flat(ours)) return true;
    for (const args of asked) {
      const words = args.map((text, i) => (i < 2 ? String(text).toUpperCase() : text));
      const change = explain(words, theirs, ours, this.version);
      if (change) return this.count(change);
    }
    return (
      Array.isArray(theirs.v) &&
      theirs.t === ours.t &&
      theirs.v.length === ours.v?.length &&
      theirs.v.every((item, i) => this.same(item, ours.v[i], asked))
    );
  }

  /** What differs first between two streams, as { at, theirs, ours }; undefined if nothing does. */
  stream(theirs, ours, asked) {
    const [a, b] = [theirs, ours].map((list) => this.arranged(list));
    for (let i = 0; i < Math.max(a.length, b.length); i++) {
      const at = Math.max(a[i]?.at ?? 0, b[i]?.at ?? 0);
      if (a[i] && b[i] && this.same(a[i].reply, b[i].reply, asked(at))) continue;
      const near = (list) => list.slice(Math.max(0, i - 1), i + 2).map(({ reply }) => flat(reply));
      return { at, theirs: near(a), ours: near(b) };
    }
    return undefined;
  }

  arranged(stream) {
    const list = ordered(stream.map(({ at, reply }) => ({ at, reply: sorted(reply) })));
    if (since('pushesAfter', this.version)) return list;
    const message = ({ reply }) => isMessage(reply);
    const messages = list
      .filter(message)
      .filter(({ reply }) => !kPops.test(parts(reply).join(' ')))
      .sort((x, y) => inText(x.reply, y.reply));
    return [...messages, ...list.filter((item) => !message(item))];
  }

  look(theirs, ours) {
    for (const [i, theirClient] of theirs.clients.entries()) {
      if (theirClient === ours.clients[i]) continue;
      const who = `CLIENT LIST of ${i}`;
      return { at: theirs.at, who, theirs: [theirClient], ours: [ours.clients[i]] };
    }
    if (theirs.digest === ours.digest) return undefined;
    return { at: theirs.at, who: 'DEBUG DIGEST', theirs: [theirs.digest], ours: [ours.digest] };
  }

  /** The first difference, as { at, who, theirs, ours }; undefined if there is none. */
  difference(steps, theirs, ours) {
    const found = theirs.streams.map((stream, i) => {
      const control = i === theirs.streams.length - 1;
      const mine = steps.map(({ on }) => on === (control ? 'control' : i));
      const asked = (at) =>
        steps
          .slice(0, at + 1)
          .flatMap(({ commands }, n) => (mine[n] ? (commands ?? []) : []))
          .slice(-40);
      const first = this.stream(stream, ours.streams[i], asked);
      return first && { who: control ? 'control' : String(i), ...first };
    });
    found.push(...theirs.looks.map((look, i) => this.look(look, ours.looks[i])));
    return found.filter(Boolean).sort((a, b) => a.at - b.at)[0];
  }
}

const word2 = (item) => (item.client === undefined ? item : `<id of ${item.client}>`);

function told(step) {
  if (step.close) return `  ${step.on}: (closes)`;
  const fresh = step.fresh ? ' (anew)' : '';
  const sleep = step.sleep ? `  (${step.sleep} ms)` : '';
  const lines = step.commands.map((args) => typed(args.map(word2)));
  return `  ${step.on}:${fresh} ${lines.join(' | ')}${sleep}`;
}

const shown = (what) => (what.length ? what.join('\n         ') : '(nothing)');

function report(name, { protocols, settings, steps }, found) {
  return [
    `script ${name} differs (sessions speak RESP ${protocols.join(', ')}):`,
    ...Object.entries(settings).map(([key, value]) => `  CONFIG SET ${key} '${value}'`),
    ...steps.slice(0, found.at + 1).map(told),
    `at       ${found.who}`,
    `theirs   ${shown(found.theirs)}`,
    `ours     ${shown(found.ours)}`,
  ].join('\n');
}

// Servers end keys by real time: on a busy machine two real ones differ now and then. What differs
// once is played this often again, to tell it from what does so each time.
const kAgain = 3;

/**
 * Compares `theirs` (the judge) with `ours` over scripts of `count` commands made from `seed`, or
 * over the one numbered `only`. Returns { commands, scripts, counts, once, report? } as
 * compareServers of differential.mjs; `once`: a report of what differed once, if anything did.
 */
export async function compareSessions({ theirs, ours, seed, count, only, length = 150 }) {
  const stages = [new Stage(theirs), new Stage(ours)];
  const counts = new Map();
  const comparison = new Comparison(theirs.version, counts);
  const play = async (made) => {
    const [a, b] = await Promise.allSettled(stages.map((stage) => stage.play(made)));
    if (a.status === 'fulfilled' && b.status === 'fulfilled') {
      return comparison.difference(made.steps, a.value, b.value);
    }
    for (const stage of stages) stage.reset();
    const [left, right] = [a, b].map(({ reason }) => String(reason ?? 'fine'));
    return { at: made.steps.length - 1, who: 'a session', theirs: [left], ours: [right] };
  };
  let commands = 0;
  let scripts = 0;
  let once;
  try {
    for (let number = only ?? 0; commands < count; number++) {
      const name = `${seed}/${number}`;
      const made = script(name, length, theirs.version);
      const found = await play(made);
      if (found) {
        const isLasting = once !== undefined || (await differsAgain(made, play));
        if (isLasting) {
          return { commands, scripts, counts, report: await explained(name, made, found, play) };
        }
        once = report(name, made, found);
      }
      scripts++;
      commands += made.steps.reduce((sum, step) => sum + (step.commands?.length ?? 1), 0);
      if (only !== undefined) break;
    }
    return { commands, scripts, counts, once };
  } finally {
    for (const stage of stages) stage.reset();
  }
}

async function differsAgain(made, play) {
  for (let i = 0; i < kAgain; i++) if (await play(made)) return true;
  return false;
}

async function explained(name, made, found, play) {
  let until = made.steps.slice(0, found.at + 1);
  if (!(await play({ ...made, steps: until }))) until = made.steps;
  const least = await shrink(until, async (steps) => Boolean(await play({ ...made, steps })));
  const shorter = { ...made, steps: least };
  const last = await play(shorter);
  if (last) return report(name, shorter, last);
  return `not when it is played again: ${report(name, made, found)}`;
}
