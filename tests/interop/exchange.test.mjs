// A data set goes from a real server to ours and back, in files: RDB, and the folder of an AOF.
//
//   KVASM_REDIS_SERVER=/path node --test tests/interop/exchange.test.mjs     another judge
//
// A judge older than 7.2 refuses what 7.2 writes: for it our side writes RDB version 10.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { Redis } from 'ioredis';
import { open } from 'kvasm';
import { connectorTo } from 'kvasm/ioredis';
import { changes, dataset } from './dataset.mjs';
import { redisServerPath, redisServerVersion, startKvasm, startRedis } from './server.mjs';
import { since } from './versions.mjs';

const kRewriteTimeoutMs = 60_000;
const kBatch = 2000;
const path = redisServerPath();
const skip = path ? false : 'no redis-server found';
const version = path && redisServerVersion(path);
const seed = process.env.KVASM_SEED ?? 'exchange';

/** Of a stream, what is a server's own, or of the moment: its tree, and when consumers looked. */
const kOwn = new Set(['radix-tree-keys', 'radix-tree-nodes', 'seen-time', 'active-time']);

const plain = (value) =>
  Array.isArray(value)
    ? value.map(plain)
    : Buffer.isBuffer(value)
      ? value.toString('latin1')
      : value;

function withoutOwn(value) {
  if (!Array.isArray(value)) return value;
  const at = value.findIndex((each) => kOwn.has(each));
  if (at >= 0) return withoutOwn(value.toSpliced(at, 2));
  return value.map(withoutOwn);
}

/** Sends commands in batches; an error reply is thrown. Replies are of bytes. */
async function runAll(client, commands) {
  const replies = [];
  for (let at = 0; at < commands.length; at += kBatch) {
    const batch = client.pipeline();
    for (const command of commands.slice(at, at + kBatch)) batch.callBuffer(...command);
    for (const [error, reply] of await batch.exec()) {
      if (error) throw error;
      replies.push(plain(reply));
    }
  }
  return replies;
}

/** All that two servers with the same data agree on. */
async function describeData(client) {
  const keys = {};
  for (let db = 0; db < 16; db++) {
    await client.select(db);
    const names = await client.callBuffer('KEYS', '*');
    const looks = names.flatMap((key) => [
      ['TYPE', key],
      ['OBJECT', 'ENCODING', key],
      ['DEBUG', 'DIGEST-VALUE', key],
      ['PEXPIRETIME', key],
    ]);
    const replies = await runAll(client, looks);
    for (const [i, key] of names.entries()) {
      const [type, encoding, [digest], ends] = replies.slice(4 * i, 4 * i + 4);
      const facts = { type, encoding, digest, ends };
      if (type === 'stream') {
        const [full] = await runAll(client, [['XINFO', 'STREAM', key, 'FULL', 'COUNT', 0]]);
        facts.stream = withoutOwn(full);
      }
      if (type === 'zset') {
        const [pairs] = await runAll(client, [['ZRANGE', key, 0, -1, 'WITHSCORES']]);
        const score = (each) => Number(each.replace('inf', 'Infinity'));
        facts.members = pairs.map((each, i) => (i % 2 ? score(each) : each));
      }
      keys[`${db} ${key.toString('latin1')}`] = facts;
    }
  }
  const [digest, libraries] = await runAll(client, [
    ['DEBUG', 'DIGEST'],
    ['FUNCTION', 'LIST', 'WITHCODE'],
  ]);
  return { keys, digest, libraries: libraries.sort((a, b) => (a[1] < b[1] ? -1 : 1)) };
}

/**
 * The data as its server itself reads it back: a small raw string returns as an embedded one, and
 * what a group has read is not in the records of XREADGROUP.
 */
async function describeReloaded(client, how) {
  const digest = await client.call('DEBUG', 'DIGEST');
  await client.call('DEBUG', how);
  const data = await describeData(client);
  assert.equal(data.digest, digest, `DEBUG ${how}`);
  return data;
}

/** Asserts that data is the same. `scores`: both sides tell scores with the same digits. */
function same(here, there, { scores, encodings }) {
  assert.deepEqual(Object.keys(here.keys).sort(), Object.keys(there.keys).sort());
  for (const [key, theirs] of Object.entries(there.keys)) {
    const ours = { ...here.keys[key] };
    if (!encodings) ours.encoding = theirs.encoding;
    if (!scores && ours.type === 'zset') ours.digest = theirs.digest;
    assert.deepEqual(ours, theirs, key.slice(0, 100));
  }
  assert.deepEqual(here.libraries, there.libraries);
  if (scores) assert.equal(here.digest, there.digest);
}

const flags = (settings) =>
  Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
const ourSettings = since('rdbVersion', version ?? '7.2') ? {} : { 'rdb-version': 10 };

/** Has a server of that folder do something, and stops it; what it says last is on disk. */
async function withServer(start, settings, action) {
  const server = await start({ args: flags(settings) });
  const client = new Redis(server.port, server.host);
  try {
    return await action(client);
  } finally {
    client.disconnect();
    const { code } = await server.stop();
    assert.equal(code, 0, server.log());
  }
}
const theirs = (settings, action) => withServer(startRedis, settings, action);
const ours = (settings, action) => withServer(startKvasm, { ...settings, ...ourSettings }, action);

/** The same in this process, without a server. */
async function embedded({ dir, ...settings }, action) {
  const config = { 'enable-debug-command': 'yes', save: '', ...settings, ...ourSettings };
  const db = await open(`file:${dir}`, { config });
  const client = new Redis({ Connector: connectorTo(db) });
  try {
    return await action(client);
  } finally {
    client.disconnect();
    await db.close();
  }
}

async function rewrite(client) {
  await client.call('BGREWRITEAOF');
  const deadline = Date.now() + kRewriteTimeoutMs;
  for (;;) {
    const info = await client.info('persistence');
    if (/aof_rewrite_in_progress:0/.test(info) && /aof_rewrite_scheduled:0/.test(info)) {
      return assert.match(info, /aof_last_bgrewrite_status:ok/);
    }
    assert.ok(Date.now() < deadline, info);
    await delay(10);
  }
}

/** Runs `body` with a folder of its own. */
async function inFolder(body) {
  const dir = mkdtempSync(join(tmpdir(), 'kvasm-exchange-'));
  try {
    await body(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const encodingsOf = ({ keys }) =>
  new Set(Object.values(keys).map(({ type, encoding }) => `${type} ${encoding}`));

describe(`a data set in files, with redis-server ${version}`, { skip }, () => {
  for (const oddScores of [false, true]) {
    const scores = !oddScores || since('scoreDigits', version);
    const title = oddScores ? 'with scores of many digits' : 'with scores of few digits';
    const sameHere = { scores, encodings: since('smallSets', version) };

    test(`RDB, there and back, ${title}`, () =>
      inFolder(async (dir) => {
        const file = join(dir, 'dump.rdb');
        const made = await theirs({ dir }, async (client) => {
          await runAll(client, [...dataset(seed, { oddScores })]);
          return describeReloaded(client, 'RELOAD');
        });
        const kinds = encodingsOf(made);
        for (const kind of ['string int', 'string embstr', 'string raw', 'set intset'])
          assert.ok(kinds.has(kind), kind);
        for (const type of ['hash', 'set', 'zset', 'list', 'stream'])
          assert.ok(
            [...kinds].some((kind) => kind.startsWith(`${type} `)),
            type,
          );
        for (const kind of ['hash listpack', 'hash hashtable', 'zset listpack', 'zset skiplist'])
          assert.ok(kinds.has(kind), kind);
        assert.ok(kinds.has('set hashtable') && kinds.has('list quicklist'));

        await ours({ dir }, async (client) => {
          same(await describeData(client), made, sameHere);
          rmSync(file);
          await client.save();
        });
        const written = readFileSync(file);
        await theirs({ dir }, async (client) => {
          const back = await describeData(client);
          same(back, made, { scores: true, encodings: true });
        });
        await embedded({ dir }, async (client) => same(await describeData(client), made, sameHere));
        const db = await open('memory:', { load: written });
        assert.equal(db.sync.get('raw').length, 67);
        await db.close();
      }));
  }

  for (const preamble of ['yes', 'no']) {
    test(`AOF, there and back, aof-use-rdb-preamble ${preamble}`, () =>
      inFolder(async (dir) => {
        const settings = { dir, appendonly: 'yes', 'aof-use-rdb-preamble': preamble };
        const loose = { scores: true, encodings: false };
        const all = [...dataset(seed, { oddScores: since('scoreDigits', version), forLog: true })];
        const half = all.findIndex(([name, db]) => name === 'SELECT' && db === 9);
        // Their base, and increments of both.
        let made = await theirs(settings, async (client) => {
          await runAll(client, all.slice(0, half));
          await rewrite(client);
          await runAll(client, all.slice(half));
          return describeReloaded(client, 'LOADAOF');
        });
        made = await ours(settings, async (client) => {
          same(await describeData(client), made, loose);
          await runAll(client, [...changes('ours')]);
          return describeReloaded(client, 'LOADAOF');
        });
        made = await theirs(settings, async (client) => {
          same(await describeData(client), made, loose);
          await runAll(client, [...changes('theirs')]);
          return describeReloaded(client, 'LOADAOF');
        });
        // Our base, and increments of both.
        made = await ours(settings, async (client) => {
          same(await describeData(client), made, loose);
          await rewrite(client);
          await runAll(client, [...changes('ours again')]);
          return describeReloaded(client, 'LOADAOF');
        });
        const base = readdirSync(join(dir, 'appendonlydir')).filter((name) => /base/.test(name));
        assert.match(base.join(), preamble === 'yes' ? /^[^,]*\.base\.rdb$/ : /^[^,]*\.base\.aof$/);
        made = await theirs(settings, async (client) => {
          same(await describeData(client), made, loose);
          await runAll(client, [...changes('theirs again')]);
          return describeReloaded(client, 'LOADAOF');
        });
        await embedded(settings, async (client) => {
          same(await describeData(client), made, loose);
          await runAll(client, [...changes('embedded')]);
          await rewrite(client);
          made = await describeReloaded(client, 'LOADAOF');
        });
        await theirs(settings, async (client) => same(await describeData(client), made, loose));
      }));
  }
});
