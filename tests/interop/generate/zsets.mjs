// Sorted sets.
import { draw, scan, smallLimit } from './source.mjs';

const withScores = (r) => r.maybe(2, 'WITHSCORES');
const zsetOrSet = (r) => (r.once(5) ? 'set' : 'zset');
export default {
  type: 'zset',
  look: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
  audit: [['ZRANGE', 'lex:0', '0', '-1']],
  unaltered: /^(ZADD {2}|BZ|ZSCAN)/,
  limits: {
    'zset-max-listpack-entries': [smallLimit, '128'],
    'zset-max-listpack-value': [(r) => r.pick(['8', '64']), '64'],
  },
  steps: [[120, (r) => draw(r, ['ZRANGE', '0', '-1'], 'ZRANDMEMBER', 'zset', 'WITHSCORES')]],
  commands: {
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
    ZRANGESTORE: [
      1,
      (r) => [r.key('zset'), r.key('zset'), r.rank(), r.rank(), ...r.maybe(4, 'REV')],
    ],
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
  },
};
