/** Several commands run in one go. */
import { commandIds, ChainCommands } from './commands.gen.js';
import type { AnyReply, LocalSession } from './session.js';
import { kByName } from './session.js';
import type { Argument, Reply, Pairs } from './types.js';

/** What one command of a pipeline came to: `[null, reply]` or `[error, undefined]`. */
export type PipelineResult = [error: null, reply: Reply] | [error: Error, reply: undefined];

interface Step {
  id: number;
  parts: unknown[];
}

/**
 * Commands noted by chaining methods and executed by {@link Pipeline.exec}. A failing command does
 * not keep the later ones from running, and other sessions see every state in between: this is no
 * transaction.
 *
 * @example
 * const results = await db.pipeline().set('a', 1).incr('a').get('a').exec();
 * // [[null, 'OK'], [null, 2], [null, '2']]
 */
export class Pipeline extends ChainCommands {
  private steps: Step[] = [];

  /** Made by `db.pipeline()`. */
  constructor(private readonly session: LocalSession) {
    super();
  }

  /** How many commands are noted. */
  get length(): number {
    return this.steps.length;
  }

  /** Notes a command by its name, in any case; see `Database.call`. */
  call(name: string, ...args: (Argument | Pairs)[]): this {
    const id = commandIds.get(name.toLowerCase());
    return id === undefined ? this.note(kByName, [name, ...args]) : this.note(id, args);
  }

  /**
   * Runs the noted commands in order and forgets them: the object can be filled again.
   * @returns one entry for each command, never a rejection
   */
  async exec(): Promise<PipelineResult[]> {
    const results: PipelineResult[] = [];
    for (const { id, parts } of this.take()) {
      try {
        const reply = this.session.isBusy
          ? await this.session.later(id, parts, false)
          : this.session.callPlain(id, parts, false);
        results.push([null, reply as Reply]);
      } catch (error) {
        results.push(await this.lateResult(error));
      }
    }
    return results;
  }

  private take(): Step[] {
    const steps = this.steps;
    this.steps = [];
    return steps;
  }

  private lateResult(error: unknown): Promise<PipelineResult> {
    return this.session.rejection(error).then(
      (reply: AnyReply): PipelineResult => [null, reply as Reply],
      (problem: Error): PipelineResult => [problem, undefined],
    );
  }

  private note(id: number, parts: ArrayLike<unknown>): this {
    this.steps.push({ id, parts: this.session.flatten(id, parts) });
    return this;
  }

  protected run0(id: number): this {
    return this.note(id, []);
  }

  protected run1(id: number, a: unknown): this {
    return this.note(id, [a]);
  }

  protected run2(id: number, a: unknown, b: unknown): this {
    return this.note(id, [a, b]);
  }

  protected run3(id: number, a: unknown, b: unknown, c: unknown): this {
    return this.note(id, [a, b, c]);
  }

  protected runMany(id: number, parts: ArrayLike<unknown>): this {
    return this.note(id, parts);
  }
}
