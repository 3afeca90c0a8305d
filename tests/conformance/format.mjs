// Reads tests/conformance/*.resp (the format is described in README.md).
import { readFileSync } from 'node:fs';

const kTemplate = /^\{([^{}|]*)\|\s*(-?\d+)\.\.(-?\d+)\s*\}/;
const kEscapes = { r: 13, n: 10, t: 9, 0: 0, '"': 34, '\\': 92, a: 7, b: 8 };

class Cursor {
  constructor(text, where) {
    this.text = text;
    this.at = 0;
    this.where = where;
  }

  fail(what) {
    throw new Error(`${this.where}: ${what} at "${this.text.slice(this.at, this.at + 40)}"`);
  }
  blanks() {
    while (' \t\n'.includes(this.text[this.at]) && this.at < this.text.length) this.at++;
  }
  get done() {
    return this.at >= this.text.length;
  }
  starts(what) {
    return this.text.startsWith(what, this.at);
  }
  take(what) {
    if (!this.starts(what)) return false;
    this.at += what.length;
    return true;
  }

  match(pattern) {
    const found = pattern.exec(this.text.slice(this.at));
    if (found) this.at += found[0].length;
    return found;
  }

  /** A "quoted string" with escapes, optionally repeated: "x"*65. */
  quoted() {
    const bytes = [];
    this.at++;
    for (;;) {
      if (this.done) this.fail('unterminated string');
      const c = this.text[this.at++];
      if (c === '"') break;
      if (c !== '\\') {
        bytes.push(...Buffer.from(c));
        continue;
      }
      const escape = this.text[this.at++];
      if (escape === 'x') {
        bytes.push(parseInt(this.text.slice(this.at, this.at + 2), 16));
        this.at += 2;
      } else if (escape in kEscapes) bytes.push(kEscapes[escape]);
      else this.fail('unknown escape');
    }
    const times = this.match(/^\*(\d+)/);
    const once = Buffer.from(bytes);
    return times ? Buffer.alloc(once.length * Number(times[1]), once) : once;
  }

  /** A `glob`, as a regular expression over latin1 text: * any run, ? one character, \ escapes. */
  glob() {
    this.at++;
    let source = '';
    for (;;) {
      if (this.done) this.fail('unterminated glob');
      const c = this.text[this.at++];
      if (c === '`') break;
      if (c === '*') source += '[^]*';
      else if (c === '?') source += '[^]';
      else if (c === '\\') {
        const escape = this.text[this.at++];
        source += { r: '\\r', n: '\\n' }[escape] ?? escape.replace(/[^\w]/g, '\\$&');
      } else source += c.replace(/[.+^${}()|[\]/]/g, '\\$&');
    }
    return new RegExp(`^${source}$`);
  }
}

/** The words of a command line up to `=>`; each template word becomes several. */
function words(cursor) {
  const out = [];
  for (;;) {
    cursor.blanks();
    if (cursor.done) return { words: out, arrow: false };
    if (cursor.match(/^=>(?=\s|$)/)) return { words: out, arrow: true };
    if (cursor.starts('"')) {
      out.push(cursor.quoted());
      continue;
    }
    const template = cursor.match(kTemplate);
    if (template) {
      const [, body, first, last] = template;
      const inner = body.trim().split(/\s+/);
      for (let i = Number(first); i <= Number(last); i++) {
        for (const word of inner) out.push(Buffer.from(word.replaceAll('#', String(i))));
      }
      continue;
    }
    out.push(Buffer.from(cursor.match(/^\S+/)[0]));
  }
}

function sequence(cursor, close) {
  const items = [];
  let open = false;
  for (;;) {
    cursor.blanks();
    if (cursor.take(close)) return { items, open };
    if (cursor.done) cursor.fail(`no closing ${close}`);
    if (cursor.match(/^\.\.\.(?=[\s\])}])/)) open = true;
    else items.push(value(cursor, false));
  }
}

function text(cursor, top) {
  if (cursor.starts('"')) return { v: cursor.quoted().toString('latin1') };
  if (cursor.starts('`')) return { glob: cursor.glob() };
  return { v: cursor.match(top ? /^[^\n]*/ : /^[^\s\])}]*/)[0].trimEnd() };
}

function number(cursor) {
  const range = cursor.match(/^(-?[\d.]+)\.\.(-?[\d.]+)/);
  if (range) return { range: [Number(range[1]), Number(range[2])] };
  if (cursor.match(/^\*/)) return { range: [-Infinity, Infinity] };
  return { v: cursor.match(/^[^\s\])}]+/)?.[0] ?? cursor.fail('a number') };
}

/** One expected reply. `top`: errors and statuses may run to the end of the line. */
function value(cursor, top) {
  cursor.blanks();
  const found = cursor.match(/^(nil\[\]|nil|any|none|unordered|oneof|subset|picks|2:|3:)/);
  switch (found?.[1]) {
    case 'nil':
    case 'nil[]':
    case 'any':
    case 'none':
      return { k: found[1] };
    case 'unordered':
    case 'oneof':
      cursor.take('[');
      return { k: found[1], ...sequence(cursor, ']') };
    case 'subset':
    case 'picks': {
      const count = Number(cursor.match(/^\s*(\d+)\s*\[/)?.[1] ?? cursor.fail('count and ['));
      return { k: found[1], count, ...sequence(cursor, ']') };
    }
    case '2:':
    case '3:':
      return { k: 'proto', proto: Number(found[1][0]), of: value(cursor, top) };
    default:
  }
  const c = cursor.text[cursor.at];
  if (c === '"') return { k: '$', v: cursor.quoted() };
  if (c === '`') return { k: '$', glob: cursor.glob() };
  if (cursor.take('=txt')) {
    return cursor.starts('`') ? { k: '=', glob: cursor.glob() } : { k: '=', v: cursor.quoted() };
  }
  cursor.at++;
  switch (c) {
    case '+':
    case '-':
      return { k: c, ...text(cursor, top) };
    case ':':
    case ',':
      return { k: c, ...number(cursor) };
    case '#':
      return { k: '#', v: cursor.match(/^[tf]/)[0] === 't' };
    case '[':
      return { k: '*', ...sequence(cursor, ']') };
    case '(':
      return { k: 'pairs', ...sequence(cursor, ')') };
    case '{':
      return { k: '%', ...sequence(cursor, '}') };
    case '~':
    case '>':
      cursor.take('[');
      return { k: c, ...sequence(cursor, ']') };
    default:
      cursor.at--;
      return cursor.fail('not a reply');
  }
}

/** An expectation: one value, or alternatives by protocol (`2: ... 3: ...`). */
function expectation(source, where) {
  const cursor = new Cursor(source, where);
  const all = [];
  for (cursor.blanks(); !cursor.done; cursor.blanks()) all.push(value(cursor, true));
  if (all.length === 1) return all[0];
  if (all.length > 1 && all.every((item) => item.k === 'proto')) return { k: 'either', all };
  return cursor.fail('expected exactly one reply');
}

const kDirectives = ['since', 'session', 'resp', 'sleep', 'send', 'reply', 'closed'];

function directive(step, name, rest, where) {
  if (!kDirectives.includes(name)) throw new Error(`${where}: unknown directive @${name}`);
  const cursor = new Cursor(rest, where);
  if (name === 'send') {
    const { words: parts, arrow } = words(cursor);
    return {
      ...step,
      do: 'send',
      bytes: Buffer.concat(parts),
      arrow,
      source: rest.slice(cursor.at),
    };
  }
  if (name === 'reply')
    return { ...step, do: 'reply', arrow: true, source: rest.replace(/^=>/, '') };
  if (name === 'sleep') {
    const [, count, unit] = /^(\d+)(ms|s)$/.exec(rest);
    return { ...step, do: 'sleep', ms: Number(count) * (unit === 's' ? 1000 : 1) };
  }
  return { ...step, do: name, argument: rest };
}

/**
 * Parses a file's text into cases: { title, line, steps, since?, resp? }; a step is
 * { do: 'call' | 'send' | 'reply' | 'closed' | 'sleep' | 'session', line, args?, bytes?, expect?,
 * since? }.
 */
export function parse(source, name) {
  const cases = [];
  let current = null;
  let last = null;
  let since = null;
  let fileSince;
  source.split('\n').forEach((raw, index) => {
    const where = `${name}:${index + 1}`;
    const line = raw.trimEnd();
    if (line.trim() === '' || line.trimStart().startsWith('# ') || line.trim() === '#') return;
    if (line.startsWith('=== ')) {
      current = { title: line.slice(4), line: index + 1, steps: [], since: fileSince };
      cases.push(current);
      last = since = null;
      return;
    }
    const whole = !current && /^@since\s+(\S+)\s*(.*)$/.exec(line);
    if (whole) {
      fileSince = { version: whole[1], why: whole[2] };
      return;
    }
    if (!current) throw new Error(`${where}: a case starts with "=== title"`);
    if (/^\s/.test(line)) {
      if (!last?.arrow) throw new Error(`${where}: a reply without a command`);
      last.source += `\n${line}`;
      return;
    }
    const step = { line: index + 1, text: line, since };
    if (line.startsWith('@')) {
      const [, word, rest] = /^@(\w+)\s*(.*)$/.exec(line);
      const item = directive(step, word, rest, where);
      if (word === 'since') {
        const [, version, why] = /^(\S+)\s*(.*)$/.exec(rest);
        if (current.steps.length) since = { version, why };
        else current.since = { version, why };
      } else if (word === 'resp') current.resp = Number(rest);
      else {
        current.steps.push(item);
        last = item;
        since = null;
      }
      return;
    }
    const cursor = new Cursor(line, where);
    const { words: args, arrow } = words(cursor);
    last = { ...step, do: 'call', args, arrow, source: line.slice(cursor.at) };
    current.steps.push(last);
    since = null;
  });
  for (const item of cases) {
    for (const step of item.steps) {
      if (step.arrow && step.source.trim())
        step.expect = expectation(step.source, `${name}:${step.line}`);
    }
  }
  return cases;
}

export function parseFile(path) {
  return parse(readFileSync(path, 'utf8'), path.replace(/^.*\//, ''));
}
