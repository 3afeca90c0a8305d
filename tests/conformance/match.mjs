// Compares replies with expectations, and writes replies in the notation of the .resp files.
import { quote } from './resp.mjs';

const isNil = (reply) => reply.t === '_' || reply.t === 'nil$' || reply.t === 'nil*';

function textMatches(expect, found) {
  if (expect.glob) return expect.glob.test(found.toString('latin1'));
  return Buffer.isBuffer(expect.v)
    ? Buffer.compare(expect.v, Buffer.from(found)) === 0
    : expect.v === found.toString('latin1');
}

function numberMatches(expect, found) {
  if (!expect.range) return expect.v === found.toString('latin1');
  const value = Number(found.toString('latin1'));
  return value >= expect.range[0] && value <= expect.range[1];
}

function listMatches({ items, open }, found, proto) {
  return (
    (open ? found.length >= items.length : found.length === items.length) &&
    items.every((item, i) => matches(item, found[i], proto))
  );
}

/** Multiset comparison: every item claims one reply of its own. */
function bagMatches({ items, open }, found, proto) {
  const left = [...found];
  for (const item of items) {
    const at = left.findIndex((reply) => matches(item, reply, proto));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return open || left.length === 0;
}

const chunked = (list) => {
  const out = [];
  for (let i = 0; i < list.length; i += 2) out.push(list.slice(i, i + 2));
  return out;
};

function mapMatches({ items, open }, found, proto) {
  const entries = chunked(found).map((v) => ({ t: '*', v }));
  const wanted = chunked(items).map((pair) => ({ k: '*', items: pair }));
  return found.length % 2 === 0 && bagMatches({ items: wanted, open }, entries, proto);
}

function pairsMatch(expect, reply, proto) {
  if (reply.t !== '*') return false;
  if (proto === 2) return listMatches(expect, reply.v, proto);
  return (
    reply.v.every((pair) => pair.t === '*' && pair.v.length === 2) &&
    listMatches(
      expect,
      reply.v.flatMap((pair) => pair.v),
      proto,
    )
  );
}

function drawMatches(expect, reply, proto) {
  if (!'*~'.includes(reply.t) || reply.v.length !== expect.count) return false;
  const among = (item) => expect.items.some((choice) => matches(choice, item, proto));
  const distinct = new Set(reply.v.map((item) => quote(item.v))).size;
  return reply.v.every(among) && (expect.k === 'picks' || distinct === expect.count);
}

/** Whether a reply received under protocol 2 or 3 is the expected one. */
export function matches(expect, reply, proto) {
  const three = proto === 3;
  const type = (in3, in2) => reply.t === (three ? in3 : in2);
  switch (expect.k) {
    case 'any':
      return true;
    case 'none':
      return false;
    case 'nil':
      return type('_', 'nil$');
    case 'nil[]':
      return type('_', 'nil*');
    case 'proto':
      return expect.proto !== proto || matches(expect.of, reply, proto);
    case 'either':
      return expect.all.every((item) => matches(item, reply, proto));
    case 'oneof':
      return expect.items.some((item) => matches(item, reply, proto));
    case '+':
    case '-':
      return reply.t === expect.k && textMatches(expect, reply.v);
    case '$':
      return reply.t === '$' && textMatches(expect, reply.v);
    case '=':
      return type('=', '$') && textMatches(expect, reply.v);
    case ':':
      return reply.t === ':' && numberMatches(expect, reply.v);
    case ',':
      return type(',', '$') && numberMatches(expect, reply.v);
    case '#':
      return three
        ? reply.t === '#' && reply.v === expect.v
        : reply.t === ':' && reply.v === (expect.v ? '1' : '0');
    case '*':
      return reply.t === '*' && listMatches(expect, reply.v, proto);
    case '>':
      return type('>', '*') && listMatches(expect, reply.v, proto);
    case '~':
      return type('~', '*') && bagMatches(expect, reply.v, proto);
    case 'unordered':
      return reply.t === '*' && bagMatches(expect, reply.v, proto);
    case '%':
      return type('%', '*') && mapMatches(expect, reply.v, proto);
    case 'pairs':
      return pairsMatch(expect, reply, proto);
    case 'subset':
    case 'picks':
      return drawMatches(expect, reply, proto);
    default:
      throw new Error(`no such expectation: ${expect.k}`);
  }
}

const bulk = (bytes) => {
  const first = bytes[0];
  if (bytes.length > 40 && bytes.every((byte) => byte === first)) {
    return `${quote([first])}*${bytes.length}`;
  }
  return quote(bytes);
};

const plain = (text, top) =>
  (top || !/[\s\])}]/.test(text)) && text.trim() === text && !/^["`]/.test(text)
    ? text
    : quote(Buffer.from(text, 'latin1'));

/** A reply in the notation of the .resp files, as a list of pieces to lay out on lines. */
export function show(reply, top = true) {
  const list = (open, close) =>
    `${open}${reply.v.map((item) => show(item, false)).join(' ')}${close}`;
  switch (reply.t) {
    case '+':
    case '-':
      return reply.t + plain(reply.v, top);
    case ':':
    case ',':
      return reply.t + reply.v;
    case '$':
      return bulk(reply.v);
    case '=':
      return `=txt${bulk(reply.v)}`;
    case '#':
      return reply.v ? '#t' : '#f';
    case '(':
      return `(${reply.v}`;
    case '*':
      return list('[', ']');
    case '~':
      return list('~[', ']');
    case '>':
      return list('>[', ']');
    case '%':
      return `{${chunked(reply.v)
        .map((p) => p.map((i) => show(i, false)).join(' '))
        .join('  ')}}`;
    case 'nil*':
      return 'nil[]';
    case 'closed':
      return '(connection closed)';
    case 'timeout':
      return '(no reply)';
    default:
      return 'nil';
  }
}

/**
 * One notation for what RESP2 and RESP3 answered to the same command; undefined if they disagree.
 */
export function unify(two, three, top = true) {
  const each = (a, b) => {
    if (a.length !== b.length) return undefined;
    const parts = a.map((item, i) => unify(item, b[i], false));
    return parts.includes(undefined) ? undefined : parts;
  };
  if (isNil(two) && three.t === '_') return two.t === 'nil*' ? 'nil[]' : 'nil';
  if (two.t === ':' && three.t === '#') {
    return two.v === (three.v ? '1' : '0') ? show(three, top) : undefined;
  }
  if (two.t === '$' && (three.t === ',' || three.t === '=')) {
    return two.v.toString('latin1') === three.v.toString('latin1') ? show(three, top) : undefined;
  }
  if (two.t === '*' && three.t === '*') {
    const parts = each(two.v, three.v);
    if (parts) return `[${parts.join(' ')}]`;
    if (!three.v.length || !three.v.every((i) => i.t === '*' && i.v.length === 2)) return undefined;
    const flat = each(
      two.v,
      three.v.flatMap((pair) => pair.v),
    );
    return (
      flat &&
      `(${chunked(flat)
        .map((p) => p.join(' '))
        .join('  ')})`
    );
  }
  if (two.t === '*' && three.t === '%') {
    const parts = each(two.v, three.v);
    return (
      parts &&
      `{${chunked(parts)
        .map((p) => p.join(' '))
        .join('  ')}}`
    );
  }
  if (two.t === '*' && (three.t === '~' || three.t === '>')) {
    const parts = each(two.v, three.v);
    return parts && `${three.t}[${parts.join(' ')}]`;
  }
  if (two.t !== three.t) return undefined;
  return show(two, top) === show(three, top) ? show(three, top) : undefined;
}
