// Where other versions of Redis behave unlike Redis 7.2, which Kvasm follows, with the commands of
// fields that end by themselves, which came later. Whatever a test of this folder excuses, leaves
// out or judges differently because of the judge's version stands in this one table; README.md
// prints it.
//
// since     the first version that behaves as Kvasm does
// where     commands; before, then: what was before, and what is since
// accepts   (command, older, newer) => whether this explains the two replies. The command's first
//           two words are in upper case.
// A row without `accepts` is one a test asks for by name, since(name, version), or one that no
// reply shows.

import { pathToFileURL } from 'node:url';

import { show } from '../conformance/match.mjs';
import { untimed, without } from './times.mjs';

const text = (reply) => (Buffer.isBuffer(reply.v) ? reply.v.toString('latin1') : String(reply.v));

const isError = (reply, words) => reply.t === '-' && text(reply) === `ERR ${words}`;
const isArityError = (reply) =>
  reply.t === '-' && text(reply).startsWith('ERR wrong number of arguments');

/** OBJECT ENCODING gave one of these pairs, "older newer". */
const encodings =
  (...pairs) =>
  ([name, sub], older, newer) =>
    name === 'OBJECT' &&
    sub === 'ENCODING' &&
    [older, newer].every(({ t }) => t === '$') &&
    pairs.includes(`${text(older)} ${text(newer)}`);

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

export const changes = {
  activeConsumers: {
    since: '7.2',
    where: 'XINFO CONSUMERS, XINFO STREAM FULL',
    before: 'consumers tell when they last tried (`idle`, `seen-time`)',
    then: 'also when they last succeeded (`inactive`, `active-time`)',
    accepts: ([name, sub], older, newer) =>
      name === 'XINFO' &&
      /^(CONSUMERS|STREAM)$/.test(sub) &&
      sameWithout(/^(inactive|active-time)$/, name, older, newer),
  },
  idleConsumers: {
    since: '7.2',
    where: 'XREADGROUP, XCLAIM, XAUTOCLAIM',
    before: 'a consumer is made when it gets its first message',
    then: 'when it first tries',
  },
  deletedIds: {
    since: '7.2',
    where: 'XSETID',
    before: 'takes an id below one that was deleted',
    then: 'refuses it',
  },
  unbalancedStreams: {
    since: '7.2',
    where: 'XREAD, XREADGROUP',
    before: 'too few ids are an error of `XREAD`',
    then: "of `'xread'` or `'xreadgroup'`, which names the id for the newest, too",
    accepts: ([name], older, newer) =>
      /^XREAD(GROUP)?$/.test(name) &&
      text(older).startsWith('ERR Unbalanced XREAD list') &&
      text(newer).startsWith(`ERR Unbalanced '${name.toLowerCase()}' list`),
  },
  noIdInMillisecond: {
    since: '7.2',
    where: 'XADD with `ms-*`',
    before: 'where the millisecond has no further id, elements are "too large to be stored"',
    then: 'the id is "equal or smaller than the target stream top item"',
    accepts: ([name], older, newer) =>
      name === 'XADD' &&
      isError(older, 'Elements are too large to be stored') &&
      isError(
        newer,
        'The ID specified in XADD is equal or smaller than the target stream top item',
      ),
  },
  lowestRank: {
    since: '7.2',
    where: 'LPOS with RANK -9223372036854775808',
    before: 'a rank like any other (7.0.15; undefined behaviour of C)',
    then: 'out of range',
    accepts: ([name], older, newer) =>
      name === 'LPOS' && text(newer).startsWith('ERR value is out of range, value must'),
  },
  smallLists: {
    since: '7.2',
    where: 'OBJECT ENCODING of a list',
    before: 'always quicklist',
    then: 'small ones are listpacks',
    accepts: encodings('quicklist listpack'),
  },
  smallSets: {
    since: '7.2',
    where: 'OBJECT ENCODING of a set',
    before: 'hashtable once a member is no integer',
    then: 'small ones are listpacks; a set made by *STORE of integers is an intset',
    accepts: encodings('hashtable listpack', 'hashtable intset'),
  },
  manyArguments: {
    since: '7.2',
    where: 'OBJECT ENCODING after HSET, SADD, ZADD',
    before: 'converted when there are more elements than the limit',
    then: 'at once when there are more arguments, even if they repeat each other',
    accepts: encodings(
      'listpack hashtable',
      'listpack skiplist',
      'intset listpack',
      'intset hashtable',
    ),
  },
  scoreDigits: {
    since: '7.2',
    where: 'scores in replies of RESP2, in RDB files and DUMP',
    before: '17 digits: 0.10000000000000001',
    then: 'the shortest form that reads back: 0.1',
    accepts: ([name], older, newer) =>
      /^B?Z/.test(name) && older.t !== '-' && sameNumbers(older, newer),
  },
  negativeZero: {
    since: '7.2',
    where: 'ZSCAN',
    before: 'a listpack keeps a score of -0 as 0',
    then: 'so it does, but is left at other moments (see HSET, SADD, ZADD)',
    accepts: ([name], older, newer) =>
      name === 'ZSCAN' && older.t === '*' && newer.t === '*' && sameScores(older, newer),
  },
  rankScores: {
    since: '7.2',
    where: 'ZRANK, ZREVRANK',
    before: 'a fourth word is an arity error',
    then: 'WITHSCORE, or a syntax error',
    accepts: ([name, , , word], older, newer) =>
      /^(ZRANK|ZREVRANK)$/.test(name) &&
      isArityError(older) &&
      (/^WITHSCORE$/i.test(word) || isError(newer, 'syntax error')),
  },
  rankKeys: {
    since: '7.2',
    where: 'COMMAND GETKEYS of ZRANK, ZREVRANK',
    before: 'refuses a fourth word',
    then: 'knows it',
    accepts: ([name, sub, command], older, newer) =>
      name === 'COMMAND' &&
      /^GETKEYS/.test(sub) &&
      /^Z(REV)?RANK$/i.test(command) &&
      isError(older, 'Invalid number of arguments specified for command') &&
      newer.t === '*',
  },
  getkeysArity: {
    since: '7.2',
    where: 'COMMAND GETKEYS of a command without arguments',
    before: 'an arity error of its own',
    then: 'one of the command it looks at',
    accepts: ([name, sub], older, newer) =>
      name === 'COMMAND' && /^GETKEYS/.test(sub) && isArityError(older) && newer.t === '-',
  },
  clientNames: {
    since: '7.2',
    where: 'CLIENT SETNAME',
    before: 'refuses a NUL',
    then: 'takes it',
    accepts: ([name, sub, given], older, newer) =>
      name === 'CLIENT' &&
      sub === 'SETNAME' &&
      String(given).includes('\0') &&
      older.t === '-' &&
      newer.t === '+',
  },
  poppedMembers: {
    since: '7.2',
    where: 'SPOP with a count, in AOF files and for replicas',
    before: 'one SREM for each member',
    then: 'one SREM for all',
  },
  noTouch: {
    since: '7.2',
    where: 'CLIENT NO-TOUCH',
    before: 'unknown',
    then: 'looks of the session leave idle times alone',
  },
  waitaof: {
    since: '7.2',
    where: 'WAITAOF',
    before: 'unknown',
    then: 'waits for the append-only file',
  },
  triedAgain: {
    since: '7.2',
    where: 'commands that wait for several keys',
    before: 'take from the key that was written first',
    then: 'are tried again, as if they came then: the first key counts, another type is an error',
  },
  streamGone: {
    since: '7.2',
    where: 'XREADGROUP that waits while its stream or group goes',
    before: 'says so',
    then: 'is tried again: there is no such key or group, or it is no stream',
    accepts: ([name], older, newer) =>
      name === 'XREADGROUP' &&
      older.t === '-' &&
      /^(UNBLOCKED|NOGROUP|WRONGTYPE) /.test(text(older)) &&
      newer.t === '-' &&
      /^(NOGROUP|WRONGTYPE) /.test(text(newer)),
  },
  expiredSwapped: {
    since: '7.2',
    where: 'SWAPDB of a key that has expired and that somebody waits for',
    before: 'removes it',
    then: 'leaves it until somebody asks for it',
  },
  resetEviction: {
    since: '7.2',
    where: 'RESET after CLIENT NO-EVICT',
    before: 'leaves it on',
    then: 'ends it',
  },
  emptyReads: {
    since: '7.2',
    where: 'XREAD and XREADGROUP that wait for what XADD trims away at once',
    before: 'read an empty list',
    then: 'wait on',
  },
  popEvents: {
    since: '7.2',
    where: 'keyspace events of what pops from sorted sets',
    before: 'not always, nor on both channels',
    then: 'on both channels',
  },
  loopsOfServed: {
    since: '7.2',
    where: 'CLIENT TRACKING with NOLOOP of a session that wakes another',
    before: 'what the other changes then is its own',
    then: "is the other's",
  },
  servedEvents: {
    since: '7.2',
    where: 'keyspace events of who waited and is served',
    before: 'come in an order of their own',
    then: 'in that of the command',
  },
  missesTold: {
    since: '7.2',
    where: 'MGET of keys that are missing',
    before: 'tells no event of them',
    then: 'tells one for each',
  },
  trackedAgain: {
    since: '7.2',
    where: 'CLIENT TRACKING of sessions that wait, and of those that flush',
    before: 'keys waited for are tracked once; who flushes is told amid its replies',
    then: 'again at each attempt; after them',
  },
  twiceRead: {
    since: '7.2',
    where: 'XREAD, XREADGROUP that waited for one stream named twice',
    before: 'read it once',
    then: 'read it for each',
  },
  hugeTimeouts: {
    since: '7.2',
    where: 'timeouts of commands that wait, in seconds',
    before: 'what passes all bounds is negative',
    then: 'is out of range',
    accepts: ([name], older, newer) =>
      /^(B[LRZ]|[LZ]MPOP)/.test(name) &&
      isError(older, 'timeout is negative') &&
      isError(newer, 'timeout is out of range'),
  },
  pushesAfter: {
    since: '7.2',
    where: 'messages a session causes to itself (RESP3)',
    before: 'come before, or in the midst of, the reply',
    then: 'follow it',
  },
  scriptDoubles: {
    since: '7.2',
    where: 'doubles that scripts give and get; commands that wait, in scripts',
    before: '17 digits; refused',
    then: 'as few digits as tell them apart; they do not wait',
  },
  rdbVersion: {
    since: '7.2',
    where: 'RDB files and DUMP',
    before: 'version 10, and no payload of a later version is taken',
    then: 'version 11 (`CONFIG SET rdb-version 10` for an older server)',
  },
  fieldEnds: {
    since: '7.4',
    where:
      'HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT, HTTL, HPTTL, HEXPIRETIME, HPEXPIRETIME, HPERSIST',
    before: 'unknown',
    then: 'fields of a hash end by themselves',
  },
  fieldValues: {
    since: '8.0',
    where: 'HGETEX, HSETEX, HGETDEL',
    before: 'unknown',
    then: 'values and ends in one command',
  },
};

/** Whether a server of this version, as '7.0.15', behaves in this respect as Kvasm does. */
export function since(name, version) {
  const [a, b] = [version, changes[name].since].map((v) => v.split('.').map(Number));
  return a[0] > b[0] || (a[0] === b[0] && a[1] >= b[1]);
}

/** The row that explains why a judge of this version gave another reply than Kvasm, if one does. */
export function explain(command, theirs, ours, version) {
  return Object.entries(changes).find(
    ([name, { accepts }]) => accepts && !since(name, version) && accepts(command, theirs, ours),
  )?.[1];
}

/** The table as README.md shows it. */
export function table() {
  const rows = Object.values(changes).map(
    ({ since, where, before, then }) => `| ${since} | ${where} | ${before} | ${then} |`,
  );
  return ['| since | where | before | since then |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(table());
