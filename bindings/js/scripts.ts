/** Commands of the user's own, made of Lua scripts. */
import { commandIds } from './commands.gen.js';
import type { Engine } from './engine.js';
import { describe, optionsOf } from './options.js';

/** A command that {@link Database.defineCommand} makes of a script. */
export interface CommandDefinition {
  /** The script: it finds its keys in `KEYS` and what follows them in `ARGV`. */
  lua: string;
  /** How many of the arguments are keys. Without it each call says so, as its first argument. */
  numberOfKeys?: number;
  /** Whether the script only reads (EVAL_RO): what it tries to write is refused. */
  readOnly?: boolean;
}

/** What the methods of a defined command need to know. */
export interface DefinedScript {
  lua: string;
  sha: string;
  numberOfKeys: number | undefined;
  /** The numbers of EVALSHA and EVAL, or of those that only read. */
  shaId: number;
  evalId: number;
}

/** @throws TypeError if something of the definition cannot be meant */
export function scriptOf(
  engine: Engine,
  name: string,
  definition: CommandDefinition,
): DefinedScript {
  const known = ['lua', 'numberOfKeys', 'readOnly'] as const;
  const what = `defineCommand('${name}')`;
  const { lua, numberOfKeys, readOnly = false } = optionsOf(what, definition, known);
  if (typeof lua !== 'string') {
    throw new TypeError(`The lua of ${what} is the text of a script, not ${describe(lua)}`);
  }
  if (numberOfKeys !== undefined && !(Number.isSafeInteger(numberOfKeys) && numberOfKeys >= 0)) {
    throw new TypeError(
      `The numberOfKeys of ${what} is a whole number of at least 0, not ${describe(numberOfKeys)}`,
    );
  }
  if (typeof readOnly !== 'boolean') {
    throw new TypeError(`The readOnly of ${what} is true or false, not ${describe(readOnly)}`);
  }
  return {
    lua,
    sha: engine.scriptSha(lua),
    numberOfKeys,
    shaId: commandIds.get(readOnly ? 'evalsha_ro' : 'evalsha')!,
    evalId: commandIds.get(readOnly ? 'eval_ro' : 'eval')!,
  };
}

/**
 * @param taken the objects that get a method of this name
 * @throws TypeError if it can be no method's name, or is that of a member that is not `own`
 */
export function checkDefinedName(name: unknown, taken: readonly object[], own: boolean): void {
  if (typeof name !== 'string' || !/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name)) {
    throw new TypeError(
      `The name of a command to define is a word such as 'popAll', not ${describe(name)}`,
    );
  }
  // An object with a method `then` would be taken for a promise.
  if (name === 'then' || (!own && taken.some((object) => name in object))) {
    throw new TypeError(`A command cannot be defined as ${name}: the name is taken`);
  }
}

/** Gives an object its method for a defined command. */
export function defineMethod(
  target: object,
  name: string,
  method: (...args: unknown[]) => unknown,
): void {
  Object.defineProperty(target, name, { value: method, configurable: true, writable: true });
}
