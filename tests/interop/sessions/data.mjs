// Commands that read and write keys: whatever could wake a session that waits, touch a watched
// key, or be told as a keyspace event. None of them waits.
import { since } from '../versions.mjs';
import { weighted } from './arguments.mjs';

const lists = weighted([
  [6, (r) => ['LPUSH', r.key('list'), ...r.elements()]],
  [8, (r) => ['RPUSH', r.key('list'), ...r.elements()]],
  [1, (r) => [r.pick(['LPUSHX', 'RPUSHX']), r.key('list'), ...r.elements()]],
  [1, (r) => ['LINSERT', r.key('list'), r.pick(['BEFORE', 'AFTER']), r.element(), r.element()]],
  [3, (r) => ['LMOVE', r.key('list'), r.key('list'), r.end(), r.end()]],
  [2, (r) => ['RPOPLPUSH', r.key('list'), r.key('list')]],
  [2, (r) => [r.pick(['LPOP', 'RPOP']), r.key('list'), ...r.maybe(3, r.number(0, 3))]],
  [1, (r) => ['LMPOP', ...r.numbered('list'), r.end(), ...r.count()]],
  [1, (r) => ['LSET', r.key('list'), r.number(), r.element()]],
  [1, (r) => ['LREM', r.key('list'), r.number(), r.element()]],
  [1, (r) => ['LTRIM', r.key('list'), r.number(), r.number()]],
  [1, (r) => ['LRANGE', r.key('list'), '0', '-1']],
  [2, (r) => ['SORT', r.key('list'), 'ALPHA', 'STORE', r.key('list')]],
  [1, (r) => ['SORT', r.key('set'), 'STORE', r.key('list')]],
]);

const scored = (r) => r.many(1, 3, () => [r.number(0, 4), r.element()]).flat();

const zsets = weighted([
  [8, (r) => ['ZADD', r.key('zset'), ...scored(r)]],
  [
    1,
    (r) => [
      'ZADD',
      r.key('zset'),
      r.pick(['NX', 'XX', 'GT', 'LT', 'CH', 'INCR']),
      '1',
      r.element(),
    ],
  ],
  [1, (r) => ['ZINCRBY', r.key('zset'), r.number(), r.element()]],
  [2, (r) => ['GEOADD', r.key('zset'), '13.361389', '38.115556', r.element()]],
  [
    1,
    (r) =>
      ['GEOSEARCHSTORE', r.key('zset'), r.key('zset')].concat([
        'FROMLONLAT',
        '13',
        '38',
        'BYRADIUS',
        '200',
        'km',
        'ASC',
      ]),
  ],
  [
    2,
    (r) => [
      r.pick(['ZUNIONSTORE', 'ZINTERSTORE', 'ZDIFFSTORE']),
      r.key('zset'),
      ...r.numbered('zset'),
    ],
  ],
  [1, (r) => ['ZRANGESTORE', r.key('zset'), r.key('zset'), r.number(), r.number()]],
  [2, (r) => [r.pick(['ZPOPMIN', 'ZPOPMAX']), r.key('zset'), ...r.maybe(3, r.number(0, 3))]],
  [
    1,
    (r) =>
      since('popEvents', r.version)
        ? ['ZMPOP', ...r.numbered('zset'), r.pick(['MIN', 'MAX']), ...r.count()]
        : ['ZPOPMIN', r.key('zset'), '2'],
  ],
  [1, (r) => ['ZREM', r.key('zset'), ...r.elements()]],
  [1, (r) => ['ZREMRANGEBYRANK', r.key('zset'), r.number(), r.number()]],
  [1, (r) => ['ZRANGE', r.key('zset'), '0', '-1', 'WITHSCORES']],
]);

const length = (r) => r.number(since('emptyReads', r.version) ? 0 : 1, 2);

const streams = weighted([
  [9, (r) => ['XADD', r.key('stream'), r.newId(), 'f', r.element()]],
  [1, (r) => ['XADD', r.key('stream'), 'NOMKSTREAM', r.newId(), 'f', r.element()]],
  [1, (r) => ['XADD', r.key('stream'), 'MAXLEN', length(r), r.newId(), 'f', r.element()]],
  [1, (r) => (since('emptyReads', r.version) ? ['XDEL', r.key('stream'), r.oldId()] : ['PING'])],
  [1, (r) => ['XTRIM', r.key('stream'), 'MAXLEN', length(r)]],
  [1, (r) => ['XGROUP', 'SETID', r.key('stream'), r.group(), r.pick(['0', '$', r.oldId()])]],
  [2, (r) => ['XGROUP', 'DESTROY', r.key('stream'), r.group()]],
  [1, (r) => ['XACK', r.key('stream'), r.group(), r.oldId()]],
  [
    1,
    (r) =>
      since('idleConsumers', r.version)
        ? ['XCLAIM', r.key('stream'), r.group(), r.consumer(), '0', r.oldId(), 'JUSTID']
        : ['PING'],
  ],
  [
    1,
    (r) =>
      since('idleConsumers', r.version)
        ? ['XAUTOCLAIM', r.key('stream'), r.group(), r.consumer(), '0', '0', 'JUSTID']
        : ['PING'],
  ],
  [1, (r) => ['XRANGE', r.key('stream'), '-', '+']],
  [1, (r) => ['XPENDING', r.key('stream'), r.group()]],
]);

/** A group with its consumers: when one is made that only tried to read is known to differ. */
export const group = (r) => {
  const [key, name] = [r.key('stream'), r.group()];
  return [
    ['XGROUP', 'CREATE', key, name, r.pick(['0', '$', r.oldId()]), 'MKSTREAM'],
    ['XGROUP', 'CREATECONSUMER', key, name, 'alice'],
    ['XGROUP', 'CREATECONSUMER', key, name, 'bob'],
  ];
};

const others = weighted([
  [2, (r) => ['SET', r.key('string'), r.element(), ...r.maybe(5, r.pick(['NX', 'XX', 'GET']))]],
  [1, (r) => ['GET', r.key('string')]],
  [1, (r) => ['GETDEL', r.key('string')]],
  [1, (r) => ['INCR', r.key('string')]],
  [1, (r) => ['APPEND', r.key('string'), r.element()]],
  [1, (r) => ['SETRANGE', r.key('string'), r.number(-1, 2), r.pick(['', r.element()])]],
  [1, (r) => ['MSET', r.key('string'), r.element(), r.key(), r.element()]],
  [1, (r) => ['MGET', ...r.keys('string')]],
  [1, (r) => ['SETBIT', r.key('string'), r.number(0, 9), '1']],
  [1, (r) => ['BITOP', 'OR', r.key('string'), ...r.keys('string')]],
  [1, (r) => ['PFADD', r.key('string'), r.element()]],
  [2, (r) => ['SADD', r.key('set'), ...r.elements()]],
  [1, (r) => ['SREM', r.key('set'), ...r.elements()]],
  [1, (r) => ['SMOVE', r.key('set'), r.key(), r.element()]],
  [1, (r) => [r.pick(['SUNIONSTORE', 'SDIFFSTORE']), r.key('set'), ...r.keys('set')]],
  [2, (r) => ['HSET', r.key('hash'), r.element(), r.element()]],
  [1, (r) => ['HDEL', r.key('hash'), ...r.elements()]],
  [1, (r) => ['HINCRBY', r.key('hash'), r.element(), '1']],
]);

const replace = (r) => (r.expires ? [] : ['REPLACE']);

const keys = weighted([
  [5, (r) => [r.pick(['DEL', 'UNLINK']), ...r.keys()]],
  [6, (r) => [r.pick(['RENAME', 'RENAME', 'RENAMENX']), r.key(), r.key()]],
  [4, (r) => ['COPY', r.key(), r.key(), ...r.maybe(4, 'DB', r.db()), ...r.maybe(2, 'REPLACE')]],
  [2, (r) => ['MOVE', r.key(), r.db()]],
  [3, (r) => ['RESTORE', r.key(), '0', r.dump(), ...r.maybe(2, ...replace(r))]],
  [1, (r) => ['RESTORE', r.key(), '1000', r.dump(), 'ABSTTL', ...replace(r)]],
  [2, (r) => [r.pick(['TYPE', 'EXISTS', 'TOUCH']), r.key()]],
  [1, (r) => ['EXPIRE', r.key(), '100000', ...r.maybe(3, r.pick(['NX', 'XX', 'GT']))]],
  [1, (r) => ['PERSIST', r.key()]],
  [2, (r) => ['PEXPIREAT', r.key(), '1000']],
  [1, (r) => ['EXPIRE', r.key(), '-1']],
  [1, (r) => ['GETEX', r.key('string'), 'PXAT', '1000']],
  [1, (r) => ['SET', r.key(), r.element(), 'EX', '100000']],
]);

const databases = weighted([
  [4, (r) => (r.swaps ? ['SWAPDB', '0', '1'] : ['FLUSHDB'])],
  [1, (r) => ['SWAPDB', r.db(), r.pick(r.swaps ? ['0', '1', '2', '99'] : ['99'])]],
  [1, (r) => [r.pick(['FLUSHDB', 'FLUSHALL']), ...r.maybe(3, r.pick(['SYNC', 'ASYNC', 'NOW']))]],
]);

const wrong = weighted([
  [1, (r) => ['LPUSH', r.key()]],
  [1, (r) => ['NOSUCH', r.key()]],
  [1, (r) => ['INCR', r.key('list')]],
  [1, (r) => ['LPUSH', r.key('zset'), r.element()]],
  [1, (r) => ['XADD', r.key('stream'), '0-0', 'f', 'v']],
]);

/** A command on keys, never one that waits. */
export const data = weighted([
  [22, lists],
  [14, zsets],
  [14, streams],
  [9, others],
  [16, keys],
  [2, databases],
  [2, wrong],
]);

/** Looks at every key. */
export const looks = [
  ['list', (key) => ['LRANGE', key, '0', '-1']],
  ['zset', (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES']],
  ['stream', (key) => ['XRANGE', key, '-', '+']],
  ['stream', (key) => ['XPENDING', key, 'g']],
  ['string', (key) => ['GET', key]],
];
