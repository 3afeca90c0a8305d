// Sessions that have to wait for their reply, on a stand-in for the engine: what the engine says
// with flags and late output must come out as promises settled in order.
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ClosedError, WouldBlockError } from 'kvasm';
import { AsyncFace, SyncFace } from '../../dist/bindings/js/database.js';
import { Engine } from '../../dist/bindings/js/engine.js';
import { LocalSession } from '../../dist/bindings/js/session.js';

const kFrame = 64;
const kInput = 4096;
const kOutput = 65536 * 2;
const kClose = 1;
const kBlocked = 2;
const kWorkPending = 4;

/**
 * A module whose replies a test decides: `answers` is a queue of texts, or of flags for none.
 * Commands go by names that no table knows: others would be sent by number.
 */
class StandIn {
  calls = [];
  answers = [];
  late = [];
  HEAPU8 = new Uint8Array(65536 * 4);
  HEAPU32 = new Uint32Array(this.HEAPU8.buffer);

  show(answer) {
    const [text, flags] = typeof answer === 'number' ? ['', answer] : [answer, 0];
    const words = this.HEAPU32.subarray(kFrame / 4);
    this.HEAPU8.set(Buffer.from(text), kOutput);
    words[2] = kOutput;
    words[3] = text.length;
    words[4] = flags;
    return text.length;
  }

  _kv_frame = () => kFrame;
  _kv_reserve = () => {
    this.HEAPU32[kFrame / 4] = kInput;
    this.HEAPU32[kFrame / 4 + 1] = 65536;
    return 1;
  };
  _kv_call = (_session, _command, count) => {
    const lengths = [...this.HEAPU32.subarray(kInput / 4, kInput / 4 + count)];
    let at = kInput + 4 * count;
    this.calls.push(
      lengths
        .map((length) => {
          at += length;
          return Buffer.from(this.HEAPU8.subarray(at - length, at)).toString();
        })
        .join(' '),
    );
    return this.show(this.answers.shift() ?? `+${this.calls.length}\r\n`);
  };
  ended = [];
  _kv_end_wait = () => this.show(this.ended.shift());
  _kv_next_ready = () => (this.late.length > 0 ? 7 : -1);
  _kv_output = () => this.show(this.late.shift());
  _kv_consume = () => {};
  _kv_tick = () => 1000;
  _kv_effects_pending = () => 0;
  closed = [];
  control = {
    openSession: () => 7,
    closeSession: (session) => this.closed.push(session),
    stat: () => -1,
    delete: () => this.closed.push('engine'),
  };
}

let module;
let session;
let sync;
let db;

beforeEach(() => {
  module = new StandIn();
  const engine = new Engine(module, module.control);
  session = LocalSession.open(engine, ['first']);
  sync = new SyncFace(session, false);
  db = new AsyncFace(session, false);
});

describe('a session that waits', () => {
  it('resolves when the reply comes, and runs later commands only then', async () => {
    module.answers.push(kBlocked);
    const order = [];
    const waiting = db.call('X.POP', 'k', 0).then((reply) => order.push(['x.pop', reply]));
    const next = db.call('X.GET', 'a').then((reply) => order.push(['get', reply]));
    const last = db.call('X.GET', 'b').then((reply) => order.push(['get', reply]));
    assert.deepEqual(module.calls, ['X.POP k 0']);
    module.late.push('*2\r\n+k\r\n+v\r\n');
    session.engine.pump();
    await Promise.all([waiting, next, last]);
    assert.deepEqual(module.calls, ['X.POP k 0', 'X.GET a', 'X.GET b']);
    assert.deepEqual(order, [
      ['x.pop', ['k', 'v']],
      ['get', '2'],
      ['get', '3'],
    ]);
  });

  it('can wait again for a command that came while it waited', async () => {
    module.answers.push(kBlocked, kBlocked);
    const replies = [db.call('X.POP', 'a', 0), db.call('X.POP', 'b', 0), db.call('PING')];
    module.late.push('+one\r\n');
    session.engine.pump();
    assert.equal(await replies[0], 'one');
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(module.calls, ['X.POP a 0', 'X.POP b 0']);
    module.late.push('-ERR two\r\n');
    session.engine.pump();
    await assert.rejects(replies[1], { message: 'ERR two', command: 'x.pop' });
    assert.equal(await replies[2], '3');
  });

  it('refuses the synchronous face while it waits', async () => {
    module.answers.push(kBlocked);
    const waiting = db.call('X.POP', 'k', 0);
    assert.throws(() => sync.call('X.GET', 'a'), WouldBlockError);
    module.late.push('_\r\n');
    session.engine.pump();
    assert.equal(await waiting, null);
    assert.equal(sync.call('X.GET', 'a'), '2');
  });

  it('does not wait on the synchronous face', () => {
    for (const answer of ['_\r\n', '*-1\r\n']) {
      module.answers.push(kBlocked);
      module.ended.push(answer);
      assert.equal(sync.call('X.POP', 'k', 0), null);
    }
    module.answers.push(kBlocked);
    module.ended.push('-UNBLOCKED by the host\r\n');
    assert.throws(() => sync.call('X.POP', 'k', 0), { code: 'UNBLOCKED' });
    assert.equal(sync.call('X.GET', 'a'), '4');
  });

  it('rejects what waits when it is closed', async () => {
    module.answers.push(kBlocked);
    const waiting = [db.call('X.POP', 'k', 0), db.call('X.GET', 'a')];
    session.close();
    session.close();
    for (const each of waiting) await assert.rejects(each, ClosedError);
    assert.deepEqual(module.closed, [7, 'engine']);
  });

  it('checks the arguments of commands that have to wait at once', async () => {
    module.answers.push(kBlocked);
    void db.call('X.POP', 'k', 0).catch(() => {});
    await assert.rejects(db.call('X.GET', undefined), TypeError);
    session.close();
  });
});

describe('what a reply can carry besides', () => {
  it('no reply at all', async () => {
    module.answers.push(0);
    assert.equal(await db.call('CLIENT', 'REPLY', 'OFF'), null);
  });

  it('the end of the session, after its reply', async () => {
    const reply = '+OK\r\n';
    module.answers.push(reply);
    const show = module.show.bind(module);
    module.show = (answer) => {
      const length = show(answer);
      module.HEAPU32[kFrame / 4 + 4] = kClose;
      return length;
    };
    assert.equal(await db.call('QUIT'), 'OK');
    await assert.rejects(db.call('PING'), ClosedError);
  });

  it('work for whoever serves the network', async () => {
    let told = 0;
    session.engine.onWork = () => ++told;
    module.answers.push(kWorkPending);
    await db.call('CLIENT', 'KILL', 'ID', 3);
    assert.equal(told, 1);
    session.close();
  });
});
