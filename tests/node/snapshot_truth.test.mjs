// A snapshot of the wasm engine is the state at its instant, whatever is written while it is made:
// to files and to memory, under random writes of every kind, loaded by another engine each time.
//
// KVASM_SNAPSHOTS: how many. KVASM_SEED: of the writes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { ReplyError, open } from 'kvasm';
import { makeFolder } from './folders.mjs';
import { makeRandom } from './server_client.mjs';

const kSnapshots = Number(process.env.KVASM_SNAPSHOTS ?? 1000);
const kSeed = Number(process.env.KVASM_SEED ?? 20261122);
const kConfig = {
  'enable-debug-command': 'yes',
  // Knows ends of fields, whether there are any or not.
  'rdb-version': 12,
  databases: 3,
  save: '',
};

/** Letters stand for: a Key of a type, Any key, a Value, a Number, a Time, a Database. */
const kWrites = [
  ...['SET K V', 'SET K V PX T', 'APPEND K V', 'SETRANGE K 5 V', 'INCRBY C N', 'GETDEL K'],
  ...['SETBIT B N 1', 'BITOP OR B B B', 'PFADD P V', 'GETEX K PX T', 'MSET K V K V', 'RPUSH L V V'],
  ...['LPUSH L V', 'LPOP L N', 'LMOVE L L LEFT RIGHT', 'LTRIM L 1 -1', 'LSET L 0 V', 'SPOP S'],
  ...['LINSERT L BEFORE V V', 'SADD S V V N', 'SREM S V', 'SMOVE S S V', 'SINTERSTORE S S S'],
  ...[
    'SUNIONSTORE S S S',
    'HSET H V V N V',
    'HDEL H V',
    'HINCRBY H N N',
    'HPEXPIRE H T FIELDS 1 V',
  ],
  ...['ZADD Z N V N V', 'ZREM Z V', 'ZPOPMIN Z', 'ZINCRBY Z N V', 'ZUNIONSTORE Z 2 Z Z'],
  ...['XADD X * V V', 'XADD X MAXLEN 5 * V V', 'XTRIM X MAXLEN 3', 'XGROUP CREATE X V $ MKSTREAM'],
  ...['XREADGROUP GROUP V V STREAMS X >', 'XDEL X 1-1', 'DEL K', 'DEL A', 'UNLINK A A A'],
  ...['EXPIRE A N', 'PEXPIRE A T', 'PERSIST A', 'RENAME A A', 'RENAMENX A A', 'MOVE A D'],
  ...['COPY A A DB D REPLACE', 'SORT L STORE L', 'SELECT D', 'SELECT D', 'SWAPDB D D'],
].map((line) => line.split(' '));
const kRare = ['FLUSHDB', 'FLUSHDB ASYNC', 'DEBUG POPULATE 300 A', 'SADD S big', 'DEL S'];
const kRareLines = kRare.map((line) => line.split(' '));
const kFlushAll = [['FLUSHALL'], ['FLUSHALL', 'ASYNC']];
const kBig = Array.from({ length: 3000 }, (_, i) => `member-${i}`);

function makeWriter(sync, random) {
  const word = (text) => {
    if (text === 'big') return kBig;
    if (text.length !== 1 || text < 'A') return text;
    const number = random(12);
    if (text === 'V') return random(20) === 0 ? 'v'.repeat(random(300)) + number : `v${number}`;
    if (text === 'N') return number;
    if (text === 'T') return 1 + random(50);
    if (text === 'D') return random(3);
    return (text === 'A' ? 'KCBPLSHZX'[random(9)] : text) + number;
  };
  return (flushEvery) => {
    const isRare = random(200) === 0;
    const lines = random(flushEvery) === 0 ? kFlushAll : isRare ? kRareLines : kWrites;
    const [name, ...args] = lines[random(lines.length)];
    try {
      sync.call(name, ...args.map(word).flat());
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
    }
  };
}

it(`${kSnapshots} snapshots under writes are each the state at their instant`, async (test) => {
  const folder = makeFolder(test);
  // Time stands still unless it is told to pass: what a snapshot holds expires for nobody.
  const realNow = Date.now;
  let nowMs = realNow();
  Date.now = () => nowMs;
  test.after(() => (Date.now = realNow));
  const db = await open(`file:${folder}`, { config: kConfig });
  const other = await open('memory:', { config: { ...kConfig, save: undefined } });
  const { engine } = other.session;
  const random = makeRandom(kSeed);
  const write = makeWriter(db.sync, random);
  for (let i = 0; i < 2000; ++i) write(500);

  let cut;
  const note = () => {
    // What is due is in no snapshot that is loaded.
    for (let pass = 0; pass < 20; ++pass) db.session.engine.tick();
    cut = { digest: db.sync.debug('DIGEST'), ms: nowMs };
  };
  // A dump is begun some time after it has been asked for.
  const { control } = db.session.engine;
  const saveTo = control.saveTo.bind(control);
  control.saveTo = (...args) => {
    note();
    return saveTo(...args);
  };

  let writes = 0;
  let cancelled = 0;
  const began = performance.now();
  for (let i = 0; i < kSnapshots + cancelled; ++i) {
    // FLUSHALL calls off what goes to the file, as with Redis, but no dump.
    const isFile = random(3) > 0;
    let ended;
    if (isFile) note();
    const made = isFile ? db.bgsave() : db.dump();
    made.then(
      (reply) => (ended = { reply }),
      (error) => (ended = { error }),
    );
    while (ended === undefined) {
      for (let n = random(60); n > 0; --n, ++writes) write(isFile ? 20_000 : 500);
      if (random(3) === 0) nowMs += random(30);
      await turn();
    }
    if (ended.error !== undefined && !(isFile && /cancelled/.test(ended.error.message))) {
      throw ended.error;
    }
    if (ended.error !== undefined) {
      ++cancelled;
      continue;
    }
    const bytes = isFile ? readFileSync(join(folder, 'dump.rdb')) : ended.reply;
    const laterMs = nowMs;
    nowMs = cut.ms;
    other.sync.flushall();
    assert.equal(await engine.loadBytes(new Uint8Array(bytes)), '', `snapshot ${i}`);
    assert.equal(other.sync.debug('DIGEST'), cut.digest, `snapshot ${i}`);
    nowMs = laterMs;
  }
  const seconds = (performance.now() - began) / 1000;
  test.diagnostic(
    `${writes} writes in ${seconds.toFixed(1)} s, ${cancelled} called off by FLUSHALL`,
  );
  assert.ok(writes > kSnapshots);
  assert.ok(cancelled < kSnapshots / 2);
  await db.close();
  await other.close();
});
