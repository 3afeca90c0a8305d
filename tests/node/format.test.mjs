// Lines as people type them and replies as people read them; redis-cli is the model.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatReply, quote, splitLine } from '../../dist/bindings/js/format.js';

const encoder = new TextEncoder();
const split = (line) => splitLine(line)?.map((word) => Buffer.from(word).toString('latin1'));
const format = (reply) => formatReply(encoder.encode(reply));

describe('splitting a line', () => {
  for (const [line, words] of [
    ['', []],
    ['   ', []],
    ['GET a', ['GET', 'a']],
    ['  SET  a\t"hello world" ', ['SET', 'a', 'hello world']],
    ['SET a ""', ['SET', 'a', '']],
    [String.raw`SET a "\x00\xff\n\r\t\b\a\"\\q\q"`, ['SET', 'a', '\0\xff\n\r\t\b\x07"\\qq']],
    [String.raw`SET 'it''s' x`, undefined],
    [String.raw`SET 'it\'s \n' x`, ['SET', "it's \\n", 'x']],
    ['SET a "b"c', undefined],
    ['SET a "b', undefined],
    ["SET a 'b", undefined],
    ['SET a é', ['SET', 'a', '\xc3\xa9']],
    ['SET a "𝄞"', ['SET', 'a', '\xf0\x9d\x84\x9e']],
  ]) {
    it(JSON.stringify(line), () => assert.deepEqual(split(line), words));
  }
});

describe('showing a reply', () => {
  for (const [reply, text] of [
    ['', ''],
    ['+OK\r\n', 'OK'],
    ['-ERR no\r\n', '(error) ERR no'],
    [':12\r\n', '(integer) 12'],
    ['$-1\r\n', '(nil)'],
    ['_\r\n', '(nil)'],
    ['$3\r\na"b\r\n', String.raw`"a\"b"`],
    [',1.5\r\n', '(double) 1.5'],
    ['#t\r\n', '(true)'],
    ['=8\r\ntxt:a\r\nb\r\n', 'a\r\nb'],
    ['*0\r\n', '(empty array)'],
    ['~0\r\n', '(empty set)'],
    ['%0\r\n', '(empty hash)'],
    ['*2\r\n$1\r\na\r\n_\r\n', '1) "a"\n2) (nil)'],
    ['~1\r\n$1\r\na\r\n', '1~ "a"'],
    ['%1\r\n$1\r\na\r\n:1\r\n', '1# "a" => (integer) 1'],
    ['*2\r\n*2\r\n:1\r\n:2\r\n:3\r\n', '1) 1) (integer) 1\n   2) (integer) 2\n2) (integer) 3'],
  ]) {
    it(JSON.stringify(reply), () => assert.equal(format(reply), text));
  }

  it('lines up the numbers of long arrays', () => {
    const lines = format(`*10\r\n${':1\r\n'.repeat(10)}`).split('\n');
    assert.equal(lines[0], ' 1) (integer) 1');
    assert.equal(lines[9], '10) (integer) 1');
  });

  it('shows text as text and other bytes as escapes', () => {
    assert.equal(quote(encoder.encode('é\n\x01')), String.raw`"é\n\x01"`);
    assert.equal(quote(Uint8Array.of(0xff, 0x41)), String.raw`"\xffA"`);
  });
});
