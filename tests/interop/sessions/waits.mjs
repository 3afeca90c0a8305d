// Commands that wait. Without a limit, or for so long that none ends by itself; what ends soon is
// a step of its own (../session_scripts.mjs), which waits for the end.
import { since } from '../versions.mjs';
import { weighted } from './arguments.mjs';

const long = (r) => r.pick(['0', '0', '0', '1000', '1000.5']);
const wrong = ['-1', 'abc', '', 'inf', '1e300'];

const streamIds = (r, newest) => (r.once(3) ? r.oldId() : newest);

const streams = (r) => {
  const keys = r.waitedKeys('stream', 2);
  return since('twiceRead', r.version) ? keys : [...new Set(keys)];
};

const xread = (r, ms) => {
  const keys = streams(r);
  return ['XREAD', ...r.count(), 'BLOCK', ms, 'STREAMS', ...keys].concat(
    keys.map(() => streamIds(r, '$')),
  );
};
const xreadgroup = (r, ms) => {
  const keys = streams(r);
  return ['XREADGROUP', 'GROUP', r.group(), r.consumer(), ...r.count(), 'BLOCK', ms].concat(
    r.maybe(5, 'NOACK'),
    ['STREAMS', ...keys],
    keys.map(() => (r.once(8) ? '0' : '>')),
  );
};

/** A command that waits until `timeout` (seconds, as text). */
const waiting = weighted([
  [5, (r, timeout) => ['BLPOP', ...r.waitedKeys('list'), timeout]],
  [4, (r, timeout) => ['BRPOP', ...r.waitedKeys('list'), timeout]],
  [4, (r, timeout) => ['BLMOVE', r.key('list'), r.key('list'), r.end(), r.end(), timeout]],
  [3, (r, timeout) => ['BRPOPLPUSH', r.key('list'), r.key('list'), timeout]],
  [
    3,
    (r, timeout) => [
      'BLMPOP',
      timeout,
      ...r.numbered('list', r.waitedKeys('list')),
      r.end(),
      ...r.count(),
    ],
  ],
  [3, (r, timeout) => [r.pick(['BZPOPMIN', 'BZPOPMAX']), ...r.waitedKeys('zset'), timeout]],
  [
    3,
    (r, timeout) =>
      !since('popEvents', r.version)
        ? ['BZPOPMIN', ...r.waitedKeys('zset'), timeout]
        : ['BZMPOP', timeout, ...r.numbered('zset', r.waitedKeys('zset'))].concat(
            r.pick(['MIN', 'MAX']),
            r.count(),
          ),
  ],
  [5, (r, timeout) => xread(r, inMs(timeout))],
  [7, (r, timeout) => xreadgroup(r, inMs(timeout))],
  [1, (r, timeout) => ['WAIT', r.pick(['0', '1', '1']), inMs(timeout)]],
  [
    1,
    (r, timeout) =>
      since('waitaof', r.version)
        ? ['WAITAOF', r.pick(['0', '0', '1']), r.number(0, 1), inMs(timeout)]
        : ['WAIT', '1', inMs(timeout)],
  ],
]);

const inMs = (seconds) =>
  Number.isFinite(Number(seconds)) ? String(Math.ceil(seconds * 1000)) : seconds;

export const wait = (r) => waiting(r, r.once(40) ? r.pick(wrong) : long(r));
/** One that ends within 3 ms. */
export const shortWait = (r) => waiting(r, r.pick(['0.001', '0.002', '0.003']));
