// Random arguments that every family draws from.
import { Random } from '../random.mjs';

/** Words that fit nowhere, or somewhere unexpected. */
export const kGarbage = [
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

/** Makes arguments. One instance per episode. `types` are the families with keys of their own. */
export class Source extends Random {
  #expiries = 0;

  constructor(seed, types) {
    super(seed);
    this.types = types;
  }

  key(type) {
    const of = type && !this.once(25) ? type : this.pick(this.types);
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

/** The arguments of a SCAN command that visits everything in one step. */
export const scan = (r) => [
  '0',
  ...r.maybe(2, 'MATCH', r.pick(['*', 'm*', 'm?', '[0-9]*', 'm[1-3]*', 'zz'])),
  'COUNT',
  '1000000',
];

/**
 * A random draw between looks: what is drawn must be among what the look shows. `look` is the
 * command and what follows the key.
 */
export function draw(r, [look, ...rest], command, type, withValues) {
  const key = r.key(type);
  const options = r.maybe(
    2,
    String(r.int(-6, 6)),
    ...(withValues === undefined ? [] : r.maybe(3, withValues)),
  );
  return {
    commands: [
      [look, key, ...rest],
      [command, key, ...options],
    ],
    check: 'draw',
  };
}

/** For the entries of a compact encoding: so small that conversions happen. */
export const smallLimit = (r) => String(r.pick([1, 2, 4, 8, 16, 128]));
