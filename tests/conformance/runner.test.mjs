// Plays every tests/conformance/*.resp file against every target, in RESP2 and in RESP3.
//
//   node --test tests/conformance/runner.test.mjs
//   KVASM_TARGETS=redis KVASM_FILES=string,zset node --test tests/conformance/runner.test.mjs
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { parseFile } from './format.mjs';
import { matches, show } from './match.mjs';
import { play } from './play.mjs';
import { targets } from './targets.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const chosen = process.env.KVASM_TARGETS?.split(',') ?? Object.keys(targets);
const only = process.env.KVASM_FILES?.split(',');
const kShownFailures = Number(process.env.KVASM_SHOW ?? 20);

const olderThan = (version, wanted) => {
  if (version === undefined) return false;
  const [a, b] = [version, wanted].map((text) => text.split('.').map(Number));
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return a[i] < b[i];
  return false;
};

const files = readdirSync(folder)
  .filter((name) => name.endsWith('.resp') && (!only || only.includes(name.replace('.resp', ''))))
  .sort()
  .map((name) => ({ name, cases: parseFile(join(folder, name)) }));

function judge(file, step, reply, proto) {
  if (step.do === 'closed') {
    return reply.t === 'closed' ? undefined : { want: '(connection closed)', got: reply };
  }
  if (step.do === 'end') return { want: '(no further reply)', got: reply };
  assert.ok(step.expect, `${file.name}:${step.line}: no expectation recorded`);
  const fine = !['closed', 'timeout'].includes(reply.t) && matches(step.expect, reply, proto);
  return fine ? undefined : { want: step.source.trim(), got: reply };
}

async function playFile(target, file, diagnose) {
  const failures = [];
  const skipped = new Map();
  let checked = 0;
  const skip = (line, { version, why }) =>
    skipped.set(line, `${file.name}:${line} (since ${version}) ${why}`);
  for (const item of file.cases) {
    if (item.since && olderThan(target.version, item.since.version)) {
      skip(item.line, item.since);
      continue;
    }
    for (const proto of item.resp ? [item.resp] : [2, 3]) {
      try {
        await play(target, item, proto, (step, reply, spoken) => {
          if (step.since && olderThan(target.version, step.since.version)) {
            skip(step.line, step.since);
            return;
          }
          checked++;
          const wrong = judge(file, step, reply, spoken);
          if (wrong) {
            failures.push(
              `${file.name}:${step.line} [${item.title}] RESP${spoken}\n  command   ` +
                `${step.text.replace(/\s+=>.*$/, '')}\n  expected  ${wrong.want}\n` +
                `  got       ${show(wrong.got)}`,
            );
          }
        });
      } catch (error) {
        failures.push(`${file.name}:${item.line} [${item.title}] RESP${proto}\n  ${error.message}`);
      }
    }
  }
  for (const line of skipped.values()) diagnose(`skipped ${line}`);
  diagnose(`${checked} replies checked, ${skipped.size} skipped`);
  if (failures.length) {
    const shown = failures.slice(0, kShownFailures).join('\n');
    assert.fail(`${failures.length} of ${checked} replies differ\n${shown}`);
  }
}

test('conformance files hold at least 11,000 command/reply pairs', { skip: Boolean(only) }, (t) => {
  const pairs = files.reduce(
    (sum, { cases }) =>
      sum +
      cases.reduce(
        (inner, { steps }) =>
          inner + steps.filter((step) => step.expect && step.expect.k !== 'none').length,
        0,
      ),
    0,
  );
  t.diagnostic(`${pairs} pairs in ${files.length} files`);
  assert.ok(pairs >= 11_000, `${pairs} pairs`);
});

for (const name of chosen) {
  describe(`conformance on ${name}`, () => {
    let target;
    before(async () => {
      target = await targets[name]({ still: true });
    });
    after(async () => {
      await target?.stop();
    });
    for (const file of files) {
      test(`${file.name} on ${name}`, async (t) => {
        await playFile(target, file, (text) => t.diagnostic(text));
      });
    }
  });
}
