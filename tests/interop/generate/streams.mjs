// Streams. Ids are told, never made from the clock, but for "*" behind an id of the far future.
import { since } from '../versions.mjs';
import { smallLimit } from './source.mjs';

/** How far the ids of an episode have come. */
const reached = new WeakMap();

const lastMs = (r) => reached.get(r) ?? 1;

/** Mostly an id above those so far. */
function newId(r) {
  if (r.once(12)) return r.pick(['0-0', '0-*', '1-1', '5', '-', '+', '1-2-3', '*-1', 'x', '7-x']);
  const ms = lastMs(r) + r.int(0, 2);
  reached.set(r, ms);
  if (r.once(3)) return `${ms}-*`;
  if (r.once(4)) return String(ms);
  const far = ['18446744073709551615', '127', '4096', '70000'];
  return `${ms}-${r.once(30) ? r.pick(far) : r.int(0, 6)}`;
}

/** An id that may be there. */
export function someId(r) {
  if (r.once(40)) return r.pick(['', '-', '+', '$', '>', '*', ' 3', '03-1', '1-+2', '1-', '(1-1']);
  const ms = r.once(30) ? r.pick(['18446744073709551615', '0']) : r.int(0, lastMs(r) + 2);
  return r.once(4) ? String(ms) : `${ms}-${r.int(0, 6)}`;
}

const bound = (r, edge) => (r.once(3) ? edge : (r.once(5) ? '(' : '') + someId(r));
const count = (r) => r.maybe(3, 'COUNT', String(r.int(-1, 7)));

function pairs(r) {
  if (r.once(2)) return ['f', r.text(), 'g', r.integer()];
  if (r.once(3)) return ['123', r.member()];
  if (r.once(60))
    return r.pairs(
      () => r.member(),
      () => r.text(),
      20,
    );
  return r.pairs(
    () => r.pick(['f', 'g', 'h', '-7', 'a long name of a field']),
    () => r.text(),
  );
}

function trim(r) {
  const about = r.pick(['~', '~', '=', undefined]);
  return [
    ...(r.once(2) ? ['MAXLEN'] : ['MINID']),
    ...(about === undefined ? [] : [about]),
    r.once(2) ? String(r.int(0, 12)) : someId(r),
    ...(r.once(about === '~' ? 2 : 25) ? ['LIMIT', String(r.int(-1, 12))] : []),
  ];
}

/** What XSETID may set, fitting or not. */
const anyState = (r) => [
  r.once(3) ? someId(r) : `${lastMs(r) + 1}-0`,
  ...r.maybe(3, 'ENTRIESADDED', String(r.int(-1, 60))),
  ...r.maybe(3, 'MAXDELETEDID', someId(r)),
];

/** Above all ids so far, deleted ones included. */
function higherState(r) {
  reached.set(r, lastMs(r) + 3);
  return [`${lastMs(r)}-0`, ...r.maybe(3, 'ENTRIESADDED', String(r.int(-1, 60)))];
}

const stream = (r) => r.key('stream');

export default {
  type: 'stream',
  look: (key) => ['XINFO', 'STREAM', key, 'FULL', 'COUNT', '0'],
  commands: {
    XADD: [
      70,
      (r) => [
        stream(r),
        ...r.maybe(10, 'NOMKSTREAM'),
        ...(r.once(8) ? trim(r) : []),
        newId(r),
        ...pairs(r),
      ],
    ],
    XDEL: [10, (r) => [stream(r), ...r.many(1, 3, () => someId(r))]],
    XTRIM: [5, (r) => [stream(r), ...trim(r)]],
    XLEN: [3, (r) => [stream(r)]],
    XRANGE: [8, (r) => [stream(r), bound(r, '-'), bound(r, '+'), ...count(r)]],
    XREVRANGE: [8, (r) => [stream(r), bound(r, '+'), bound(r, '-'), ...count(r)]],
    XREAD: [
      6,
      (r) => {
        const keys = r.many(1, 3, () => stream(r));
        const ids = keys.map(() => (r.once(12) ? '$' : someId(r)));
        return [...count(r), 'STREAMS', ...keys, ...ids];
      },
    ],
    XSETID: [
      2,
      (r, version) => [stream(r), ...(since('deletedIds', version) ? anyState(r) : higherState(r))],
    ],
    'XINFO STREAM': [
      6,
      (r) => [
        stream(r),
        ...(r.once(3) ? ['FULL', ...r.maybe(2, 'COUNT', String(r.int(-1, 9)))] : []),
      ],
    ],
  },
  steps: [
    [
      300,
      () => ({
        commands: [
          ['XADD', 'stream:3', '99999999999999-1', 'f', 'v'],
          ['XADD', 'stream:3', '*', 'f', 'v'],
          ['XADD', 'stream:3', 'MAXLEN', '~', '3', '*', 'f', 'v'],
        ],
      }),
    ],
  ],
  limits: {
    'stream-node-max-entries': [smallLimit, '100'],
    'stream-node-max-bytes': [(r) => String(r.pick([0, 64, 200, 1000, 4096])), '4096'],
  },
};
