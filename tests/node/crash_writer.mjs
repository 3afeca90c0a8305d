// The child of crash.test.mjs: opens a folder, tells what it holds, then writes until it is killed.
// Lines: `loaded {writer: number}`, `done writer number milliseconds` for each write that was
// answered, `safe {writer: number}` for those that the file has, as INFO tells.
import { writeSync } from 'node:fs';
import { open } from 'kvasm';

const [folder, policy, seed] = process.argv.slice(2);
const db = await open(`file:${folder}`, { config: { appendonly: true, appendfsync: policy } });
const other = await db.duplicate();
const say = (...words) => writeSync(1, words.join(' ') + '\n');
const turn = () => new Promise((done) => setImmediate(done));

let state = Number(seed);
const random = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

const kKept = 20;
const kBigBytes = 150_000;

function check(isTrue, what) {
  if (!isTrue) throw new Error(`What was loaded is not whole: ${what}`);
}

/** The last of a list of numbers that follow each other. */
function lastOf(key) {
  const numbers = db.sync.lrange(key, 0, -1).map(Number);
  numbers.forEach((n, i) => check(i === 0 || n === numbers[i - 1] + 1, `${key} ${numbers}`));
  return numbers.at(-1) ?? 0;
}

const kScript = `
  redis.call('set', KEYS[1], ARGV[1])
  redis.call('hset', KEYS[2], 'n', ARGV[1])
  return redis.call('zadd', KEYS[3], ARGV[1], 'n')`;

/** By name: how the number `n` is written, and how the last one is read that was. */
const writers = {
  plain: {
    write: () => db.incr('plain'),
    read: () => Number(db.sync.get('plain') ?? 0),
  },
  sync: {
    write: (n) => db.sync.rpush('sync', n) > kKept && db.sync.lpop('sync'),
    read: () => lastOf('sync'),
  },
  transaction: {
    write: (n) => other.multi().rpush('list', n).ltrim('list', -kKept, -1).set('top', n).exec(),
    read() {
      const last = lastOf('list');
      check(Number(db.sync.get('top') ?? 0) === last, 'a transaction');
      return last;
    },
  },
  pipeline: {
    write: (n) => db.pipeline().xadd('stream', 'MAXLEN', kKept, `${n}-0`, 'n', n).exec(),
    read: () => parseInt(db.sync.xrevrange('stream', '+', '-', 'COUNT', 1)[0]?.[0] ?? '0'),
  },
  script: {
    write: (n) => other.eval(kScript, 3, 'scripted', 'hash', 'sorted', n),
    read() {
      const n = Number(db.sync.get('scripted') ?? 0);
      check(Number(db.sync.hget('hash', 'n') ?? 0) === n, 'a script, hash');
      check(Number(db.sync.zscore('sorted', 'n') ?? 0) === n, 'a script, sorted set');
      return n;
    },
  },
  big: {
    write: (n) => db.set('big', `${n} `.repeat(Math.ceil(kBigBytes / `${n} `.length))),
    read() {
      const value = db.sync.get('big');
      if (value === null) return 0;
      const n = parseInt(value);
      check(value === `${n} `.repeat(Math.ceil(kBigBytes / `${n} `.length)), 'a long value');
      return n;
    },
  },
};

const done = {};
for (const [name, { read }] of Object.entries(writers)) done[name] = read();
// Something that takes a snapshot some time.
const filling = Array.from({ length: 2000 }, (_, i) => [`filling-${i}`, 'x'.repeat(100)]);
if (db.sync.exists('filling-0') === 0) db.sync.mset(Object.fromEntries(filling));
say('loaded', JSON.stringify(done));

let isPaused = false;

async function keepWriting(name) {
  const { write } = writers[name];
  for (;;) {
    const n = done[name] + 1;
    await write(n);
    done[name] = n;
    say('done', name, n, Date.now());
    do await turn();
    while (isPaused);
    if (name === 'big') await new Promise((later) => setTimeout(later, random(8)));
  }
}

/** What there is to tell needs a pause: else something is always on its way to the file. */
async function keepTelling() {
  for (;;) {
    await new Promise((later) => setTimeout(later, 1 + random(10)));
    isPaused = true;
    while (!/aof_buffer_length:0\r/.test(db.sync.info('persistence'))) await turn();
    say('safe', JSON.stringify(done));
    isPaused = false;
  }
}

async function keepSaving() {
  for (;;) {
    await new Promise((later) => setTimeout(later, random(30)));
    // Refused while another is under way.
    await (random(3) === 0 ? db.bgsave() : db.bgrewriteaof()).catch(() => {});
  }
}

await Promise.all([...Object.keys(writers).map(keepWriting), keepTelling(), keepSaving()]);
