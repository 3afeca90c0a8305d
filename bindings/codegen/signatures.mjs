// From the documentation of a command's arguments to the TypeScript signatures of its method.
import { repliesOf, replyByWord } from './replies.mjs';

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

/** A block goes by the names of its parts: `fieldValue`. */
function blockName(argument) {
  if (argument.type !== 'block') return argument.name;
  return argument.arguments.map((part) => part.name).join('-');
}

/**
 * What follows the fixed parameters if all options are left out and the rest is a repeated block
 * that begins with a number, as in ZADD: a tuple, which no option can be mistaken for.
 */
function numbersOf(list) {
  const last = list.at(-1);
  if (list.length < 2 || last.type !== 'block' || !isMultiple(last)) return undefined;
  if (!list.slice(0, -1).every(isOptional) || isOptional(last)) return undefined;
  const [first, ...others] = last.arguments;
  if (first.type !== 'double' && first.type !== 'integer') return undefined;
  const parts = [
    `${camelCase(first.name)}: number`,
    ...others.map((part) => `${camelCase(part.name)}: ${plainType(part)}`),
  ];
  return `...${camelCase(`${blockName(last)}s`)}: [${parts.join(', ')}, ...more: Value[]]`;
}

/**
 * What follows the fixed parameters: '' or a rest parameter, and whether it may be left out. Where
 * it is a list of words, its type, too.
 */
function restOf(list, names) {
  if (list.length === 0) return { text: '', optional: true };
  const [first] = list;
  if (list.length === 1 && isMultiple(first) && !isOptional(first) && !first.token) {
    const type = first.type === 'block' ? 'Value' : (plainType(first) ?? 'Value');
    return { text: `...${names.take(`${blockName(first)}s`)}: Many<${type}>`, optional: false };
  }
  const optional = list.every(isOptional);
  if (list.length === 1 && !isMultiple(first) && plainType(first) && !first.token) {
    return { text: `${names.take(first.name)}: ${plainType(first)}`, optional };
  }
  const tokens = [...new Set(tokensOf(list))].filter((token) => token !== '');
  const type = tokens.length > 0 ? `Word<${tokens.map(literal).join(' | ')}>` : 'Argument';
  return { text: `...${names.take('args')}: ${type}[]`, optional, words: `${type}[]` };
}

/** The two ways to call what takes one more value, and a word before it or not: FUNCTION LOAD. */
function wordBefore(list, names) {
  const [word, value] = list;
  if (list.length !== 2 || word.type !== 'pure-token' || !isOptional(word)) return undefined;
  if (isOptional(value) || isMultiple(value) || value.token || !plainType(value)) return undefined;
  const last = `${names.take(value.name)}: ${plainType(value)}`;
  return [last, `${names.take(word.name)}: Token<${literal(word.token)}>, ${last}`];
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
  const following = list.slice(at);
  const choice = wordBefore(following, names);
  return { fixed, choice, rest: restOf(following, names), numbers: numbersOf(following) };
}

/**
 * The overloads of a command's method: `[parameters, reply, variable]` each, without the method's
 * name; `variable` is the type variable with what it extends, if there is one.
 * @param name the command's full name, `config|get` for a subcommand
 * @param list its arguments as COMMAND DOCS tells them
 * @param arity as COMMAND INFO tells it, if it does
 * @param isPlain whether there may be no type variables
 */
export function overloadsOf(name, list, arity = 0, isPlain = false) {
  // DEBUG and its like take arguments nobody describes.
  if (list.length === 0 && arity < -1) return [['...args: Argument[]', repliesOf(name)[1]]];
  const { fixed, choice, rest, numbers } = parametersOf(list);
  const [short, full] = repliesOf(name);
  if (choice !== undefined) return choice.map((last) => [[...fixed, last].join(', '), full]);
  const overloads = [];
  if (kTakesPairs.has(name)) {
    const parameters = [...fixed, 'pairs: Pairs | Fields<P>'].join(', ');
    overloads.push([parameters, full, 'P extends object']);
  }
  if (rest.optional) overloads.push([fixed.join(', '), short]);
  if (numbers !== undefined) overloads.push([[...fixed, numbers].join(', '), short]);
  const decided = isPlain || rest.words === undefined ? undefined : replyByWord(name);
  if (decided !== undefined) {
    overloads.push([[...fixed, '...args: A'].join(', '), decided, `A extends ${rest.words}`]);
  } else if (rest.text !== '') {
    overloads.push([[...fixed, rest.text].join(', '), full]);
  }
  return overloads;
}
