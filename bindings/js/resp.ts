/**
 * The one decoder of replies: RESP3 (and RESP2, after HELLO 2) straight out of linear memory.
 * It trusts the engine to have written whole, well-formed replies and throws on anything else.
 */
import { ReplyError } from './errors.js';
import type { Codec } from './platform.js';
import type { Bytes, Reply } from './types.js';

const kCarriageReturn = 13;
const kMinus = 45;

/**
 * Up to this many bytes text is made from its units: 10-26 ns against the codec's 43 (Node) or 77
 * (TextDecoder). V8 copies concatenations up to 12 units, so these strings are flat.
 */
const kShortText = 12;

/** Up to this many bytes any JavaScript engine makes text. */
const kLongText = 1 << 28;

/** Digits that always fit a double exactly; longer numbers take the careful path. */
const kSafeDigits = 15;

const fromCharCode = String.fromCharCode;

/**
 * Decodes replies out of one engine's memory.
 *
 * `S` of a reply is text, or bytes when `raw` is set: then bulk and verbatim strings are copied out
 * as `Buffer` or `Uint8Array`; simple strings and the keys of maps stay text.
 */
export class ReplyDecoder {
  /** Byte offset of the first byte not decoded yet; after `decode`, where the next reply starts. */
  at = 0;

  private heap: Uint8Array = new Uint8Array(0);

  constructor(private readonly codec: Codec) {}

  /** Takes the (new) memory; call it first and again whenever memory has grown. */
  attach(heap: Uint8Array): void {
    this.heap = heap;
    this.codec.attach(heap);
  }

  /**
   * Decodes the reply at byte offset `start` and leaves `at` behind it. An error reply, at the top
   * or inside an array, is returned as a {@link ReplyError}. Linear in the size of the reply.
   */
  decode(start: number, raw: boolean): Reply<string | Bytes> {
    this.at = start + 1;
    switch (this.heap[start]) {
      case 0x24: // $ bulk string
        return this.bulk(raw);
      case 0x2b: // + simple string
        return this.line();
      case 0x3a: // : integer
        return this.integer();
      case 0x5f: // _ null
        this.at = start + 3;
        return null;
      case 0x2a: // * array
      case 0x7e: // ~ set
      case 0x3e: // > push
        return this.array(raw);
      case 0x25: // % map
        return this.map(raw);
      case 0x2c: // , double
        return this.double();
      case 0x23: // # boolean
        this.at = start + 4;
        return this.heap[start + 1] === 0x74;
      case 0x2d: // - error
        return new ReplyError(this.line());
      default:
        return this.rare(start, raw);
    }
  }

  private rare(start: number, raw: boolean): Reply<string | Bytes> {
    switch (this.heap[start]) {
      case 0x3d: // = verbatim string: three letters of format and a colon come first
        return this.verbatim(raw);
      case 0x28: // ( big number
        return BigInt(this.line());
      case 0x21: // ! bulk error
        return new ReplyError(this.bulk(false) as string);
      case 0x7c: // | attributes: a map about the reply that follows, not part of it
        this.skipAttributes();
        return this.decode(this.at, raw);
      default:
        throw new Error(`Unreadable reply: type byte ${this.heap[start]} at ${start}`);
    }
  }

  /** Reads a length or count and its line end. */
  private count(): number {
    const heap = this.heap;
    let at = this.at;
    let byte = heap[at];
    if (byte === kMinus) {
      this.at = at + 4; // only -1 occurs: the nulls of RESP2
      return -1;
    }
    let value = 0;
    do {
      value = value * 10 + (byte - 48);
      byte = heap[++at];
    } while (byte !== kCarriageReturn);
    this.at = at + 2;
    return value;
  }

  private bulk(raw: boolean): string | Bytes | null {
    const length = this.count();
    if (length < 0) return null;
    const start = this.at;
    this.at = start + length + 2;
    return raw ? this.codec.copy(start, start + length) : this.text(start, length);
  }

  private verbatim(raw: boolean): string | Bytes {
    const length = this.count();
    const start = this.at + 4;
    this.at += length + 2;
    return raw ? this.codec.copy(start, start + length - 4) : this.text(start, length - 4);
  }

  private line(): string {
    const heap = this.heap;
    const start = this.at;
    if (heap[start] === 0x4f && heap[start + 1] === 0x4b && heap[start + 2] === kCarriageReturn) {
      this.at = start + 4;
      return 'OK';
    }
    let end = start;
    while (heap[end] !== kCarriageReturn) ++end;
    this.at = end + 2;
    return this.text(start, end - start);
  }

  private integer(): number | bigint {
    const heap = this.heap;
    const start = this.at;
    const negative = heap[start] === kMinus;
    let at = negative ? start + 1 : start;
    const first = at;
    let value = 0;
    for (let byte = heap[at]; byte !== kCarriageReturn; byte = heap[++at]) {
      value = value * 10 + (byte - 48);
    }
    this.at = at + 2;
    if (at - first > kSafeDigits && value > Number.MAX_SAFE_INTEGER) {
      return BigInt(this.text(start, at - start));
    }
    return negative ? -value : value;
  }

  private double(): number {
    const text = this.line();
    if (text === 'inf') return Infinity;
    if (text === '-inf') return -Infinity;
    return Number(text); // 'nan' and '-nan' become NaN
  }

  /** Those within others wait in a list: a script may nest 8,000, more than a call stack holds. */
  private array(raw: boolean): Reply<string | Bytes>[] | null {
    let left = this.count();
    if (left < 0) return null;
    let items: Reply<string | Bytes>[] = [];
    const outer: { items: Reply<string | Bytes>[]; left: number }[] = [];
    for (;;) {
      while (left > 0) {
        --left;
        if (!isArray(this.heap[this.at])) {
          items.push(this.decode(this.at, raw));
          continue;
        }
        ++this.at;
        const count = this.count();
        if (count < 0) {
          items.push(null);
          continue;
        }
        outer.push({ items, left });
        items = [];
        left = count;
      }
      const whole = items;
      const around = outer.pop();
      if (around === undefined) return whole;
      ({ items, left } = around);
      items.push(whole);
    }
  }

  private map(raw: boolean): { [field: string]: Reply<string | Bytes> } {
    const count = this.count();
    const fields: { [field: string]: Reply<string | Bytes> } = {};
    for (let i = 0; i < count; ++i) {
      const key = this.decode(this.at, false);
      const field = typeof key === 'string' ? key : String(key);
      const value = this.decode(this.at, raw);
      // Assigning to __proto__ would replace the prototype instead of making a field.
      if (field === '__proto__') defineField(fields, field, value);
      else fields[field] = value;
    }
    return fields;
  }

  private skipAttributes(): void {
    for (let left = this.count() * 2; left > 0; --left) this.decode(this.at, false);
  }

  private longText(start: number, length: number): string {
    try {
      return this.codec.decode(start, start + length);
    } catch (cause) {
      // An engine's longest string is shorter than the longest value: 536,870,888 units in V8.
      const error = new RangeError(
        `A value of ${length} bytes is too long for a string: db.bytes gives it as bytes`,
      );
      throw Object.assign(error, { cause });
    }
  }

  /** Text of [start, start + length). */
  private text(start: number, length: number): string {
    if (length > kLongText) return this.longText(start, length);
    if (length > kShortText) return this.codec.decode(start, start + length);
    return shortText(this.heap, start, length) ?? this.codec.decode(start, start + length);
  }
}

function isArray(type: number): boolean {
  return type === 0x2a || type === 0x7e || type === 0x3e; // * array, ~ set, > push
}

function defineField(fields: object, field: string, value: unknown): void {
  Object.defineProperty(fields, field, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** At most 12 bytes as text if all of them are ASCII, else undefined. */
function shortText(heap: Uint8Array, start: number, length: number): string | undefined {
  let at = start;
  let text = '';
  for (let left = length; left >= 4; left -= 4, at += 4) {
    const a = heap[at];
    const b = heap[at + 1];
    const c = heap[at + 2];
    const d = heap[at + 3];
    if ((a | b | c | d) > 127) return undefined;
    text += fromCharCode(a, b, c, d);
  }
  const rest = length & 3;
  if (rest === 0) return text;
  const a = heap[at];
  const b = rest > 1 ? heap[at + 1] : 0;
  const c = rest > 2 ? heap[at + 2] : 0;
  if ((a | b | c) > 127) return undefined;
  if (rest === 1) return text + fromCharCode(a);
  return text + (rest === 2 ? fromCharCode(a, b) : fromCharCode(a, b, c));
}
