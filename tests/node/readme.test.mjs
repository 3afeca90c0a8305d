// The README's examples are true: each line with a comment gives what the comment says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { open } from 'kvasm';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const AsyncFunction = (async () => {}).constructor;

/**
 * [{ code, shown }]: the statements of the first JavaScript block of a section, and what they claim
 * to give.
 */
function claims(section) {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  const [, block] = /```js\n([\s\S]*?)```/.exec(text.slice(text.indexOf(`\n${section}\n`)));
  return block
    .split('\n')
    .filter((line) => line && !line.startsWith('import '))
    .map((line) => {
      const [code, comment = ''] = line.split(/ {2,}\/\/ /);
      return { code: code.replace(/;\s*$/, ''), shown: comment };
    });
}

/** Runs the examples of a section. @returns how many replies were compared */
async function run(db, section) {
  let compared = 0;
  const names = {};
  for (const { code, shown } of claims(section)) {
    if (/^const db\b/.test(code)) continue;
    const [, name, expression] = /^(?:const (\w+) = )?(.*)$/s.exec(code);
    const call = new AsyncFunction('db', ...Object.keys(names), `return (${expression});`);
    const value = await call(db, ...Object.values(names));
    if (name !== undefined) names[name] = value;
    const seen = inspect(value, { breakLength: Infinity });
    if (!/^('|\d|\{|\[|<)/.test(shown)) continue;
    assert.ok(shown === seen || shown.startsWith(`${seen}:`), `${code}: ${seen}, not ${shown}`);
    compared++;
  }
  return compared;
}

test('the quick start gives what its comments say', async () => {
  const compared = await run(await open('memory:'), '## In your process');
  assert.ok(compared >= 8, `only ${compared} claims were found`);
});

test('the scripts give what their comments say', async () => {
  const db = await open('memory:');
  await db.incr('visits');
  assert.equal(await run(db, '### Scripts'), 3);
  await db.close();
});
