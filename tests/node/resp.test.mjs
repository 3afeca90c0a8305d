// The decoder on its own: bytes in, JavaScript values out. The texts are RESP3's own examples and
// the borders between its fast and its careful paths.
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { createCodec } from '../../dist/bindings/js/platform.js';
import { ReplyDecoder } from '../../dist/bindings/js/resp.js';
import { ReplyError } from 'kvasm';

const encoder = new TextEncoder();

function decodeAll(reply, raw = false) {
  const bytes = typeof reply === 'string' ? encoder.encode(reply) : reply;
  const decoder = new ReplyDecoder(createCodec());
  const heap = new Uint8Array(bytes.length + 7); // something before and after it
  heap.set(bytes, 3);
  decoder.attach(heap);
  const value = decoder.decode(3, raw);
  assert.equal(decoder.at, 3 + bytes.length, 'the reply is read to its end, not further');
  return value;
}

const bulk = (text) => `$${encoder.encode(text).length}\r\n${text}\r\n`;

test('a value too long for a string says how to get it', () => {
  const codec = createCodec();
  codec.decode = () => {
    throw new Error('Cannot create a string longer than 0x1fffffe8 characters');
  };
  const decoder = new ReplyDecoder(codec);
  decoder.attach(encoder.encode('$536870912\r\n'));
  assert.throws(() => decoder.decode(0, false), {
    name: 'RangeError',
    message: 'A value of 536870912 bytes is too long for a string: db.bytes gives it as bytes',
  });
});

describe('the reply decoder', () => {
  for (const [reply, value] of [
    ['+OK\r\n', 'OK'],
    ['+OKAY\r\n', 'OKAY'],
    ['+PONG\r\n', 'PONG'],
    ['+\r\n', ''],
    [':0\r\n', 0],
    [':-7\r\n', -7],
    [':999999999999999\r\n', 999999999999999],
    [':9007199254740991\r\n', 9007199254740991],
    [':-9007199254740991\r\n', -9007199254740991],
    [':9007199254740992\r\n', 9007199254740992n],
    [':9007199254740993\r\n', 9007199254740993n],
    [':9223372036854775807\r\n', 9223372036854775807n],
    [':-9223372036854775808\r\n', -9223372036854775808n],
    ['$-1\r\n', null],
    ['*-1\r\n', null],
    ['_\r\n', null],
    ['$0\r\n\r\n', ''],
    ['#t\r\n', true],
    ['#f\r\n', false],
    [',1.5\r\n', 1.5],
    [',-0.25\r\n', -0.25],
    [',10\r\n', 10],
    [',1e+100\r\n', 1e100],
    [',inf\r\n', Infinity],
    [',-inf\r\n', -Infinity],
    [',nan\r\n', NaN],
    [
      '(3492890328409238509324850943850943825024385\r\n',
      3492890328409238509324850943850943825024385n,
    ],
    ['=15\r\ntxt:Some string\r\n', 'Some string'],
    ['*0\r\n', []],
    ['%0\r\n', {}],
    ['~0\r\n', []],
    ['*3\r\n:1\r\n*1\r\n$1\r\na\r\n_\r\n', [1, ['a'], null]],
    ['*2\r\n*-1\r\n*2\r\n*0\r\n:1\r\n', [null, [[], 1]]],
    ['*3\r\n*2\r\n*1\r\n:1\r\n:2\r\n~1\r\n>1\r\n:3\r\n:4\r\n', [[[1], 2], [[3]], 4]],
    ['%1\r\n+a\r\n*1\r\n%1\r\n+b\r\n*1\r\n*1\r\n:1\r\n', { a: [{ b: [[1]] }] }],
    ['~2\r\n$1\r\na\r\n$1\r\nb\r\n', ['a', 'b']],
    ['>2\r\n$7\r\nmessage\r\n$1\r\nx\r\n', ['message', 'x']],
    ['%2\r\n+first\r\n:1\r\n:2\r\n%1\r\n+a\r\n,2.5\r\n', { first: 1, 2: { a: 2.5 } }],
    ['|1\r\n+ttl\r\n:3600\r\n$1\r\na\r\n', 'a'],
  ]) {
    it(`reads ${JSON.stringify(reply.slice(0, 40))}`, () => {
      assert.deepEqual(decodeAll(reply), value);
    });
  }

  it('reads texts of every length around its fast paths, ASCII or not', () => {
    for (let length = 0; length < 70; ++length) {
      const ascii = 'abcdefghijklmnopqrstuvwxyz'.repeat(3).slice(0, length);
      assert.equal(decodeAll(bulk(ascii)), ascii);
      for (const strange of ['é', '€', '𝄞', '\u007f', '\u0080', '\0']) {
        for (const text of [strange + ascii, ascii + strange, `${ascii}${strange}z`]) {
          assert.equal(decodeAll(bulk(text)), text);
        }
      }
    }
  });

  it('reads arrays nested deeper than any call stack', () => {
    const depth = 200_000;
    let value = decodeAll('*1\r\n'.repeat(depth) + ':1\r\n');
    for (let level = 0; level < depth; ++level) [value] = value;
    assert.equal(value, 1);
  });

  it('keeps a byte order mark', () => {
    assert.equal(decodeAll(bulk('\ufeffa')), '\ufeffa');
  });

  it('turns bytes that are no UTF-8 into replacement characters', () => {
    const reply = Uint8Array.from([36, 51, 13, 10, 97, 0xff, 98, 13, 10]);
    assert.equal(decodeAll(reply), 'a\ufffdb');
    assert.deepEqual(decodeAll(reply, true), Buffer.from([97, 0xff, 98]));
  });

  it('gives bytes on request, for bulk and verbatim strings at any depth', () => {
    assert.deepEqual(decodeAll('*3\r\n$1\r\na\r\n=5\r\ntxt:b\r\n+OK\r\n', true), [
      Buffer.from('a'),
      Buffer.from('b'),
      'OK',
    ]);
    assert.deepEqual(decodeAll('%1\r\n$1\r\nk\r\n$1\r\nv\r\n', true), { k: Buffer.from('v') });
  });

  it('gives errors as values, with code and whole message', () => {
    const error = decodeAll('-WRONGTYPE Operation against a key\r\n');
    assert.ok(error instanceof ReplyError);
    assert.equal(error.code, 'WRONGTYPE');
    assert.equal(error.message, 'WRONGTYPE Operation against a key');
    assert.equal(decodeAll('!21\r\nSYNTAX invalid syntax\r\n').code, 'SYNTAX');
    const [one, inner] = decodeAll('*2\r\n:1\r\n-ERR inner\r\n');
    assert.equal(one, 1);
    assert.equal(inner.message, 'ERR inner');
  });

  it('makes fields of map keys that mean something to objects', () => {
    const map = decodeAll(
      '%3\r\n+__proto__\r\n*1\r\n:1\r\n+constructor\r\n:2\r\n+toString\r\n:3\r\n',
    );
    assert.deepEqual(Object.keys(map), ['__proto__', 'constructor', 'toString']);
    assert.equal(Object.getPrototypeOf(map), Object.prototype);
    assert.deepEqual(Object.getOwnPropertyDescriptor(map, '__proto__').value, [1]);
    assert.equal({}.polluted, undefined);
  });

  it('throws on what is no reply', () => {
    assert.throws(() => decodeAll('hello\r\n'), /Unreadable reply/);
  });
});
