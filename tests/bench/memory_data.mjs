/** The data sets of the memory part, the same for every contender. */

const digits = (i, width) => String(i).padStart(width, '0');

/** A string: 10-byte key, 10-byte value that is not an integer. */
const pairOf = (i) => [`key${digits(i, 7)}`, `v${digits(i, 9)}`];

/** A hash: 9-byte key and 10 fields of 2-byte names and 8-byte values. */
function hashOf(i) {
  const args = [`hash${digits(i, 5)}`];
  for (let field = 0; field < 10; field++) args.push(`f${field}`, `v${digits(i * 10 + field, 7)}`);
  return args;
}

/** `each(i)` for a thousand elements in a row, as the arguments of one command. */
function thousand(chunk, each) {
  const args = [];
  for (let i = chunk * 1000; i < (chunk + 1) * 1000; i++) args.push(...each(i));
  return args;
}

/** One value of many elements, `perCommand` added by each command. */
const large = (title, command, { perCommand = 1000, bar = 0.8 } = {}) => ({
  title,
  count: 1_000_000,
  perCommand,
  isOneKey: true,
  bar,
  command,
});

/**
 * `command(i)` is the i-th command that fills; each makes one key, or `perCommand` elements of the
 * only key, which is named as the data set is. `bar` is what bytes may be of redis-server's; texts
 * in a list have none, as hardly anything is stored beside them: 13 bytes are 0.86 of its 15.1.
 */
export const datasets = {
  strings: {
    title: 'strings (10-byte key, 10-byte value)',
    count: 1_000_000,
    perCommand: 1,
    isOneKey: false,
    bar: 0.7,
    command: (i) => ['SET', ...pairOf(i)],
  },
  hashes: {
    title: 'hashes of 10 fields (2-byte names, 8-byte values)',
    count: 100_000,
    perCommand: 1,
    isOneKey: false,
    bar: 0.7,
    command: (i) => ['HSET', ...hashOf(i)],
  },
  list: large('elements of a list (0 to 999,999)', (chunk) => [
    'RPUSH',
    'list',
    ...thousand(chunk, (i) => [String(i)]),
  ]),
  texts: large(
    'elements of a list (13 bytes)',
    (chunk) => ['RPUSH', 'texts', ...thousand(chunk, (i) => [`value:${digits(i, 7)}`])],
    { bar: null },
  ),
  set: large('members of a set (14 bytes)', (chunk) => [
    'SADD',
    'set',
    ...thousand(chunk, (i) => [`member:${digits(i, 7)}`]),
  ]),
  hash: large('fields of a hash (13 bytes, 10-byte values)', (chunk) => [
    'HSET',
    'hash',
    ...thousand(chunk, (i) => [`field:${digits(i, 7)}`, `v${digits(i, 9)}`]),
  ]),
  zset: large('members of a sorted set (14 bytes)', (chunk) => [
    'ZADD',
    'zset',
    ...thousand(chunk, (i) => [String(i), `member:${digits(i, 7)}`]),
  ]),
  stream: large(
    'entries of a stream (2 fields)',
    (i) => {
      const id = `${1_700_000_000_000 + i}-0`;
      return ['XADD', 'stream', id, 'sensor', String(i % 100), 'value', `v${digits(i, 9)}`];
    },
    { perCommand: 1 },
  ),
};

/** Many values that are each small enough to be freed at once: 250 hashes of 4000 fields. */
export const medium = {
  count: 1_000_000,
  perCommand: 1000,
  command: (chunk) => [
    'HSET',
    `medium${chunk >> 2}`,
    ...thousand(chunk, (i) => [`field:${digits(i, 7)}`, `v${digits(i, 9)}`]),
  ],
};
