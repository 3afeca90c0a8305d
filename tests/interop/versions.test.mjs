// The table of differences between versions: that README.md shows it, and that it excuses no more
// than it says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { explain, since, table } from './versions.mjs';

const bulk = (text) => ({ t: '$', v: Buffer.from(text) });
const error = (text) => ({ t: '-', v: text });

test('README.md shows the table', () => {
  const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8');
  assert.ok(readme.includes(`\n${table()}\n`), 'print it with: node tests/interop/versions.mjs');
});

test('versions are compared by their numbers', () => {
  assert.equal(since('smallSets', '7.0.15'), false);
  assert.equal(since('smallSets', '7.2.0'), true);
  assert.equal(since('smallSets', '7.10'), true);
  assert.equal(since('fieldValues', '7.4.1'), false);
  assert.equal(since('fieldValues', '8.0.0'), true);
});

test('a row explains what it describes, for older servers only', () => {
  const command = ['OBJECT', 'ENCODING', 's'];
  const [older, newer] = [bulk('hashtable'), bulk('listpack')];
  assert.match(explain(command, older, newer, '7.0.15').where, /of a set/);
  assert.equal(explain(command, older, newer, '7.2.6'), undefined);
});

test('other encodings and other errors are not explained', () => {
  const unexplained = (command, older, newer) =>
    assert.equal(explain(command, older, newer, '7.0.15'), undefined);
  const encoding = (older, newer) =>
    unexplained(['OBJECT', 'ENCODING', 'k'], bulk(older), bulk(newer));
  encoding('intset', 'skiplist');
  encoding('listpack', 'intset');
  encoding('skiplist', 'listpack');
  encoding('listpack', 'quicklist');
  const tooLarge = error('ERR Elements are too large to be stored');
  unexplained(['XADD', 's', '*', 'f', 'v'], tooLarge, error('ERR syntax error'));
  unexplained(['ZRANK', 'z', 'm', 'x'], error('ERR wrong number of arguments for it'), error('no'));
  unexplained(['CLIENT', 'SETNAME', 'a b'], error('ERR no'), { t: '+', v: 'OK' });
});
