/**
 * Checks of what a caller hands over besides the arguments of commands. What is wrong is a
 * `TypeError` that names it, thrown before anything has been done.
 */
import type { Signal } from './types.js';

/** What a value is, in words for an error. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 40))}`;
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`;
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return 'an array';
  const name = (value as object).constructor?.name;
  return name === undefined || name === 'Object' ? 'an object' : `an object of class ${name}`;
}

/** @throws TypeError if a `signal` option is neither missing nor an AbortSignal or alike */
export function checkSignal(signal: unknown): asserts signal is Signal | undefined {
  if (signal === undefined) return;
  const { aborted, addEventListener, removeEventListener } = (signal ?? {}) as Partial<Signal>;
  if (
    typeof aborted === 'boolean' &&
    typeof addEventListener === 'function' &&
    typeof removeEventListener === 'function'
  ) {
    return;
  }
  const hint = signal instanceof AbortController ? ': it is its .signal that is wanted' : '';
  throw new TypeError(`The option signal is no AbortSignal but ${describe(signal)}${hint}`);
}

/**
 * The options of a method, none if they are left out.
 * @param method its name, for errors
 * @param known the names of its options
 * @param hint said of an unknown one
 * @throws TypeError if they are no object, one is unknown or the signal is none
 */
export function optionsOf<O extends object>(
  method: string,
  options: O | undefined,
  known: readonly (keyof O & string)[],
  hint = '',
): Partial<O> {
  if (options === undefined) return {};
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`The options of ${method} are an object, not ${describe(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!(known as readonly string[]).includes(name)) {
      throw new TypeError(`${method} has no option ${name}${hint}`);
    }
  }
  checkSignal((options as { signal?: unknown }).signal);
  return options;
}

/** @throws TypeError if it is no function */
export function checkHandler(method: string, name: string, handler: unknown): void {
  if (typeof handler === 'function') return;
  throw new TypeError(`The ${name} of ${method} is a function, not ${describe(handler)}`);
}

/** Commands whose messages only the methods of the same names give to anybody. */
const kFeeds = new Set(['subscribe', 'psubscribe', 'ssubscribe', 'monitor']);

/** @throws TypeError if the name of a command is no string */
export function checkName(name: unknown): asserts name is string {
  if (typeof name === 'string') return;
  throw new TypeError(`The name of a command is a string, not ${describe(name)}`);
}

/** @throws TypeError as `checkName`, or if the command's messages would go nowhere */
export function checkCalled(name: unknown): asserts name is string {
  checkName(name);
  const method = name.toLowerCase();
  if (kFeeds.has(method)) {
    throw new TypeError(`What ${method} brings has no place in a reply: use db.${method}()`);
  }
}

/** Commands that a chain gives by itself, or that would tear it apart. */
const kOfTransactions = new Set(['multi', 'exec', 'discard', 'watch']);

/** @throws TypeError as `checkCalled`, or if the command has no place in a transaction */
export function checkQueued(name: unknown): asserts name is string {
  checkCalled(name);
  const method = name.toLowerCase();
  if (!kOfTransactions.has(method)) return;
  throw new TypeError(`A transaction cannot contain ${method}: exec() sends MULTI and EXEC`);
}

/** What may stand behind the other arguments: a handler and options, or either, or nothing. */
export type HandlerAndOptions<H, O> = [handler: H, options?: O] | [options?: O, none?: undefined];

/**
 * A handler, if there is one, and the options.
 * @throws TypeError as `optionsOf`, or if what stands in the handler's place is neither
 */
export function sortOut<H extends (...args: never[]) => unknown, O extends object>(
  method: string,
  rest: HandlerAndOptions<H, O>,
  known: readonly (keyof O & string)[],
): { handler: H | undefined; options: Partial<O> } {
  const [first, second] = rest;
  if (typeof first === 'function') {
    return { handler: first as H, options: optionsOf(method, second, known) };
  }
  if (first === undefined) return { handler: undefined, options: optionsOf(method, second, known) };
  if (second !== undefined || typeof first !== 'object') checkHandler(method, 'handler', first);
  return { handler: undefined, options: optionsOf(method, first as O, known) };
}

/**
 * Channels or patterns, each once.
 * @throws TypeError unless there is at least one and all are strings
 */
export function topicsOf(method: string, topics: string | readonly string[]): string[] {
  const list: readonly unknown[] = Array.isArray(topics) ? topics : [topics];
  for (const topic of list) {
    if (typeof topic === 'string') continue;
    throw new TypeError(`${method} takes a string or an array of strings, not ${describe(topic)}`);
  }
  if (list.length === 0) throw new TypeError(`${method} takes at least one channel or pattern`);
  return [...new Set(list as string[])];
}
