// Plays the same random commands on two servers and compares what they answer.
import { encode } from '../conformance/resp.mjs';
import { difference, typed } from './compare.mjs';
import { episode, limits } from './generator.mjs';
import { shrink } from './shrink.mjs';

const kReplyTimeoutMs = 30_000;

/** One side: a target of tests/conformance/targets.mjs with a session of each protocol. */
class Side {
  #sessions = {};

  constructor(target) {
    this.target = target;
  }

  async #session(proto) {
    if (!this.#sessions[proto]) {
      const session = await this.target.open();
      this.#sessions[proto] = session;
      if (proto === 3) await this.#run(session, [['HELLO', '3']]);
    }
    return this.#sessions[proto];
  }

  async #run(session, commands) {
    session.send(Buffer.concat(commands.map(encode)));
    const replies = [];
    for (const command of commands) {
      const reply = await session.next(kReplyTimeoutMs);
      if (reply.t === 'closed' || reply.t === 'timeout') {
        throw new Error(`${this.target.name}: ${reply.t} instead of a reply to ${typed(command)}`);
      }
      replies.push(reply);
    }
    return replies;
  }

  /** Replies to every step, after a fresh start under these limits. */
  async play(steps, proto, parameters) {
    const session = await this.#session(proto);
    const settings = Object.entries(parameters).map(([name, value]) => [
      'CONFIG',
      'SET',
      name,
      value,
    ]);
    await this.#run(session, [
      ['SELECT', '0'],
      ['FLUSHALL'],
      ['CLIENT', 'SETNAME', ''],
      ...settings,
    ]);
    const replies = await this.#run(
      session,
      steps.flatMap(({ commands }) => commands),
    );
    let at = 0;
    return steps.map(({ commands }) => replies.slice(at, (at += commands.length)));
  }

  /** Forgets its sessions, after one got into an unknown state. */
  reset() {
    for (const session of Object.values(this.#sessions)) session.close();
    this.#sessions = {};
  }
}

/**
 * Compares `theirs` (the judge) with `ours` over `count` commands made from `seed`. Returns
 * { commands, counts, report? }: how many were compared, how often each row of
 * versions.mjs was met, and, if they differ, the shrunk script.
 */
export async function compareServers({ theirs, ours, seed, count, length = 400 }) {
  const sides = [new Side(theirs), new Side(ours)];
  const version = theirs.version;
  const counts = new Map();
  const play = async (steps, proto, parameters) => {
    const [a, b] = await Promise.allSettled(
      sides.map((side) => side.play(steps, proto, parameters)),
    );
    if (a.status === 'rejected' || b.status === 'rejected') {
      for (const side of sides) side.reset();
      return {
        at: steps.length - 1,
        command: ['(session)'],
        theirs: String(a.reason ?? 'fine'),
        ours: String(b.reason ?? 'fine'),
      };
    }
    for (let i = 0; i < steps.length; i++) {
      const found = difference(steps[i], a.value[i], b.value[i], version, counts);
      if (found) return { at: i, ...found };
    }
    return undefined;
  };
  let commands = 0;
  for (let number = 0; commands < count; number++) {
    const name = `${seed}/${number}`;
    const steps = episode(name, length, version);
    const proto = 2 + (number % 2);
    const parameters = limits(name);
    const found = await play(steps, proto, parameters);
    if (found) {
      const report = await explain({
        found,
        steps: steps.slice(0, found.at + 1),
        proto,
        parameters,
        play,
        name,
        sides,
      });
      return { commands, counts, report };
    }
    commands += steps.reduce((sum, step) => sum + step.commands.length, 0);
  }
  for (const side of sides) side.reset();
  return { commands, counts };
}

async function explain({ found, steps, proto, parameters, play, name, sides }) {
  if (found.command[0] === '(session)') {
    const [theirs, ours] = [found.theirs, found.ours];
    return `episode ${name} (RESP${proto}) ended a session:\ntheirs   ${theirs}\nours     ${ours}`;
  }
  const least = await shrink(steps, async (some) => Boolean(await play(some, proto, parameters)));
  const last = await play(least, proto, parameters);
  for (const side of sides) side.reset();
  if (!last) {
    return (
      `episode ${name} (RESP${proto}) differs, but not when it is played again:\n` +
      `  ${typed(found.command)}\ntheirs   ${found.theirs}\nours     ${found.ours}`
    );
  }
  return [
    `episode ${name} (RESP${proto}) differs:`,
    ...Object.entries(parameters).map(([key, value]) => `  CONFIG SET ${key} ${value}`),
    ...least.flatMap(({ commands }) => commands.map((command) => `  ${typed(command)}`)),
    `at       ${typed(last.command)}`,
    `theirs   ${last.theirs}`,
    `ours     ${last.ours}`,
  ].join('\n');
}
