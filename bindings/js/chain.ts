/** What pipelines and transactions have in common. */
import { ChainCommands, commandIds } from './commands.gen.js';
import { checkCalled, describe } from './options.js';
import type { DefinedCommands } from './index.js';
import { defineMethod } from './scripts.js';
import { kByName, type LocalSession } from './session.js';
import type { Argument, ChainFace, Pairs, Reply } from './types.js';

/** What one command of a chain came to: `[null, reply]` or `[error, undefined]`. */
export type ChainResult = [error: null, reply: Reply] | [error: Error, reply: undefined];

/** A command as an array, as ioredis takes it: `['set', 'key', 'value']`. */
export type CommandArray = readonly [name: string, ...args: (Argument | Pairs)[]];

export interface Chain<F extends ChainFace> extends DefinedCommands<string, F> {}

/** Commands noted by chaining methods, to be executed together by `exec`. */
export abstract class Chain<F extends ChainFace> extends ChainCommands<F> {
  constructor(session: LocalSession) {
    super(session);
    for (const [name, script] of session.scripts) {
      defineMethod(this, name, (...args) => this.runScript(script, args));
    }
  }

  /** Notes a command by its name, in any case; see `Database.call`. */
  call(name: string, ...args: (Argument | Pairs)[]): this {
    checkCalled(name);
    const id = commandIds.get(name.toLowerCase());
    return id === undefined ? this.runMany(kByName, [name, ...args]) : this.runMany(id, args);
  }

  /** Notes several commands. @throws TypeError if they are not arrays, or as `call` */
  callAll(commands: readonly CommandArray[]): this {
    if (!Array.isArray(commands)) {
      throw new TypeError(`Commands are an array of arrays, not ${describe(commands)}`);
    }
    for (const command of commands as readonly CommandArray[]) {
      if (!Array.isArray(command) || typeof command[0] !== 'string') {
        throw new TypeError(
          `A command is an array with its name first, such as ['get', 'key'], not ` +
            describe(command),
        );
      }
      const [name, ...args] = command as CommandArray;
      const script = this.session.scripts.get(name);
      if (script === undefined) this.call(name, ...args);
      else this.runScript(script, args);
    }
    return this;
  }
}
