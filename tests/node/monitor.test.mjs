// db.monitor(): commands as they are executed, for handlers and iterators.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { ClosedError, SlowSubscriberError, open } from 'kvasm';

/** Lets what is queued be delivered. */
const settle = () => delay(0);

describe('monitor', () => {
  let db;
  let other;
  beforeEach(async () => {
    db = await open();
    other = await db.duplicate();
  });
  afterEach(() => Promise.all([db.close(), other.close()]));

  it('shows commands of all sessions with time, database and client', async () => {
    const got = [];
    const before = Date.now();
    await db.monitor((command) => got.push(command));
    await db.set('k', 'v', 'EX', 10);
    await other.select(3);
    await other.get('k');
    await settle();
    assert.deepEqual(
      got.map(({ args }) => args),
      [
        ['set', 'k', 'v', 'EX', '10'],
        ['select', '3'],
        ['get', 'k'],
      ],
    );
    assert.deepEqual(got[2].database, 3);
    assert.equal(got[2].client, '?:0');
    for (const { time } of got) assert.ok(time >= before - 1 && time <= Date.now() + 1, `${time}`);
  });

  it('gives arguments back as they were sent', async () => {
    const texts = [];
    const bytes = [];
    await db.monitor(({ args }) => texts.push(args[1]));
    await db.bytes.monitor(({ args }) => bytes.push(args[1]));
    const every = Uint8Array.from({ length: 256 }, (_, i) => i);
    const odd = 'a "quoted" \\ back\\x41slash\n\r\t\x07\b caf\u00e9 \u{1f600}';
    await db.echo(odd);
    await db.echo(every);
    await db.echo('');
    await settle();
    assert.equal(texts[0], odd);
    assert.deepEqual([...bytes[1]], [...every]);
    assert.ok(Buffer.isBuffer(bytes[1]));
    assert.equal(texts[2], '');
  });

  it('shows what a transaction runs, and no secrets', async () => {
    const got = [];
    await db.monitor(({ args }) => got.push(args.join(' ')));
    await db.multi().set('a', 1).incr('a').exec();
    await db.config('SET', 'slowlog-log-slower-than', 0);
    for (const command of [
      ['AUTH', 'my secret'],
      ['AUTH', 'eve', 'my secret'],
      ['ACL', 'SETUSER', 'eve', 'on', '>my secret'],
      ['ACL', 'SETUSER', 'eve', '<no my secret'],
      ['HELLO', '3', 'AUTH', 'eve', 'my secret!'],
      ['HELLO', '3', 'AUTH', 'eve', 'my secret', 'SETNAME', 'not a name'],
      ['CONFIG', 'SET', 'masterauth', 'my secret', 'hz', 'x'],
      ['CONFIG', 'SET', 'requirepass', 'my secret', 'masterauth', 'my secret'],
    ]) {
      const error = await other.call(...command).catch((reason) => reason);
      got.push(inspect(error, { depth: 9 }), JSON.stringify(error) ?? '');
    }
    other.on('end', (reason) => got.push(inspect(reason)));
    await db.call('CLIENT', 'KILL', 'ID', await other.clientId());
    got.push(inspect(await db.slowlog('GET', -1), { depth: 9 }));
    got.push(inspect([db, other], { depth: 9 }), JSON.stringify([db, other]));
    await settle();
    assert.ok(got.includes('set a 1') && got.includes('incr a'), got.join('\n'));
    assert.ok(!/.{0,50}my secret/.exec(got.join('\n'))?.[0]);
    assert.match(got.join('\n'), /redacted/);
  });

  it('is read as an iterator, and ends on its signal', async () => {
    const controller = new AbortController();
    const monitor = await db.monitor({ signal: controller.signal });
    await other.ping();
    const seen = [];
    setTimeout(() => controller.abort(), 5);
    for await (const { args } of monitor) seen.push(args);
    assert.deepEqual(seen, [['ping']]);
    assert.equal(monitor.closed, true);
    await assert.rejects(db.monitor({ signal: controller.signal }), { name: 'AbortError' });
  });

  it('costs nothing any more once it has ended', async () => {
    const monitor = await db.monitor(() => {});
    assert.match(await db.clientList(), / flags=O/);
    await monitor.unsubscribe();
    await monitor.unsubscribe();
    assert.doesNotMatch(await db.clientList(), / flags=O/);
    const second = await db.monitor();
    await second[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]();
    assert.equal((await db.clientList()).trim().split('\n').length, 2);
  });

  it('ends with the database', async () => {
    const own = await open();
    const last = await own.monitor();
    await own.close();
    assert.deepEqual(await last[Symbol.asyncIterator]().next(), { done: true, value: undefined });
    await assert.rejects(own.monitor(), ClosedError);
  });

  it('does not let commands pile up without end', async () => {
    const monitor = await db.monitor({ maxUnread: 10 });
    for (let i = 0; i < 11; ++i) await db.ping();
    await assert.rejects(monitor[Symbol.asyncIterator]().next(), SlowSubscriberError);
    assert.doesNotMatch(await db.clientList(), / flags=O/);
  });
});
