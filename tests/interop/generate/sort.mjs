// SORT. Where elements compare equal, Redis's order follows from that in which it finds them, which
// for sets is chance: ties by text and unsorted output are only asked of lists (`order:*`) and
// of sets without ties (`words:*`).
const kWords = ['', '0', '1', 'a', 'A', 'b', 'ab', 'aB', 'b0', 'zz', '10', '9', 'a\x00b', 'a\x00c'];
const kDistinct = ['a', 'b', 'ab', 'B', 'x1', 'x10', 'x2', '5', '12', 'z'];
const weightKey = (r) => `w_${r.pick([r.member(), String(r.int(-5, 25)), ...kDistinct])}`;
const numbers = (r) => String(r.pick([r.int(-5, 25), r.int(-5, 25), r.int(0, 9) / 4]));
const by = (r) => ['BY', r.pick(['w_*', 'w_*', 'hw_*->f', 'hw_*->g', 'none_*', 'nokey->*'])];
const got = (r) =>
  r
    .many(0, 3, () => [
      'GET',
      r.pick(['#', 'w_*', 'hw_*->f', 'hw_*->g', 'none_*', 'x', '*', 'w_*->']),
    ])
    .flat();
const limit = (r) => ['LIMIT', String(r.int(-2, 6)), String(r.int(-2, 6))];
const direction = (r) => r.maybe(2, r.pick(['ASC', 'DESC', 'desc']));
const collection = (r) => r.key(r.pick(['list', 'set', 'zset']));
const fromList = (r) => [
  `order:${r.int(0, 1)}`,
  ...r.maybe(2, ...(r.once(3) ? ['BY', r.pick(['nosort', 'x', '*->', 'w_*'])] : by(r))),
  ...r.maybe(2, 'ALPHA'),
  ...r.maybe(2, ...limit(r)),
  ...direction(r),
  ...r.maybe(2, ...got(r)),
];

export default {
  audit: [
    ['LRANGE', 'order:0', '0', '-1'],
    ['LRANGE', 'order:1', '0', '-1'],
    ['LRANGE', 'sorted:0', '0', '-1'],
    ['OBJECT', 'ENCODING', 'sorted:0'],
  ],
  commands: {
    'SET  ': [3, (r) => [weightKey(r), r.once(12) ? r.text() : numbers(r)]],
    'HSET ': [2, (r) => [`h${weightKey(r)}`, 'f', numbers(r), 'g', r.once(8) ? 'x' : numbers(r)]],
    'DEL ': [1, (r) => [weightKey(r), r.pick(['sorted:0', 'sorted:1'])]],
    'RPUSH ': [3, (r) => [`order:${r.int(0, 1)}`, ...r.many(1, 8, () => r.pick(kWords))]],
    'RPUSH  ': [3, (r) => [`order:${r.int(0, 1)}`, ...r.many(1, 20, () => numbers(r))]],
    'LTRIM ': [1, (r) => [`order:${r.int(0, 1)}`, '-30', '-1']],
    'SADD ': [1, (r) => [`words:${r.int(0, 1)}`, ...r.many(1, 4, () => r.pick(kDistinct))]],
    'SREM ': [1, (r) => [`words:${r.int(0, 1)}`, r.pick(kDistinct)]],
    // Numbers, which ties by text follow: the same for all servers.
    SORT: [
      3,
      (r) => [
        collection(r),
        ...r.maybe(2, ...by(r)),
        ...r.maybe(3, ...limit(r)),
        ...direction(r),
        ...r.maybe(3, ...got(r)),
        ...r.maybe(4, 'STORE', r.pick(['sorted:0', 'sorted:1'])),
      ],
    ],
    'SORT ': [4, fromList],
    'SORT  ': [2, (r) => [...fromList(r), 'STORE', r.pick(['sorted:0', r.key('list'), 'order:1'])]],
    'SORT   ': [
      1,
      (r) => [
        `words:${r.int(0, 1)}`,
        ...r.maybe(2, 'BY', 'nosort', 'STORE', 'sorted:1'),
        'ALPHA',
        ...r.maybe(2, ...limit(r)),
        ...direction(r),
      ],
    ],
    SORT_RO: [
      1,
      (r) => [
        collection(r),
        ...r.maybe(2, ...by(r)),
        ...r.maybe(3, ...limit(r)),
        ...direction(r),
        ...r.maybe(8, 'STORE', 'sorted:0'),
      ],
    ],
  },
  unaltered: /^SORT {2,}$|^SORT_RO/,
};
