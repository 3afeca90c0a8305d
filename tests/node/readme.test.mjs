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

/** [{ code, shown }]: the statements of the first JavaScript block, and what they claim to give. */
function claims() {
  const [, block] = /```js\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'));
  return block
    .split('\n')
    .filter((line) => line && !line.startsWith('import '))
    .map((line) => {
      const [code, comment = ''] = line.split(/ {2,}\/\/ /);
      return { code: code.replace(/;\s*$/, ''), shown: comment };
    });
}

test('the quick start gives what its comments say', async () => {
  const db = await open('memory:');
  let compared = 0;
  for (const { code, shown } of claims()) {
    if (/^const db\b/.test(code)) continue;
    const expression = code.replace(/^const other = /, 'globalThis.other = ');
    const value = await new AsyncFunction('db', 'other', `return (${expression});`)(
      db,
      globalThis.other,
    );
    const seen = inspect(value, { breakLength: Infinity });
    if (!/^('|\d|\{|\[|<)/.test(shown)) continue;
    assert.ok(shown === seen || shown.startsWith(`${seen}:`), `${code}: ${seen}, not ${shown}`);
    compared++;
  }
  delete globalThis.other;
  assert.ok(compared >= 8, `only ${compared} claims were found`);
});
