// Keys of any type, and their expiry.
import { scan } from './source.mjs';

export default {
  unaltered: /^(SELECT|FLUSH|SWAPDB|SCAN|MEMORY)/,
  commands: {
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
    SCAN: [1, (r) => [...scan(r), ...r.maybe(3, 'TYPE', r.pick([...r.types, 'x']))]],
    'OBJECT ENCODING': [5, (r) => [r.key()]],
    'MEMORY USAGE': [1, (r) => [r.key(), ...r.maybe(2, 'SAMPLES', String(r.int(0, 5)))]],
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
  },
};
