/** What pipelines and transactions have in common. */
import { ChainCommands, commandIds } from './commands.gen.js';
import { kByName } from './session.js';
import type { Argument, ChainFace, Pairs, Reply } from './types.js';

/** What one command of a chain came to: `[null, reply]` or `[error, undefined]`. */
export type ChainResult = [error: null, reply: Reply] | [error: Error, reply: undefined];

/** Commands noted by chaining methods, to be executed together by `exec`. */
export abstract class Chain<F extends ChainFace> extends ChainCommands<F> {
  /** Notes a command by its name, in any case; see `Database.call`. */
  call(name: string, ...args: (Argument | Pairs)[]): this {
    const id = commandIds.get(name.toLowerCase());
    return id === undefined ? this.runMany(kByName, [name, ...args]) : this.runMany(id, args);
  }
}
