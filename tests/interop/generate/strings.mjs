// Strings.
export default {
  type: 'string',
  look: (key) => ['GET', key],
  commands: {
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
    SETRANGE: [
      3,
      (r) => [r.key('string'), String(r.once(20) ? 536870912 : r.int(-1, 90)), r.text()],
    ],
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
  },
};
