// Commands that wait, and signals that end the wait.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { open, WouldBlockError } from 'kvasm';

describe('a signal', () => {
  let db;
  let other;
  beforeEach(async () => {
    db = await open();
    other = await db.duplicate();
  });
  afterEach(() => db.close().then(() => other.close()));

  const blocked = () => Number(/blocked_clients:(\d+)/.exec(other.sync.info('clients'))[1]);

  /** Every command that waits, with arguments to wait for ever. */
  const waits = {
    blpop: ['k', 0],
    brpop: [['k', 'k2'], 0],
    blmove: ['k', 'to', 'LEFT', 'RIGHT', 0],
    brpoplpush: ['k', 'to', 0],
    blmpop: [0, 1, 'k', 'LEFT'],
    bzpopmin: ['z', 0],
    bzpopmax: ['z', 0],
    bzmpop: [0, 1, 'z', 'MIN'],
    xread: ['BLOCK', 0, 'STREAMS', 's', '$'],
    xreadgroup: ['GROUP', 'g', 'ann', 'BLOCK', 0, 'STREAMS', 's', '>'],
    wait: [1, 0],
    waitaof: [0, 1, 0],
  };

  for (const [name, args] of Object.entries(waits)) {
    it(`ends the wait of ${name} and takes nothing`, async () => {
      await other.xgroup('CREATE', 's', 'g', '$', 'MKSTREAM');
      const controller = new AbortController();
      const reply = db[name](...args, { signal: controller.signal });
      assert.equal(blocked(), 1);
      const reason = new Error('enough');
      controller.abort(reason);
      assert.equal(blocked(), 0);
      await assert.rejects(reply, (error) => error === reason);
      await other.rpush('k', 'x');
      await other.zadd('z', 1, 'x');
      await other.xadd('s', '*', 'a', 'b');
      assert.equal(await other.llen('k'), 1);
      assert.equal(await other.zcard('z'), 1);
      assert.equal((await other.xpending('s', 'g'))[0], 0);
      assert.equal(await db.incr('n'), 1);
    });
  }

  it('that is aborted already keeps the command from running', async () => {
    await other.rpush('k', 'x');
    await assert.rejects(db.blpop('k', 0, { signal: AbortSignal.abort() }), { name: 'AbortError' });
    assert.equal(await other.llen('k'), 1);
  });

  it('does not matter to a command that has its reply', async () => {
    const controller = new AbortController();
    await other.rpush('k', 'x');
    const reply = db.blpop('k', 0, { signal: controller.signal });
    controller.abort();
    assert.deepEqual(await reply, ['k', 'x']);
  });

  it('takes no element from a wait that has just been served', async () => {
    const controller = new AbortController();
    const reply = db.blpop('k', 0, { signal: controller.signal });
    other.sync.rpush('k', 'x');
    controller.abort();
    assert.deepEqual(await reply, ['k', 'x']);
    assert.equal(await other.exists('k'), 0);
  });

  it('takes no element from a wait whose reply is on its way', async () => {
    // While a server is open replies of waits are handed out in a later turn.
    const listener = await db.listen({ port: 0 });
    const controller = new AbortController();
    const reply = db.blpop('k', 0, { signal: controller.signal });
    other.sync.rpush('k', 'x');
    controller.abort();
    assert.deepEqual(await reply, ['k', 'x']);
    assert.equal(await other.exists('k'), 0);
    assert.equal(await db.incr('n'), 1);
    await listener.close();
  });

  it('ends one of several commands in a row, the others go on', async () => {
    const first = new AbortController();
    const second = new AbortController();
    const replies = [
      db.blpop('a', 0, { signal: first.signal }),
      db.blpop('b', 0, { signal: second.signal }),
      db.incr('n'),
      db.blpop('c', 0, { signal: second.signal }),
      db.incr('n'),
    ];
    second.abort();
    await assert.rejects(replies[1], { name: 'AbortError' });
    await assert.rejects(replies[3], { name: 'AbortError' });
    assert.equal(await other.get('n'), null);
    first.abort();
    await assert.rejects(replies[0], { name: 'AbortError' });
    assert.deepEqual(await Promise.all([replies[2], replies[4]]), [1, 2]);
    assert.equal(blocked(), 0);
  });

  it('ends a command that began to wait after another', async () => {
    const controller = new AbortController();
    const first = db.blpop('a', 0);
    const second = db.blpop('b', 0, { signal: controller.signal });
    await other.rpush('a', 'x');
    assert.deepEqual(await first, ['a', 'x']);
    await delay(0);
    assert.equal(blocked(), 1);
    controller.abort();
    await assert.rejects(second, { name: 'AbortError' });
    assert.equal(blocked(), 0);
  });

  it('wakes the next in line for what comes later', async () => {
    const controller = new AbortController();
    const first = db.blpop('k', 0, { signal: controller.signal });
    const second = other.blpop('k', 0);
    controller.abort();
    await assert.rejects(first, { name: 'AbortError' });
    await db.rpush('k', 'x');
    assert.deepEqual(await second, ['k', 'x']);
  });

  it('is forgotten once the command is through', async () => {
    let count = 0;
    const signal = new AbortController().signal;
    const watched = {
      aborted: false,
      reason: undefined,
      throwIfAborted() {},
      addEventListener: (...args) => (count++, signal.addEventListener(...args)),
      removeEventListener: (...args) => (count--, signal.removeEventListener(...args)),
    };
    for (let i = 0; i < 10; ++i)
      assert.equal(await db.blpop('k', 0.001, { signal: watched }), null);
    await assert.rejects(db.blpop('k', 'x', { signal: watched }), /timeout is not a float/);
    assert.equal(count, 0);
  });

  it('goes with commands by name and with bytes; without one nothing changes', async () => {
    const { signal } = new AbortController();
    await other.rpush('k', 'x', 'y', 'z');
    assert.deepEqual(await db.call('BLPOP', 'k', 0, { signal }), ['k', 'x']);
    const [, bytes] = await db.bytes.blpop('k', 0, { signal });
    assert.ok(bytes instanceof Uint8Array);
    assert.deepEqual(await db.blpop('k', 0, {}), ['k', 'z']);
    const controller = new AbortController();
    const aborted = db.call('blmpop', 0, 1, 'k', 'LEFT', { signal: controller.signal });
    controller.abort();
    await assert.rejects(aborted, { name: 'AbortError' });
  });

  it('is refused where nothing waits, and so are unknown options', async () => {
    const { signal } = new AbortController();
    await assert.rejects(db.get('k', { signal }), TypeError);
    await assert.rejects(db.blpop('k', 0, { signals: signal }), /has no option signals/);
    assert.throws(() => db.sync.blpop('k', 0, { signal }), TypeError);
    assert.throws(() => db.multi().blpop('k', 0, { signal }), TypeError);
  });

  it('of a time limit', async () => {
    const signal = AbortSignal.timeout(5);
    const alive = setTimeout(() => {}, 1000);
    await assert.rejects(db.blpop('k', 0, { signal }), { name: 'TimeoutError' });
    clearTimeout(alive);
  });

  it('comes too late for a database that is closed', async () => {
    const controller = new AbortController();
    const reply = db.blpop('k', 0, { signal: controller.signal });
    const closed = assert.rejects(reply, { name: 'ClosedError' });
    await db.close();
    controller.abort();
    await closed;
  });
});

describe('a call that cannot wait', () => {
  it('is refused while clients are paused, and nothing of it is left', async () => {
    const db = await open();
    const other = await db.duplicate();
    await db.client('PAUSE', 60000);
    assert.throws(() => other.sync.set('k', 1), /clients are paused/);
    const signal = AbortSignal.timeout(5);
    await assert.rejects(other.blpop('q', 0, { signal }), { name: 'TimeoutError' });
    assert.throws(() => other.sync.client('UNPAUSE'), /clients are paused/);
    await db.close();
    await other.close();
  });

  it('says of what works on files that it goes on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvasm-waits-'));
    const db = await open(`file:${folder}`);
    await db.set('k', 1);
    assert.throws(() => db.sync.save(), WouldBlockError);
    assert.equal(await db.get('k'), '1', 'behind the saving');
    assert.equal(db.sync.get('k'), '1');
    await db.close();
    rmSync(folder, { recursive: true });
  });
});
