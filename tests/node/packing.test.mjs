// The step that makes the wasm compress better changes nothing of what it does.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { encode, moduleOf, sectionsOf } from '../../bindings/packing/module.mjs';
import { orderByLikeness } from '../../bindings/packing/order.mjs';
import { pack } from '../../bindings/packing/pack.mjs';

const kI32 = 0x7f;
const vector = (items) => [...encode(items.length), ...items.flat()];
const text = (string) => vector([...Buffer.from(string)].map((byte) => [byte]));
const data = (address, string) => [0, 0x41, address, 0x0b, ...text(string)];
const sized = (bytes) => [...encode(bytes.length), ...bytes];

// Two kinds of functions that take and give a number, by turns; what they call lies all over.
const kCount = 40;
const kImported = 1;
const codeOf = (i) => {
  const next = kImported + ((i * 7 + 3) % kCount);
  const last = i >= kCount - 3;
  const even = [0x20, 0, 0x41, i, 0x6a, 0x20, 0, 0x41, 3, 0x6c, 0x73];
  const odd = [0x20, 0, 0x41, i, 0x6b, 0x41, 5, 0x71, 0x20, 0, 0x41, 1, 0x74, 0x72, 0x41, 9, 0x6a];
  const tail = last ? [0x10, 0] : [0x41, 0x7f, 0x73];
  // One that calls directly, one through the table, one that loads what another stored.
  const calls =
    i === 10
      ? [0x20, 0, 0x10, ...encode(next)]
      : i === 11
        ? [0x20, 0, 0x41, 2, 0x11, 0, 0]
        : i === 12
          ? [0x41, 8, 0x20, 0, 0x36, 0, 0, 0x41, 8, 0x28, 1, 0]
          : undefined;
  return [...(calls ?? [...(i % 2 ? odd : even), ...tail]), 0x0b];
};

function sample() {
  const section = (id, bytes) => ({ id, body: Buffer.from(bytes) });
  const all = Array.from({ length: kCount }, (_, i) => i);
  const startCode = [0x41, 16, 0x41, 42, 0x36, 2, 0, 0x0b];
  return moduleOf([
    section(
      1,
      vector([
        [0x60, 1, kI32, 1, kI32],
        [0x60, 0, 0],
      ]),
    ),
    section(2, vector([[...text('env'), ...text('twice'), 0, 0]])),
    section(3, vector([...all.map(() => [0]), [1]])),
    section(4, vector([[0x70, 0, 4]])),
    section(5, vector([[0, 1]])),
    section(6, vector([[kI32, 0, 0x41, 5, 0x0b]])),
    section(7, [
      ...vector([
        ...all.map((i) => [...text(`f${i}`), 0, kImported + i]),
        [...text('memory'), 2, 0],
        [...text('global'), 3, 0],
      ]),
    ]),
    section(8, encode(kImported + kCount)),
    section(9, vector([[0, 0x41, 0, 0x0b, ...vector([[3], [0], [38], [7]])]])),
    section(10, vector([...all.map(codeOf), startCode].map((code) => sized([0, ...code])))),
    section(11, vector([data(20, 'left'), data(26, 'right'), data(60, 'far'), data(63, '!')])),
    section(0, [...text('name'), 1, 4, 1, 1, 1, 0x61]),
    section(0, [...text('other'), 1, 2, 3]),
  ]);
}

async function answers(bytes) {
  const { instance } = await WebAssembly.instantiate(bytes, { env: { twice: (n) => n * 2 } });
  const { memory, global, ...functions } = instance.exports;
  const results = Object.entries(functions).map(([name, f]) => [name, f(5), f(-1000)]);
  const stored = Buffer.from(memory.buffer).toString('latin1', 0, 200);
  return { results, stored, global: global.value };
}

describe('packing', () => {
  test('moves functions, and whoever meant them still means them', async () => {
    const before = sample();
    const after = pack(before);
    const code = (bytes) => sectionsOf(bytes).find(({ id }) => id === 10).body;
    assert.notDeepEqual(code(after), code(before));
    const expected = await answers(before);
    assert.equal(
      expected.stored.slice(16),
      `*\0\0\0left\0\0right${'\0'.repeat(29)}far!${'\0'.repeat(136)}`,
    );
    assert.equal(expected.results.length, kCount);
    assert.deepEqual(await answers(after), expected);
  });

  test('drops the names, which go by the old numbers, and no other section', () => {
    const custom = (bytes) => sectionsOf(bytes).filter(({ id }) => id === 0);
    assert.equal(custom(sample()).length, 2);
    assert.deepEqual(
      custom(pack(sample())).map(({ body }) => body.subarray(1, 6).toString()),
      ['other'],
    );
  });

  test('joins data that is close together, but not what is meant by number', () => {
    const dataOf = (bytes) => sectionsOf(bytes).find(({ id }) => id === 11).body;
    const joined = vector([data(20, `left\0\0right${'\0'.repeat(29)}far!`)]);
    assert.deepEqual([...dataOf(pack(sample()))], joined);
    const counted = sectionsOf(sample());
    counted.splice(9, 0, { id: 12, body: Buffer.from([4]) });
    assert.deepEqual(dataOf(pack(moduleOf(counted))), dataOf(sample()));
  });

  test('is the same every time', () => {
    assert.deepEqual(pack(sample()), pack(sample()));
  });

  test('refuses an instruction it does not know, and a module that ends too early', () => {
    const bytes = sample();
    const vectors = Buffer.from(bytes);
    const at = bytes.indexOf(Buffer.from([0x20, 0, 0x41, 0, 0x6a]));
    vectors[at] = 0xfd;
    assert.throws(() => pack(vectors), /instruction 0xfd is not known/);
    assert.throws(() => pack(bytes.subarray(0, bytes.length - 2)), /ends too early/);
  });

  test('puts like next to like', () => {
    const kinds = ['abcdefghij', 'ABCDEFGHIJ', '0123456789', 'zyxwvutsrq'];
    const things = Array.from({ length: 64 }, (_, i) => Buffer.from(kinds[i % 4] + i));
    const order = orderByLikeness(things);
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      things.map((_, i) => i),
    );
    const changes = order.filter((thing, place) => place && thing % 4 !== order[place - 1] % 4);
    assert.equal(changes.length, 3);
  });

  const built = new URL('../../build/wasm/kvasm.wasm', import.meta.url);
  test('makes the engine smaller with brotli', { skip: !existsSync(built) }, () => {
    const size = (bytes) => brotliCompressSync(bytes).length;
    const bytes = readFileSync(built);
    const packed = pack(bytes);
    assert.ok(WebAssembly.validate(packed));
    assert.ok(size(packed) < size(bytes) - 3000, `${size(bytes)} -> ${size(packed)}`);
  });
});
