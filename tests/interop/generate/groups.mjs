// Consumer groups of streams. Nobody waits: reads that block are in tests/conformance. Idle times
// are 0, or far from each other and from what an episode takes.
import { since } from '../versions.mjs';
import { someId } from './streams.mjs';

const stream = (r) => r.key('stream');
const group = (r) => (r.once(20) ? r.text() : r.pick(['g', 'g', 'h', 'i']));
const consumer = (r) => (r.once(20) ? r.text() : r.pick(['alice', 'bob', 'carol', 'Dave', '']));
const ids = (r) => r.many(1, 5, () => someId(r));
const count = (r) => r.maybe(2, 'COUNT', String(r.int(r.once(20) ? -1 : 1, 6)));
const idle = (r) => r.pick(['0', '0', '0', '-1', '50000000', '4000000000']);

function start(r) {
  return r.once(3) ? someId(r) : r.pick(['0', '$', '0-0', '1-1', '3']);
}

function bound(r, edge) {
  return r.once(2) ? edge : (r.once(4) ? '(' : '') + someId(r);
}

const claimOptions = (r) => [
  ...r.maybe(3, 'JUSTID'),
  ...r.maybe(3, 'FORCE'),
  ...r.maybe(4, 'IDLE', r.pick(['0', '100000000', '-5', '5000000000'])),
  ...r.maybe(8, 'TIME', r.pick(['0', '1000', '-1', '99999999999999'])),
  ...r.maybe(5, 'RETRYCOUNT', r.pick(['0', '7', '-1', '1', '9223372036854775807'])),
  ...r.maybe(8, 'LASTID', someId(r)),
];

const claim = (r, group) => [
  'XCLAIM',
  stream(r),
  group,
  consumer(r),
  idle(r),
  ...ids(r),
  ...claimOptions(r),
];
const autoclaim = (r, group) => [
  'XAUTOCLAIM',
  stream(r),
  group,
  consumer(r),
  idle(r),
  bound(r, '-'),
  ...count(r),
  ...r.maybe(3, 'JUSTID'),
];
const readGroup = (r, group, keys) => [
  'XREADGROUP',
  'GROUP',
  group,
  consumer(r),
  ...count(r),
  ...r.maybe(6, 'NOACK'),
  'STREAMS',
  ...keys,
  ...keys.map(() => (r.once(4) ? (r.once(3) ? '0' : someId(r)) : '>')),
];

/** A group, where a consumer that finds nothing is made all the same. */
const groupToTry = (r, version) => (since('idleConsumers', version) ? group(r) : 'none');

/** Claims and reads by a consumer that is there. */
function served(r) {
  const key = stream(r);
  const command = r.pick([claim, autoclaim, readGroup, readGroup, readGroup])(r, 'g', [key]);
  if (command[0] !== 'XREADGROUP') command[1] = key;
  return { commands: [['XGROUP', 'CREATECONSUMER', key, 'g', command[3]], command] };
}

export default {
  steps: [[40, served]],
  commands: {
    'XGROUP CREATE': [
      8,
      (r) => [
        stream(r),
        group(r),
        start(r),
        ...r.maybe(6, 'MKSTREAM'),
        ...r.maybe(4, 'ENTRIESREAD', r.pick(['-1', '0', '1', '5', '30', '-2'])),
      ],
    ],
    'XGROUP SETID': [
      5,
      (r) => [
        stream(r),
        group(r),
        start(r),
        ...r.maybe(3, 'ENTRIESREAD', r.pick(['-1', '0', '1', '5', '30', 'x'])),
      ],
    ],
    'XGROUP DESTROY': [2, (r) => [stream(r), group(r)]],
    'XGROUP CREATECONSUMER': [2, (r) => [stream(r), group(r), consumer(r)]],
    'XGROUP DELCONSUMER': [2, (r) => [stream(r), group(r), consumer(r)]],
    XREADGROUP: [
      30,
      (r, version) =>
        readGroup(
          r,
          groupToTry(r, version),
          r.many(1, r.once(4) ? 3 : 1, () => stream(r)),
        ).slice(1),
    ],
    XACK: [8, (r) => [stream(r), group(r), ...ids(r)]],
    XPENDING: [3, (r) => [stream(r), group(r)]],
    'XPENDING ': [
      8,
      (r) => [
        stream(r),
        group(r),
        ...r.maybe(3, 'IDLE', idle(r)),
        bound(r, '-'),
        bound(r, '+'),
        String(r.int(0, 9)),
        ...r.maybe(3, consumer(r)),
      ],
    ],
    XCLAIM: [12, (r, version) => claim(r, groupToTry(r, version)).slice(1)],
    XAUTOCLAIM: [8, (r, version) => autoclaim(r, groupToTry(r, version)).slice(1)],
    'XINFO GROUPS': [6, (r) => [stream(r)]],
    'XINFO CONSUMERS': [4, (r) => [stream(r), group(r)]],
    'XINFO STREAM ': [3, (r) => [stream(r), 'FULL', ...r.maybe(2, 'COUNT', String(r.int(0, 5)))]],
  },
};
