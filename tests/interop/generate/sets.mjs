// Sets.
import { draw, scan, smallLimit } from './source.mjs';

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

export default {
  type: 'set',
  look: (key) => ['SMEMBERS', key],
  unaltered: /^SSCAN/,
  limits: {
    'set-max-intset-entries': [smallLimit, '512'],
    'set-max-listpack-entries': [smallLimit, '128'],
    'set-max-listpack-value': [(r) => r.pick(['8', '64']), '64'],
  },
  steps: [
    [120, (r) => draw(r, ['SMEMBERS'], 'SRANDMEMBER', 'set')],
    [60, pop],
  ],
  commands: {
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
  },
};
