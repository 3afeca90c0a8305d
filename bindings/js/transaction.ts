/** MULTI ... EXEC as a chain, and the loop around WATCH. */
import { Chain, type ChainResult } from './chain.js';
import { commandIds } from './commands.gen.js';
import { ReplyError } from './errors.js';
import { checkQueued } from './options.js';
import type { Step } from './faces.js';
import type { AnyReply, LocalSession } from './session.js';
import type { Argument, Pairs, Reply } from './types.js';

/**
 * Commands noted by chaining methods and executed by {@link Transaction.exec} as one: no other
 * session sees a state in between. A command that fails undoes nothing and keeps none from running,
 * as in Redis. Made by `db.multi()`.
 *
 * @example
 * const results = await db.multi().incr('a').lpush('a', 'x').get('a').exec();
 * // [[null, 1], [ReplyError: WRONGTYPE ...], [null, '1']]
 */
export class Transaction extends Chain<'transaction'> {
  /** As of a pipeline. @throws TypeError for MULTI, EXEC, DISCARD and WATCH, too */
  override call(name: string, ...args: (Argument | Pairs)[]): this {
    checkQueued(name);
    return super.call(name, ...args);
  }

  /**
   * Runs the noted commands in order, between MULTI and EXEC, and forgets them: the object can be
   * filled again.
   * @returns one entry for each command; null if a key that the session watches has changed, and
   * then nothing was run
   * @throws ReplyError (as a rejection) `EXECABORT` if a command was refused before it could be
   * queued, with the refusal as `cause`; then nothing was run
   */
  async exec(): Promise<ChainResult[] | null> {
    const commands = this.take();
    // All are handed over now, so that no other command of this session gets between them.
    const multi = this.hand(named('multi'));
    const queued = commands.map((step) => this.hand(step));
    const exec = this.hand(named('exec'));
    const answers = await Promise.allSettled([multi, ...queued, exec]);
    const refusal = answers.find((answer) => answer.status === 'rejected');
    try {
      const replies = (await exec) as Reply[] | null;
      return replies?.map(toResult) ?? null;
    } catch (error) {
      if (refusal !== undefined && refusal.reason !== error) {
        (error as Error).cause = refusal.reason;
      }
      throw error;
    }
  }

  /** Whether it runs its commands on this session. */
  isOf(session: LocalSession): boolean {
    return this.session === session;
  }

  private hand({ id, parts }: Step): Promise<AnyReply> {
    const { session } = this;
    if (session.isBusy) return session.later(id, parts, false);
    try {
      return session.promise(session.callPlain(id, parts, false));
    } catch (error) {
      return session.rejection(error);
    }
  }
}

function named(name: string): Step {
  return { id: commandIds.get(name)!, parts: [] };
}

function toResult(reply: Reply): ChainResult {
  return reply instanceof ReplyError ? [reply, undefined] : [null, reply];
}
