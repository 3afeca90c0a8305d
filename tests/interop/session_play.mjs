// Plays scripts for several sessions (session_scripts.mjs) on one server, and tells what every
// session received.
//
// A server that has read a command does all that follows from it, to whomever, and writes it,
// before it reads again. So after each step the control session asks something: the answer says
// that the step is done, and the next one may be sent. What other sessions are told may arrive a
// little later, but in an order of its own; it is compared as a stream, however long a session
// takes to get it. A look, at all sessions and keys, asks twice: what the first answer left to be
// written is then read, in the same turn of this process's event loop at the latest.
import { setImmediate as turn } from 'node:timers/promises';

import { encode } from '../conformance/resp.mjs';
import { typed } from './compare.mjs';

const kReplyTimeoutMs = 30_000;

const kOutside = { t: '+', v: '(not compared)' };
const kOwnFields = /^(version|id)$/;
/** A session that is to be closed. */
const kEndRounds = 3; // one whose replies are off is never closed
const kEnding = / flags=\w*[cA]/;
/** What CLIENT LIST tells that must be the same everywhere. */
const kClientFields = /^(name|flags|db|sub|psub|ssub|multi|cmd|user|redir|resp)=/;

const kGone = 'name=(gone)';

/** What stands before the id of a session. */
const kRedirect = /^(redirect|tracking-redir-broken)$/;

const isHello = ({ v }) => v.length >= 14 && String(v[0].v) === 'server';

/** A reply without what is each server's own. */
function plain(reply) {
  if (/[$=]/.test(reply.t) && /^id=\d+ /.test(String(reply.v))) return kOutside;
  if (!Array.isArray(reply.v)) return reply;
  if (!isHello(reply)) return { ...reply, v: reply.v.map(plain) };
  const own = (item, i) => i % 2 === 1 && kOwnFields.test(String(reply.v[i - 1].v));
  return { ...reply, v: reply.v.map((item, i) => (own(item, i) ? kOutside : item)) };
}

class Session {
  /** `link`: of a target of tests/conformance/targets.mjs. */
  constructor(link) {
    this.link = link;
    this.id = '';
    this.ended = false; // as seen from here
    this.doomed = false; // something was sent that may end it
  }

  async ask(...args) {
    this.link.send(encode(args));
    const reply = await this.link.next(kReplyTimeoutMs);
    if (reply.t === 'closed' || reply.t === 'timeout') {
      throw new Error(`${reply.t} instead of a reply to ${typed(args)}`);
    }
    return reply;
  }

  /** What has arrived since the last time. */
  async received() {
    const replies = [];
    while (!this.ended) {
      const reply = await this.link.next(0);
      if (reply.t === 'timeout') break;
      this.ended = reply.t === 'closed';
      replies.push(plain(reply));
    }
    return replies;
  }
}

/** A server that scripts are played on. */
export class Stage {
  #control;
  #sessions = [];
  #names = new Map(); // of all sessions of a script, by their ids
  #streams = [];
  #at = 0; // the step being played

  constructor(target) {
    this.target = target;
  }

  async #open(proto) {
    const session = new Session(await this.target.open());
    session.id = (await session.ask('CLIENT', 'ID')).v;
    if (proto === 3) await session.ask('HELLO', '3');
    return session;
  }

  async #begin({ protocols, settings }) {
    this.#control ??= await this.#open(2);
    const control = this.#control;
    for (const args of [
      ['CLIENT', 'UNPAUSE'],
      ['SELECT', '0'],
      ['CONFIG', 'SET', ...Object.entries(settings).flat()],
      ['DEBUG', 'SET-ACTIVE-EXPIRE', '0'],
      ['FLUSHALL'],
    ]) {
      const reply = await control.ask(...args);
      if (reply.t === '-') throw new Error(`${args.join(' ')}: ${reply.v}`);
    }
    this.#names.clear();
    for (const [at, proto] of protocols.entries()) {
      this.#sessions.push(await this.#open(proto));
      this.#names.set(this.#sessions[at].id, `session ${at}`);
    }
  }

  async #end() {
    for (const { link } of this.#sessions) link.close();
    this.#sessions = [];
    await this.#control.ask('PING');
  }

  /** Until all that was caused has arrived; the sessions and keys as the server sees them. */
  async #look(rounds = kEndRounds) {
    const control = this.#control;
    await control.ask('PING');
    control.link.send(Buffer.concat([encode(['CLIENT', 'LIST']), encode(['DEBUG', 'DIGEST'])]));
    const list = await control.link.next(kReplyTimeoutMs);
    const digest = await control.link.next(kReplyTimeoutMs);
    if (kEnding.test(list.v) && rounds > 0) return this.#look(rounds - 1);
    await turn();
    return { clients: this.#clients(String(list.v)), digest: String(digest.v) };
  }

  #named(id) {
    return this.#names.get(id) ?? id;
  }

  #clients(list) {
    const lines = new Map(list.split('\n').map((line) => [/^id=(\d+) /.exec(line)?.[1], line]));
    return this.#sessions.map(({ id }) => {
      const fields = (lines.get(id) ?? kGone).split(' ').filter((f) => kClientFields.test(f));
      return fields.join(' ').replace(/redir=(\d+)/, (_, id) => `redir=${this.#named(id)}`);
    });
  }

  #resolve(command) {
    return command.map((word) =>
      word.client === undefined ? word : (this.#sessions[word.client]?.id ?? '0'),
    );
  }

  /** Ids of sessions, where a reply tells them, by name. */
  #name(reply) {
    if (!Array.isArray(reply.v)) return reply;
    const redirects = (i) => i > 0 && kRedirect.test(String(reply.v[i - 1].v));
    const v = reply.v.map((item, i) => {
      return redirects(i) ? { t: '+', v: this.#named(item.v) } : this.#name(item);
    });
    return { ...reply, v };
  }

  async #sendControl(step) {
    const commands = step.commands.map((args) => this.#resolve(args));
    this.#control.link.send(Buffer.concat(commands.map(encode)));
    const replies = [];
    for (const args of commands) {
      const reply = await this.#control.link.next(kReplyTimeoutMs);
      if (reply.t === 'closed' || reply.t === 'timeout') {
        throw new Error(`${reply.t} instead of a reply to ${typed(args)}`);
      }
      replies.push(plain(reply));
    }
    return replies;
  }

  /** The session a step is for: a new one where the last has ended. */
  async #sessionFor(step, proto) {
    const session = this.#sessions[step.on];
    if (!step.fresh && !session.doomed) return session;
    const gone = (await this.#look()).clients[step.on] === kGone;
    if (!step.fresh && !gone) return session;
    await this.#collect(step.on);
    session.link.close();
    const opened = await this.#open(proto);
    this.#names.set(opened.id, `session ${step.on} anew`);
    return (this.#sessions[step.on] = opened);
  }

  async #send(step, proto) {
    const session = await this.#sessionFor(step, proto);
    if (step.close) {
      await this.#look();
      await this.#collect(step.on);
      session.link.close();
      session.doomed = session.ended = true;
      return;
    }
    for (const [name, sub, , victim] of step.commands) {
      if (name === 'QUIT') session.doomed = true;
      if (name === 'CLIENT' && sub === 'KILL') this.#sessions[victim.client].doomed = true;
    }
    const commands = step.commands.map((args) => this.#resolve(args));
    session.link.send(Buffer.concat(commands.map(encode)));
  }

  async #collect(number) {
    const session = this.#sessions[number];
    for (const reply of await session.received()) {
      this.#streams[number].push({ at: this.#at, reply: this.#name(reply) });
    }
  }

  /**
   * Plays a script. Gives { streams, looks }: what was received on each session, and on the control
   * session last, as { at, reply }; and what each look showed, as { at, clients, digest }: the
   * sessions as CLIENT LIST tells of them, and a digest of all keys. `at` is the number of the step
   * that was the last by then.
   */
  async play(script) {
    await this.#begin(script);
    const control = [];
    const looks = [];
    this.#streams = script.protocols.map(() => []);
    const end = script.steps.length - 1;
    for (const [at, step] of script.steps.entries()) {
      this.#at = at;
      if (step.on === 'control') {
        for (const reply of await this.#sendControl(step)) control.push({ at, reply });
      } else await this.#send(step, script.protocols[step.on]);
      if (step.sleep) {
        await this.#control.ask('PING');
        await this.target.advance(step.sleep);
      }
      if (step.look || at === end) {
        looks.push({ at, ...(await this.#look()) });
        for (const number of this.#streams.keys()) await this.#collect(number);
      } else await this.#control.ask('PING');
    }
    await this.#end();
    return { streams: [...this.#streams, control], looks };
  }

  /** Forgets its sessions, after one got into an unknown state. */
  reset() {
    for (const { link } of [...this.#sessions, this.#control ?? []].flat()) link.close();
    this.#sessions = [];
    this.#control = undefined;
  }
}
