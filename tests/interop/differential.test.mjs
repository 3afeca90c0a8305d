// Random commands, the same to a real redis-server and to ours: every reply must be the same.
//
//   KVASM_DIFF_COUNT=1000000 KVASM_DIFF_SEED=7 node --test tests/interop/differential.test.mjs
// The seed is fixed, so that a run in CI fails for what has changed; look further with another one.
//
//   KVASM_TARGETS=native  only one of tcp, wasm, native      KVASM_REDIS_SERVER=/path  the judge
//
// Known differences between the judge's version and 7.2 are in versions.mjs; differences there are
// counted and printed, all others fail, shrunk to the few commands that show them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { compareServers } from './differential.mjs';
import { episode } from './generator.mjs';
import { opponents, realServers, seed, skip, tellKnown } from './opponents.mjs';
import { shrink } from './shrink.mjs';

const count = Number(process.env.KVASM_DIFF_COUNT ?? 200_000);

/** A target whose answers to `command` come out wrong: what the differential test must notice. */
function faulty(target, command, wrong) {
  return {
    ...target,
    async open() {
      const session = await target.open();
      const asked = [];
      return {
        ...session,
        send(bytes) {
          const text = bytes.toString('latin1');
          for (const found of text.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) asked.push(found[1]);
          session.send(bytes);
        },
        async next(timeoutMs) {
          const reply = await session.next(timeoutMs);
          return asked.shift() === command && reply.t === ':' && reply.v !== '0' ? wrong : reply;
        },
      };
    },
  };
}

test('the same seed makes the same episode', () => {
  assert.deepEqual(episode('a', 500, '7.2'), episode('a', 500, '7.2'));
  assert.notDeepEqual(episode('a', 500, '7.2'), episode('b', 500, '7.2'));
});

test('shrinking finds the shortest list that still fails', async () => {
  const list = Array.from({ length: 500 }, (_, i) => i);
  let asked = 0;
  const least = await shrink(list, async (some) => {
    asked++;
    return [17, 230, 499].every((needed) => some.includes(needed));
  });
  assert.deepEqual(least, [17, 230, 499]);
  assert.ok(asked < 200, `asked ${asked} times`);
});

describe('differential test', { skip }, () => {
  const servers = realServers();

  test('a real server compared with its twin shows no difference', async () => {
    const { report } = await compareServers({
      theirs: servers.judge,
      ours: servers.twin,
      seed,
      count: 5_000,
    });
    assert.equal(report, undefined);
  });

  test('a wrong reply is found and shrunk to the commands that show it', async () => {
    const ours = faulty(servers.twin, 'SCARD', { t: ':', v: '77' });
    const { report } = await compareServers({
      theirs: servers.judge,
      ours,
      seed: 'fault',
      count: 50_000,
    });
    assert.match(report, /ours {5}:77/);
    const commands = report.split('\n').filter((line) => /^ {2}(?!CONFIG)/.test(line));
    assert.ok(commands.length <= 3, report);
    assert.match(commands.at(-1), /^ {2}SCARD /);
  });

  for (const { name, start, count: share } of opponents(count)) {
    test(`${name} answers as redis-server does`, async (t) => {
      const ours = await start();
      try {
        const { commands, counts, report } = await compareServers({
          theirs: servers.judge,
          ours,
          seed,
          count: share,
        });
        t.diagnostic(
          `${commands} commands compared with redis ${servers.judge.version}, seed ${seed}`,
        );
        tellKnown(t, counts);
        assert.equal(report, undefined, `KVASM_DIFF_SEED=${seed}\n${report}`);
      } finally {
        await ours.stop();
      }
    });
  }
});
