/** What a command's arguments may be, and what becomes of them: strings and bytes. */
import { describe } from './options.js';

/** Numbers as Redis reads them. */
export function numberText(value: number): string {
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  return `${value}`;
}

/** Longer strings are encoded before they are written. */
const kLongText = 1 << 20;

/** Commands whose arguments may be given as an object or a Map of names and values. */
const kTakesPairs = new Set(['mset', 'msetnx', 'hset', 'hmset']);

/** Appends one argument as strings and bytes; what cannot be sent is a TypeError. */
export function flattenInto(
  plain: unknown[],
  value: unknown,
  command: string,
  position: number,
): void {
  switch (typeof value) {
    case 'string':
      // Written in place a string needs room for the worst case, three times its length.
      plain.push(value.length > kLongText ? new TextEncoder().encode(value) : value);
      return;
    case 'number':
      plain.push(numberText(value));
      return;
    case 'bigint':
      plain.push(value.toString());
      return;
    case 'object':
      if (flattenObject(plain, value, command, position)) return;
  }
  const isOptions = typeof value === 'object' && value !== null && 'signal' in value;
  throw new TypeError(
    `Argument ${position + 1} of ${command} is ${describe(value)}: ` +
      'expected a string, number, bigint, Uint8Array or an array of these' +
      (isOptions ? '; a signal is for commands that wait, neither in chains nor in db.sync' : ''),
  );
}

function flattenObject(
  plain: unknown[],
  value: object | null,
  command: string,
  position: number,
): boolean {
  if (value === null) return false;
  if (Array.isArray(value)) {
    for (const item of value) flattenInto(plain, item, command, position);
    return true;
  }
  if (value instanceof Uint8Array) {
    plain.push(value);
    return true;
  }
  if (ArrayBuffer.isView(value)) {
    plain.push(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    return true;
  }
  if (value instanceof ArrayBuffer) {
    plain.push(new Uint8Array(value));
    return true;
  }
  if (!kTakesPairs.has(command)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isMap = value instanceof Map;
  if (!isMap && prototype !== Object.prototype && prototype !== null) return false;
  const pairs = isMap ? (value as Map<unknown, unknown>) : Object.entries(value);
  for (const [name, item] of pairs) {
    flattenInto(plain, alone(name, 'as a name', command, position), command, position);
    const where = `the value of ${JSON.stringify(String(name).slice(0, 40))}`;
    flattenInto(plain, alone(item, where, command, position), command, position);
  }
  return true;
}

/** Pairs are not nested: what stands for several arguments would become names and values. */
function alone(value: unknown, where: string, command: string, position: number): unknown {
  const isBytes = ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
  const isOne = ['string', 'number', 'bigint'].includes(typeof value) || isBytes;
  if (isOne) return value;
  throw new TypeError(
    `Argument ${position + 1} of ${command} is ${describe(value)}, ${where}: ` +
      'expected a string, number, bigint or Uint8Array',
  );
}
