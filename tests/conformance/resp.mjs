// RESP as the tests see it: replies keep the type they had on the wire. Deliberately not the
// package's own decoder, so that one cannot hide the other's mistakes.
//
// A reply is { t, v }: t is the type byte (+ - : $ * % ~ > , # ( = _); nulls are 'nil$' and 'nil*'
// in RESP2 and '_' in RESP3. Bulk strings are Buffers; maps are flat lists of key, value, ...

/** Encodes a command (strings or Buffers) as a RESP array of bulk strings. */
export function encode(args) {
  const parts = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** Decodes a stream of replies: push(chunk), then next() until it gives undefined. */
export class Decoder {
  #bytes = Buffer.alloc(0);
  #at = 0;

  push(chunk) {
    const rest = this.#bytes.subarray(this.#at);
    this.#bytes = rest.length ? Buffer.concat([rest, chunk]) : chunk;
    this.#at = 0;
  }

  /** Bytes received but not yet decoded. */
  get pending() {
    return this.#bytes.subarray(this.#at);
  }

  next() {
    const start = this.#at;
    const reply = this.#read();
    if (reply === undefined) this.#at = start;
    return reply;
  }

  #line() {
    const end = this.#bytes.indexOf('\r\n', this.#at);
    if (end < 0) return undefined;
    const line = this.#bytes.subarray(this.#at, end);
    this.#at = end + 2;
    return line;
  }

  #read() {
    const line = this.#line();
    if (line === undefined) return undefined;
    const t = String.fromCharCode(line[0]);
    const text = line.toString('latin1', 1);
    switch (t) {
      case '+':
      case '-':
      case ':':
      case ',':
      case '(':
        return { t, v: text };
      case '#':
        return { t, v: text === 't' };
      case '_':
        return { t, v: null };
      case '$':
      case '=': {
        const length = Number(text);
        if (length < 0) return { t: 'nil$', v: null };
        if (this.#bytes.length < this.#at + length + 2) return undefined;
        const v = this.#bytes.subarray(this.#at, this.#at + length);
        this.#at += length + 2;
        return t === '$' ? { t, v } : { t, v: v.subarray(4), format: v.toString('latin1', 0, 3) };
      }
      case '*':
      case '~':
      case '>':
      case '%': {
        if (Number(text) < 0) return { t: 'nil*', v: null };
        const v = [];
        for (let left = Number(text) * (t === '%' ? 2 : 1); left > 0; left--) {
          const item = this.#read();
          if (item === undefined) return undefined;
          v.push(item);
        }
        return { t, v };
      }
      default:
        throw new Error(`not a RESP reply: ${JSON.stringify(line.toString('latin1'))}`);
    }
  }
}

/** Bytes as a quoted string: printable ASCII as is, the rest as \r \n \t \xHH. */
export function quote(bytes) {
  let out = '"';
  for (const byte of Buffer.from(bytes)) {
    if (byte === 0x22) out += '\\"';
    else if (byte === 0x5c) out += '\\\\';
    else if (byte === 0x0d) out += '\\r';
    else if (byte === 0x0a) out += '\\n';
    else if (byte === 0x09) out += '\\t';
    else if (byte < 0x20 || byte > 0x7e) out += `\\x${byte.toString(16).padStart(2, '0')}`;
    else out += String.fromCharCode(byte);
  }
  return `${out}"`;
}
