/** Commands and replies as people type and read them, in the manner of redis-cli. */

/**
 * Splits a line into arguments: words, "double quoted" with the escapes \n \r \t \b \a \xHH, or
 * 'single quoted'. Text becomes UTF-8.
 * @returns undefined if a quotation is not closed or is followed by anything but a space
 */
export function splitLine(line: string): Uint8Array[] | undefined {
  const reader = new LineReader(line);
  const words: Uint8Array[] = [];
  for (;;) {
    reader.skipSpace();
    if (reader.atEnd) return words;
    const word = reader.word();
    if (word === undefined) return undefined;
    words.push(word);
  }
}

const kEscapes: Record<string, number> = { n: 10, r: 13, t: 9, b: 8, a: 7 };
const kEncoder = new TextEncoder();

class LineReader {
  private at = 0;
  private readonly units: string[];

  constructor(line: string) {
    this.units = [...line]; // code points, so that no pair of surrogates is torn apart
  }

  get atEnd(): boolean {
    return this.at >= this.units.length;
  }

  skipSpace(): void {
    while (!this.atEnd && isSpace(this.units[this.at])) ++this.at;
  }

  word(): Uint8Array | undefined {
    const bytes: number[] = [];
    while (!this.atEnd && !isSpace(this.units[this.at])) {
      const unit = this.units[this.at++];
      if (unit === '"' || unit === "'") {
        if (!this.quotation(unit, bytes)) return undefined;
        if (!this.atEnd && !isSpace(this.units[this.at])) return undefined;
        break;
      }
      bytes.push(...kEncoder.encode(unit));
    }
    return Uint8Array.from(bytes);
  }

  private quotation(quote: string, bytes: number[]): boolean {
    while (!this.atEnd) {
      const unit = this.units[this.at++];
      if (unit === quote) return true;
      if (unit === '\\' && !this.atEnd && this.escape(quote, bytes)) continue;
      bytes.push(...kEncoder.encode(unit));
    }
    return false;
  }

  /** Reads what follows a backslash; false if that makes no escape. */
  private escape(quote: string, bytes: number[]): boolean {
    const unit = this.units[this.at];
    if (quote === "'" && unit !== "'") return false;
    const hex = this.units.slice(this.at + 1, this.at + 3).join('');
    if (unit === 'x' && /^[0-9a-f]{2}$/i.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      this.at += 3;
      return true;
    }
    const code = kEscapes[unit];
    if (code !== undefined) bytes.push(code);
    else bytes.push(...kEncoder.encode(unit));
    ++this.at;
    return true;
  }
}

function isSpace(unit: string): boolean {
  return /^\s$/.test(unit);
}

/** Bytes in double quotes: readable if they are UTF-8, with escapes for all that is not. */
export function quote(bytes: Uint8Array): string {
  const text = decodeStrictly(bytes);
  const units = text === undefined ? Array.from(bytes, (b) => String.fromCharCode(b)) : [...text];
  const escaped = units.map((unit) => {
    const code = unit.codePointAt(0) as number;
    if (unit === '"' || unit === '\\') return `\\${unit}`;
    const named = Object.keys(kEscapes).find((name) => kEscapes[name] === code);
    if (named !== undefined) return `\\${named}`;
    const isPlain = text === undefined ? code >= 32 && code < 127 : code >= 32 && code !== 127;
    return isPlain ? unit : `\\x${code.toString(16).padStart(2, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * One reply (the bytes `Database.callRaw` gives) as lines of text, without a line end at the end:
 * `"value"`, `(integer) 1`, `(nil)`, numbered lines for arrays, `key => value` for maps.
 */
export function formatReply(reply: Uint8Array): string {
  if (reply.length === 0) return '';
  return new Formatter(reply).value('');
}

class Formatter {
  private at = 0;
  private readonly latin1 = new TextDecoder('latin1');

  constructor(private readonly bytes: Uint8Array) {}

  /** The next value; `indent` goes before every line but the first. */
  value(indent: string): string {
    const type = String.fromCharCode(this.bytes[this.at++]);
    switch (type) {
      case '+':
        return this.line();
      case '-':
        return `(error) ${this.line()}`;
      case '!':
        return `(error) ${new TextDecoder().decode(this.blob())}`;
      case ':':
      case '(':
        return `(integer) ${this.line()}`;
      case ',':
        return `(double) ${this.line()}`;
      case '#':
        return this.line() === 't' ? '(true)' : '(false)';
      case '_':
        this.line();
        return '(nil)';
      case '$':
        return this.blobText();
      case '=':
        return new TextDecoder().decode(this.blob().subarray(4)).trimEnd();
      default:
        return this.aggregate(type, indent);
    }
  }

  private aggregate(type: string, indent: string): string {
    const count = Number(this.line());
    if (count < 0) return '(nil)';
    const isMap = type === '%' || type === '|';
    if (count === 0) return `(empty ${isMap ? 'hash' : type === '~' ? 'set' : 'array'})`;
    const mark = isMap ? '#' : type === '~' ? '~' : ')';
    const width = String(count).length;
    const inner = `${indent}${' '.repeat(width + 2)}`;
    const lines: string[] = [];
    for (let i = 1; i <= count; ++i) {
      const number = String(i).padStart(width);
      const first = this.value(inner);
      lines.push(`${number}${mark} ${isMap ? `${first} => ${this.value(inner)}` : first}`);
    }
    const text = lines.join(`\n${indent}`);
    return type === '|' ? `${text}\n${indent}${this.value(indent)}` : text;
  }

  private blobText(): string {
    if (this.bytes[this.at] === 0x2d) {
      this.line();
      return '(nil)';
    }
    return quote(this.blob());
  }

  private blob(): Uint8Array {
    const length = Number(this.line());
    const start = this.at;
    this.at += length + 2;
    return this.bytes.subarray(start, start + length);
  }

  private line(): string {
    const end = this.bytes.indexOf(13, this.at);
    const text = this.latin1.decode(this.bytes.subarray(this.at, end));
    this.at = end + 2;
    return text;
  }
}
