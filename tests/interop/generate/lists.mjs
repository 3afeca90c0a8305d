// Lists.

const end = (r) => r.pick(['LEFT', 'RIGHT', 'left', 'Right']);
const elements = (r) => r.many(1, r.once(12) ? 40 : 5, () => element(r));
const element = (r) => (r.once(4) ? r.text() : r.member());
const count = (r) => String(r.int(-1, 4));
/** No pop of a waiting kind may be altered: without its timeout it would wait for long. */
const kWait = '0.001';

export default {
  type: 'list',
  look: (key) => ['LRANGE', key, '0', '-1'],
  unaltered: /^B[LR]/,
  limits: {
    'list-max-listpack-size': [(r) => String(r.pick([-5, -1, 1, 2, 4, 16])), '-2'],
    'list-compress-depth': [(r) => String(r.int(0, 2)), '0'],
  },
  commands: {
    LPUSH: [4, (r) => [r.key('list'), ...elements(r)]],
    RPUSH: [8, (r) => [r.key('list'), ...elements(r)]],
    LPUSHX: [1, (r) => [r.key('list'), ...elements(r)]],
    RPUSHX: [1, (r) => [r.key('list'), ...elements(r)]],
    LLEN: [1, (r) => [r.key('list')]],
    LINDEX: [3, (r) => [r.key('list'), r.rank()]],
    LRANGE: [4, (r) => [r.key('list'), r.rank(), r.rank()]],
    LSET: [4, (r) => [r.key('list'), r.rank(), element(r)]],
    LINSERT: [4, (r) => [r.key('list'), r.pick(['BEFORE', 'after']), r.member(), element(r)]],
    LTRIM: [1, (r) => [r.key('list'), String(r.int(-1, 3)), r.pick(['-1', '-2', '20', '3'])]],
    LREM: [3, (r) => [r.key('list'), String(r.int(-3, 3)), r.member()]],
    LPOS: [
      4,
      (r) => [
        r.key('list'),
        r.member(),
        ...r.maybe(2, 'RANK', String(r.int(-3, 3))),
        ...r.maybe(2, 'COUNT', String(r.int(-1, 4))),
        ...r.maybe(3, 'MAXLEN', String(r.int(-1, 12))),
      ],
    ],
    LPOP: [2, (r) => [r.key('list'), ...r.maybe(2, count(r))]],
    RPOP: [2, (r) => [r.key('list'), ...r.maybe(2, count(r))]],
    LMPOP: [1, (r) => [...r.numbered('list'), end(r), ...r.maybe(3, 'COUNT', count(r))]],
    LMOVE: [3, (r) => [r.key('list'), r.key('list'), end(r), end(r)]],
    RPOPLPUSH: [2, (r) => [r.key('list'), r.key('list')]],
    BLPOP: [1, (r) => [...r.keys('list'), kWait], 4],
    BRPOP: [1, (r) => [...r.keys('list'), kWait], 4],
    BLMPOP: [1, (r) => [kWait, ...r.numbered('list'), end(r), ...r.maybe(3, 'COUNT', count(r))], 4],
    BLMOVE: [1, (r) => [r.key('list'), r.key('list'), end(r), end(r), kWait], 4],
    BRPOPLPUSH: [1, (r) => [r.key('list'), r.key('list'), kWait], 4],
  },
};
