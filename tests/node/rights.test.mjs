// What a session of this process may do once it has logged in as a user with less than all rights.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ClosedError, open } from 'kvasm';

const kDenied = { name: 'ReplyError', code: 'NOPERM' };
const kEnded = { name: 'ClosedError', message: /its user was deleted/ };

describe('the rights of a session in this process', () => {
  let db;
  let bob;
  const as = async (rules) => {
    await db.aclSetuser('bob', 'reset', 'on', '>pw', ...rules);
    const session = await db.duplicate();
    await session.auth('bob', 'pw');
    return session;
  };
  beforeEach(async () => {
    db = await open();
    bob = await as(['~own:*', '&own:*', '+get', '+set']);
  });
  afterEach(() => Promise.all([db.close(), bob.close()]));

  it('end with the user: so does the session, with all it has opened', async () => {
    await db.aclSetuser('bob', '+blpop', '+subscribe');
    const ended = new Promise((resolve) => bob.on('end', resolve));
    const waiting = assert.rejects(bob.blpop('own:q', 0), kEnded);
    const second = await bob.duplicate();
    const connection = await bob.connect();
    const closed = once(connection, 'close');
    const view = await second.live('get', ['own:k']);
    const messages = await second.subscribe('own:c');
    const next = messages[Symbol.asyncIterator]().next();
    await db.aclDeluser('bob');
    await Promise.all([waiting, next, closed]);
    assert.ok((await ended) instanceof ClosedError);
    assert.equal(bob.closed, true);
    assert.equal(second.closed, true);
    assert.equal(view.closed, true);
    assert.equal(messages.closed, true);
    assert.throws(() => bob.sync.get('secret'), kEnded);
    await assert.rejects(bob.set('secret', 'x'), kEnded);
    await assert.rejects(bob.dump(), kEnded);
    assert.equal(await db.ping(), 'PONG');
  });

  it('end with the user that deletes himself, after the reply', async () => {
    await db.aclSetuser('bob', '+@all');
    assert.equal(await bob.aclDeluser('bob'), 1);
    await assert.rejects(bob.get('secret'), ClosedError);
  });

  it('are gone when the users are replaced, too, but not those of the program', async () => {
    assert.equal(await db.aclDeluser('bob'), 1);
    await db.aclSetuser('default', 'off');
    assert.equal(await db.get('secret'), null);
    assert.equal((await db.duplicate()).sync.get('secret'), null);
  });

  it('hold in duplicates, also when the session logs in as another one later', async () => {
    await db.set('secret', 'x');
    const second = await bob.duplicate();
    await db.aclSetuser('ann', 'on', '>pw', '~*', '+@all');
    await bob.auth('ann', 'pw');
    assert.equal(await bob.get('secret'), 'x');
    await assert.rejects(second.get('secret'), kDenied);
    await assert.rejects(second.flushall(), kDenied);
    await second.close();
  });

  it('hold in watch, which needs no others than what is called', async () => {
    await db.set('secret', 'x');
    await db.aclSetuser('bob', '+watch', '+multi', '+exec', '+select');
    await assert.rejects(
      bob.watch('secret', () => {}),
      kDenied,
    );
    await assert.rejects(
      bob.watch('own:k', (tx) => tx.get('secret')),
      kDenied,
    );
    await bob.select(3);
    await db.aclSetuser('bob', '-select');
    const results = await bob.watch('own:k', async (tx) => {
      await assert.rejects(
        tx.duplicate().then((third) => third.get('secret')),
        kDenied,
      );
      return tx.multi().set('own:k', 1).get('own:k');
    });
    assert.deepEqual(
      results.map(([, reply]) => reply),
      ['OK', '1'],
    );
    await db.select(3);
    assert.equal(await db.get('own:k'), '1');
  });

  it('hold in live, which needs no others than those to the command', async () => {
    await assert.rejects(bob.live('get', ['secret']), kDenied);
    await assert.rejects(bob.live('hgetall', ['own:h']), kDenied);
    const view = await bob.live('get', ['own:k']);
    const values = view[Symbol.asyncIterator]();
    assert.deepEqual(await values.next(), { done: false, value: null });
    await db.set('own:k', 'x');
    assert.deepEqual(await values.next(), { done: false, value: 'x' });
    await db.aclSetuser('bob', '-get');
    await db.set('own:k', 'y');
    await assert.rejects(values.next(), kDenied);
  });

  it('hold in subscriptions, by who subscribes', async () => {
    await assert.rejects(bob.subscribe('own:c'), kDenied);
    await db.aclSetuser('bob', '+subscribe', '+psubscribe');
    await assert.rejects(bob.subscribe('secret'), kDenied);
    await assert.rejects(bob.psubscribe('*'), kDenied);
    await assert.rejects(bob.ssubscribe('own:c'), kDenied);
    const own = await bob.subscribe('own:c', () => {});
    await db.aclSetuser('ann', 'on', '>pw', '&*', '+@all');
    await bob.auth('ann', 'pw');
    const later = await bob.subscribe(['secret', 'own:c'], () => {});
    assert.equal(await db.publish('secret', 'x'), 1);
    await db.aclSetuser('bob', 'resetchannels');
    assert.equal(own.closed, true);
    assert.equal(later.closed, false);
    assert.equal(await db.publish('own:c', 'x'), 1);
    await later.unsubscribe();
  });

  it('leave no subscription behind that the user may not take back', async () => {
    await db.aclSetuser('bob', '+subscribe');
    const own = await bob.subscribe('own:c', () => {});
    await own.unsubscribe();
    assert.equal(await db.publish('own:c', 'x'), 0);
    await bob.subscribe('own:c', () => {});
    assert.equal(await db.publish('own:c', 'x'), 1);
  });

  it('hold in monitor', async () => {
    await assert.rejects(bob.monitor(), kDenied);
    await db.aclSetuser('bob', '+monitor');
    await (await bob.monitor()).unsubscribe();
  });

  it('hold in onKeyspace, which needs those to the channels or changes nothing', async () => {
    await assert.rejects(bob.onKeyspace('own:*'), kDenied);
    await db.aclSetuser('bob', '+psubscribe');
    await assert.rejects(bob.onKeyspace('own:*'), kDenied);
    assert.deepEqual(await db.configGet('notify-keyspace-events'), {
      'notify-keyspace-events': '',
    });
    await db.aclSetuser('bob', '&__keyspace@0__:own:*');
    const events = await bob.onKeyspace('own:*');
    await db.set('own:k', 'x');
    const { value } = await events[Symbol.asyncIterator]().next();
    assert.deepEqual(value, { event: 'set', key: 'own:k', database: 0 });
  });

  it('hold in dump(): all of the data is for those who may SAVE', async () => {
    await assert.rejects(bob.dump(), { ...kDenied, command: 'save' });
    await db.aclSetuser('bob', '+save');
    assert.ok((await bob.dump()).length > 0);
    assert.ok((await db.dump()).length > 0);
  });

  it('hold on connections in memory, from the beginning', async () => {
    await db.set('secret', 'x');
    const connection = await bob.connect();
    connection.write('GET secret\r\n');
    const [reply] = await once(connection, 'data');
    assert.match(String(reply), /^-NOPERM No permissions to access a key/);
    connection.destroy();
    const free = await db.connect();
    free.write('GET secret\r\n');
    assert.equal(String((await once(free, 'data'))[0]), '$1\r\nx\r\n');
    free.destroy();
  });
});
