// Random scripts for several sessions at once, to a real redis-server and to ours: what each
// session receives, what CLIENT LIST tells of it and what the keys hold must be the same.
//
//   KVASM_SESSIONS_COUNT=300000 KVASM_DIFF_SEED=7 node --test tests/interop/sessions.test.mjs
//   KVASM_SESSIONS_SCRIPT=12  only the script of this number
//   KVASM_TARGETS=native  only one of tcp, wasm, native      KVASM_REDIS_SERVER=/path  the judge
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { opponents, realServers, seed, skip, tellKnown } from './opponents.mjs';
import { compareSessions } from './session_compare.mjs';
import { script } from './session_scripts.mjs';

const count = Number(process.env.KVASM_SESSIONS_COUNT ?? 20_000);
const only = process.env.KVASM_SESSIONS_SCRIPT && Number(process.env.KVASM_SESSIONS_SCRIPT);

/** A target whose messages come out wrong: what the test must notice. */
function faulty(target) {
  return {
    ...target,
    async open() {
      const session = await target.open();
      return {
        ...session,
        async next(timeoutMs) {
          const reply = await session.next(timeoutMs);
          if (String(reply.v?.[0]?.v) !== 'pmessage') return reply;
          return { ...reply, v: [...reply.v.slice(0, 3), { t: '$', v: Buffer.from('wrong') }] };
        },
      };
    },
  };
}

test('the same seed makes the same script', () => {
  assert.deepEqual(script('a', 200, '7.2'), script('a', 200, '7.2'));
  assert.notDeepEqual(script('a', 200, '7.2'), script('b', 200, '7.2'));
});

describe('differential test of several sessions', { skip }, () => {
  const servers = realServers();

  test('a real server compared with its twin shows no difference', async (t) => {
    const { report, once } = await compareSessions({
      theirs: servers.judge,
      ours: servers.twin,
      seed,
      count: 1_000,
    });
    if (once) t.diagnostic(`once, and not again: ${once}`);
    assert.equal(report, undefined);
  });

  test('a wrong message is found and shrunk to the steps that show it', async () => {
    const ours = faulty(servers.twin);
    const { report } = await compareSessions({
      theirs: servers.judge,
      ours,
      seed: 'fault',
      count: 20_000,
    });
    assert.match(report, /ours {5}.*"wrong"/s);
    const steps = report.split('\n').filter((line) => /^ {2}(\d+|control):/.test(line));
    assert.ok(steps.length <= 3, report);
    assert.ok(
      steps.some((line) => line.includes('PSUBSCRIBE')),
      report,
    );
  });

  for (const { name, start, count: share } of opponents(count)) {
    test(`${name} does to each session what redis-server does`, async (t) => {
      const ours = await start();
      try {
        const { commands, scripts, counts, report, once } = await compareSessions({
          theirs: servers.judge,
          ours,
          seed: `${seed}/${name}`,
          count: share,
          only,
        });
        t.diagnostic(
          `${commands} commands in ${scripts} scripts compared with redis ${servers.judge.version}`,
        );
        tellKnown(t, counts);
        // Of ours nothing may differ, not even once.
        const told = report ?? (once && `not when it is played again: ${once}`);
        assert.equal(told, undefined, `KVASM_DIFF_SEED=${seed}\n${told}`);
      } finally {
        await ours.stop();
      }
    });
  }
});
