// Random scripts, the same to a real redis-server and to ours: every reply must be the same, in
// RESP2 and in RESP3, byte for byte.
//
//   KVASM_SCRIPTS_COUNT=100000 KVASM_DIFF_SEED=7 node --test tests/interop/scripts.test.mjs
//   KVASM_TARGETS=tcp  instead of native, or wasm      KVASM_REDIS_SERVER=/path  the judge
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { show } from '../conformance/match.mjs';
import { encode } from '../conformance/resp.mjs';
import { nativePath, redisTarget, targets } from '../conformance/targets.mjs';
import { randomScript, scriptText } from './script_generator.mjs';
import { redisServerPath } from './server.mjs';
import { shrink } from './shrink.mjs';
import { since } from './versions.mjs';

const kReplyTimeoutMs = 30_000;
const count = Number(process.env.KVASM_SCRIPTS_COUNT ?? 2_000);
const seed = process.env.KVASM_DIFF_SEED ?? 'kvasm';
const chosen = (process.env.KVASM_TARGETS?.split(',') ?? ['native']).filter(
  (name) => name in targets && name !== 'redis' && (name !== 'native' || nativePath()),
);
const skip = redisServerPath() ? false : 'no redis-server found';

/**
 * A reply as text, without what is each server's own: where tables and functions lie, and
 * line breaks in errors, which Redis sends as they are though clients may take them for the end.
 */
function comparable(reply) {
  const flat = reply.t === '-' ? { ...reply, v: reply.v.replace(/[\r\n]/g, ' ') } : reply;
  // The sign of what is no number is the processor's.
  const text = show(flat, false).replace(/-nan/g, 'nan');
  return text.replace(/(table|function|thread|userdata): (0x[0-9a-f]+|\(nil\))/g, '$1');
}

/** A server with one session of each protocol. */
class Side {
  #sessions = {};
  constructor(target) {
    this.target = target;
  }

  async #session(protocol) {
    if (!this.#sessions[protocol]) {
      const session = await this.target.open();
      session.send(encode(['HELLO', String(protocol)]));
      await session.next(kReplyTimeoutMs);
      this.#sessions[protocol] = session;
    }
    return this.#sessions[protocol];
  }

  /** What a script replies on an empty database, as text. */
  async run({ lines, keys, values }, protocol) {
    const session = await this.#session(protocol);
    const evaluate = ['EVAL', scriptText(lines), String(keys.length), ...keys, ...values];
    session.send(Buffer.concat([encode(['FLUSHALL']), encode(evaluate)]));
    await session.next(kReplyTimeoutMs);
    const reply = await session.next(kReplyTimeoutMs);
    if (reply.t === 'closed' || reply.t === 'timeout') {
      this.#sessions = {};
      return reply.t;
    }
    return comparable(reply);
  }

  close() {
    for (const session of Object.values(this.#sessions)) session.close();
  }
}

/** What scripts of a judge before 7.2 do in another way: they are not compared then. */
const kChangedIn72 = /double|BLPOP|ZADD|ZSCORE|INCRBYFLOAT|GEO/;

/** Reports of the scripts that differ, each with the fewest lines that show it; at most `most`. */
async function differences(theirs, ours, { from = 0, to, most = 5 }) {
  const sides = [new Side(theirs), new Side(ours)];
  const play = (script, protocol) => Promise.all(sides.map((side) => side.run(script, protocol)));
  const reports = [];
  for (let number = from; number < to && reports.length < most; number++) {
    const script = randomScript(`${seed}/${number}`);
    if (!since('scriptDoubles', theirs.version) && kChangedIn72.test(script.lines.join())) continue;
    const protocol = 2 + (number % 2);
    const [a, b] = await play(script, protocol);
    if (a === b) continue;
    const differ = async (lines) => {
      const [x, y] = await play({ ...script, lines }, protocol);
      return x !== y;
    };
    const lines = await shrink(script.lines, differ);
    const [x, y] = await play({ ...script, lines }, protocol);
    reports.push(
      `script ${number} (RESP${protocol}), KEYS ${script.keys.join(' ')}, ` +
        `ARGV ${JSON.stringify(script.values)}:\n${lines.join('\n')}\ntheirs ${x}\nours   ${y}`,
    );
  }
  for (const side of sides) side.close();
  return reports;
}

test('the same seed makes the same script', () => {
  assert.deepEqual(randomScript('a'), randomScript('a'));
  assert.notDeepEqual(randomScript('a'), randomScript('b'));
});

describe('scripts', { skip }, () => {
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
    assert.deepEqual(await differences(judge, twin, { to: 300 }), []);
  });

  for (const name of chosen) {
    test(`${name} answers as redis-server does`, async (t) => {
      const ours = await targets[name]();
      try {
        const reports = await differences(judge, ours, { to: count });
        t.diagnostic(`${count} scripts compared with redis ${judge.version}, seed ${seed}`);
        assert.equal(reports.join('\n\n'), '', `KVASM_DIFF_SEED=${seed}`);
      } finally {
        await ours.stop();
      }
    });
  }
});
