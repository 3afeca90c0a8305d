// Sessions of the process that are ended by CLIENT KILL.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ClosedError, open } from 'kvasm';

const kKilled = { name: 'ClosedError', code: 'CLOSED', message: /CLIENT KILL/ };

describe('CLIENT KILL in the process', () => {
  let db;
  let other;
  beforeEach(async () => {
    db = await open();
    other = await db.duplicate();
  });
  afterEach(() => Promise.all([db.close(), other.close()]));
  const kill = (id) => db.client('KILL', 'ID', id);

  it('ends the session that is meant: its calls are refused from then on', async () => {
    const id = await other.clientId();
    assert.equal(await kill(id), 1);
    assert.equal(other.closed, true);
    await assert.rejects(other.get('k'), kKilled);
    assert.throws(() => other.sync.get('k'), kKilled);
    await assert.rejects(other.duplicate(), kKilled);
    assert.equal(await kill(id), 0);
    assert.equal(await db.ping(), 'PONG');
  });

  it('ends a wait, and takes nothing for it', async () => {
    const id = await other.clientId();
    const popped = assert.rejects(other.blpop('q', 0), kKilled);
    const behind = assert.rejects(other.get('k'), kKilled);
    await kill(id);
    await Promise.all([popped, behind]);
    await db.rpush('q', 'x');
    assert.equal(await db.llen('q'), 1);
  });

  it('tells who listens to the end', async () => {
    const told = [];
    const forgotten = () => told.push('forgotten');
    other
      .on('end', (error) => told.push(error))
      .on('end', forgotten)
      .off('end', forgotten);
    const closing = await db.duplicate();
    closing.on('end', (error) => told.push(error));
    await kill(await other.clientId());
    await closing.close();
    await delay(1);
    assert.equal(told.length, 2);
    assert.ok(told[0] instanceof ClosedError);
    assert.equal(told[1], undefined);
    assert.throws(() => db.on('close', () => {}), TypeError);
    assert.throws(() => db.on('end', 5), TypeError);
  });

  it('ends subscriptions and views by the id of their sessions', async () => {
    const ids = async () =>
      [...(await db.client('LIST')).matchAll(/^id=(\d+)/gm)].map((match) => match[1]);
    const before = await ids();
    const messages = await db.subscribe('c');
    const view = await db.live('get', ['k']);
    const [first, second] = (await ids()).filter((id) => !before.includes(id));
    const next = assert.rejects(messages[Symbol.asyncIterator]().next(), ClosedError);
    await kill(first);
    await next;
    assert.equal(messages.closed, true);
    await kill(second);
    assert.equal(view.closed, true);
    await db.subscribe('c', () => {});
    assert.equal(await db.publish('c', 'x'), 1, 'a new session listens');
  });

  it('spares them when they are not meant one by one', async () => {
    assert.equal(await other.client('KILL', 'TYPE', 'normal'), 0);
    assert.equal(await other.client('KILL', 'USER', 'default', 'SKIPME', 'no'), 0);
    assert.equal(await db.ping(), 'PONG');
  });

  it('ends the session itself after its reply', async () => {
    const reply = await other.client('KILL', 'ID', await other.clientId(), 'SKIPME', 'no');
    assert.equal(reply, 1);
    await assert.rejects(other.ping(), ClosedError);
  });
});
