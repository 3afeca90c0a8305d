// A data set from a seed: every type in every encoding, texts of all kinds, ends of life, several
// databases and libraries of functions; as commands that any server since 7.0 takes.
import { Random } from './random.mjs';

/** Far away: nothing ends while a test runs. */
const kFarMs = 4_000_000_000_000;
const kBatch = 500;

const range = (count, make) => Array.from({ length: count }, (_, i) => make(i));

/** What sizes of lists of arguments servers take at once, they take sooner in parts. */
function* batches(items, width, command) {
  for (let at = 0; at < items.length; at += kBatch * width) {
    yield [...command, ...items.slice(at, at + kBatch * width)];
  }
}

/** Texts that are short, long, of digits, of words (which compress), of any bytes. */
function text(draw) {
  const words = ['alpha', 'beta', 'gamma', '{"id":', '}', ' ', '\r\n', 'é'];
  const kinds = [
    () => `t${draw.int(0, 99_999)}`,
    () => String(draw.int(-2_000_000_000, 2_000_000_000)),
    () => draw.pick(['0', '-1', '127', '-32769', '9223372036854775807', '007', '-0', '1e5', '']),
    () => draw.many(5, 400, () => draw.pick(words)).join(''),
    () => Buffer.from(draw.many(1, 300, () => draw.int(0, 255))),
    () => 'z'.repeat(draw.int(60, 3000)),
  ];
  return draw.pick(kinds)();
}

function* strings(draw) {
  for (let i = 0; i < 150; i++) yield ['SET', `string:${i}`, text(draw)];
  const integers = '0 -1 12 13 -128 32767 -32769 2147483648 -9223372036854775808'.split(' ');
  for (const integer of integers) yield ['SET', `integer:${integer}`, integer];
  yield ['SET', Buffer.from([0, 255, 13, 10, 0]), 'the key is of bytes'];
  yield ['SET', '', 'the key is empty'];
  yield ['SET', `long ${'k'.repeat(20_000)}`, 'the key is long'];
  const page = draw.many(1000, 1000, () => draw.int(0, 255));
  yield ['SET', 'large:noise', Buffer.from(range(300, () => page).flat())];
  yield ['SET', 'large:text', 'all work and no play '.repeat(50_000)];
  yield ['APPEND', 'raw', 'a text that is longer than what is embedded in its object'];
  yield ['APPEND', 'raw', ', and more'];
  yield ['INCRBYFLOAT', 'float', '3.25'];
  for (let i = 0; i < 50; i++) yield ['SETBIT', 'bitmap', draw.int(0, 100_000), 1];
  yield ['BITFIELD', 'bitfield', 'SET', 'u63', '#3', '123456789012', 'SET', 'i7', '5', '-3'];
  yield ['PFADD', 'hll:empty'];
  yield ['PFADD', 'hll:sparse', ...range(40, (i) => `e${i}`)];
  yield* batches(
    range(6000, (i) => `e${i}`),
    1,
    ['PFADD', 'hll:dense'],
  );
}

function* hashes(draw) {
  for (let i = 0; i < 25; i++) {
    const fields = draw.many(1, 30, () => [`f${draw.int(0, 99)}`, text(draw)]).flat();
    yield ['HSET', `hash:${i}`, ...fields];
  }
  yield ['HSET', 'hash:small', 'f', 'v', 'n', '12', 'm', '-70000', '5', '5000000000', '', ''];
  yield ['HSET', 'hash:long', 'f', 'v'.repeat(65)];
  const fields = range(3000, (i) => [`field${i}`, i % 5 ? String(i * 7) : text(draw)]).flat();
  yield* batches(fields, 2, ['HSET', 'hash:many']);
}

function* sets(draw) {
  for (let i = 0; i < 25; i++) yield ['SADD', `set:${i}`, ...draw.many(1, 30, () => text(draw))];
  yield ['SADD', 'set:16', 3, 1, 2, -5];
  yield ['SADD', 'set:32', 1, 70_000, -70_000];
  yield ['SADD', 'set:64', 1, '5000000000', '-9223372036854775808'];
  yield ['SADD', 'set:small', 'a', 'b', '1', '-5'];
  yield ['SADD', 'set:was', 1, 2];
  yield ['SADD', 'set:was', 'x'];
  yield ['SADD', 'set:integers', ...range(400, (i) => i * 3)];
  yield* batches(
    range(2000, (i) => i * 5),
    1,
    ['SADD', 'set:many:integers'],
  );
  yield* batches(
    range(2000, (i) => `m${i}`),
    1,
    ['SADD', 'set:many'],
  );
}

/** Scores that 17 digits and the fewest that do tell the same way. */
const kEvenScores = [
  '0',
  '-1',
  '2.5',
  '0.125',
  '-1024.75',
  'inf',
  '-inf',
  '1e100',
  '4503599627370497',
];
const kOddScores = ['0.1', '5e-324', '1.7976931348623157e308', '-3.3333333333333335', '1e-7'];

function* sortedSets(draw, { oddScores, forLog }) {
  const scores = oddScores ? [...kEvenScores, ...kOddScores] : [...kEvenScores];
  if (oddScores && !forLog) scores.push('-0');
  for (let i = 0; i < 25; i++) {
    yield ['ZADD', `zset:${i}`, ...draw.many(1, 30, () => [draw.pick(scores), text(draw)]).flat()];
  }
  yield ['ZADD', 'zset:small', ...scores.map((score, i) => [score, `m${i}`]).flat()];
  yield ['ZADD', 'zset:long', 1, 'm'.repeat(65)];
  const many = range(3000, (i) => [draw.once(9) ? draw.pick(scores) : i * 0.25, `m${i}`]).flat();
  yield* batches(many, 2, ['ZADD', 'zset:many']);
  yield ['GEOADD', 'geo', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania'];
}

function* lists(draw) {
  for (let i = 0; i < 25; i++) yield ['RPUSH', `list:${i}`, ...draw.many(1, 30, () => text(draw))];
  yield ['RPUSH', 'list:small', 'a', '1', '-7', '', 'x'.repeat(64), '9223372036854775807'];
  yield* batches(
    range(5000, (i) => (i % 3 ? `element-${i}` : String(i))),
    1,
    ['RPUSH', 'list:nodes'],
  );
  const noise = Buffer.from(range(9000, () => draw.int(0, 255)));
  yield ['RPUSH', 'list:plain', noise, 'x'.repeat(20_000), 'small', 'y'.repeat(300_000), noise];
  yield* batches(
    range(3000, (i) => `${i}`),
    1,
    ['RPUSH', 'list:queue'],
  );
  yield ['LTRIM', 'list:queue', 1000, 2500];
  yield ['LREM', 'list:queue', 0, '1500'];
  yield ['LINSERT', 'list:queue', 'BEFORE', '2000', 'here'];
}

function* streams(draw, { forLog }) {
  for (let i = 0; i < 600; i++) {
    const id = `${1000 + i * 3}-${i % 5}`;
    const fields = i % 7 ? ['f', String(i), 'g', text(draw)] : [`other${i}`, text(draw)];
    yield ['XADD', 'stream:nodes', id, ...fields];
    if (draw.once(10)) yield ['XDEL', 'stream:nodes', id];
  }
  yield ['XADD', 'stream:emptied', '3-3', 'a', 'b'];
  yield ['XDEL', 'stream:emptied', '3-3'];
  yield ['XGROUP', 'CREATE', 'stream:made', 'g', '$', 'MKSTREAM'];
  for (let i = 1; i <= 250; i++) yield ['XADD', 'stream:trimmed', `${i}-0`, 'f', i];
  yield ['XTRIM', 'stream:trimmed', 'MAXLEN', 77];
  for (const key of ['stream:groups', 'stream:acknowledged']) {
    for (let i = 1; i <= 40; i++) yield ['XADD', key, `${i}-0`, 'f', i];
    yield ['XGROUP', 'CREATE', key, 'g', '0'];
    yield ['XGROUP', 'CREATE', key, '12', '5-0'];
    yield ['XGROUP', 'CREATE', key, 'read', '5-0', 'ENTRIESREAD', 5];
    yield ['XGROUP', 'CREATECONSUMER', key, 'g', 'idle'];
    for (const [consumer, count] of [
      ['one', 14],
      ['two', 13],
      ['one', 3],
    ]) {
      yield ['XREADGROUP', 'GROUP', 'g', consumer, 'COUNT', count, 'STREAMS', key, '>'];
    }
    yield ['XREADGROUP', 'GROUP', '12', 'one', 'STREAMS', key, '>'];
    yield ['XACK', key, 'g', '2-0', '9-0'];
    const claim = ['XCLAIM', key, 'g', 'two', 0, '1-0', '3-0'];
    yield [...claim, 'TIME', 1_600_000_000_000, 'RETRYCOUNT', 7];
  }
  if (!forLog) yield ['XDEL', 'stream:groups', '4-0', '17-0'];
  yield ['XDEL', 'stream:groups', '9-0'];
}

const libraries = [
  `#!lua name=small
redis.register_function('s', function() return 's' end)`,
  `#!lua name=flags
redis.register_function{
  function_name = 'f',
  description = 'Reads.',
  callback = function(keys) return redis.call('get', keys[1]) end,
  flags = {'no-writes', 'allow-stale'},
}`,
  `#!lua name=long
local texts = {}
${range(300, (i) => `texts[${i}] = 'text ${i}'`).join('\n')}
redis.register_function('l', function(keys, args) return texts[tonumber(args[1])] end)`,
];

const families = { strings, hashes, sets, sortedSets, lists, streams };

/**
 * The commands. `oddScores`: also scores that servers before 7.2 tell with more digits.
 * `forLog`: without what the commands of an AOF cannot tell: messages that are pending but deleted,
 * and a score of -0, which small sorted sets keep as 0.
 */
export function* dataset(seed, { oddScores = true, forLog = false } = {}) {
  for (const code of libraries) yield ['FUNCTION', 'LOAD', code];
  for (const db of [0, 1, 9, 15]) {
    yield ['SELECT', db];
    const draw = new Random(`${seed} ${db}`);
    // A part of it is enough beside the first.
    for (const [family, make] of Object.entries(families)) {
      if (db === 0 || draw.once(2)) yield* make(draw, { oddScores, forLog });
      else yield ['SET', `no ${family}`, db];
    }
    yield* ends(draw);
  }
  yield ['SELECT', 0];
}

/** Keys that end, each in its own millisecond, of every type. */
function* ends(draw) {
  const at = () => kFarMs + draw.int(0, 1_000_000_000);
  for (const family of ['string', 'hash', 'set', 'zset', 'list']) {
    for (let i = 0; i < 25; i += 2) yield ['PEXPIREAT', `${family}:${i}`, at()];
  }
  for (const key of ['hash:many', 'set:many', 'zset:many', 'list:nodes', 'stream:groups']) {
    yield ['PEXPIREAT', key, at()];
  }
  yield ['SET', 'ends', 'by itself', 'PXAT', at()];
}

/** Some more writes to the data set, of every type. */
export function* changes(seed) {
  const draw = new Random(`changes ${seed}`);
  for (const db of [9, 0]) {
    yield ['SELECT', db];
    for (let i = 0; i < 40; i++) {
      yield ['SET', `string:${draw.int(0, 200)}`, text(draw)];
      yield ['HSET', `hash:${draw.int(0, 30)}`, `new${i}`, text(draw)];
      yield ['SADD', `set:${draw.int(0, 30)}`, text(draw)];
      yield ['ZADD', `zset:${draw.int(0, 30)}`, i, text(draw)];
      yield ['LPUSH', `list:${draw.int(0, 30)}`, text(draw)];
      yield ['LPOP', `list:${draw.int(0, 30)}`];
      yield ['SPOP', `set:${draw.int(0, 30)}`];
      yield ['ZPOPMIN', `zset:${draw.int(0, 30)}`, 2];
      yield ['DEL', `string:${draw.int(0, 200)}`, `hash:${draw.int(0, 30)}`];
      yield ['PEXPIREAT', `set:${draw.int(0, 30)}`, kFarMs + i];
      yield ['PERSIST', `zset:${draw.int(0, 30)}`];
      yield ['INCRBYFLOAT', 'changes', '0.5'];
      yield ['XADD', 'stream:changes', '*', 'f', text(draw)];
    }
    yield ['XGROUP', 'CREATE', 'stream:changes', seed, '0'];
    yield ['XREADGROUP', 'GROUP', seed, 'me', 'COUNT', 5, 'STREAMS', 'stream:changes', '>'];
    yield ['XADD', 'stream:trimmed', 'MAXLEN', draw.int(20, 60), '*', 'f', 'last'];
    yield ['MULTI'];
    yield ['RENAME', 'list:nodes', `list:of ${seed}`];
    yield ['COPY', `list:of ${seed}`, 'list:nodes'];
    yield ['EXEC'];
  }
  yield ['SWAPDB', 1, 15];
  const name = seed.replaceAll(/\W/g, '');
  yield ['FUNCTION', 'LOAD', `#!lua name=l${name}\nredis.register_function('f${name}', redis.log)`];
}
