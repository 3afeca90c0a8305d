// Points in sorted sets. Many lie at equal distances from others, at the edges of the world or at
// the same place, so that the order of equals and the cells at the edges are compared, too.
//
// Distances are stored in keys of their own, `dist:*`, and only their order is compared: the C
// library of the judge's machine decides about the last digit of one distance in 600.
import { smallLimit } from './source.mjs';

const kEdges = ['180', '-180', '179.9999', '-179.9999', '0', '90', '-90', '1e-7', '-0'];
const longitude = (r) => {
  switch (r.int(0, 7)) {
    case 0:
      return r.pick(kEdges);
    case 1:
    case 2:
      return String(r.int(-180, 180));
    case 3:
      return (r.int(-1_800_000, 1_800_000) / 10_000).toFixed(4);
    case 4:
      return r.once(6) ? r.pick(['181', '-180.1', 'x', 'inf', '1e300', '']) : '13.361389';
    default:
      return (13 + r.int(-20, 20) / 10).toFixed(r.pick([1, 2, 6]));
  }
};
const latitude = (r) => {
  switch (r.int(0, 7)) {
    case 0:
      return r.pick(['85.05112878', '-85.05112878', '85', '-85', '66', '67', '80.5', '0', '-0']);
    case 1:
    case 2:
      return String(r.int(-85, 85));
    case 3:
      return (r.int(-850_000, 850_000) / 10_000).toFixed(4);
    case 4:
      return r.once(6) ? r.pick(['86', '-85.06', 'y', '-inf', '-1e300']) : '38.115556';
    default:
      return (38 + r.int(-20, 20) / 10).toFixed(r.pick([1, 2, 6]));
  }
};
const unit = (r) => r.pick(['m', 'km', 'KM', 'ft', 'mi', 'km', ...(r.once(20) ? ['yd'] : [])]);
const length = (r) => {
  switch (r.int(0, 6)) {
    case 0:
      return r.pick(['0', '0.1', '1e9', '-1', 'x', '20015', '5000', 'inf', '1e300']);
    case 1:
      return String(r.int(1, 20_000));
    default:
      return String(r.int(1, 500));
  }
};

const count = (r) => ['COUNT', String(r.int(r.once(10) ? -1 : 1, 8)), ...r.maybe(3, 'ANY')];
const order = (r) => r.maybe(2, r.pick(['ASC', 'DESC']));
const shown = (r) => [
  ...r.maybe(3, 'WITHCOORD'),
  ...r.maybe(3, 'WITHDIST'),
  ...r.maybe(3, 'WITHHASH'),
];
const centre = (r) =>
  r.once(2) ? ['FROMMEMBER', r.member()] : ['FROMLONLAT', longitude(r), latitude(r)];
const shape = (r) =>
  r.once(2) ? ['BYRADIUS', length(r), unit(r)] : ['BYBOX', length(r), length(r), unit(r)];
const search = (r) => {
  const parts = [centre(r), shape(r), order(r), r.maybe(2, ...count(r))];
  if (r.once(8)) parts.push(r.once(2) ? centre(r) : shape(r));
  if (r.once(8)) parts.splice(r.int(0, 1), 1);
  return r.once(4) ? parts.reverse().flat() : parts.flat();
};
const radiusOptions = (r) => [...shown(r), ...r.maybe(2, ...count(r)), ...order(r)];
const stored = (r) => [
  ...order(r),
  ...r.maybe(3, ...count(r)),
  ...r.maybe(8, 'WITHDIST'),
  ...r.pick([['STORE', r.key('geo')], ['STOREDIST', `dist:${r.int(0, 1)}`], []]),
];

export default {
  type: 'geo',
  look: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
  audit: [
    ['ZRANGE', 'dist:0', '0', '-1'],
    ['ZRANGE', 'dist:1', '0', '-1'],
    ['OBJECT', 'ENCODING', 'dist:0'],
  ],
  limits: { 'zset-max-listpack-entries': [smallLimit, '128'] },
  commands: {
    GEOADD: [
      12,
      (r) => [
        r.key('geo'),
        ...r.maybe(8, r.pick(['NX', 'XX', 'nx'])),
        ...r.maybe(5, 'CH'),
        ...r.many(1, 6, () => [longitude(r), latitude(r), r.member()]).flat(),
      ],
    ],
    GEOPOS: [2, (r) => [r.key('geo'), ...r.members(0)]],
    GEOHASH: [2, (r) => [r.key('geo'), ...r.members(0)]],
    GEODIST: [3, (r) => [r.key('geo'), r.member(), r.member(), ...r.maybe(2, unit(r))]],
    GEOSEARCH: [10, (r) => [r.key('geo'), ...search(r), ...shown(r)]],
    GEOSEARCHSTORE: [2, (r) => [r.key('geo'), r.key('geo'), ...search(r)]],
    'GEOSEARCHSTORE ': [1, (r) => [`dist:${r.int(0, 1)}`, r.key('geo'), ...search(r), 'STOREDIST']],
    GEORADIUS: [
      2,
      (r) => [r.key('geo'), longitude(r), latitude(r), length(r), unit(r), ...radiusOptions(r)],
    ],
    'GEORADIUS ': [
      1,
      (r) => [r.key('geo'), longitude(r), latitude(r), length(r), unit(r), ...stored(r)],
    ],
    GEORADIUS_RO: [
      1,
      (r) => [r.key('geo'), longitude(r), latitude(r), length(r), unit(r), ...radiusOptions(r)],
    ],
    GEORADIUSBYMEMBER: [
      2,
      (r) => [r.key('geo'), r.member(), length(r), unit(r), ...radiusOptions(r)],
    ],
    'GEORADIUSBYMEMBER ': [1, (r) => [r.key('geo'), r.member(), length(r), unit(r), ...stored(r)]],
    GEORADIUSBYMEMBER_RO: [
      1,
      (r) => [r.key('geo'), r.member(), length(r), unit(r), ...radiusOptions(r)],
    ],
    'ZREM  ': [1, (r) => [r.key('geo'), ...r.members()]],
  },
};
