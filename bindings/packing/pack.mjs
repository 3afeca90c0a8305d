// Rewrites a built WebAssembly module so that it compresses better; it does the same as before.
//
//     node bindings/packing/pack.mjs FROM TO
//
// - Functions that look alike come next to each other, wherever their sources are.
// - Data with a few zeros in between becomes one piece.
// - Every memory access promises the alignment that is natural for its width. It is a hint that no
//   engine needs, and the compiler's differ.
// - Names of functions, for debuggers, go, for they go by the old numbers.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import {
  Reader,
  decodeSigned,
  encode,
  encodeSigned,
  kSection,
  moduleOf,
  passInstruction,
  sectionsOf,
} from './module.mjs';
import { orderByLikeness } from './order.mjs';

const kFunction = 0; // what is imported or exported
const kEnd = 0x0b;
const kConstant = 0x41; // i32.const
const kZerosMax = 32;

/** Passes over an import or export's description; true when it is a function. */
function passImport(reader) {
  for (const _ of ['module', 'name']) reader.take(reader.number());
  const kind = reader.byte();
  if (kind === kFunction) {
    reader.number();
  } else if (kind === 3) {
    reader.take(2); // a global's type
  } else if (kind === 4) {
    reader.take(1);
    reader.number(); // a tag's type
  } else {
    if (kind === 1) reader.take(1); // what the table holds
    const hasLimit = reader.byte() & 1;
    for (let i = 0; i <= hasLimit; i++) reader.number();
  }
  return kind === kFunction;
}

function listOf(body, next) {
  const reader = new Reader(body);
  return Array.from({ length: reader.number() }, () => next(reader));
}

const withNumber = (number, ...parts) => Buffer.concat([Buffer.from(encode(number)), ...parts]);
const listSection = (items) => withNumber(items.length, ...items);

/** Copies a section, but for the places that are written anew. */
class Rewriter {
  constructor(body) {
    this.reader = new Reader(body);
    this.parts = [];
    this.copied = 0;
  }

  replace(from, to, bytes) {
    this.parts.push(this.reader.bytes.subarray(this.copied, from), Uint8Array.from(bytes));
    this.copied = to;
  }

  /** Writes the function's index that comes next anew. */
  function(renumber) {
    const from = this.reader.at;
    const index = renumber(this.reader.number());
    this.replace(from, this.reader.at, encode(index));
  }

  /** Instructions up to the `end` that belongs to none of them, or up to `to`. */
  expression(renumber, to) {
    const found = (...place) => this.replace(...place);
    for (;;) {
      const code = passInstruction(this.reader, renumber, found);
      if (to === undefined ? code === kEnd : this.reader.at >= to) break;
    }
  }

  result() {
    return Buffer.concat([...this.parts, this.reader.bytes.subarray(this.copied)]);
  }
}

function rewriteGlobals(body, renumber) {
  const rewriter = new Rewriter(body);
  const { reader } = rewriter;
  for (let left = reader.number(); left > 0; left--) {
    reader.take(2);
    rewriter.expression(renumber);
  }
  return rewriter.result();
}

function rewriteExports(body, renumber) {
  const rewriter = new Rewriter(body);
  const { reader } = rewriter;
  for (let left = reader.number(); left > 0; left--) {
    reader.take(reader.number());
    if (reader.byte() === kFunction) rewriter.function(renumber);
    else reader.number();
  }
  return rewriter.result();
}

function rewriteStart(body, renumber) {
  const rewriter = new Rewriter(body);
  rewriter.function(renumber);
  return rewriter.result();
}

function rewriteElements(body, renumber) {
  const rewriter = new Rewriter(body);
  const { reader } = rewriter;
  for (let left = reader.number(); left > 0; left--) {
    if (reader.number() !== 0) throw new Error('only plain lists of functions are known');
    rewriter.expression(renumber);
    for (let functions = reader.number(); functions > 0; functions--) rewriter.function(renumber);
  }
  return rewriter.result();
}

/** An i32.const expression's value. */
function addressOf(reader) {
  if (reader.byte() !== kConstant) throw new Error('only data at fixed places is known');
  const from = reader.at;
  reader.skipNumber();
  const bytes = reader.bytes.subarray(from, reader.at);
  if (reader.byte() !== kEnd) throw new Error('only data at fixed places is known');
  return decodeSigned(bytes);
}

/**
 * Data, what is close together in one piece: zeros cost less than a piece, and are what the new
 * memory holds there anyhow.
 */
function rewriteData(body) {
  const pieces = listOf(body, (reader) => {
    if (reader.number() !== 0) throw new Error('only data at fixed places is known');
    const address = addressOf(reader);
    return { address, parts: [reader.take(reader.number())] };
  });
  const end = ({ address, parts }) => address + Buffer.concat(parts).length;
  const merged = [];
  for (const piece of pieces) {
    const last = merged.at(-1);
    const gap = last ? piece.address - end(last) : -1;
    if (gap >= 0 && gap <= kZerosMax) last.parts.push(Buffer.alloc(gap), ...piece.parts);
    else merged.push(piece);
  }
  const rewritten = merged.map(({ address, parts }) => {
    const data = Buffer.concat(parts);
    return withNumber(
      0,
      Buffer.from([kConstant, ...encodeSigned(address), kEnd]),
      withNumber(data.length, data),
    );
  });
  return listSection(rewritten);
}

const kRewriters = {
  [kSection.global]: rewriteGlobals,
  [kSection.export]: rewriteExports,
  [kSection.start]: rewriteStart,
  [kSection.element]: rewriteElements,
  [kSection.data]: rewriteData,
};

/** A function's locals and instructions. */
function rewriteBody(body, renumber) {
  const rewriter = new Rewriter(body);
  const { reader } = rewriter;
  for (let groups = reader.number(); groups > 0; groups--) {
    reader.number();
    reader.byte();
  }
  rewriter.expression(renumber, body.length);
  return rewriter.result();
}

/** Names of functions and locals. */
function isNames({ id, body }) {
  if (id !== kSection.custom) return false;
  const reader = new Reader(body);
  return Buffer.from(reader.take(reader.number())).toString() === 'name';
}

/** The module (bytes), packed. */
export function pack(bytes) {
  const sections = sectionsOf(bytes).filter((section) => !isNames(section));
  const bodyOf = (id) => sections.find((section) => section.id === id)?.body ?? Buffer.from([0]);
  const imported = listOf(bodyOf(kSection.import), passImport).filter(Boolean).length;
  const bodies = listOf(bodyOf(kSection.code), (reader) => reader.take(reader.number()));
  const types = listOf(bodyOf(kSection.function), (reader) => reader.number());

  const isCounted = sections.some(({ id }) => id === kSection.dataCount);
  const order = orderByLikeness(bodies);
  const places = new Map(order.map((index, place) => [imported + index, imported + place]));
  const renumber = (index) => places.get(index) ?? index;
  const packed = sections.map(({ id, body }) => {
    if (id === kSection.function) {
      return { id, body: listSection(order.map((index) => withNumber(types[index]))) };
    }
    if (id === kSection.code) {
      const rewritten = order.map((index) => rewriteBody(bodies[index], renumber));
      return { id, body: listSection(rewritten.map((code) => withNumber(code.length, code))) };
    }
    // Data that is counted is meant by number.
    if (id === kSection.data && isCounted) return { id, body };
    return { id, body: kRewriters[id]?.(body, renumber) ?? body };
  });
  return moduleOf(packed);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [from, to] = process.argv.slice(2);
  writeFileSync(to, pack(readFileSync(from)));
}
