// Hashes.
import { draw, scan, smallLimit } from './source.mjs';

export default {
  type: 'hash',
  look: (key) => ['HGETALL', key],
  unaltered: /^HSCAN/,
  limits: {
    'hash-max-listpack-entries': [smallLimit, '512'],
    'hash-max-listpack-value': [(r) => r.pick(['8', '64']), '64'],
  },
  // one step in `once` is this one
  steps: [[120, (r) => draw(r, ['HKEYS'], 'HRANDFIELD', 'hash', 'WITHVALUES')]],
  commands: {
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
  },
};
