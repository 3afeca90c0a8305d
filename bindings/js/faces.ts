/**
 * What stands under the generated methods: three ways to run a command on a session. The methods of
 * every command (commands.gen.ts) are put on top of each of these.
 */
import { ReplyError } from './errors.js';
import { checkSignal } from './options.js';
import type { DefinedScript } from './scripts.js';
import type { LocalSession, AnyReply } from './session.js';
import { Shown } from './shown.js';
import type { WaitOptions } from './types.js';

/** Runs commands at once; returns or throws. What would wait answers as if its time were up. */
export class SyncBase extends Shown {
  /** @param raw whether strings of replies are wanted as bytes */
  constructor(
    protected readonly session: LocalSession,
    protected readonly raw: boolean,
  ) {
    super();
  }

  toJSON(): { closed: boolean } {
    return { closed: this.session.isClosed };
  }

  /** A reply that is returned at once is as durable as one that is waited for. */
  private settled(reply: AnyReply): AnyReply {
    this.session.settleNow();
    return reply;
  }

  protected run0(id: number): AnyReply {
    try {
      return this.settled(this.session.call0(id, this.raw));
    } catch (error) {
      return this.session.giveUp(error, this.raw);
    }
  }

  protected run1(id: number, a: unknown): AnyReply {
    try {
      return this.settled(this.session.call1(id, a, this.raw));
    } catch (error) {
      return this.session.giveUp(error, this.raw);
    }
  }

  protected run2(id: number, a: unknown, b: unknown): AnyReply {
    try {
      return this.settled(this.session.call2(id, a, b, this.raw));
    } catch (error) {
      return this.session.giveUp(error, this.raw);
    }
  }

  protected run3(id: number, a: unknown, b: unknown, c: unknown): AnyReply {
    try {
      return this.settled(this.session.call3(id, a, b, c, this.raw));
    } catch (error) {
      return this.session.giveUp(error, this.raw);
    }
  }

  protected runMany(id: number, parts: ArrayLike<unknown>): AnyReply {
    try {
      return this.settled(this.session.callMany(id, parts, this.raw));
    } catch (error) {
      return this.session.giveUp(error, this.raw);
    }
  }

  protected runScript(script: DefinedScript, args: readonly unknown[]): AnyReply {
    const own = withKeyCount(script, args);
    try {
      return this.runMany(script.shaId, [script.sha, ...own]);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return this.runMany(script.evalId, [script.lua, ...own]);
    }
  }
}

/**
 * Runs commands at once, too, but answers by promise: errors become rejections, and a reply may
 * come later.
 */
export class AsyncBase extends Shown {
  /** @param raw whether strings of replies are wanted as bytes */
  constructor(
    protected readonly session: LocalSession,
    protected readonly raw: boolean,
  ) {
    super();
  }

  toJSON(): { closed: boolean } {
    return { closed: this.session.isClosed };
  }

  protected run0(id: number): Promise<AnyReply> {
    const session = this.session;
    if (session.isBusy) return session.later(id, [], this.raw);
    try {
      return session.promise(session.call0(id, this.raw));
    } catch (error) {
      return session.rejection(error);
    }
  }

  protected run1(id: number, a: unknown): Promise<AnyReply> {
    const session = this.session;
    if (session.isBusy) return session.later(id, [a], this.raw);
    try {
      return session.promise(session.call1(id, a, this.raw));
    } catch (error) {
      return session.rejection(error);
    }
  }

  protected run2(id: number, a: unknown, b: unknown): Promise<AnyReply> {
    const session = this.session;
    if (session.isBusy) return session.later(id, [a, b], this.raw);
    try {
      return session.promise(session.call2(id, a, b, this.raw));
    } catch (error) {
      return session.rejection(error);
    }
  }

  protected run3(id: number, a: unknown, b: unknown, c: unknown): Promise<AnyReply> {
    const session = this.session;
    if (session.isBusy) return session.later(id, [a, b, c], this.raw);
    try {
      return session.promise(session.call3(id, a, b, c, this.raw));
    } catch (error) {
      return session.rejection(error);
    }
  }

  protected runMany(id: number, parts: ArrayLike<unknown>): Promise<AnyReply> {
    const session = this.session;
    if (session.isBusy) return session.later(id, parts, this.raw);
    try {
      return session.promise(session.callMany(id, parts, this.raw));
    } catch (error) {
      return session.rejection(error);
    }
  }

  /** As `runMany`, for a command that may wait: behind its arguments options may stand. */
  protected runWaiting(id: number, parts: ArrayLike<unknown>): Promise<AnyReply> {
    const last = parts[parts.length - 1];
    if (typeof last !== 'object') return this.runMany(id, parts);
    try {
      const options = waitOptionsOf(parts);
      if (options === undefined) return this.runMany(id, parts);
      const own = Array.from(parts).slice(0, -1);
      if (options.signal === undefined) return this.runMany(id, own);
      return this.session.interruptible(id, own, this.raw, options.signal);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  protected runScript(script: DefinedScript, args: readonly unknown[]): Promise<AnyReply> {
    const own = withKeyCount(script, args);
    const { session, raw } = this;
    // In a row with others it must not have to ask twice; nor where options need to be looked at.
    if (session.isBusy || typeof args.at(-1) === 'object') {
      return this.runWaiting(script.evalId, [script.lua, ...own]);
    }
    try {
      return session.promise(session.callMany(script.shaId, [script.sha, ...own], raw));
    } catch (error) {
      if (isUnknownScript(error)) return this.runMany(script.evalId, [script.lua, ...own]);
      return session.rejection(error);
    }
  }
}

/**
 * The options that stand behind the arguments of a command that may wait, if there are any.
 * @throws TypeError if one of them is unknown or the signal is none
 */
function waitOptionsOf(parts: ArrayLike<unknown>): WaitOptions | undefined {
  const last = parts[parts.length - 1];
  if (typeof last !== 'object' || last === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(last);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  for (const name of Object.keys(last)) {
    if (name !== 'signal') throw new TypeError(`A command that waits has no option ${name}`);
  }
  checkSignal((last as WaitOptions).signal);
  return last;
}

function withKeyCount({ numberOfKeys }: DefinedScript, args: readonly unknown[]): unknown[] {
  return numberOfKeys === undefined ? [...args] : [numberOfKeys, ...args];
}

/** Whether EVALSHA did not find its script, so that nothing has been run. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof ReplyError && error.message.startsWith('NOSCRIPT No matching script');
}

/** A command noted for later: its number and its arguments as `flatten` returns them. */
export interface Step {
  id: number;
  parts: unknown[];
  /** The script it runs, if it is a defined command: its id is EVAL's. */
  script?: DefinedScript;
}

/** Notes commands for later; every method returns the object itself. */
export abstract class ChainBase extends Shown {
  private steps: Step[] = [];

  constructor(protected readonly session: LocalSession) {
    super();
  }

  toJSON(): { length: number } {
    return { length: this.length };
  }

  /** How many commands are noted. */
  get length(): number {
    return this.steps.length;
  }

  /** Forgets the noted commands. @returns them */
  protected take(): Step[] {
    const steps = this.steps;
    this.steps = [];
    return steps;
  }

  protected run0(id: number): this {
    return this.runMany(id, []);
  }

  protected run1(id: number, a: unknown): this {
    return this.runMany(id, [a]);
  }

  protected run2(id: number, a: unknown, b: unknown): this {
    return this.runMany(id, [a, b]);
  }

  protected run3(id: number, a: unknown, b: unknown, c: unknown): this {
    return this.runMany(id, [a, b, c]);
  }

  protected runScript(script: DefinedScript, args: readonly unknown[]): this {
    this.runMany(script.evalId, [script.lua, ...withKeyCount(script, args)]);
    this.steps.at(-1)!.script = script;
    return this;
  }

  /** @throws TypeError if an argument cannot be sent */
  protected runMany(id: number, parts: ArrayLike<unknown>): this {
    this.steps.push({ id, parts: this.session.flatten(id, parts) });
    return this;
  }
}
