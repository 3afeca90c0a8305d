// Seeded random scripts for several sessions that get into each other's way: they wait, watch,
// queue, listen, are unblocked, closed and opened anew.
//
// A script is { protocols, settings, steps }; a step is one of
//   { on, commands, sleep?, fresh? }   commands sent at once; on: the number of a session, or
//                                      'control'; sleep: milliseconds that pass then; fresh: on a
//                                      new connection
//   { on, close: true }                the connection is closed
// Of any, look: true has all sessions and keys looked at.
// Nothing in it depends on replies, so it can be replayed and shrunk. The generator only guesses
// what state a session is in, to reach rare ones often enough.
//
// Nothing may depend on how long anything takes. So what ends soon is followed by a sleep within
// its step, and is sent where no earlier wait can delay it.
import { Arguments, kKeys, weighted } from './sessions/arguments.mjs';
import {
  publish,
  pubsub,
  quiet,
  self,
  subscribe,
  tracking,
  unblock,
  unsubscribeAll,
} from './sessions/clients.mjs';
import { data, group, looks } from './sessions/data.mjs';
import { shortWait, wait } from './sessions/waits.mjs';
import { since } from './versions.mjs';

const kSleepMs = 8;

/** What the generator believes of a session. */
class Guess {
  constructor(number, proto) {
    this.number = number;
    this.proto = proto;
    this.forget();
  }
  forget() {
    this.multi = false;
    this.expires = false; // something queued ends soon
    this.waits = false;
    this.listens = false;
    this.mute = false;
  }
}

class Script {
  constructor(seed, version) {
    this.r = new Arguments(seed, version);
    this.version = version;
    const { r } = this;
    this.sessions = r.many(3, 6, () => r.pick([2, 3])).map((proto, i) => new Guess(i, proto));
    this.steps = [];
    this.tracks = since('trackedAgain', version) ? r.pick([0, 2, 12]) : 0;
  }

  /** Session 0 never waits, so that there is always one to go on with. */
  mayWait(session) {
    return session.number > 0;
  }
  /** Before 7.2 what a session tells itself falls into the midst of its replies. */
  mayListen(session) {
    return since('pushesAfter', this.version) || session.number % 2 === 1;
  }
  mayQueue(session) {
    return since('pushesAfter', this.version) || session.number % 2 === 0;
  }

  add(session, commands, rest = {}) {
    this.steps.push({ on: session.number, commands, ...rest });
  }

  /** One step, sometimes several that belong together. */
  next() {
    const { r } = this;
    if (r.expires && r.once(25)) return this.expire();
    if (r.once(40)) return this.waitShortly();
    if (r.once(60)) return this.close();
    if (r.once(30)) return this.control();
    const idle = this.sessions.filter(({ waits }) => !waits);
    const session = r.pick(r.once(12) ? this.sessions : idle);
    if (session.mute && r.once(3)) {
      session.mute = false;
      return this.add(session, [['CLIENT', 'REPLY', 'ON']]);
    }
    if (session.multi) return this.queue(session);
    if (session.listens && session.proto === 2) return this.listen(session);
    const count = r.once(8) ? r.int(2, 5) : 1;
    this.add(session, Array.from({ length: count }, () => this.command(session)).flat());
  }

  /** Mostly what a subscriber of RESP2 may do. */
  listen(session) {
    const { r } = this;
    if (r.once(6)) {
      session.listens = false;
      return this.add(session, [r.once(2) ? ['RESET'] : ['UNSUBSCRIBE'], ['PUNSUBSCRIBE']]);
    }
    this.add(session, [r.once(5) ? r.pick([['PING'], data(r), ['HELLO', '3']]) : subscribe(r)]);
  }

  /** In a transaction. */
  queue(session) {
    const { r } = this;
    const sleep = session.expires ? { sleep: kSleepMs } : {};
    if (r.once(4)) {
      Object.assign(session, { multi: false, expires: false });
      return this.add(session, [['EXEC']], sleep);
    }
    if (r.once(20)) {
      Object.assign(session, { multi: false, expires: false });
      return this.add(session, [r.pick([['DISCARD'], ['RESET']])]);
    }
    const commands = r.many(1, r.once(4) ? 4 : 1, () => this.queued(session));
    const whole = r.once(10);
    if (whole) Object.assign(session, { multi: false, expires: false });
    this.add(session, whole ? [...commands, ['EXEC']] : commands, whole ? sleep : {});
  }

  queued(session) {
    const { r } = this;
    switch (r.int(0, 14)) {
      case 0:
        return this.wait(session);
      case 1:
        return this.mayListen(session) ? subscribe(r) : publish(r);
      case 2:
        return publish(r);
      case 3:
        return r.pick(
          [['MULTI'], ['WATCH', r.key()], ['UNWATCH'], ['SELECT', r.db()], self(r)].filter(
            ([name, sub]) => name !== 'CLIENT' || sub !== 'ID',
          ),
        );
      case 4:
        return r.pick([
          this.quiet ? ['CLIENT', 'REPLY', this.quiet] : ['PING'],
          pubsub(r),
          ['PING'],
        ]);
      default:
        return data(r);
    }
  }

  command(session) {
    return weighted([
      [40, () => [data(this.r)]],
      [4, (r) => group(r)],
      [
        this.mayWait(session) ? 26 : 0,
        (r) => {
          session.waits = true;
          return [this.wait(session)];
        },
      ],
      [this.mayQueue(session) && !session.mute ? 8 : 0, () => this.begin(session)],
      [3, (r) => [r.pick([['WATCH', ...r.keys()], ['UNWATCH'], ['EXEC'], ['DISCARD']])]],
      [
        this.mayListen(session) ? 6 : 0,
        (r) => {
          session.listens = true;
          return [subscribe(r)];
        },
      ],
      [1, (r) => [unsubscribeAll(r)]],
      [5, (r) => [publish(r)]],
      [1, (r) => [pubsub(r)]],
      [this.mayListen(session) ? this.tracks : 0, (r) => [tracking(r, this.sessions.length)]],
      [session.multi ? 0 : 6, (r) => [this.unblock(r)]],
      [4, (r) => [this.itself(r, session)]],
      [
        session.multi ? 0 : 1,
        (r) => {
          session.mute = true;
          return [quiet(r)];
        },
      ],
    ])(this.r);
  }

  begin(session) {
    const { r } = this;
    session.multi = true;
    return [...r.maybe(2, ['WATCH', ...r.keys()]), ['MULTI']];
  }

  /** Before 7.2 its own message falls into the reply of who pops from a sorted set. */
  wait(session) {
    const command = wait(this.r);
    const split = this.mayListen(session) && !since('pushesAfter', this.version);
    return split && command[0].startsWith('BZ') ? ['BLPOP', this.r.key('list'), '0'] : command;
  }

  unblock(r) {
    const session = r.pick(this.sessions);
    session.waits = false;
    return unblock(r, session.number);
  }

  itself(r, session) {
    const command = self(r);
    if (command[0] === 'HELLO' && /^[23]$/.test(command[1])) session.proto = Number(command[1]);
    if (command[0] === 'RESET') Object.assign(session, { proto: 2, listens: false });
    return command;
  }

  /** A key that ends soon, then a look at it by somebody. */
  expire() {
    const { r } = this;
    const command = r.pick([
      ['PEXPIRE', r.key(), '1'],
      ['PEXPIRE', r.key(), '2'],
      ['SET', r.key('string'), 'x', 'PX', '1'],
      ['RESTORE', r.key(), '1', r.dump()],
    ]);
    const first = this.sessions[0];
    if (first.multi && r.once(2)) {
      first.expires = true;
      return this.add(first, [command]);
    }
    this.steps.push({ on: 'control', commands: [command], sleep: kSleepMs });
  }

  waitShortly() {
    const session = this.r.pick(this.sessions.slice(1));
    session.forget();
    this.add(session, [shortWait(this.r)], { fresh: true, sleep: kSleepMs });
  }

  close() {
    const { r } = this;
    const session = r.pick(this.sessions);
    session.forget();
    switch (r.int(0, 3)) {
      case 0:
        return this.add(session, [['RESET'], ['QUIT'], ['PING']]);
      case 1:
        return this.add(r.pick(this.sessions), [
          ['CLIENT', 'KILL', 'ID', { client: session.number }],
        ]);
      default:
        this.steps.push({ on: session.number, close: true });
    }
  }

  control() {
    const { r } = this;
    const commands = r.pick([
      [['CONFIG', 'SET', 'notify-keyspace-events', events(r, this.version)]],
      [['SELECT', r.db()]],
      [this.unblock(r)],
      r.many(1, 5, () => data(r)),
    ]);
    this.steps.push({ on: 'control', commands });
  }

  audit() {
    for (const db of ['0', '1']) {
      const commands = [['SELECT', db], ['DBSIZE']];
      for (const [type, look] of looks) commands.push(...kKeys[type].map(look));
      this.steps.push({ on: 'control', commands });
    }
  }
}

function events(r, version) {
  const misses = since('missesTold', version) ? 'AKEmn' : 'AKEn';
  return r.pick(['', 'AKE', 'AKE', misses, 'KEAn', 'Kg$l', 'EgxzE', 'Etd', 'Kx', 'El', 'Esh']);
}

/** The script with this seed, for a judge of this version ('7.0.15'), of about `count` commands. */
export function script(seed, count, version) {
  const made = new Script(seed, version);
  const { r } = made;
  const settings = {
    'notify-keyspace-events': r.once(4) ? '' : events(r, version),
  };
  const protocols = made.sessions.map(({ proto }) => proto);
  let commands = 0;
  while (commands < count) {
    const from = made.steps.length;
    made.next();
    if (r.once(8)) made.steps.at(-1).look = true;
    for (const step of made.steps.slice(from)) commands += step.commands?.length ?? 1;
  }
  made.audit();
  return { protocols, settings, steps: made.steps };
}
