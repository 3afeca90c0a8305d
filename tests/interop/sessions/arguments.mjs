// Random arguments of scripts for several sessions: few keys, so that sessions meet.
import { Random } from '../random.mjs';
import { since } from '../versions.mjs';

export const kKeys = {
  list: ['l1', 'l2', 'l3'],
  zset: ['z1', 'z2', 'z3'],
  stream: ['s1', 's2'],
  set: ['t1'],
  hash: ['h1'],
  string: ['k1', 'k2'],
};
const kAll = Object.values(kKeys).flat();
const kChannels = ['c1', 'c2', 'c3'];
const kPatterns = ['c*', 'c[12]', '?1', '*', '__key*__:*', '__keyspace@*', '__keyevent@0__:*'];
const kGroups = ['g', 'g', 'g', 'h'];

/** Values of every type as DUMP of 7.0 gives them; the stream has a group `g`. */
const kDumps = [
  'EgECDQ0AAAACAIF4AoF5Av8KAH6XW1aNGvpv',
  'ERERAAAABACBbQIBAYFuAgIB/woAKLwIWfZuyVk=',
  'EwEQAAAAAAAAAAEAAAAAAAAAAR0dAAAACgABAQABAQGBZgIAAQIBAAEAAYF2' +
    'AgQB/wEBAQEBAAABAQFnAACB//////////8AAAoA/5rTS0iyaM4=',
  'CwwCAAAAAgAAAAEAAgAKAG95OLE06yAu',
  'EA0NAAAAAgCBZgKBdgL/CgAg8T1EI1QInQ==',
  'AAF2CgCRCM6yGTiKzg==',
].map((text) => Buffer.from(text, 'base64'));

export class Arguments extends Random {
  #ids = 0;

  /** `version` is the judge's, as '7.0.15'. */
  /** `version` is the judge's, as '7.0.15'. */
  constructor(seed, version) {
    super(seed);
    this.version = version;
    // A watched key that has expired and is replaced unseen is no change to a real server.
    this.swaps = this.once(2);
    this.expires = !this.swaps;
  }

  key(type) {
    return this.pick(type === undefined || this.once(20) ? kAll : kKeys[type]);
  }
  /** Those of a command that waits. */
  waitedKeys(type, high = 3) {
    return this.keys(type, 1, since('triedAgain', this.version) ? high : 1);
  }
  keys(type, low = 1, high = 3) {
    return this.many(low, high, () => this.key(type));
  }
  /** How many, and those. */
  numbered(type, keys = this.keys(type)) {
    return [String(keys.length), ...keys];
  }
  element() {
    return this.pick(['a', 'b', 'c', '1', '2', '3']);
  }
  elements(high = 3) {
    return this.many(1, high, () => this.element());
  }
  number(low = -2, high = 5) {
    return String(this.int(low, high));
  }
  end() {
    return this.pick(['LEFT', 'RIGHT']);
  }
  db() {
    return this.pick(['0', '0', '1']);
  }
  group() {
    return this.pick(kGroups);
  }
  consumer() {
    return this.pick(['alice', 'bob']);
  }
  dump() {
    return this.pick(kDumps);
  }
  maybe(times, ...args) {
    return this.once(times) ? args : [];
  }
  count() {
    return this.maybe(2, 'COUNT', this.number(1, 3));
  }

  /** For XADD: mostly above all ids before. */
  newId() {
    if (this.once(10)) return `${this.int(1, 3)}-${this.int(0, 3)}`;
    return `${10 + ++this.#ids}-${this.pick(['*', '0', '1'])}`;
  }
  oldId() {
    return this.once(4) ? '0' : `${10 + this.int(0, this.#ids)}-${this.int(0, 1)}`;
  }

  channel() {
    if (this.once(4)) return `__keyspace@${this.db()}__:${this.key()}`;
    return this.once(5)
      ? `__keyevent@0__:${this.pick(['lpush', 'del', 'expired', 'new', 'xadd'])}`
      : this.pick(kChannels);
  }
  pattern() {
    return this.pick(kPatterns);
  }
}

/** Picks of [weight, make] entries, as often as they weigh. */
export function weighted(entries) {
  const total = entries.reduce((sum, [weight]) => sum + weight, 0);
  return (r, ...rest) => {
    let left = r.int(0, total - 1);
    return entries.find(([weight]) => (left -= weight) < 0)[1](r, ...rest);
  };
}
