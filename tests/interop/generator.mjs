// Seeded random commands over every implemented family.
//
// An episode is a list of steps that starts on an empty server; a step is { commands, check? }: one
// command, or several that only make sense together (a random draw between two looks at the
// collection). Nothing in an episode depends on replies, so it can be replayed and shrunk.
//
// Few keys and small limits of the compact encodings, so that wrong types and conversions are
// common. No expiry falls into the run: times are far away, far from each other, or in the past.
import { Random } from './random.mjs';

const kGarbage = [
  '',
  'abc',
  '-1',
  '0',
  '1.5',
  ' 1',
  '99999999999999999999',
  'nan',
  'inf',
  '-inf',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '(1',
  '[a',
  '+',
  '-',
  '1e5',
  '\x00',
  'NX',
  'XX',
  'GT',
  'LT',
  'CH',
  'GET',
  'INCR',
  'WITHSCORES',
  'LIMIT',
  'COUNT',
  'REV',
];

const kTypes = ['string', 'hash', 'set', 'zset'];

/** Makes arguments. One instance per episode. */
class Source extends Random {
  #expiries = 0;

  key(type) {
    const of = type && !this.once(25) ? type : this.pick(kTypes);
    return `${of}:${this.int(0, 3)}`;
  }

  /** A sorted set of equal scores: of another one, a range by name depends on chance in Redis. */
  lexKey() {
    return this.once(20) ? this.key('hash') : `lex:${this.int(0, 1)}`;
  }

  keys(type, low = 1, high = 3) {
    return this.many(low, high, () => this.key(type));
  }

  text() {
    switch (this.int(0, 11)) {
      case 0:
        return '';
      case 1:
        return 'x'.repeat(this.pick([9, 44, 45, 63, 64, 65, 200]));
      case 2:
        return Buffer.from([0, this.int(0, 255), 255, 13, 10]);
      case 3:
        return this.integer();
      case 4:
        return this.number();
      case 5:
        return String.fromCharCode(this.int(97, 122)).repeat(this.int(1, 20));
      case 6:
        return 'y'.repeat(this.int(1000, 3000));
      default:
        return `v${this.int(0, 50)}`;
    }
  }

  integer() {
    switch (this.int(0, 9)) {
      case 0:
        return this.pick([
          '9223372036854775807',
          '-9223372036854775808',
          '9223372036854775806',
          '4611686018427387904',
          '-9007199254740993',
          '2147483648',
          '-32769',
          '65536',
        ]);
      case 1:
        return String(this.int(-100000, 100000));
      default:
        return String(this.int(-20, 40));
    }
  }

  number() {
    switch (this.int(0, 5)) {
      case 0:
        return this.pick(['0.1', '-0.25', '3.0', '10.50', '1e3', '1.5e-3', '5e2', '-0']);
      case 1:
        return (this.int(-1000, 1000) / this.pick([2, 4, 8, 10, 100])).toString();
      default:
        return this.integer();
    }
  }

  score() {
    switch (this.int(0, 14)) {
      case 0:
        return this.pick(['inf', '-inf', '+inf', '1e300', '-1e-10', '0x10', '-0', 'nan', 'abc']);
      case 1:
        return (this.int(-1000, 1000) / 8).toString();
      case 2:
        return this.pick(['0.1', '3.14', '1e17', '123456789012', '9007199254740993']);
      default:
        return String(this.int(-3, 12));
    }
  }

  member() {
    switch (this.int(0, 11)) {
      case 0:
        return this.text();
      case 1:
      case 2:
      case 3:
        return String(this.int(-5, 25));
      default:
        return `m${this.int(0, 25)}`;
    }
  }

  members(low = 1, high = 5) {
    return this.many(low, high, () => this.member());
  }
  pairs(a, b, high = 4) {
    return this.many(1, high, () => [a(), b()]).flat();
  }
  rank() {
    return String(this.int(-8, 8));
  }

  scoreBound() {
    if (this.once(12)) return this.pick(['-inf', '+inf', '(inf', '(-inf', 'nan', '(', 'x']);
    return (this.once(3) ? '(' : '') + (this.once(4) ? this.int(-10, 50) / 4 : this.int(-3, 12));
  }

  lexBound() {
    if (this.once(5)) return this.pick(['-', '+', 'x', '', '[']);
    return (
      this.pick(['[', '(']) + this.pick([`m${this.int(0, 25)}`, 'm', '', String(this.int(0, 9))])
    );
  }

  limit() {
    return ['LIMIT', String(this.int(-1, 4)), String(this.int(-1, 5))];
  }
  maybe(times, ...args) {
    return this.once(times) ? args.flat() : [];
  }

  /** Seconds from now, at least 20 from any other of the episode, so that order is never a race. */
  seconds() {
    return 10_000 + 20 * this.#expiries++ + 200_000 * this.int(0, 3);
  }

  /** An option like EX 10000. Not in the past: a key SET like that is counted until it is met. */
  expiry() {
    const seconds = this.seconds();
    return this.pick([
      ['EX', seconds],
      ['PX', seconds * 1000],
      ['EXAT', 33_000_000_000 + seconds],
      ['PXAT', (33_000_000_000 + seconds) * 1000],
    ]).map(String);
  }

  weights(count) {
    return [
      ...this.maybe(2, ['WEIGHTS', ...this.many(count, count, () => this.score())]),
      ...this.maybe(2, ['AGGREGATE', this.pick(['SUM', 'MIN', 'MAX'])]),
    ];
  }

  /** COUNT and keys for ZUNION and the like; sometimes a count that does not fit. */
  numbered(type, low = 1, high = 3) {
    const keys = this.keys(type, low, high);
    return [String(this.once(30) ? this.int(-1, 5) : keys.length), ...keys];
  }
}

const withScores = (r) => r.maybe(2, 'WITHSCORES');
const zsetOrSet = (r) => (r.once(5) ? 'set' : 'zset');
const scan = (r) => [
  '0',
  ...r.maybe(2, 'MATCH', r.pick(['*', 'm*', 'm?', '[0-9]*', 'm[1-3]*', 'zz'])),
  'COUNT',
  '1000000',
];

/** name: [weight, arguments]. A name may stand for `COMMAND subcommand`. */
const kCommands = {
  // Strings
  SET: [
    12,
    (r) => [
      r.key('string'),
      r.text(),
      ...r.maybe(6, r.pick(['NX', 'XX'])),
      ...r.maybe(6, 'GET'),
      ...r.maybe(5, r.once(4) ? 'KEEPTTL' : r.expiry()),
    ],
  ],
  GET: [6, (r) => [r.key('string')]],
  GETSET: [1, (r) => [r.key('string'), r.text()]],
  GETDEL: [1, (r) => [r.key('string')]],
  GETEX: [
    2,
    (r) => [
      r.key('string'),
      ...r.maybe(2, r.once(4) ? 'PERSIST' : r.once(8) ? ['EXAT', '1'] : r.expiry()),
    ],
  ],
  SETNX: [1, (r) => [r.key('string'), r.text()]],
  SETEX: [1, (r) => [r.key('string'), String(r.seconds()), r.text()]],
  PSETEX: [1, (r) => [r.key('string'), String(r.seconds() * 1000), r.text()]],
  MSET: [
    2,
    (r) =>
      r.pairs(
        () => r.key('string'),
        () => r.text(),
        3,
      ),
  ],
  MSETNX: [
    1,
    (r) =>
      r.pairs(
        () => r.key('string'),
        () => r.text(),
        2,
      ),
  ],
  MGET: [2, (r) => r.keys('string')],
  APPEND: [3, (r) => [r.key('string'), r.text()]],
  STRLEN: [2, (r) => [r.key('string')]],
  GETRANGE: [3, (r) => [r.key('string'), String(r.int(-12, 12)), String(r.int(-12, 80))]],
  SUBSTR: [1, (r) => [r.key('string'), String(r.int(-12, 12)), String(r.int(-12, 80))]],
  SETRANGE: [3, (r) => [r.key('string'), String(r.once(20) ? 536870912 : r.int(-1, 90)), r.text()]],
  INCR: [3, (r) => [r.key('string')]],
  DECR: [2, (r) => [r.key('string')]],
  INCRBY: [3, (r) => [r.key('string'), r.integer()]],
  DECRBY: [2, (r) => [r.key('string'), r.integer()]],
  INCRBYFLOAT: [3, (r) => [r.key('string'), r.number()]],
  LCS: [
    1,
    (r) => [
      r.key('string'),
      r.key('string'),
      ...r.maybe(3, 'LEN'),
      ...r.maybe(3, 'IDX'),
      ...r.maybe(4, 'MINMATCHLEN', String(r.int(0, 4))),
      ...r.maybe(4, 'WITHMATCHLEN'),
    ],
  ],
  // Keys
  DEL: [2, (r) => r.keys()],
  UNLINK: [1, (r) => r.keys()],
  EXISTS: [2, (r) => r.keys()],
  TYPE: [2, (r) => [r.key()]],
  TOUCH: [1, (r) => r.keys()],
  KEYS: [1, (r) => [r.pick(['*', 's*', '*:1', '[hz]*:?', '', 'string:[^0]', '*[', '\\*'])]],
  RENAME: [1, (r) => [r.key(), r.key()]],
  RENAMENX: [1, (r) => [r.key(), r.key()]],
  COPY: [
    2,
    (r) => [r.key(), r.key(), ...r.maybe(3, 'DB', String(r.int(0, 2))), ...r.maybe(2, 'REPLACE')],
  ],
  MOVE: [1, (r) => [r.key(), String(r.int(0, 2))]],
  SELECT: [1, (r) => [String(r.int(0, 2))]],
  SWAPDB: [1, (r) => [String(r.int(0, 2)), String(r.int(0, 2))], 4],
  DBSIZE: [1, () => []],
  FLUSHDB: [1, (r) => r.maybe(2, r.pick(['SYNC', 'ASYNC'])), 12],
  SCAN: [1, (r) => [...scan(r), ...r.maybe(3, 'TYPE', r.pick([...kTypes, 'list', 'x']))]],
  'OBJECT ENCODING': [5, (r) => [r.key()]],
  'MEMORY USAGE': [1, (r) => [r.key(), ...r.maybe(2, 'SAMPLES', String(r.int(0, 5)))]],
  // Expiry
  EXPIRE: [
    2,
    (r) => [
      r.key(),
      String(r.once(10) ? -1 : r.seconds()),
      ...r.maybe(3, r.pick(['NX', 'XX', 'GT', 'LT'])),
    ],
  ],
  PEXPIRE: [
    1,
    (r) => [r.key(), String(r.seconds() * 1000), ...r.maybe(3, r.pick(['NX', 'XX', 'GT', 'LT']))],
  ],
  EXPIREAT: [
    1,
    (r) => [
      r.key(),
      String(r.once(10) ? 1 : 33_000_000_000 + r.seconds()),
      ...r.maybe(3, r.pick(['NX', 'XX', 'GT', 'LT'])),
    ],
  ],
  PEXPIREAT: [
    1,
    (r) => [
      r.key(),
      String((33_000_000_000 + r.seconds()) * 1000),
      ...r.maybe(3, r.pick(['XX', 'GT', 'LT'])),
    ],
  ],
  PERSIST: [1, (r) => [r.key()]],
  TTL: [2, (r) => [r.key()]],
  PTTL: [1, (r) => [r.key()]],
  EXPIRETIME: [1, (r) => [r.key()]],
  PEXPIRETIME: [1, (r) => [r.key()]],
  // Hashes
  HSET: [
    8,
    (r) => [
      r.key('hash'),
      ...r.pairs(
        () => r.member(),
        () => r.text(),
      ),
    ],
  ],
  HMSET: [
    1,
    (r) => [
      r.key('hash'),
      ...r.pairs(
        () => r.member(),
        () => r.text(),
      ),
    ],
  ],
  HSETNX: [2, (r) => [r.key('hash'), r.member(), r.text()]],
  HGET: [3, (r) => [r.key('hash'), r.member()]],
  HMGET: [2, (r) => [r.key('hash'), ...r.members()]],
  HDEL: [3, (r) => [r.key('hash'), ...r.members()]],
  HLEN: [1, (r) => [r.key('hash')]],
  HSTRLEN: [1, (r) => [r.key('hash'), r.member()]],
  HEXISTS: [1, (r) => [r.key('hash'), r.member()]],
  HGETALL: [2, (r) => [r.key('hash')]],
  HKEYS: [1, (r) => [r.key('hash')]],
  HVALS: [1, (r) => [r.key('hash')]],
  HINCRBY: [2, (r) => [r.key('hash'), r.member(), r.integer()]],
  HINCRBYFLOAT: [2, (r) => [r.key('hash'), r.member(), r.number()]],
  HSCAN: [1, (r) => [r.key('hash'), ...scan(r)]],
  // Sets
  SADD: [8, (r) => [r.key('set'), ...r.members()]],
  SREM: [3, (r) => [r.key('set'), ...r.members()]],
  SCARD: [1, (r) => [r.key('set')]],
  SISMEMBER: [2, (r) => [r.key('set'), r.member()]],
  SMISMEMBER: [1, (r) => [r.key('set'), ...r.members()]],
  SMEMBERS: [2, (r) => [r.key('set')]],
  SMOVE: [2, (r) => [r.key('set'), r.key('set'), r.member()]],
  SINTER: [1, (r) => r.keys('set')],
  SUNION: [1, (r) => r.keys('set')],
  SDIFF: [1, (r) => r.keys('set')],
  SINTERCARD: [1, (r) => [...r.numbered('set'), ...r.maybe(3, 'LIMIT', String(r.int(-1, 4)))]],
  SINTERSTORE: [1, (r) => [r.key('set'), ...r.keys('set')]],
  SUNIONSTORE: [1, (r) => [r.key('set'), ...r.keys('set')]],
  SDIFFSTORE: [1, (r) => [r.key('set'), ...r.keys('set')]],
  SSCAN: [1, (r) => [r.key('set'), ...scan(r)]],
  // Sorted sets
  ZADD: [
    10,
    (r) => [
      r.key('zset'),
      ...r.maybe(8, r.pick(['NX', 'XX'])),
      ...r.maybe(8, r.pick(['GT', 'LT'])),
      ...r.maybe(5, 'CH'),
      ...r.pairs(
        () => r.score(),
        () => r.member(),
      ),
    ],
  ],
  'ZADD  ': [
    4,
    (r) => [
      `lex:${r.int(0, 1)}`,
      ...r.pairs(
        () => '0',
        () => r.member(),
      ),
    ],
  ],
  'ZREM ': [1, (r) => [r.lexKey(), ...r.members()]],
  'ZADD ': [
    2,
    (r) => [
      r.key('zset'),
      ...r.maybe(6, r.pick(['NX', 'XX', 'GT', 'LT'])),
      'INCR',
      r.score(),
      r.member(),
    ],
  ],
  ZINCRBY: [3, (r) => [r.key('zset'), r.score(), r.member()]],
  ZREM: [3, (r) => [r.key('zset'), ...r.members()]],
  ZCARD: [1, (r) => [r.key('zset')]],
  ZSCORE: [2, (r) => [r.key('zset'), r.member()]],
  ZMSCORE: [1, (r) => [r.key('zset'), ...r.members()]],
  ZRANK: [2, (r, v) => [r.key('zset'), r.member(), ...(v >= 7.2 ? r.maybe(3, 'WITHSCORE') : [])]],
  ZREVRANK: [
    1,
    (r, v) => [r.key('zset'), r.member(), ...(v >= 7.2 ? r.maybe(3, 'WITHSCORE') : [])],
  ],
  ZCOUNT: [2, (r) => [r.key('zset'), r.scoreBound(), r.scoreBound()]],
  ZLEXCOUNT: [1, (r) => [r.lexKey(), r.lexBound(), r.lexBound()]],
  ZRANGE: [4, (r) => [r.key('zset'), r.rank(), r.rank(), ...r.maybe(4, 'REV'), ...withScores(r)]],
  'ZRANGE ': [
    2,
    (r) => [
      r.key('zset'),
      r.scoreBound(),
      r.scoreBound(),
      'BYSCORE',
      ...r.maybe(4, 'REV'),
      ...withScores(r),
      ...r.maybe(4, r.limit()),
    ],
  ],
  'ZRANGE  ': [
    2,
    (r) => [
      r.lexKey(),
      r.lexBound(),
      r.lexBound(),
      'BYLEX',
      ...r.maybe(4, 'REV'),
      ...r.maybe(4, r.limit()),
    ],
  ],
  ZREVRANGE: [1, (r) => [r.key('zset'), r.rank(), r.rank(), ...withScores(r)]],
  ZRANGEBYSCORE: [
    2,
    (r) => [
      r.key('zset'),
      r.scoreBound(),
      r.scoreBound(),
      ...withScores(r),
      ...r.maybe(4, r.limit()),
    ],
  ],
  ZREVRANGEBYSCORE: [
    1,
    (r) => [
      r.key('zset'),
      r.scoreBound(),
      r.scoreBound(),
      ...withScores(r),
      ...r.maybe(4, r.limit()),
    ],
  ],
  ZRANGEBYLEX: [1, (r) => [r.lexKey(), r.lexBound(), r.lexBound(), ...r.maybe(4, r.limit())]],
  ZREVRANGEBYLEX: [1, (r) => [r.lexKey(), r.lexBound(), r.lexBound(), ...r.maybe(4, r.limit())]],
  ZRANGESTORE: [1, (r) => [r.key('zset'), r.key('zset'), r.rank(), r.rank(), ...r.maybe(4, 'REV')]],
  'ZRANGESTORE ': [
    1,
    (r) => [
      r.key('zset'),
      r.key('zset'),
      r.scoreBound(),
      r.scoreBound(),
      'BYSCORE',
      ...r.maybe(4, r.limit()),
    ],
  ],
  ZREMRANGEBYRANK: [1, (r) => [r.key('zset'), r.rank(), r.rank()]],
  ZREMRANGEBYSCORE: [1, (r) => [r.key('zset'), r.scoreBound(), r.scoreBound()]],
  ZREMRANGEBYLEX: [1, (r) => [r.lexKey(), r.lexBound(), r.lexBound()]],
  ZPOPMIN: [1, (r) => [r.key('zset'), ...r.maybe(2, String(r.int(-1, 4)))]],
  ZPOPMAX: [1, (r) => [r.key('zset'), ...r.maybe(2, String(r.int(-1, 4)))]],
  ZMPOP: [
    1,
    (r) => [
      ...r.numbered('zset'),
      r.pick(['MIN', 'MAX']),
      ...r.maybe(3, 'COUNT', String(r.int(-1, 4))),
    ],
  ],
  BZPOPMIN: [1, (r) => [...r.keys('zset'), '0.001'], 4],
  BZPOPMAX: [1, (r) => [...r.keys('zset'), '0.001'], 4],
  BZMPOP: [1, (r) => ['0.001', ...r.numbered('zset'), r.pick(['MIN', 'MAX'])], 4],
  ZUNION: [1, (r) => [...r.numbered(zsetOrSet(r)), ...r.weights(2), ...withScores(r)]],
  ZINTER: [1, (r) => [...r.numbered(zsetOrSet(r)), ...r.weights(2), ...withScores(r)]],
  ZDIFF: [1, (r) => [...r.numbered(zsetOrSet(r)), ...withScores(r)]],
  ZINTERCARD: [
    1,
    (r) => [...r.numbered(zsetOrSet(r)), ...r.maybe(3, 'LIMIT', String(r.int(-1, 4)))],
  ],
  ZUNIONSTORE: [1, (r) => [r.key('zset'), ...r.numbered(zsetOrSet(r), 2, 2), ...r.weights(2)]],
  ZINTERSTORE: [1, (r) => [r.key('zset'), ...r.numbered(zsetOrSet(r), 2, 2), ...r.weights(2)]],
  ZDIFFSTORE: [1, (r) => [r.key('zset'), ...r.numbered('zset')]],
  ZSCAN: [1, (r) => [r.key('zset'), ...scan(r)]],
  // Sessions and server
  PING: [1, (r) => r.maybe(2, r.text())],
  ECHO: [1, (r) => [r.text()]],
  'CLIENT SETNAME': [1, (r) => [r.pick(['joe', '', 'a b', 'x'])]],
  'CLIENT GETNAME': [1, () => []],
  'DEBUG STRINGMATCH-LEN': [1, (r) => [String(r.int(0, 4)), 'a*b'], 20],
  NOSUCHCOMMAND: [1, (r) => r.members()],
};

const kNeverAltered = /^(ZADD  |BZ|SELECT|FLUSH|DEBUG|SWAPDB|[HSZ]?SCAN|MEMORY)/;

/** Random draws: what is drawn must be among what one look before and one after show. */
const kDraws = [
  ['SMEMBERS', 'SRANDMEMBER', 'set'],
  ['HKEYS', 'HRANDFIELD', 'hash'],
  ['ZRANGE', 'ZRANDMEMBER', 'zset'],
];

function draw(r) {
  const [look, command, type] = r.pick(kDraws);
  const key = r.key(type);
  const options = r.maybe(
    2,
    String(r.int(-6, 6)),
    ...r.maybe(3, { hash: 'WITHVALUES', zset: 'WITHSCORES', set: [] }[type]),
  );
  const before = look === 'ZRANGE' ? [look, key, '0', '-1'] : [look, key];
  return { commands: [before, [command, key, ...options]], check: 'draw' };
}

/** SPOP changes the set at random: both looks are compared, then the set is made equal again. */
function pop(r) {
  const key = r.key('set');
  return {
    commands: [
      ['SMEMBERS', key],
      ['SPOP', key, ...r.maybe(2, String(r.int(-1, 6)))],
      ['SMEMBERS', key],
      ['DEL', key],
    ],
    check: 'pop',
  };
}

const kTotal = Object.values(kCommands).reduce((sum, [weight]) => sum + weight * 10, 0);

function command(r, version) {
  let left = r.int(0, kTotal - 1);
  for (const [name, [weight, make, rarer = 1]] of Object.entries(kCommands)) {
    left -= weight * 10;
    if (left >= 0) continue;
    if (!r.once(rarer)) return ['PING'];
    const args = [...name.trim().split(' '), ...make(r, version)];
    return r.once(30) && !kNeverAltered.test(name) ? altered(r, args) : args;
  }
  return ['PING'];
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
  if (r.once(40)) return draw(r);
  if (r.once(60)) return pop(r);
  const args = command(r, version);
  // (' 1' keys are 1 to COMMAND GETKEYS, which reads what is no number as C's atoi does.)
  if (r.once(80) && !/^(BZ|SELECT|FLUSH)/.test(args[0]) && !args.includes(' 1')) {
    return { commands: [['COMMAND', r.pick(['GETKEYS', 'GETKEYSANDFLAGS']), ...args]] };
  }
  return { commands: [args] };
}

/** Looks at everything that is there. */
function audit(r) {
  const steps = [];
  for (const db of ['0', '1', '2']) {
    steps.push(['SELECT', db], ['DBSIZE'], ['KEYS', '*'], ['ZRANGE', 'lex:0', '0', '-1']);
    for (const type of kTypes) {
      for (let i = 0; i <= 3; i++) {
        const key = `${type}:${i}`;
        steps.push(['TYPE', key], ['OBJECT', 'ENCODING', key], ['PTTL', key]);
        steps.push(
          {
            string: ['GET', key],
            hash: ['HGETALL', key],
            set: ['SMEMBERS', key],
            zset: ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
          }[r.once(6) ? r.pick(kTypes) : type],
        );
      }
    }
  }
  return steps.map((args) => ({ commands: [args] }));
}

/** The limits of compact encodings an episode runs with, as CONFIG SET arguments. */
export function limits(seed) {
  const r = new Random(`${seed}/limits`);
  const small = () => String(r.pick([1, 2, 4, 8, 16, 128]));
  return {
    'hash-max-listpack-entries': small(),
    'hash-max-listpack-value': r.pick(['8', '64']),
    'set-max-intset-entries': small(),
    'set-max-listpack-entries': small(),
    'set-max-listpack-value': r.pick(['8', '64']),
    'zset-max-listpack-entries': small(),
    'zset-max-listpack-value': r.pick(['8', '64']),
  };
}

/** The steps of the episode with this seed: about `count` commands and a look at everything. */
export function episode(seed, count, version) {
  const r = new Source(seed);
  const steps = [];
  for (let commands = 0; commands < count;) {
    const next = step(r, version);
    commands += next.commands.length;
    steps.push(next);
  }
  return [...steps, ...audit(r)];
}
