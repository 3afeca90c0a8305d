// Libraries of functions exchanged with a real server by FUNCTION DUMP and RESTORE, both ways.
//
//   KVASM_REDIS_SERVER=/path node --test tests/interop/function_dump.test.mjs     another judge
//   KVASM_TARGETS=tcp  only one of native, wasm, tcp
//
// A judge older than 7.2 refuses what 7.2 writes: for it our side writes RDB version 10.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { encode } from '../conformance/resp.mjs';
import { nativePath, redisTarget, targets } from '../conformance/targets.mjs';
import { redisServerPath } from './server.mjs';
import { since } from './versions.mjs';

const kReplyTimeoutMs = 30_000;
const skip = redisServerPath() ? false : 'no redis-server found';
const chosen = process.env.KVASM_TARGETS?.split(',') ?? [nativePath() ? 'native' : 'wasm'];

const library = (name, body) => `#!lua name=${name}\n${body}`;
const libraries = [
  library('small', "redis.register_function('s', function() return 's' end)"),
  library(
    'flags',
    `redis.register_function{
  function_name = 'f',
  description = 'Reads.',
  callback = function(keys) return redis.call('get', keys[1]) end,
  flags = {'no-writes', 'allow-stale'},
}`,
  ),
  library(
    'long',
    `local texts = {}
${Array.from({ length: 300 }, (_, i) => `texts[${i}] = 'text ${i}'`).join('\n')}
redis.register_function('l', function(keys, args) return texts[tonumber(args[1])] end)`,
  ),
];

async function connect(target) {
  const session = await target.open();
  return {
    async run(...args) {
      session.send(encode(args));
      const reply = await session.next(kReplyTimeoutMs);
      assert.notEqual(reply.t, '-', `${args.slice(0, 2).join(' ')}: ${reply.v}`);
      return reply.v;
    },
    close: () => session.close(),
  };
}

const plain = (value) =>
  Array.isArray(value) ? value.map(({ v }) => plain(v)) : value === null ? null : String(value);

/** What both sides must agree on; the order of libraries is a table's own. */
const describeLibraries = async (side) =>
  plain(await side.run('FUNCTION', 'LIST', 'WITHCODE')).sort((a, b) => (a[1] < b[1] ? -1 : 1));

for (const name of chosen) {
  describe(`FUNCTION DUMP and RESTORE with a real server, ${name}`, { skip }, () => {
    let judge;
    let kvasm;
    let theirs;
    let ours;
    before(async () => {
      judge = await redisTarget();
      kvasm = await targets[name]();
      [theirs, ours] = [await connect(judge), await connect(kvasm)];
      if (!since('rdbVersion', judge.version)) await ours.run('CONFIG', 'SET', 'rdb-version', 10);
    });
    after(async () => {
      theirs?.close();
      ours?.close();
      await kvasm?.stop();
      await judge?.stop();
    });

    for (const compression of ['yes', 'no']) {
      for (const direction of ['from theirs to ours', 'from ours to theirs']) {
        test(`${direction}, rdbcompression ${compression}`, async () => {
          const [from, to] = direction === 'from theirs to ours' ? [theirs, ours] : [ours, theirs];
          for (const side of [from, to]) {
            await side.run('CONFIG', 'SET', 'rdbcompression', compression);
            await side.run('FUNCTION', 'FLUSH');
          }
          for (const code of libraries) await from.run('FUNCTION', 'LOAD', code);
          await to.run(
            'FUNCTION',
            'LOAD',
            library('old', "redis.register_function('o', redis.log)"),
          );
          await to.run('FUNCTION', 'RESTORE', await from.run('FUNCTION', 'DUMP'), 'FLUSH');
          assert.deepEqual(await describeLibraries(to), await describeLibraries(from));
          await to.run('SET', 'k', 'v');
          assert.equal(String(await to.run('FCALL', 's', 0)), 's');
          assert.equal(String(await to.run('FCALL_RO', 'f', 1, 'k')), 'v');
          assert.equal(String(await to.run('FCALL', 'l', 0, 299)), 'text 299');
        });
      }
    }

    test('without compression the bytes are those of 7.2', async (t) => {
      if (!since('rdbVersion', judge.version)) return t.skip('the judge is older');
      for (const code of libraries) {
        const dumps = [];
        for (const side of [theirs, ours]) {
          await side.run('CONFIG', 'SET', 'rdbcompression', 'no');
          await side.run('FUNCTION', 'FLUSH');
          await side.run('FUNCTION', 'LOAD', code);
          dumps.push((await side.run('FUNCTION', 'DUMP')).toString('hex'));
        }
        assert.equal(dumps[1], dumps[0]);
      }
    });
  });
}
