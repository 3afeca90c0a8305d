// What each command replies, as TypeScript sees it. COMMAND DOCS does not say, so this table is
// kept by hand, after Redis 7.2's command reference for RESP3. `S` is a bulk string: text or bytes.
// A pair [short, full] gives the reply without and with optional arguments. What is missing is
// `Reply<S>`.
const kCount = 'number';
const kOk = "'OK'";
const kText = 'S';
const kMaybeText = 'S | null';
const kTexts = 'S[]';
const kMaybeTexts = '(S | null)[]';
const kFlag = '0 | 1';
const kScored = '[member: S, score: number][]';
const kPoint = '[longitude: number, latitude: number]';
const kFound =
  '(S | [member: S, ...details: (S | number | [longitude: number, latitude: number])[]])[]';
const kScan = '[cursor: S, items: S[]]';
const kFields = 'Record<string, S>';
const kEntry = '[id: S, fields: S[]]';
const kEntries = `${kEntry}[]`;

/** The commands of each reply type. */
const byType = [
  [kCount, 'append bitcount bitop bitpos dbsize del exists expiretime geoadd getbit'],
  [kCount, 'geosearchstore hdel hlen hset hstrlen linsert llen lpush lpushx lrem'],
  [kCount, 'pexpiretime pfadd pfcount pttl publish rpush rpushx sadd scard sdiffstore setbit'],
  [kCount, 'setrange sinterstore sintercard spublish srem strlen sunionstore touch ttl unlink'],
  [kCount, 'xack xdel xlen xtrim zcard zcount zdiffstore zintercard zinterstore zlexcount'],
  [kCount, 'zincrby zrangestore zrem zremrangebylex zremrangebyrank zremrangebyscore zunionstore'],
  [kCount, 'object|refcount object|idletime object|freq client|id command|count'],
  [kCount, 'lastsave client|unblock client|getredir wait'],
  ['[local: number, replicas: number]', 'waitaof'],
  ["'OK' | number", 'client|kill'],
  [`${kCount} | null`, 'zscore memory|usage'],
  ['(number | null)[]', 'zmscore'],
  ['number | bigint', 'incr decr incrby decrby hincrby'],
  [kFlag, 'copy expire expireat hexists hsetnx move msetnx persist pexpire pexpireat renamenx'],
  [kFlag, 'setnx sismember smove hsetex'],
  ['(0 | 1)[]', 'smismember'],
  ['(number | bigint | null)[]', 'bitfield'],
  ['(number | bigint)[]', 'bitfield_ro'],
  [kOk, 'auth asking discard flushall flushdb hmset lset ltrim mset multi pfmerge psetex quit'],
  [kOk, 'readonly readwrite rename restore save select setex swapdb unwatch watch'],
  [kOk, 'pfselftest'],
  ['string', 'bgsave bgrewriteaof'],
  [kOk, 'config|set config|resetstat config|rewrite client|setname client|setinfo client|pause'],
  [kOk, 'client|unpause client|no-evict client|no-touch client|reply'],
  [kOk, 'client|tracking client|caching monitor'],
  ['{ flags: S[]; redirect: number; prefixes: S[] }', 'client|trackinginfo'],
  [kOk, 'memory|purge function|flush function|kill script|flush script|kill'],
  [kText, 'script|load function|load function|dump'],
  [kOk, 'function|delete function|restore'],
  [kTexts, 'function|help script|help'],
  [
    '{ library_name: S; engine: S; library_code?: S; ' +
      'functions: { name: S; description: S | null; flags: S[] }[] }[]',
    'function|list',
  ],
  [
    '{ running_script: { name: S; command: S[]; duration_ms: number } | null; ' +
      'engines: Record<string, { libraries_count: number; functions_count: number }> }',
    'function|stats',
  ],
  ['(0 | 1)[]', 'script|exists'],
  [
    kText,
    'echo info incrbyfloat hincrbyfloat substr getrange client|info client|list memory|doctor ' +
      'memory|malloc-stats',
  ],
  [kMaybeText, 'get getdel getex getset hget lindex randomkey object|encoding client|getname'],
  [kMaybeText, 'lmove rpoplpush blmove brpoplpush'],
  // Bytes, whatever the encoding of texts: ask through `db.bytes`.
  [kMaybeText, 'dump'],
  [kOk, 'restore-asking'],
  ["'RESET'", 'reset'],
  [kCount, 'slowlog|len latency|reset'],
  [kOk, 'slowlog|reset'],
  [kTexts, 'slowlog|help latency|help'],
  [kText, 'latency|graph latency|doctor lolwut'],
  [
    '[id: number, timeS: number, durationUs: number, args: S[], address: S, name: S][]',
    'slowlog|get',
  ],
  ['[timeS: number, durationMs: number][]', 'latency|history'],
  ['[event: S, timeS: number, durationMs: number, longestMs: number][]', 'latency|latest'],
  ['string', 'type'],
  [kMaybeText, 'geodist'],
  [kMaybeTexts, 'geohash sort_ro'],
  [`(${kPoint} | null)[]`, 'geopos'],
  [kTexts, 'hkeys hvals keys lrange sdiff sinter smembers sunion zrangebylex zrevrangebylex'],
  [kTexts, 'command|list command|getkeys config|help object|help client|help memory|help'],
  [kTexts, 'command|help acl|cat acl|users acl|list acl|help'],
  [kText, 'acl|genpass acl|whoami'],
  [kOk, 'acl|setuser acl|load acl|save'],
  [kCount, 'acl|deluser'],
  // What is denied is told in words.
  [`${kOk} | S`, 'acl|dryrun'],
  [
    '{ flags: S[]; passwords: S[]; commands: S; keys: S; channels: S; ' +
      'selectors: { commands: S; keys: S; channels: S }[] } | null',
    'acl|getuser',
  ],
  [kMaybeTexts, 'mget hmget hgetdel hgetex'],
  ['(-2 | 0 | 1 | 2)[]', 'hexpire hpexpire hexpireat hpexpireat'],
  ['number[]', 'httl hpttl hexpiretime hpexpiretime'],
  ['(-2 | -1 | 1)[]', 'hpersist'],
  [kFields, 'hgetall config|get'],
  ['Record<string, Reply<S>>', 'hello xinfo|stream memory|stats'],
  [kScan, 'scan hscan sscan zscan'],
  ['[seconds: S, microseconds: S]', 'time'],
  ['[key: S, element: S] | null', 'blpop brpop'],
  ['[key: S, elements: S[]] | null', 'lmpop blmpop'],
  ['[key: S, member: S, score: number] | null', 'bzpopmin bzpopmax'],
  [kOk, 'xsetid'],
  [`Record<string, ${kEntries}> | null`, 'xread'],
  [kTexts, 'xinfo|help'],
  [`[key: S, popped: ${kScored}] | null`, 'zmpop bzmpop'],
  [kOk, 'xgroup|create xgroup|setid'],
  [kFlag, 'xgroup|destroy xgroup|createconsumer'],
  [kCount, 'xgroup|delconsumer'],
  [kTexts, 'xgroup|help'],
  ['Record<string, [id: S, fields: S[] | null][]> | null', 'xreadgroup'],
  ['Record<string, S | number | null>[]', 'xinfo|groups xinfo|consumers'],
  [kTexts, 'pubsub|channels pubsub|shardchannels pubsub|help'],
  [kCount, 'pubsub|numpat'],
  ['(S | number)[]', 'pubsub|numsub pubsub|shardnumsub'],
];

const kPending =
  '[count: number, lowest: S | null, highest: S | null, ' +
  'consumers: [consumer: S, count: S][] | null]';

/** Commands whose reply depends on whether optional arguments are given. */
const byForm = {
  'acl|log': ['Record<string, S | number>[]', `Record<string, S | number>[] | ${kOk}`],
  set: [kOk, `${kOk} | S | null`],
  ping: ["'PONG'", 'S'],
  lcs: [kText, 'S | number | Record<string, Reply<S>>'],
  hrandfield: [kMaybeText, 'S[] | [field: S, value: S][]'],
  srandmember: [kMaybeText, kTexts],
  spop: [kMaybeText, kTexts],
  lpos: ['number | null', 'number | number[] | null'],
  lpop: [kMaybeText, `${kTexts} | null`],
  rpop: [kMaybeText, `${kTexts} | null`],
  xpending: [kPending, `${kPending} | [id: S, consumer: S, idleMs: number, deliveries: number][]`],
  xclaim: [kEntries, `${kEntries} | S[]`],
  xautoclaim: [
    `[next: S, claimed: ${kEntries}, deleted: S[]]`,
    `[next: S, claimed: ${kEntries} | S[], deleted: S[]]`,
  ],
  zadd: [kCount, 'number | null'],
  zpopmin: ['[member: S, score: number] | []', kScored],
  zpopmax: ['[member: S, score: number] | []', kScored],
  zrandmember: [kMaybeText, `S[] | ${kScored}`],
  geosearch: [kTexts, kFound],
  georadius: [kTexts, `${kFound} | number`],
  georadius_ro: [kTexts, kFound],
  georadiusbymember: [kTexts, `${kFound} | number`],
  georadiusbymember_ro: [kTexts, kFound],
  sort: [kTexts, '(S | null)[] | number'],
  zrank: ['number | null', 'number | [rank: number, score: number] | null'],
  zrevrank: ['number | null', 'number | [rank: number, score: number] | null'],
  zrange: [kTexts, `S[] | ${kScored}`],
  zrevrange: [kTexts, `S[] | ${kScored}`],
  zrangebyscore: [kTexts, `S[] | ${kScored}`],
  zrevrangebyscore: [kTexts, `S[] | ${kScored}`],
  zdiff: [kTexts, `S[] | ${kScored}`],
  zinter: [kTexts, `S[] | ${kScored}`],
  zunion: [kTexts, `S[] | ${kScored}`],
  xadd: ['S', 'S | null'],
  xrange: [kEntries, `${kEntries} | null`],
  xrevrange: [kEntries, `${kEntries} | null`],
};

/**
 * Commands of which one word decides what they reply: the word, the reply if it is given, and the
 * reply if it is not while other optional arguments are.
 */
const byWord = {
  set: ['GET', kMaybeText, `${kOk} | null`],
  hrandfield: ['WITHVALUES', '[field: S, value: S][]', kTexts],
  lpos: ['COUNT', 'number[]', 'number | null'],
  xclaim: ['JUSTID', kTexts, kEntries],
  xautoclaim: [
    'JUSTID',
    '[next: S, claimed: S[], deleted: S[]]',
    `[next: S, claimed: ${kEntries}, deleted: S[]]`,
  ],
  zadd: ['INCR', 'number | null', 'number'],
  zrandmember: ['WITHSCORES', kScored, kTexts],
  zrank: ['WITHSCORE', '[rank: number, score: number] | null', 'number | null'],
  zrevrank: ['WITHSCORE', '[rank: number, score: number] | null', 'number | null'],
};
for (const name of ['range', 'revrange', 'rangebyscore', 'revrangebyscore']) {
  byWord[`z${name}`] = ['WITHSCORES', kScored, kTexts];
}
for (const name of ['diff', 'inter', 'union']) byWord[`z${name}`] = ['WITHSCORES', kScored, kTexts];

const table = new Map(Object.entries(byForm));
for (const [type, names] of byType) {
  for (const name of names.split(' ')) {
    if (table.has(name)) throw new Error(`${name} stands twice in the table of replies`);
    table.set(name, [type, type]);
  }
}

/** As `repliesOf` with optional arguments of the type `A`, if one word decides it. */
export function replyByWord(name) {
  if (!Object.hasOwn(byWord, name)) return undefined;
  const [word, given, missing] = byWord[name];
  return `IfGiven<'${word}', A, ${given}, ${missing}>`;
}

/**
 * The reply types of a command (`get`) or subcommand (`config|get`), without and with its optional
 * arguments.
 */
export function repliesOf(name) {
  return table.get(name) ?? ['Reply<S>', 'Reply<S>'];
}
