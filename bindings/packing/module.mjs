// A WebAssembly module's bytes: what must be told apart to move its functions. Knows what clang
// emits for C and C++ (WebAssembly 2.0 without vectors, and exceptions) and refuses all else.

/** Numbers of the sections. */
export const kSection = {
  custom: 0,
  import: 2,
  function: 3,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
};

/** Reads numbers from bytes, forward. */
export class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() {
    if (this.at >= this.bytes.length) throw new Error('the module ends too early');
    return this.bytes[this.at++];
  }

  /** An unsigned number of up to 32 bits (LEB128). */
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  /** Passes over a number, signed or not, of any width. */
  skipNumber() {
    while (this.byte() >= 0x80);
  }

  /** The next `count` bytes. */
  take(count) {
    this.at += count;
    if (this.at > this.bytes.length) throw new Error('the module ends too early');
    return this.bytes.subarray(this.at - count, this.at);
  }
}

/** A number's LEB128 bytes. */
export function encode(number) {
  const bytes = [];
  for (; number >= 0x80; number >>>= 7) bytes.push((number & 0x7f) | 0x80);
  return [...bytes, number];
}

/** A signed number's LEB128 bytes. */
export function encodeSigned(number) {
  const bytes = [];
  for (; number < -0x40 || number >= 0x40; number >>= 7) bytes.push((number & 0x7f) | 0x80);
  return [...bytes, number & 0x7f];
}

/** The signed number of up to 32 bits that these LEB128 bytes are. */
export function decodeSigned(bytes) {
  const value = bytes.reduce((sum, byte, i) => sum | ((byte & 0x7f) << (7 * i)), 0);
  const bits = 7 * bytes.length;
  return bits < 32 && bytes.at(-1) & 0x40 ? value - 2 ** bits : value;
}

/** [{ id, body }] in order. */
export function sectionsOf(bytes) {
  const reader = new Reader(bytes, 8);
  const sections = [];
  while (reader.at < bytes.length) {
    const id = reader.byte();
    sections.push({ id, body: reader.take(reader.number()) });
  }
  return sections;
}

/** The module of these sections. */
export function moduleOf(sections) {
  const header = Buffer.from([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const parts = sections.flatMap(({ id, body }) => [
    Buffer.from([id, ...encode(body.length)]),
    body,
  ]);
  return Buffer.concat([header, ...parts]);
}

// What follows an instruction's code, a letter each: n a number, f a function's index, a the
// alignment a memory access promises, 4 and 8 bytes of a constant, t a list of labels and one more.
const kOperands = new Map();
const operandsAre = (operands, first, last = first) => {
  for (let code = first; code <= last; code++) kOperands.set(code, operands);
};
operandsAre('', 0x00, 0x01); // unreachable, nop
operandsAre('n', 0x02, 0x04); // block, loop, if
operandsAre('', 0x05); // else
operandsAre('n', 0x06, 0x09); // try, catch, throw, rethrow
operandsAre('', 0x0b); // end
operandsAre('n', 0x0c, 0x0d); // br, br_if
operandsAre('t', 0x0e); // br_table
operandsAre('', 0x0f); // return
operandsAre('f', 0x10); // call
operandsAre('nn', 0x11); // call_indirect
operandsAre('n', 0x18); // delegate
operandsAre('', 0x19, 0x1b); // catch_all, drop, select
operandsAre('n', 0x20, 0x26); // local, global, table
operandsAre('an', 0x28, 0x3e); // loads and stores
operandsAre('n', 0x3f, 0x42); // memory.size, memory.grow, whole constants
operandsAre('4', 0x43); // f32.const
operandsAre('8', 0x44); // f64.const
operandsAre('', 0x45, 0xc4); // numeric
operandsAre('n', 0xd0); // ref.null
operandsAre('', 0xd1); // ref.is_null
operandsAre('f', 0xd2); // ref.func
const kSaturating = 7; // 0xfc 0 to 7
const kBulkOperands = { 8: 'nn', 9: 'n', 10: 'nn', 11: 'n', 12: 'nn', 13: 'n', 14: 'nn' };
const kLongPrefix = 0xfc;

function operandsOf(code, reader) {
  if (code === kLongPrefix) {
    const second = reader.number();
    const operands = second <= kSaturating ? '' : kBulkOperands[second];
    if (operands !== undefined) return operands;
  }
  const operands = kOperands.get(code);
  if (operands === undefined) throw new Error(`instruction 0x${code.toString(16)} is not known`);
  return operands;
}

// Loads and stores from 0x28: the alignment (power of two) that their width is.
const kNaturalAlignment = [2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 3, 2, 3, 0, 1, 0, 1, 2];

/**
 * Passes over the next instruction and returns its code. `found(from, to, bytes)` is called for
 * what is to be written otherwise: `renumber(index)` is a function's new index.
 */
export function passInstruction(reader, renumber, found) {
  const code = reader.byte();
  for (const operand of operandsOf(code, reader)) {
    const from = reader.at;
    if (operand === 'f') {
      const index = renumber(reader.number());
      found(from, reader.at, encode(index));
    } else if (operand === 'a') {
      reader.skipNumber();
      found(from, reader.at, [kNaturalAlignment[code - 0x28]]);
    } else if (operand === 't') {
      for (let labels = reader.number() + 1; labels > 0; labels--) reader.skipNumber();
    } else if (operand === 'n') {
      reader.skipNumber();
    } else {
      reader.take(Number(operand));
    }
  }
  return code;
}
