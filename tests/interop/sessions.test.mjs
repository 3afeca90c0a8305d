// Random scripts for several sessions at once, to a real redis-server and to ours: what each
// session receives, what CLIENT LIST tells of it and what the keys hold must be the same.
//
//   KVASM_SESSIONS_COUNT=300000 KVASM_DIFF_SEED=7 node --test tests/interop/sessions.test.mjs
//   KVASM_SESSIONS_SCRIPT=12  only the script of this number
//   KVASM_TARGETS=native  only one of tcp, wasm, native      KVASM_REDIS_SERVER=/path  the judge
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { nativePath, redisTarget, targets } from '../conformance/targets.mjs';
import { redisServerPath } from './server.mjs';
import { compareSessions } from './session_compare.mjs';
import { script } from './session_scripts.mjs';

const count = Number(process.env.KVASM_SESSIONS_COUNT ?? 20_000);
const seed = process.env.KVASM_DIFF_SEED ?? 'kvasm';
const only = process.env.KVASM_SESSIONS_SCRIPT && Number(process.env.KVASM_SESSIONS_SCRIPT);
const shares = { tcp: 0.5, wasm: 0.4, native: 0.1 };
const chosen = (process.env.KVASM_TARGETS?.split(',') ?? Object.keys(shares)).filter(
  (name) => name in shares && (name !== 'native' || nativePath()),
);
const whole = chosen.reduce((sum, name) => sum + shares[name], 0);
const skip = redisServerPath() ? false : 'no redis-server found';

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
  let judge;
  let twin;
  before(async () => {
    [judge, twin] = [await redisTarget(), await redisTarget()];
  });
  after(async () => {
    await judge?.stop();
    await twin?.stop();
  });

  test('a real server compared with its twin shows no difference', async () => {
    const { report } = await compareSessions({ theirs: judge, ours: twin, seed, count: 1_000 });
    assert.equal(report, undefined);
  });

  test('a wrong message is found and shrunk to the steps that show it', async () => {
    const ours = faulty(twin);
    const { report } = await compareSessions({ theirs: judge, ours, seed: 'fault', count: 20_000 });
    assert.match(report, /ours {5}.*"wrong"/s);
    const steps = report.split('\n').filter((line) => /^ {2}(\d+|control):/.test(line));
    assert.ok(steps.length <= 3, report);
    assert.ok(
      steps.some((line) => line.includes('PSUBSCRIBE')),
      report,
    );
  });

  for (const name of chosen) {
    test(`${name} does to each session what redis-server does`, async (t) => {
      const ours = await targets[name]();
      try {
        const share = Math.ceil((count * shares[name]) / whole);
        const { commands, scripts, counts, report } = await compareSessions({
          theirs: judge,
          ours,
          seed: `${seed}/${name}`,
          count: share,
          only,
        });
        t.diagnostic(
          `${commands} commands in ${scripts} scripts compared with redis ${judge.version}`,
        );
        for (const [{ where, before, then }, times] of counts) {
          t.diagnostic(`${times} times: ${where}: ${before}; then: ${then}`);
        }
        assert.equal(report, undefined, `KVASM_DIFF_SEED=${seed}\n${report}`);
      } finally {
        await ours.stop();
      }
    });
  }
});
