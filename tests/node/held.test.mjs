// Feeds that begin, go on and end while commands are held up: by CLIENT PAUSE, by DEBUG RELOAD, by
// a script that takes its time.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ClosedError, open } from 'kvasm';
import { makeFolder } from './folders.mjs';
import { eventually } from './server_client.mjs';

/** Writes, then runs for a second or more: longer than what a test does meanwhile. */
const kSlow = `redis.call('set', 'k', 'script') for i = 1, 2e8 do end`;

describe('while commands are held up', () => {
  let db;
  let other;
  let alive;
  const uncaught = [];
  const note = (error) => uncaught.push(error);
  beforeEach(async () => {
    alive = setInterval(() => {}, 1000);
    process.on('uncaughtException', note);
    db = await open('memory:');
    other = await db.duplicate();
  });
  afterEach(async () => {
    await Promise.all([db.close(), other.close()]);
    clearInterval(alive);
    process.off('uncaughtException', note);
    assert.deepEqual(uncaught.splice(0), []);
  });
  const pause = (ms) => other.sync.call('client', 'pause', ms);

  for (const kind of ['', 'p', 's']) {
    it(`${kind}subscribe waits, and hears everything from then on`, async () => {
      const got = [];
      pause(100);
      let isDone = false;
      const subscribing = db[`${kind}subscribe`](['a', 'b'], (message) => got.push(message));
      void subscribing.then(() => (isDone = true));
      const again = db[`${kind}subscribe`]('a', (message) => got.push(`2 ${message}`));
      await delay(20);
      assert.equal(isDone, false);
      const first = await subscribing;
      const second = await again;
      const publish = (...args) => other[kind === 's' ? 'spublish' : 'publish'](...args);
      assert.equal(await publish('a', 'x'), 1);
      assert.equal(await publish('b', 'y'), 1);
      await delay(1);
      assert.deepEqual(got, ['x', '2 x', 'y']);
      pause(50);
      await first.unsubscribe();
      await second.unsubscribe();
      await publish('a', 'unheard');
      await eventually(async () => (await publish('a', 'unheard')) === 0, 'it is unsubscribed');
      assert.equal(got.length, 3);
    });
  }

  it('a subscription that is given up and made again is there', async () => {
    const got = [];
    const first = await db.subscribe('a', (message) => got.push(message));
    pause(50);
    await first.unsubscribe();
    await db.subscribe('a', (message) => got.push(`2 ${message}`));
    await other.publish('a', 'x');
    await delay(1);
    assert.deepEqual(got, ['2 x']);
  });

  it('a signal ends the wait at once', async () => {
    pause(200);
    const begun = Date.now();
    const waits = [
      (options) => db.subscribe('a', options),
      (options) => db.psubscribe('a', () => {}, options),
      (options) => db.monitor(options),
      (options) => db.live('get', ['k'], options),
    ].map((wait) => {
      const controller = new AbortController();
      const waiting = wait({ signal: controller.signal });
      setTimeout(() => controller.abort(), 10);
      return assert.rejects(waiting, { name: 'AbortError' });
    });
    await Promise.all(waits);
    assert.ok(Date.now() - begun < 150, `${Date.now() - begun} ms`);
    await eventually(async () => (await other.publish('a', 'x')) === 0, 'nothing is subscribed to');
    assert.equal((await db.clientList()).trim().split('\n').length, 3);
  });

  it('the end of the database ends the wait', async () => {
    pause(200);
    const own = await db.duplicate();
    const waits = [own.subscribe('a'), own.monitor(), own.live('get', ['k'])];
    const ended = waits.map((wait) => assert.rejects(wait, ClosedError));
    await delay(5);
    await own.close();
    await Promise.all(ended);
  });

  it('a monitor begins when they go on', async () => {
    pause(50);
    const got = [];
    await db.monitor(({ args }) => got.push(args));
    await other.set('k', 1);
    await delay(1);
    assert.deepEqual(got.at(-1), ['set', 'k', '1']);
  });

  it('a live view begins when they go on, in the database that is selected', async () => {
    await db.select(3);
    await db.set('k', 'in 3');
    pause(50);
    const got = [];
    const view = await db.live('get', ['k'], (value) => got.push(value));
    assert.equal(view.value, 'in 3');
    await db.set('k', 'changed');
    await delay(1);
    assert.deepEqual(got, ['in 3', 'changed']);
    await db.set('k', 'text');
    pause(50);
    await assert.rejects(db.live('llen', ['k']), { code: 'WRONGTYPE' });
  });

  it('a live view shows the change when they go on', async () => {
    const got = [];
    await db.live('get', ['k'], (value) => got.push(value));
    await db.set('k', 1);
    await delay(1);
    other.sync.set('k', 2);
    pause(60);
    await delay(20);
    assert.deepEqual(got, [null, '1']);
    await other.ping();
    await eventually(() => got.length === 3, 'the change is seen');
    assert.equal(got[2], '2');
    await db.set('k', 3);
    await delay(5);
    assert.deepEqual(got, [null, '1', '2', '3']);
  });

  it('a live view that begins to fail meanwhile tells', async () => {
    const errors = [];
    const onError = (error) => errors.push(error.code);
    const view = await db.live('llen', ['k'], () => {}, { onError });
    other.sync.set('k', 'text');
    pause(50);
    await eventually(() => errors.length > 0, 'the error is told');
    assert.deepEqual(errors, ['WRONGTYPE']);
    await other.del('k');
    await eventually(() => view.value === 0, 'the view has gone on');
  });

  it('feeds wait for DEBUG RELOAD', async (test) => {
    const config = { 'enable-debug-command': 'yes' };
    const own = await open(`file:${makeFolder(test)}`, { config });
    const second = await own.duplicate();
    own.sync.set('k', 'v');
    const got = [];
    await own.live('get', ['k'], (value) => got.push(value));
    const reload = second.debug('RELOAD');
    const subscription = await own.subscribe('a', (message) => got.push(message));
    const view = await own.live('get', ['k']);
    await own.monitor(() => {});
    assert.equal(await reload, 'OK');
    assert.equal(view.value, 'v');
    await own.set('k', 'w');
    await own.publish('a', 'm');
    await eventually(() => got.length === 3, 'both are heard');
    assert.deepEqual(got.sort(), ['m', 'v', 'w']);
    await subscription.unsubscribe();
    await Promise.all([own.close(), second.close()]);
  });

  it('a slow script refuses what begins, and live views go on after it', async () => {
    const got = [];
    const subscription = await db.subscribe('gone', () => {});
    await db.live('get', ['k'], (value) => got.push(value));
    await db.configSet('busy-reply-threshold', 10);
    const script = other.eval(kSlow, 0);
    await delay(30);
    await assert.rejects(db.get('k'), { code: 'BUSY' });
    for (const begin of [
      () => db.subscribe('a'),
      () => db.psubscribe('a', () => {}),
      () => db.ssubscribe('a'),
      () => db.monitor(),
      () => db.live('get', ['k']),
      () => db.live('get', ['k'], () => {}),
    ]) {
      await assert.rejects(begin(), { name: 'ReplyError', code: 'BUSY' });
    }
    await subscription.unsubscribe();
    await script;
    await eventually(() => got.length === 2, 'the change is seen');
    assert.deepEqual(got, [null, 'script']);
    const numberOf = async () => (await db.pubsubNumsub('gone')).at(-1);
    await eventually(async () => (await numberOf()) === 0, 'nobody is subscribed any more');
    await db.set('k', 'after');
    await delay(1);
    assert.deepEqual(got, [null, 'script', 'after']);
  });
});
