// Where Redis 7.0, which distributions ship, answers differently from 7.2, which Kvasm follows.
// The one place that excuses a difference between the differential test's two servers.
//
// accepts(command, older, newer) is asked with the command's words, in upper case where they are
// names, and both replies; `unless` is the first version that answers as Kvasm does.

import { show } from '../conformance/match.mjs';
import { untimed, without } from './times.mjs';

const text = (reply) => (Buffer.isBuffer(reply.v) ? reply.v.toString('latin1') : String(reply.v));

/** Both are the same number, however it is written, in nested replies too. */
function sameNumbers(a, b) {
  if (Array.isArray(a.v) && Array.isArray(b.v)) {
    return a.v.length === b.v.length && a.v.every((item, i) => sameNumbers(item, b.v[i]));
  }
  if (a.t !== b.t) return false;
  return text(a) === text(b) || (text(a) !== '' && Number(text(a)) === Number(text(b)));
}

/** Both scans hold the same members with the same scores, in any order. */
function sameScores(a, b) {
  const [x, y] = [a, b].map(({ v }) =>
    v[1].v.flatMap((item, i, all) => (i % 2 ? [] : [[text(item), Number(text(all[i + 1]))]])),
  );
  const scores = new Map(x);
  return x.length === y.length && y.every(([member, score]) => scores.get(member) === score);
}

/** Both tell the same of a stream, but for what these names stand for. */
function sameWithout(names, command, older, newer) {
  const [a, b] = [older, newer].map((reply) =>
    show(untimed(command, without(names, reply)), false),
  );
  return a === b;
}

export const differences = [
  {
    unless: '7.2',
    reason: 'consumers tell when they were last active since 7.2',
    accepts: ([name, sub], older, newer) =>
      name === 'XINFO' &&
      /^(CONSUMERS|STREAM)$/.test(sub) &&
      sameWithout(/^(inactive|active-time)$/, name, older, newer),
  },
  {
    unless: '7.2',
    reason: 'XREAD without an id for each stream is told off under its own name since 7.2',
    accepts: ([name], older, newer) =>
      name.startsWith('XREAD') &&
      newer.t === '-' &&
      text(older).startsWith('ERR Unbalanced XREAD list') &&
      text(newer).startsWith("ERR Unbalanced 'xread"),
  },
  {
    unless: '7.2',
    reason: 'XADD without a next id in its millisecond says so since 7.2',
    accepts: ([name], older, newer) =>
      name === 'XADD' &&
      newer.t === '-' &&
      text(older) === 'ERR Elements are too large to be stored',
  },
  {
    unless: '7.2',
    reason: 'every list is a quicklist before 7.2, small ones are listpacks since',
    accepts: ([name, sub], older, newer) =>
      name === 'OBJECT' &&
      sub === 'ENCODING' &&
      text(older) === 'quicklist' &&
      text(newer) === 'listpack',
  },
  {
    unless: '7.2',
    reason: 'scores are printed with 17 digits before 7.2, in their shortest form since',
    accepts: ([name], older, newer) =>
      /^B?Z/.test(name) && older.t !== '-' && sameNumbers(older, newer),
  },
  {
    unless: '7.2',
    reason: 'small sets of other members than integers are hash tables before 7.2, listpacks since',
    accepts: ([name, sub], older, newer) =>
      name === 'OBJECT' &&
      sub === 'ENCODING' &&
      text(older) === 'hashtable' &&
      ['listpack', 'intset'].includes(text(newer)),
  },
  {
    unless: '7.2',
    reason: 'since 7.2 more arguments than the limit convert at once, doubles or not',
    accepts: ([name, sub], older, newer) =>
      name === 'OBJECT' &&
      sub === 'ENCODING' &&
      ['listpack', 'intset'].includes(text(older)) &&
      ['listpack', 'hashtable', 'skiplist'].includes(text(newer)),
  },
  {
    unless: '7.2',
    reason:
      'ZRANK and ZREVRANK take WITHSCORE since 7.2, so a fourth word was an arity error before',
    accepts: ([name], older, newer) =>
      /^(ZRANK|ZREVRANK)$/.test(name) && newer.t === '-' && /^ERR wrong number/.test(text(older)),
  },
  {
    unless: '7.2',
    reason:
      'COMMAND GETKEYS blames its own arity before 7.2, that of the command it looks at since',
    accepts: ([name, sub], older, newer) =>
      name === 'COMMAND' &&
      /^GETKEYS/.test(sub) &&
      /^ERR wrong number/.test(text(older)) &&
      newer.t === '-',
  },
  {
    unless: '7.2',
    reason: 'a listpack keeps a score of -0 as 0, and 7.2 leaves the listpack at other moments',
    accepts: ([name], older, newer) =>
      name === 'ZSCAN' && older.t === '*' && newer.t === '*' && sameScores(older, newer),
  },
  {
    unless: '7.2',
    reason: 'a name of a client may hold a NUL since 7.2',
    accepts: ([name, sub], older, newer) =>
      name === 'CLIENT' && sub === 'SETNAME' && older.t === '-' && newer.t === '+',
  },
  {
    unless: '7.2',
    reason: 'COMMAND GETKEYS looks at the arity of ZRANK, which has grown in 7.2',
    accepts: ([name, sub, command], older) =>
      name === 'COMMAND' &&
      /^GETKEYS/.test(sub) &&
      /^Z(REV)?RANK$/i.test(command) &&
      /^ERR Invalid number of arguments/.test(text(older)),
  },
];
