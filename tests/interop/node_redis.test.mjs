// The whole of what the README of node-redis (npm: redis) and the guides it names show, with the
// real package over TCP, in RESP2 and in RESP3. The sections are the README's, in its order.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import {
  BasicClientSideCache,
  ClientClosedError,
  ErrorReply,
  RESP_TYPES,
  WatchError,
  createClient,
  createClientPool,
  defineScript,
} from 'redis';
import { capabilities, leaveOut, until } from './capabilities.mjs';
import { startTested } from './server.mjs';

for (const RESP of [2, 3]) {
  describe(`node-redis with RESP${RESP}`, () => {
    let server;
    let client;
    let lacks;
    const clients = [];
    const make = (options = {}) => {
      const { host, port } = server;
      const made = createClient({
        RESP,
        unstableResp3: true,
        ...options,
        socket: { host, port, ...options.socket },
      });
      made.on('error', () => {});
      clients.push(made);
      return made;
    };
    before(async () => {
      server = await startTested();
      client = await make().connect();
      clients.pop();
      lacks = await capabilities((...args) => client.sendCommand(args));
    });
    after(async () => {
      client.destroy();
      await server.stop();
    });
    beforeEach(() => client.flushAll());
    afterEach(() => {
      for (const each of clients.splice(0)) if (each.isOpen) each.destroy();
    });

    const context = {
      RESP,
      main: () => client,
      make,
      connected: (options) => make(options).connect(),
      lacks: (...names) => lacks(...names),
      address: () => ({ host: server.host, port: server.port }),
    };
    commands(context);
    forms(context);
    otherCommands(context);
    transactions(context);
    blocking(context);
    messages(context);
    scans(context);
    caching(context);
    connections(context);
    endings(context);
    passwords();
    later(context);
  });
}

/** What a read of one stream gave. In RESP3 node-redis hands out the reply as it comes. */
function entriesOf(RESP, read) {
  if (RESP === 3) return Object.values(read)[0];
  return read[0].messages.map(({ id, message }) => [id, Object.entries(message).flat()]);
}

function commands({ main }) {
  describe('commands', () => {
    test('both spellings, options, replies as structures', async () => {
      const client = main();
      assert.equal(await client.set('key', 'value'), 'OK');
      assert.equal(await client.get('key'), 'value');
      assert.equal(await client.HSET('hash', 'field', 'value'), 1);
      assert.deepEqual({ ...(await client.HGETALL('hash')) }, { field: 'value' });
      await client.hSet('hash', { field1: 'value1', field2: 2 });
      assert.deepEqual(await client.hVals('hash'), ['value', 'value1', '2']);
      assert.equal(await client.set('key', 'other', { EX: 10, NX: true }), null);
      assert.equal(await client.set('new', 'value', { EX: 10, NX: true }), 'OK');
      assert.equal(await client.ttl('new'), 10);
    });

    test('numbers, scores, sets, coordinates', async () => {
      const client = main();
      await client.zAdd('z', [
        { score: 1, value: 'a' },
        { score: Infinity, value: 'b' },
      ]);
      assert.deepEqual(await client.zRangeWithScores('z', 0, -1), [
        { value: 'a', score: 1 },
        { value: 'b', score: Infinity },
      ]);
      assert.equal(await client.zScore('z', 'none'), null);
      await client.sAdd('s', ['x', 'y']);
      assert.deepEqual([...(await client.sMembers('s'))].sort(), ['x', 'y']);
      assert.equal(await client.incrByFloat('n', 1.5), '1.5');
      await client.geoAdd('g', { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' });
      const [found] = await client.geoSearchWith(
        'g',
        { longitude: 13, latitude: 38 },
        { radius: 100, unit: 'km' },
        ['WITHDIST'],
      );
      assert.equal(found.member, 'Palermo');
      assert.equal(Math.round(Number(found.distance)), 34);
    });

    test('buffers', async () => {
      const bytes = main().withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
      const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      await bytes.hSet('key', 'field', every);
      assert.deepEqual(await bytes.hGet('key', 'field'), every);
      assert.equal(await main().hSet('key', 'other', 'x'), 1);
    });
  });
}

function forms({ main, connected }) {
  describe('forms of replies', () => {
    test('dump and restore', async () => {
      const binary = await connected().then((client) =>
        client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }),
      );
      await main().rPush('source', ['a', 'b']);
      const dump = await binary.dump('source');
      assert.ok(Buffer.isBuffer(dump));
      assert.equal(await binary.restore('destination', 0, dump), 'OK');
      assert.deepEqual(await main().lRange('destination', 0, -1), ['a', 'b']);
    });

    test('maps as Map and as array', async () => {
      await main().hSet('key', { a: '1', b: '2' });
      const asMap = main().withTypeMapping({ [RESP_TYPES.MAP]: Map });
      assert.deepEqual(
        await asMap.hGetAll('key'),
        new Map([
          ['a', '1'],
          ['b', '2'],
        ]),
      );
      const asArray = main().withTypeMapping({ [RESP_TYPES.MAP]: Array });
      assert.deepEqual(await asArray.hGetAll('key'), ['a', '1', 'b', '2']);
    });
  });
}

function otherCommands({ RESP, main }) {
  describe('more commands', () => {
    test('commands it does not know', async () => {
      assert.equal(await main().sendCommand(['SET', 'key', 'value', 'NX']), 'OK');
      await main().hSet('hash', 'key1', 'field1');
      const reply = await main().sendCommand(['HGETALL', 'hash']);
      if (RESP === 2) assert.deepEqual(reply, ['key1', 'field1']);
      else assert.deepEqual({ ...reply }, { key1: 'field1' });
    });

    test('streams and their groups', async () => {
      const client = main();
      await client.xGroupCreate('jobs', 'workers', '0', { MKSTREAM: true });
      const id = await client.xAdd('jobs', '*', { task: 'sweep' });
      const read = await client.xReadGroup('workers', 'ann', { key: 'jobs', id: '>' });
      assert.deepEqual(entriesOf(RESP, read), [[id, ['task', 'sweep']]]);
      assert.equal((await client.xPending('jobs', 'workers')).pending, 1);
      assert.equal(await client.xAck('jobs', 'workers', id), 1);
      assert.equal((await client.xInfoGroups('jobs'))[0].name, 'workers');
      assert.equal((await client.xRange('jobs', '-', '+')).length, 1);
    });

    test('auto-pipelining', async () => {
      const replies = await Promise.all([
        main().set('Tm9kZSBSZWRpcw==', 'users:1'),
        main().sAdd('users:1:tokens', 'Tm9kZSBSZWRpcw=='),
        ...Array.from({ length: 1000 }, () => main().incr('n')),
      ]);
      assert.deepEqual(replies.slice(0, 3), ['OK', 1, 1]);
      assert.equal(replies.at(-1), 1000);
    });

    test('errors', async () => {
      await main().set('key', 'text');
      await assert.rejects(main().incr('key'), (error) => {
        assert.ok(error instanceof ErrorReply);
        assert.equal(error.message, 'ERR value is not an integer or out of range');
        return true;
      });
      await assert.rejects(main().lPush('key', 'x'), /^Error: WRONGTYPE /);
      await assert.rejects(main().sendCommand(['nosuch']), /unknown command 'nosuch'/);
    });

    test('documentation and information of the server', async () => {
      const client = main();
      assert.match(await client.info('server'), /redis_mode:standalone/);
      assert.deepEqual(await client.configGet('maxmemory').then((found) => ({ ...found })), {
        maxmemory: '0',
      });
      const [info] = await client.commandInfo(['get']);
      assert.equal(info.name, 'get');
      assert.ok((await client.clientList()).length >= 1);
      assert.equal((await client.clientInfo()).resp, RESP);
      assert.deepEqual(await client.time().then((time) => time.length), 2);
    });
  });
}

function transactions({ main, connected }) {
  describe('transactions', () => {
    test('multi ... exec', async () => {
      await main().set('another-key', 'another-value');
      const replies = await main().multi().set('key', 'value').get('another-key').exec();
      assert.deepEqual(replies, ['OK', 'another-value']);
      assert.deepEqual(await main().multi().incr('n').incr('n').execTyped(), [1, 2]);
    });

    test('a watched key that changes aborts it', async () => {
      const client = await connected();
      await client.watch('key');
      await main().set('key', '1');
      await assert.rejects(client.multi().set('key', '2').exec(), WatchError);
      assert.equal(await client.get('key'), '1');
      await client.watch('key');
      assert.deepEqual(await client.multi().set('key', '2').exec(), ['OK']);
    });

    test('errors of single commands', async () => {
      await main().set('key', 'text');
      const chain = main().multi().incr('key').set('done', 'yes');
      await assert.rejects(chain.exec(), (error) => {
        assert.deepEqual(error.errorIndexes, [0]);
        assert.equal(error.replies[1], 'OK');
        return true;
      });
      assert.equal(await main().get('done'), 'yes');
    });

    test('a refused command keeps all from being executed', async () => {
      const chain = main().multi().set('key', 'x').addCommand(['set', 'key']);
      await assert.rejects(chain.exec(), /EXECABORT|wrong number of arguments/);
      assert.equal(await main().exists('key'), 0);
    });

    test('as a pipeline', async () => {
      const replies = await main().multi().set('a', '1').incr('a').execAsPipeline();
      assert.deepEqual(replies, ['OK', 2]);
    });

    test('a session of one’s own out of a pool', async () => {
      const client = await connected();
      const pool = await client.createPool({ minimum: 1, maximum: 2 }).connect();
      try {
        await pool.execute(async (own) => {
          await own.watch('k');
          assert.deepEqual(await own.multi().set('k', 'v').exec(), ['OK']);
        });
        assert.deepEqual(await pool.multi().get('k').exec(), ['v']);
      } finally {
        await pool.close();
      }
    });
  });
}

function blocking({ RESP, main, connected, address }) {
  describe('blocking commands', () => {
    test('wait in a pool while others go on', async () => {
      const options = { RESP, socket: address() };
      const pool = await createClientPool(options, { minimum: 2, maximum: 4 })
        .on('error', () => {})
        .connect();
      try {
        assert.equal(await pool.ping(), 'PONG');
        const popped = pool.blPop('queue', 0);
        const moved = pool.execute((own) => own.blMove('from', 'to', 'LEFT', 'RIGHT', 0));
        await pool.rPush('queue', 'job');
        await pool.rPush('from', 'x');
        assert.deepEqual({ ...(await popped) }, { key: 'queue', element: 'job' });
        assert.equal(await moved, 'x');
      } finally {
        await pool.close();
      }
    });

    test('end when their time is up, or by CLIENT UNBLOCK', async () => {
      const client = await connected();
      assert.equal(await client.blPop('none', 0.01), null);
      const id = await client.clientId();
      const waiting = client.bzPopMin('none', 0);
      await until(async () => (await main().sendCommand(['CLIENT', 'UNBLOCK', `${id}`])) === 1);
      assert.equal(await waiting, null);
      const read = client.xRead({ key: 'stream', id: '$' }, { BLOCK: 0 });
      await until(async () => (await main().clientList()).some(({ cmd }) => cmd === 'xread'));
      await main().xAdd('stream', '1-1', { a: 'b' });
      assert.deepEqual(entriesOf(RESP, await read), [['1-1', ['a', 'b']]]);
    });
  });
}

function messages({ main, connected, lacks }) {
  describe('pub/sub', () => {
    test('channels, patterns, shard channels', async () => {
      const client = await connected();
      const got = [];
      const note = (message, channel) => got.push([message, channel]);
      await client.subscribe(['channel1', 'channel2'], note);
      await client.pSubscribe('chan*', note);
      await client.sSubscribe('shard', note);
      assert.equal(await main().publish('channel1', 'one'), 2);
      assert.equal(await main().sPublish('shard', 'two'), 1);
      await until(() => got.length === 3, 'three messages');
      assert.deepEqual(got, [
        ['one', 'channel1'],
        ['one', 'channel1'],
        ['two', 'shard'],
      ]);
      assert.deepEqual((await main().pubSubChannels()).sort(), ['channel1', 'channel2']);
      assert.equal(await main().pubSubNumPat(), 1);
      assert.equal((await main().pubSubShardNumSub(['shard'])).shard, 1);
      await client.unsubscribe('channel1');
      await client.unsubscribe('channel2', note);
      await client.pUnsubscribe('chan*', note);
      await client.sUnsubscribe('shard');
      assert.equal(await main().publish('channel1', 'three'), 0);
      assert.equal(client.isPubSubActive, false);
    });

    test('messages as buffers', async () => {
      const client = await connected();
      const got = [];
      await client.subscribe('ch', (...parts) => got.push(parts), true);
      await main().publish('ch', Buffer.from([0, 255]));
      await until(() => got.length, 'the message');
      assert.deepEqual(got, [[Buffer.from([0, 255]), Buffer.from('ch')]]);
    });

    test('a duplicate subscribes, the original publishes', async () => {
      const subscriber = main().duplicate();
      await subscriber.connect();
      const got = new Promise((done) => subscriber.subscribe('news', done));
      await until(async () => (await main().publish('news', 'hello')) === 1);
      assert.equal(await got, 'hello');
      subscriber.destroy();
    });
  });

  test('monitor', async (t) => {
    const reason = lacks('monitor');
    if (reason) return t.skip(reason);
    const client = await connected();
    const got = [];
    await client.monitor((line) => got.push(line));
    await main().set('key', 'a b');
    await until(() => got.length, 'the command');
    assert.match(got[0], /^\d+\.\d+ \[0 .*\] "SET" "key" "a b"$/i);
    await client.reset();
    assert.equal(await client.get('key'), 'a b');
    return undefined;
  });
}

function scans({ main }) {
  describe('scan iterators', () => {
    test('keys, hashes, sets, sorted sets', async () => {
      const client = main();
      const names = Array.from({ length: 300 }, (_, i) => `pattern:${i}`);
      await client.mSet(names.map((name) => [name, 'v']));
      await client.hSet('hash', names.map((name) => [name, 'v']).flat());
      await client.sAdd('set', names);
      await client.zAdd(
        'zset',
        names.map((value, score) => ({ score, value })),
      );
      const seen = async (pages, of = (item) => item) => {
        const found = new Set();
        for await (const page of pages) page.forEach((item) => found.add(of(item)));
        return found.size;
      };
      assert.equal(await seen(client.scanIterator()), 303);
      const options = { TYPE: 'string', MATCH: 'patter*', COUNT: 100 };
      assert.equal(await seen(client.scanIterator(options)), 300);
      assert.equal(await seen(client.hScanIterator('hash'), ({ field }) => field), 300);
      assert.equal(await seen(client.sScanIterator('set')), 300);
      assert.equal(await seen(client.zScanIterator('zset'), ({ score }) => score), 300);
    });
  });
}

function caching({ RESP, main, connected, lacks, address }) {
  const reasonOf = () =>
    RESP === 3 ? lacks('client|tracking') : 'client-side caching of node-redis needs RESP3';

  test('client-side caching', async (t) => {
    const reason = reasonOf();
    if (reason) return t.skip(reason);
    const clientSideCache = new BasicClientSideCache({ ttl: 0, maxEntries: 0, evictPolicy: 'LRU' });
    const client = await connected({ clientSideCache });
    await main().set('key', 'one');
    for (let i = 0; i < 3; ++i) assert.equal(await client.get('key'), 'one');
    assert.deepEqual([clientSideCache.stats().missCount, clientSideCache.stats().hitCount], [1, 2]);
    await main().set('key', 'two');
    await until(async () => (await client.get('key')) === 'two', 'the invalidation');
    assert.equal(clientSideCache.stats().missCount, 2);
    await client.get('none');
    await main().flushAll();
    await until(async () => (await client.get('key')) === null, 'the invalidation of all');
    return undefined;
  });

  test('client-side caching in a pool', async (t) => {
    const reason = reasonOf();
    if (reason) return t.skip(reason);
    const pool = await createClientPool(
      { RESP, socket: address() },
      { clientSideCache: { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' }, minimum: 3 },
    )
      .on('error', () => {})
      .connect();
    try {
      await main().set('key', 'one');
      for (let i = 0; i < 5; ++i) assert.equal(await pool.get('key'), 'one');
      await main().set('key', 'two');
      await until(async () => (await pool.get('key')) === 'two', 'the invalidation');
    } finally {
      pool.destroy();
    }
    return undefined;
  });
}

function connections({ main, make, address }) {
  describe('connections', () => {
    test('addresses, databases, names', async () => {
      const { host, port } = address();
      const client = createClient({ url: `redis://${host}:${port}/3`, name: 'worker' });
      await client.on('error', () => {}).connect();
      try {
        assert.equal(client.isReady && client.isOpen, true);
        const info = await client.clientInfo();
        assert.deepEqual([info.db, info.name, info.libName], [3, 'worker', 'node-redis']);
        await client.select(1);
        assert.equal((await client.clientInfo()).db, 1);
      } finally {
        client.destroy();
      }
      assert.equal(client.isOpen, false);
    });

    test('events, and a connection made anew after a loss', async () => {
      const client = make({ socket: { reconnectStrategy: () => 1 } });
      const seen = [];
      for (const event of ['connect', 'ready', 'reconnecting', 'end', 'error']) {
        client.on(event, () => seen.push(event));
      }
      await client.connect();
      const got = [];
      await client.subscribe('news', (message) => got.push(message));
      const subscriber = (await main().clientList()).find(({ sub }) => sub === 1);
      const ready = new Promise((done) => client.once('ready', done));
      await main().sendCommand(['CLIENT', 'KILL', 'ID', `${subscriber.id}`]);
      await ready;
      await until(async () => (await main().publish('news', 'again')) === 1);
      await until(() => got.length, 'the message');
      client.destroy();
      assert.deepEqual(seen.slice(0, 6), [
        ...['connect', 'ready', 'error', 'reconnecting', 'connect', 'ready'],
      ]);
    });
  });
}

function endings({ connected }) {
  describe('ends and limits', () => {
    test('close waits for replies, destroy does not', async () => {
      const first = await connected();
      const reply = first.set('key', 'v');
      await first.close();
      assert.equal(await reply, 'OK');
      await assert.rejects(first.get('key'), ClientClosedError);
      const second = await connected();
      const waiting = second.blPop('none', 0);
      waiting.catch(() => {});
      second.destroy();
      await assert.rejects(waiting);
    });

    test('commands that are aborted or take too long', async () => {
      const client = await connected();
      const controller = new AbortController();
      const aborted = client.withAbortSignal(controller.signal).get('key');
      controller.abort();
      await assert.rejects(aborted, /abort/i);
      assert.equal(await client.get('key'), null);
      assert.equal(await client.asap().ping(), 'PONG');
    });

    test('the callbacks of the legacy mode', async () => {
      const legacy = (await connected()).legacy();
      const reply = await new Promise((done, fail) =>
        legacy.set('key', 'v', (error, value) => (error ? fail(error) : done(value))),
      );
      assert.equal(reply, 'OK');
    });
  });
}

function passwords() {
  describe('other addresses', () => {
    test('a unix socket, a password', async () => {
      const own = await startTested({ args: ['--requirepass', 'auth', '--unixsocket', 'k.sock'] });
      const socket = { path: `${own.folder}/k.sock`, reconnectStrategy: false };
      const client = createClient({ socket, password: 'auth' });
      await client.on('error', () => {}).connect();
      assert.equal(await client.ping(), 'PONG');
      client.destroy();
      const wrong = createClient({ socket, username: 'default', password: 'wrong' });
      await assert.rejects(wrong.on('error', () => {}).connect(), /WRONGPASS/);
      await own.stop();
    });
  });
}

function later({ make, main, lacks }) {
  test('scripts', async (t) => {
    const reason = lacks('eval', 'evalsha');
    if (reason) return t.skip(reason);
    const add = defineScript({
      SCRIPT: 'return redis.call("GET", KEYS[1]) + ARGV[1]',
      NUMBER_OF_KEYS: 1,
      FIRST_KEY_INDEX: 1,
      parseCommand(parser, key, toAdd) {
        parser.pushKey(key);
        parser.push(`${toAdd}`);
      },
      transformReply: undefined,
    });
    const client = await make({ scripts: { add } }).connect();
    await main().set('key', '1');
    assert.equal(await client.add('key', 2), 3);
    return undefined;
  });

  test('functions', async (t) => {
    const reason = lacks('function|load', 'fcall');
    if (reason) return t.skip(reason);
    const code = "#!lua name=lib\nredis.register_function('one', function() return 1 end)";
    await main().functionLoad(code, { REPLACE: true });
    assert.equal(await main().sendCommand(['FCALL', 'one', '0']), 1);
    return undefined;
  });

  test('users', async (t) => {
    const reason = lacks('acl|setuser');
    if (reason) return t.skip(reason);
    await main().aclSetUser('alice', ['on', '>foobared', '~alice:*', '+@all']);
    const alice = await make({ username: 'alice', password: 'foobared' }).connect();
    assert.equal(await alice.set('alice:k', 'v'), 'OK');
    await assert.rejects(alice.set('k', 'v'), /NOPERM/);
    assert.equal(await main().aclDelUser('alice'), 1);
    return undefined;
  });

  leaveOut(test, {
    'TLS and Entra ID': 'the server has no TLS yet',
    'JSON, search, time series, probabilistic types': 'they are modules, not Redis itself',
    'sentinel, cluster': 'there is no cluster',
  });
}
