// Messages for handlers and iterators of this process.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ClosedError, SlowSubscriberError, open } from 'kvasm';

/** Lets what is queued be delivered. */
const settle = () => delay(0);

describe('subscribe', () => {
  let db;
  beforeEach(async () => {
    db = await open();
  });
  afterEach(() => db.close());

  it('gives a handler every message of its channels in order', async () => {
    const got = [];
    await db.subscribe(['news', 'sport'], (...parts) => got.push(parts));
    assert.equal(await db.publish('news', 'one'), 1);
    assert.equal(await db.publish('sport', 'two'), 1);
    assert.equal(await db.publish('other', 'three'), 0);
    await settle();
    assert.deepEqual(got, [
      ['one', 'news', undefined],
      ['two', 'sport', undefined],
    ]);
  });

  it('tells which pattern let a message in', async () => {
    const got = [];
    await db.psubscribe('n*', (...parts) => got.push(parts));
    await db.publish('news', 'one');
    await settle();
    assert.deepEqual(got, [['one', 'news', 'n*']]);
  });

  it('keeps shard channels apart from channels', async () => {
    const got = [];
    await db.ssubscribe('ch', (message) => got.push(message));
    assert.equal(await db.publish('ch', 'no'), 0);
    assert.equal(await db.spublish('ch', 'yes'), 1);
    await settle();
    assert.deepEqual(got, ['yes']);
  });

  it('serves several subscriptions to a channel and counts as one subscriber', async () => {
    const got = [];
    const first = await db.subscribe('ch', (message) => got.push(`1 ${message}`));
    await db.subscribe('ch', (message) => got.push(`2 ${message}`));
    assert.equal(await db.publish('ch', 'a'), 1);
    await settle();
    await first.unsubscribe();
    await first.unsubscribe();
    assert.equal(first.closed, true);
    assert.equal(await db.publish('ch', 'b'), 1);
    await settle();
    assert.deepEqual(got, ['1 a', '2 a', '2 b']);
  });

  it('hears other sessions, and none of their databases matter', async () => {
    const other = await db.duplicate();
    await other.select(3);
    const got = [];
    await db.subscribe('ch', (message) => got.push(message));
    other.sync.publish('ch', 'x');
    await settle();
    assert.deepEqual(got, ['x']);
    await other.close();
  });

  it('works while a command of the database waits, and after RESET', async () => {
    const got = [];
    const waits = db.blpop('list', 0);
    await db.subscribe('ch', (message) => got.push(message));
    const other = await db.duplicate();
    await other.publish('ch', 'x');
    await other.rpush('list', 'end');
    await waits;
    await db.reset();
    await db.publish('ch', 'y');
    await settle();
    assert.deepEqual(got, ['x', 'y']);
    await other.close();
  });

  it('calls handlers after the call that published, never within it', async () => {
    const got = [];
    await db.subscribe('ch', (message) => {
      got.push(message);
      if (message === 'first') db.sync.publish('ch', 'from the handler');
    });
    db.sync.publish('ch', 'first');
    assert.deepEqual(got, []);
    await settle();
    assert.deepEqual(got, ['first', 'from the handler']);
  });

  it('gives bytes to subscriptions of db.bytes', async () => {
    const got = [];
    await db.bytes.subscribe('ch', (message) => got.push(message));
    await db.subscribe('ch', (message) => got.push(message));
    await db.publish('ch', Uint8Array.of(0, 255, 65));
    await settle();
    assert.deepEqual([...got[0]], [0, 255, 65]);
    assert.equal(got[1], '\0\ufffdA');
  });

  it('ends with the database', async () => {
    const other = await db.duplicate();
    const subscription = await db.subscribe('ch', () => assert.fail('nobody is there'));
    await db.close();
    assert.equal(subscription.closed, true);
    assert.equal(await other.publish('ch', 'x'), 0);
    assert.match(await other.clientList(), /^id=\d+ [^\n]*\n$/);
    await other.close();
    await assert.rejects(
      db.subscribe('ch', () => {}),
      ClosedError,
    );
  });
});

describe('subscribe without a handler', () => {
  let db;
  beforeEach(async () => {
    db = await open();
  });
  afterEach(() => db.close());

  it('is read as an iterator that misses nothing from the start on', async () => {
    const subscription = await db.subscribe('ch');
    for (let i = 0; i < 100; ++i) db.sync.publish('ch', `${i}`);
    let next = 0;
    for await (const { channel, message } of subscription) {
      assert.equal(channel, 'ch');
      assert.equal(message, `${next}`);
      if (++next === 50) break;
    }
    assert.equal(subscription.closed, true);
    assert.equal(await db.publish('ch', 'x'), 0);
  });

  it('ends on its signal', async () => {
    const controller = new AbortController();
    const subscription = await db.psubscribe('c*', { signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    const got = [];
    db.sync.publish('ch', 'x');
    for await (const { message } of subscription) got.push(message);
    assert.deepEqual(got, ['x']);
    assert.equal(await db.pubsubNumpat(), 0);
    await assert.rejects(db.subscribe('ch', { signal: controller.signal }), { name: 'AbortError' });
  });

  it('ends with the block that owns it', async () => {
    const subscription = await db.subscribe('ch');
    await subscription[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]();
    assert.equal(await db.publish('ch', 'x'), 0);
    assert.deepEqual(await subscription[Symbol.asyncIterator]().next(), {
      done: true,
      value: undefined,
    });
  });

  it('ends with the database', async () => {
    const subscription = await db.subscribe('ch');
    const next = subscription[Symbol.asyncIterator]().next();
    await db.close();
    assert.deepEqual(await next, { done: true, value: undefined });
  });

  it('does not let messages pile up without end', async () => {
    const subscription = await db.subscribe('ch', { maxUnread: 10 });
    for (let i = 0; i < 11; ++i) db.sync.publish('ch', `${i}`);
    assert.equal(await db.publish('ch', 'x'), 0);
    await assert.rejects(subscription[Symbol.asyncIterator]().next(), SlowSubscriberError);
  });
});

describe('onKeyspace', () => {
  it('tells what happens to keys of the selected database', async () => {
    const db = await open();
    await db.select(2);
    const got = [];
    const subscription = await db.onKeyspace('user:*', (event) => got.push(event));
    await db.set('user:1', 'a');
    await db.set('other', 'a');
    await db.rename('user:1', 'user:2');
    await db.select(0);
    await db.set('user:1', 'a');
    await settle();
    assert.deepEqual(got, [
      { event: 'set', key: 'user:1', database: 2 },
      { event: 'rename_from', key: 'user:1', database: 2 },
      { event: 'rename_to', key: 'user:2', database: 2 },
    ]);
    await subscription.unsubscribe();
    await db.close();
  });

  it('adds to the events that are asked for already', async () => {
    const db = await open('memory:', { config: { 'notify-keyspace-events': 'Exn' } });
    await db.onKeyspace('*', () => {});
    assert.deepEqual(await db.configGet('notify-keyspace-events'), {
      'notify-keyspace-events': 'AKE',
    });
    await db.close();
  });

  it('hears keys expire', async () => {
    const db = await open();
    // Listening alone keeps no process alive.
    const alive = setInterval(() => {}, 1000);
    const subscription = await db.onKeyspace('k');
    await db.set('k', 'v', 'PX', 5);
    const events = [];
    for await (const { event } of subscription) {
      events.push(event);
      if (event === 'expired') break;
    }
    clearInterval(alive);
    assert.deepEqual(events, ['set', 'expire', 'expired']);
    await db.close();
  });
});
