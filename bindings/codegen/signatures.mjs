// From the documentation of a command's arguments to the TypeScript signatures of its method.
import { repliesOf } from './replies.mjs';

const kTypes = {
  key: 'Key',
  string: 'Value',
  pattern: 'Value',
  integer: 'Integer',
  'unix-time': 'Integer',
  double: 'Double',
};

/** Commands that also take an object or a Map of names and values. */
const kTakesPairs = new Set(['mset', 'msetnx', 'hset', 'hmset']);

const kReserved = new Set([
  'arguments',
  'default',
  'delete',
  'eval',
  'export',
  'function',
  'in',
  'new',
]);

/** `foo-bar` and `foo|bar` as identifiers: `fooBar`. */
export function camelCase(name) {
  return name.replace(/[^a-zA-Z0-9]+(.)?/g, (_, next = '') => next.toUpperCase());
}

const has = (argument, flag) => (argument.flags ?? []).includes(flag);
const isOptional = (argument) => has(argument, 'optional');
const isMultiple = (argument) => has(argument, 'multiple');
const literal = (token) => `'${token.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** The type of a single required argument that stands where it is written, or undefined. */
function plainType(argument) {
  if (argument.token !== undefined && argument.type !== 'pure-token') return undefined;
  if (argument.type === 'pure-token') return `Token<${literal(argument.token)}>`;
  if (argument.type === 'oneof') {
    const words = argument.arguments;
    if (!words.every((word) => word.type === 'pure-token')) return undefined;
    return `Token<${words.map((word) => literal(word.token)).join(' | ')}>`;
  }
  return kTypes[argument.type];
}

function tokensOf(list) {
  return list.flatMap((argument) => [
    ...(argument.token ? [argument.token] : []),
    ...tokensOf(argument.arguments ?? []),
  ]);
}

/** Names for the parameters, each once. */
class Names {
  #used = new Set();

  take(wanted) {
    let name = camelCase(wanted).replace(/^[^a-z]+/i, '') || 'argument';
    name = name[0].toLowerCase() + name.slice(1);
    if (kReserved.has(name)) name += 'Name';
    for (let i = 2; this.#used.has(name); ++i) name = name.replace(/\d*$/, String(i));
    this.#used.add(name);
    return name;
  }
}

/** What follows the fixed parameters: '' or a rest parameter, and whether it may be left out. */
function restOf(list, names) {
  if (list.length === 0) return { text: '', optional: true };
  const [first] = list;
  if (list.length === 1 && isMultiple(first) && !isOptional(first) && !first.token) {
    const type = first.type === 'block' ? 'Value' : (plainType(first) ?? 'Value');
    return { text: `...${names.take(`${first.name}s`)}: Many<${type}>`, optional: false };
  }
  const optional = list.every(isOptional);
  if (list.length === 1 && !isMultiple(first) && plainType(first) && !first.token) {
    return { text: `${names.take(first.name)}: ${plainType(first)}`, optional };
  }
  const tokens = [...new Set(tokensOf(list))].filter((token) => token !== '');
  const word = tokens.length > 0 ? `Token<${tokens.map(literal).join(' | ')}> | ` : '';
  return { text: `...${names.take('args')}: (${word}Argument)[]`, optional };
}

/** The fixed parameters and what follows them. */
function parametersOf(list) {
  const names = new Names();
  const fixed = [];
  let at = 0;
  for (; at < list.length; ++at) {
    const argument = list[at];
    const type = isOptional(argument) || isMultiple(argument) ? undefined : plainType(argument);
    if (type === undefined) break;
    fixed.push(`${names.take(argument.name)}: ${type}`);
  }
  return { fixed, rest: restOf(list.slice(at), names) };
}

/**
 * The overloads of a command's method: `[parameters, reply]` each, without the method's name.
 * @param name the command's full name, `config|get` for a subcommand
 * @param list its arguments as COMMAND DOCS tells them
 */
export function overloadsOf(name, list) {
  const { fixed, rest } = parametersOf(list);
  const [short, full] = repliesOf(name);
  const overloads = [];
  if (kTakesPairs.has(name)) {
    overloads.push([[...fixed, 'pairs: Pairs'].join(', '), full]);
  }
  if (rest.optional) overloads.push([fixed.join(', '), short]);
  if (rest.text !== '') {
    const isShort = short !== full && !rest.optional;
    overloads.push([[...fixed, rest.text].join(', '), isShort ? `${short} | ${full}` : full]);
  }
  return overloads;
}
