// Fields of hashes that end by themselves. Their commands came with Redis 7.4 and 8.0; to an older
// judge they are PING. Ends are absolute and far away, or in the past.
import { since } from '../versions.mjs';

const fields = (r) => {
  const names = r.members();
  return ['FIELDS', String(names.length), ...names];
};

const pairs = (r) => {
  const words = r.pairs(
    () => r.member(),
    () => r.text(),
  );
  return ['FIELDS', String(words.length / 2), ...words];
};

/** Seconds or milliseconds since 1970: few different ones, so that GT and LT meet equal ends. */
const end = (r, scale) => {
  if (r.once(6)) return r.pick(['0', '1', '1000']);
  return String((4102444800 + r.int(0, 5)) * scale + (scale === 1 ? 0 : r.int(0, 1)));
};

const condition = (r) => (r.once(2) ? [r.pick(['NX', 'XX', 'GT', 'LT'])] : []);

const expiry = (r, ...others) =>
  r.pick([
    () => [],
    () => ['EXAT', end(r, 1)],
    () => ['PXAT', end(r, 1000)],
    () => [r.pick(['EX', 'PX']), '0'],
    () => [r.pick(others)],
  ])();

const made = (change, make) => (r, version) =>
  since(change, version) ? [r.key('hash'), ...make(r)] : null;

export default {
  audit: [],
  commands: {
    HEXPIREAT: [4, made('fieldEnds', (r) => [end(r, 1), ...condition(r), ...fields(r)])],
    HPEXPIREAT: [4, made('fieldEnds', (r) => [end(r, 1000), ...condition(r), ...fields(r)])],
    HEXPIRE: [1, made('fieldEnds', (r) => ['0', ...condition(r), ...fields(r)])],
    HPEXPIRE: [1, made('fieldEnds', (r) => ['0', ...condition(r), ...fields(r)])],
    HEXPIRETIME: [2, made('fieldEnds', fields)],
    HPEXPIRETIME: [3, made('fieldEnds', fields)],
    HPERSIST: [2, made('fieldEnds', fields)],
    HGETEX: [3, made('fieldValues', (r) => [...expiry(r, 'PERSIST'), ...fields(r)])],
    HSETEX: [
      4,
      made('fieldValues', (r) => [
        ...(r.once(3) ? [r.pick(['FNX', 'FXX'])] : []),
        ...expiry(r, 'KEEPTTL'),
        ...pairs(r),
      ]),
    ],
    HGETDEL: [2, made('fieldValues', fields)],
  },
};
