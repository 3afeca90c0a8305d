/** Several commands run in one go. */
import { Chain, type ChainResult } from './chain.js';
import { ReplyError } from './errors.js';
import { isUnknownScript, type Step } from './faces.js';
import type { AnyReply } from './session.js';
import type { Reply } from './types.js';

/**
 * Commands noted by chaining methods and executed by {@link Pipeline.exec}. A failing command does
 * not keep the later ones from running, and other sessions see every state in between: this is no
 * transaction. Made by `db.pipeline()`.
 *
 * @example
 * const results = await db.pipeline().set('a', 1).incr('a').get('a').exec();
 * // [[null, 'OK'], [null, 2], [null, '2']]
 */
export class Pipeline extends Chain<'pipeline'> {
  /**
   * Runs the noted commands in order and forgets them: the object can be filled again.
   * @returns one entry for each command: one that fails rejects nothing
   * @throws ClosedError (as a rejection) if the database is closed already
   */
  async exec(): Promise<ChainResult[]> {
    this.session.assertOpen();
    const results: ChainResult[] = [];
    for (const step of this.take()) {
      try {
        const reply = this.session.isBusy
          ? await this.session.later(step.id, step.parts, false)
          : this.run(step);
        results.push([null, reply as Reply]);
      } catch (error) {
        // Until what all of them have done is durable there is no answer anyway.
        const isReply = error instanceof ReplyError;
        results.push(isReply ? [error, undefined] : await this.lateResult(error));
      }
    }
    await this.session.whenDurable();
    return results;
  }

  private run({ id, parts, script }: Step): AnyReply {
    if (script !== undefined) {
      try {
        return this.session.callPlain(script.shaId, [script.sha, ...parts.slice(1)], false);
      } catch (error) {
        if (!isUnknownScript(error)) throw error;
      }
    }
    return this.session.callPlain(id, parts, false);
  }

  private lateResult(error: unknown): Promise<ChainResult> {
    return this.session.rejection(error).then(
      (reply: AnyReply): ChainResult => [null, reply as Reply],
      (problem: Error): ChainResult => [problem, undefined],
    );
  }
}
