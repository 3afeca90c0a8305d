// The whole of what the README of ioredis shows, with the real package: over TCP, and over
// `kvasm/ioredis` without a socket. The sections are the README's, in its order.
import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { open } from 'kvasm';
import { connectorTo } from 'kvasm/ioredis';
import { capabilities, leaveOut, until } from './capabilities.mjs';
import { startTested } from './server.mjs';

const transports = {
  async 'over TCP'() {
    const server = await startTested();
    const address = { host: server.host, port: server.port };
    return { options: address, close: () => server.stop() };
  },
  async 'in memory'() {
    const db = await open('memory:');
    return { options: { Connector: connectorTo(db) }, close: () => db.close() };
  },
};

/** The reply of `call(callback)`, as an error-first callback gets it. */
const byCallback = (call) =>
  new Promise((done, fail) => {
    call((error, reply) => (error ? fail(error) : done(reply)));
  });

for (const [transport, start] of Object.entries(transports)) {
  describe(`ioredis ${transport}`, () => {
    let server;
    let redis;
    let lacks;
    const clients = [];
    /** One more client, disconnected after the test. */
    const make = (options = {}) => {
      const client = new Redis({ ...server.options, ...options });
      client.on('error', () => {});
      clients.push(client);
      return client;
    };
    before(async () => {
      server = await start();
      redis = new Redis(server.options);
      lacks = await capabilities((...args) => redis.call(...args));
    });
    after(async () => {
      redis.disconnect();
      await server.close();
    });
    beforeEach(() => redis.flushall());
    afterEach(() => {
      for (const client of clients.splice(0)) client.disconnect();
    });

    basics(() => redis);
    const context = { main: () => redis, make, lacks: (...names) => lacks(...names) };
    messages(context);
    streams(context);
    monitoring(context);
    pipelines(context);
    transactions(context);
    queueing(context);
    transformers(context);
    scans(context);
    reconnects(context);
    retries(context);
    events(context);
    identities(context);
    errors(context);
    later(context);
  });
}

/** Has `main` cut off another client's connection. */
const kill = async (main, client) => main.client('KILL', 'ID', await client.client('ID'));

function basics(main) {
  describe('basic usage', () => {
    test('promises and callbacks', async () => {
      const redis = main();
      assert.equal(await redis.set('mykey', 'value'), 'OK');
      assert.equal(await byCallback((done) => redis.get('mykey', done)), 'value');
      assert.equal(await redis.get('mykey'), 'value');
      await redis.zadd('sortedSet', 1, 'one', 2, 'dos', 4, 'quatro', 3, 'three');
      assert.deepEqual(await redis.zrange('sortedSet', 0, 2, 'WITHSCORES'), [
        'one',
        '1',
        'dos',
        '2',
        'three',
        '3',
      ]);
      assert.equal(await redis.set('mykey', 'hello', 'EX', 10), 'OK');
      assert.equal(await redis.ttl('mykey'), 10);
    });

    test('expiration', async () => {
      const redis = main();
      await redis.set('key', 'data', 'EX', 60);
      assert.equal(await redis.ttl('key'), 60);
      await redis.set('key', 'data', 'PX', 5);
      await delay(10);
      assert.equal(await redis.get('key'), null);
    });

    test('binary data', async () => {
      const redis = main();
      await redis.set('foo', Buffer.from([0x62, 0x75, 0x66]));
      assert.deepEqual(await redis.getBuffer('foo'), Buffer.from('buf'));
      assert.deepEqual(await redis.setBuffer('foo', 'new value', 'GET'), Buffer.from('buf'));
      const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      await redis.hset(every, every, every);
      assert.deepEqual(await redis.hgetBuffer(every, every), every);
      assert.deepEqual(await redis.keysBuffer('\0*'), [every]);
    });

    test('geo', async () => {
      const redis = main();
      await redis.geoadd(
        'Sicily',
        13.361389,
        38.115556,
        'Palermo',
        15.087269,
        37.502669,
        'Catania',
      );
      assert.equal(await redis.geodist('Sicily', 'Palermo', 'Catania'), '166274.1516');
      assert.deepEqual(
        await redis.geosearch('Sicily', 'FROMLONLAT', 15, 37, 'BYRADIUS', 100, 'km'),
        ['Catania'],
      );
    });

    test('lists, sets, hashes', async () => {
      const redis = main();
      assert.equal(await redis.rpush('list', 1, 2, 3), 3);
      assert.deepEqual(await redis.lrange('list', 0, -1), ['1', '2', '3']);
      assert.equal(await redis.sadd('set', [1, 3, 5, 7]), 4);
      assert.deepEqual((await redis.smembers('set')).sort(), ['1', '3', '5', '7']);
      assert.equal(await redis.hset('hash', { name: 'Bob', age: 20 }), 2);
      assert.equal(await redis.hincrby('hash', 'age', 1), 21);
      assert.deepEqual(await redis.hmget('hash', 'name', 'age', 'none'), ['Bob', '21', null]);
    });
  });
}

function messages({ main, make }) {
  describe('pub/sub', () => {
    test('messages as text and as bytes', async () => {
      const sub = make();
      assert.equal(await byCallback((done) => sub.subscribe('channel-1', 'channel-2', done)), 2);
      const texts = [];
      const bytes = [];
      sub.on('message', (channel, message) => texts.push([channel, message]));
      sub.on('messageBuffer', (channel, message) => bytes.push([channel, message]));
      const message = JSON.stringify({ foo: Math.random() });
      assert.equal(await main().publish('channel-1', message), 1);
      assert.equal(await main().publish('channel-2', Buffer.from([0, 255])), 1);
      assert.equal(await main().publish('channel-3', message), 0);
      await until(() => bytes.length === 2, 'the second message');
      assert.deepEqual(texts[0], ['channel-1', message]);
      assert.deepEqual(bytes[1], [Buffer.from('channel-2'), Buffer.from([0, 255])]);
    });

    test('a subscriber cannot do anything else until it has unsubscribed', async () => {
      const sub = make();
      await sub.subscribe('news');
      await assert.rejects(sub.get('k'), /subscriber mode/);
      assert.deepEqual(await sub.ping(), ['pong', '']);
      assert.equal(await sub.unsubscribe('news'), 0);
      assert.equal(await sub.set('k', 'v'), 'OK');
    });

    test('patterns', async () => {
      const sub = make();
      assert.equal(await sub.psubscribe('pat?ern'), 1);
      const texts = once(sub, 'pmessage');
      const bytes = once(sub, 'pmessageBuffer');
      await main().publish('pattern', 'x');
      assert.deepEqual(await texts, ['pat?ern', 'pattern', 'x']);
      assert.deepEqual(await bytes, ['pat?ern', Buffer.from('pattern'), Buffer.from('x')]);
      assert.equal(await sub.punsubscribe(), 0);
    });

    test('shard channels', async () => {
      const sub = make();
      assert.equal(await sub.ssubscribe('channel{my}:1', 'channel{my}:2'), 2);
      const got = once(sub, 'smessage');
      assert.equal(await main().spublish('channel{my}:1', 'hello'), 1);
      assert.deepEqual(await got, ['channel{my}:1', 'hello']);
    });
  });
}

function streams({ main, make }) {
  describe('streams', () => {
    test('a consumer that goes from message to message', async () => {
      const reader = make();
      const got = [];
      const listenForMessage = async (lastId = '$') => {
        const results = await reader.xread('BLOCK', 0, 'STREAMS', 'mystream', lastId);
        const [key, found] = results[0];
        assert.equal(key, 'mystream');
        for (const [, fields] of found) got.push(fields);
        if (got.length < 3) await listenForMessage(found.at(-1)[0]);
      };
      const listening = listenForMessage();
      await until(async () => /cmd=xread/.test(await main().client('LIST')), 'the reader');
      for (const value of ['a', 'b', 'c']) {
        assert.match(await main().xadd('mystream', '*', 'randomValue', value), /^\d+-\d+$/);
      }
      await listening;
      assert.deepEqual(got, [
        ['randomValue', 'a'],
        ['randomValue', 'b'],
        ['randomValue', 'c'],
      ]);
    });

    test('consumer groups', async () => {
      const redis = main();
      await redis.xgroup('CREATE', 'jobs', 'workers', '$', 'MKSTREAM');
      const worker = make();
      const read = worker.xreadgroup(
        ...['GROUP', 'workers', 'ann', 'COUNT', 1, 'BLOCK', 0, 'STREAMS', 'jobs', '>'],
      );
      await until(async () => /cmd=xreadgroup/.test(await redis.client('LIST')), 'the worker');
      const id = await redis.xadd('jobs', '*', 'task', 'sweep');
      assert.deepEqual(await read, [['jobs', [[id, ['task', 'sweep']]]]]);
      assert.equal((await redis.xpending('jobs', 'workers'))[0], 1);
      assert.equal(await redis.xack('jobs', 'workers', id), 1);
    });
  });
}

function monitoring({ main, make, lacks }) {
  test('monitor', async (t) => {
    const reason = lacks('monitor');
    if (reason) return t.skip(reason);
    const monitor = await byCallback((done) => make().monitor(done));
    const got = [];
    monitor.on('monitor', (...parts) => got.push(parts));
    await main().set('mykey', 'a "b"');
    const [time, args, source, database] = await until(() => got[0], 'the command');
    assert.match(String(time), /^\d+\.\d+$/);
    assert.deepEqual(args, ['set', 'mykey', 'a "b"']);
    assert.match(source, /./);
    assert.equal(String(database), '0');
    monitor.disconnect();
    return undefined;
  });
}

function pipelines({ main, make }) {
  describe('pipelining', () => {
    test('queued, chained, by callback, as an array', async () => {
      const redis = main();
      const pipeline = redis.pipeline();
      pipeline.set('foo', 'bar');
      pipeline.del('cc');
      assert.deepEqual(await byCallback((done) => pipeline.exec(done)), [
        [null, 'OK'],
        [null, 0],
      ]);
      const both = [
        [null, 'OK'],
        [null, 'bar'],
      ];
      assert.deepEqual(await redis.pipeline().set('foo', 'bar').get('foo').exec(), both);
      const single = [];
      const chain = redis.pipeline().set('foo', 'bar');
      await chain.get('foo', (error, result) => single.push(error, result)).exec();
      assert.deepEqual(single, [null, 'bar']);
      const listed = redis.pipeline([
        ['set', 'foo', 'bar'],
        ['get', 'foo'],
      ]);
      assert.deepEqual(await listed.exec(), both);
      assert.equal(redis.pipeline().set('foo', 'bar').get('foo').length, 2);
    });

    test('an error stands in its place and stops nothing', async () => {
      const results = await main().pipeline().set('foo', 'bar').incr('foo').get('foo').exec();
      assert.match(results[1][0].message, /^ERR value is not an integer/);
      assert.deepEqual(results[2], [null, 'bar']);
    });

    test('autopipelining', async () => {
      const redis = make({ enableAutoPipelining: true });
      await main().set('key', 'v');
      const found = Array.from({ length: 100 }, () => redis.get('key'));
      assert.equal(redis.autoPipelineQueueSize, 100);
      assert.deepEqual(new Set(await Promise.all(found)), new Set(['v']));
      const [failed, fine] = await Promise.allSettled([redis.incr('key'), redis.get('key')]);
      assert.match(failed.reason.message, /not an integer/);
      assert.equal(fine.value, 'v');
    });
  });
}

/** What SET and GET give in a transaction. */
const results = [
  [null, 'OK'],
  [null, 'bar'],
];

function transactions({ main }) {
  describe('transactions', () => {
    test('multi ... exec', async () => {
      const redis = main();
      const multi = redis.multi().set('foo', 'bar').get('foo');
      assert.deepEqual(await byCallback((done) => multi.exec(done)), results);
      const listed = redis.multi([
        ['set', 'foo', 'bar'],
        ['get', 'foo'],
      ]);
      assert.deepEqual(await listed.exec(), results);
    });

    test('a command with a syntax error keeps all from being executed', async () => {
      const error = await main()
        .multi()
        .set('foo')
        .set('foo', 'new value')
        .exec()
        .then(assert.fail, (problem) => problem);
      assert.equal(error.name, 'ReplyError');
      assert.equal(error.message, 'EXECABORT Transaction discarded because of previous errors.');
      assert.deepEqual(error.command, { name: 'exec', args: [] });
      assert.equal(
        error.previousErrors[0].message,
        "ERR wrong number of arguments for 'set' command",
      );
      assert.equal(await main().get('foo'), null);
    });
  });
}

function queueing({ main, make }) {
  describe('queueing', () => {
    test('callbacks of single commands get the queueing', async () => {
      const seen = [];
      const note = (error, result) => seen.push(error, result);
      await main().multi().set('foo', 'bar', note).exec();
      assert.deepEqual(seen, [null, 'QUEUED']);
    });

    test('without a pipeline', async () => {
      const redis = make();
      const replies = [
        redis.multi({ pipeline: false }),
        redis.set('foo', 'bar'),
        redis.get('foo'),
        redis.exec(),
      ];
      assert.deepEqual(await Promise.all(replies), ['OK', 'QUEUED', 'QUEUED', results]);
    });

    test('within a pipeline', async () => {
      const chain = main().pipeline().get('foo').multi().set('foo', 'bar').get('foo').exec();
      assert.deepEqual(await chain.get('foo').exec(), [
        [null, null],
        [null, 'OK'],
        [null, 'QUEUED'],
        [null, 'QUEUED'],
        [null, ['OK', 'bar']],
        [null, 'bar'],
      ]);
    });

    test('a watched key that somebody else has changed', async () => {
      const redis = make();
      await redis.watch('foo');
      await main().set('foo', 'other');
      assert.equal(await redis.multi().set('foo', 'mine').exec(), null);
      assert.equal(await redis.get('foo'), 'other');
    });
  });
}

function transformers({ main, make }) {
  describe('keys and values', () => {
    test('transparent key prefix', async () => {
      const foo = make({ keyPrefix: 'foo:' });
      await foo.set('bar', 'baz');
      assert.equal(await main().get('foo:bar'), 'baz');
      await foo.rpush('list', 1, 2);
      await main().mset('foo:weight_1', 9, 'foo:weight_2', 3);
      const sorted = await foo.pipeline().sort('list', 'BY', 'weight_*').exec();
      assert.deepEqual(sorted, [[null, ['2', '1']]]);
      await foo.xadd('stream', '1-1', 'a', 'b');
      assert.deepEqual(await foo.xread('STREAMS', 'stream', 0), [
        ['foo:stream', [['1-1', ['a', 'b']]]],
      ]);
      await foo.zadd('z', 1, 'a');
      assert.equal(await foo.zunionstore('z2', 2, 'z', 'none'), 1);
      assert.deepEqual((await main().keys('*z*')).sort(), ['foo:z', 'foo:z2']);
    });

    test('built-in transformers of arguments and replies', async () => {
      const redis = main();
      await redis.mset({ k1: 'v1', k2: 'v2' });
      assert.equal(await redis.get('k1'), 'v1');
      await redis.mset(new Map([['k3', 'v3'], ['k4', 'v4']])); // prettier-ignore
      assert.equal(await redis.get('k3'), 'v3');
      await redis.hmset('key', { k1: 'v1', k2: 'v2' });
      await redis.hmset('key', new Map([['k3', 'v3']]));
      assert.deepEqual(await redis.hgetall('key'), { k1: 'v1', k2: 'v2', k3: 'v3' });
    });

    test('transformers of one’s own', async () => {
      const { Command } = Redis;
      const before = Command._transformer.reply.hgetall;
      Command.setReplyTransformer('hgetall', (flat) =>
        Array.from({ length: flat.length / 2 }, (_, i) => flat.slice(2 * i, 2 * i + 2)),
      );
      try {
        const bytes = [1, 2, 3, 4].map((byte) => Buffer.from([byte]));
        await main().hset('h1', bytes[0], bytes[1]);
        await main().hset('h1', bytes[2], bytes[3]);
        assert.deepEqual(await main().hgetallBuffer('h1'), [bytes.slice(0, 2), bytes.slice(2)]);
      } finally {
        Command.setReplyTransformer('hgetall', before);
      }
    });
  });
}

function scans({ main }) {
  describe('streamify scanning', () => {
    beforeEach(async () => {
      const pipeline = main().pipeline();
      for (let i = 0; i < 300; ++i) {
        pipeline.set(`user:${i}`, i).zadd('z', i, `age:${i}`).sadd('s', i).hset('h', `age:${i}`, i);
      }
      await pipeline.exec();
    });
    const all = async (stream) => {
      const found = [];
      for await (const page of stream) found.push(...page);
      return found;
    };

    test('keys, with a pattern, a type and a count', async () => {
      assert.equal(new Set(await all(main().scanStream())).size, 303);
      const users = main().scanStream({ match: 'user:*', count: 100 });
      assert.equal(new Set(await all(users)).size, 300);
      assert.deepEqual(await all(main().scanStream({ type: 'zset', count: 100 })), ['z']);
      const bytes = await all(main().scanBufferStream({ match: 'z' }));
      assert.deepEqual(bytes, [Buffer.from('z')]);
    });

    test('members of sorted sets, sets and hashes', async () => {
      const found = await all(main().zscanStream('z', { match: 'age:??' }));
      assert.equal(found.length, 180);
      assert.equal(new Set(await all(main().sscanStream('s'))).size, 300);
      assert.equal((await all(main().hscanStream('h', { match: 'age:??' }))).length, 180);
    });

    test('a stream that pauses', async () => {
      const stream = main().scanStream({ match: 'user:*' });
      const values = [];
      stream.on('data', (keys) => {
        stream.pause();
        const migrated = Promise.all(keys.map((key) => main().get(key)));
        values.push(migrated);
        migrated.then(() => stream.resume());
      });
      await once(stream, 'end');
      const found = (await Promise.all(values)).flat();
      assert.ok(found.length >= 300 && found.every((value) => value !== null), `${found.length}`);
    });
  });
}

function reconnects({ main, make }) {
  describe('auto-reconnect', () => {
    test('a lost connection is made anew as the strategy says', async () => {
      const times = [];
      const redis = make({ retryStrategy: (count) => (times.push(count), 1) });
      await redis.set('k', 'v');
      await kill(main(), redis).catch(() => {});
      assert.equal(await redis.get('k'), 'v');
      assert.deepEqual(times, [1]);
    });

    test('channels are subscribed to again', async () => {
      const sub = make({ retryStrategy: () => 1 });
      const id = await sub.client('ID');
      await sub.subscribe('news');
      await sub.psubscribe('n*');
      await main().client('KILL', 'ID', id);
      const got = once(sub, 'message');
      await until(async () => (await main().publish('news', 'again')) === 2, 'two subscriptions');
      assert.deepEqual(await got, ['news', 'again']);
    });

    test('a blocking command that has had no answer is sent again', async () => {
      const redis = make({ retryStrategy: () => 1 });
      const id = await redis.client('ID');
      const popped = redis.blpop('queue', 0);
      await until(async () => /cmd=blpop/.test(await main().client('LIST')), 'the wait');
      await main().client('KILL', 'ID', id);
      const waits = async () => {
        const list = await main().client('LIST');
        return list
          .split('\n')
          .some((line) => /cmd=blpop/.test(line) && !line.includes(`id=${id} `));
      };
      await until(waits, 'the second wait');
      await main().rpush('queue', 'job');
      assert.deepEqual(await popped, ['queue', 'job']);
    });
  });
}

function retries({ main, make }) {
  describe('retries and limits', () => {
    test('pending commands fail after maxRetriesPerRequest', async () => {
      const redis = make({ maxRetriesPerRequest: 0, retryStrategy: () => 1 });
      const id = await redis.client('ID');
      const popped = redis.blpop('queue', 0);
      popped.catch(() => {});
      await until(async () => /cmd=blpop/.test(await main().client('LIST')), 'the wait');
      await main().client('KILL', 'ID', id);
      await assert.rejects(popped, { name: 'MaxRetriesPerRequestError' });
    });

    test('reconnectOnError, and the failed command sent again', async () => {
      await main().rpush('k', 'a list');
      const redis = make({
        retryStrategy: () => 1,
        reconnectOnError: (error) => {
          if (!error.message.includes('WRONGTYPE')) return false;
          main().del('k');
          return 2;
        },
      });
      const id = await redis.client('ID');
      assert.equal(await redis.incr('k'), 1);
      assert.ok((await redis.client('ID')) > id);
    });

    test('a client-side limit for blocking commands', async () => {
      const redis = make({ blockingTimeout: 20 });
      assert.equal(await redis.blpop('idle', 0), null);
      assert.equal(await redis.blpop('idle', 0.01), null);
    });

    test('blocking commands take turns with others', async () => {
      const redis = make();
      const popped = redis.brpop('queue', 0);
      const next = redis.get('k');
      await main().rpush('queue', 'job');
      assert.deepEqual(await popped, ['queue', 'job']);
      assert.equal(await next, null);
      const moved = redis.blmove('from', 'to', 'LEFT', 'RIGHT', 0);
      await main().rpush('from', 'x');
      assert.equal(await moved, 'x');
      const best = redis.bzpopmin('scores', 0);
      await main().zadd('scores', 2, 'b', 1, 'a');
      assert.deepEqual(await best, ['scores', 'a', '1']);
    });
  });
}

function events({ main, make }) {
  describe('connection events', () => {
    test('from wait to end', async () => {
      const redis = make({ lazyConnect: true, retryStrategy: () => 1 });
      const seen = [redis.status];
      for (const event of ['connect', 'ready', 'close', 'reconnecting', 'end']) {
        redis.on(event, () => seen.push(event));
      }
      await redis.connect();
      await kill(main(), redis).catch(() => {});
      await redis.ping();
      assert.equal(redis.status, 'ready');
      const ended = once(redis, 'end');
      assert.equal(await redis.quit(), 'OK');
      await ended;
      const once1 = ['connect', 'ready', 'close'];
      assert.deepEqual(seen, ['wait', ...once1, 'reconnecting', ...once1, 'end']);
    });

    test('select', async () => {
      const redis = make();
      const selected = once(redis, 'select');
      await redis.select(3);
      assert.deepEqual(await selected, [3]);
      await redis.set('k', 'in 3');
      assert.equal(await main().get('k'), null);
      const other = make({ db: 3 });
      assert.equal(await other.get('k'), 'in 3');
    });

    test('the offline queue, and none', async () => {
      const queued = make();
      assert.equal(await queued.set('k', 'v'), 'OK');
      const strict = make({ enableOfflineQueue: false });
      await assert.rejects(strict.set('k', 'v'), /enableOfflineQueue options is false/);
      await once(strict, 'ready');
      assert.equal(await strict.set('k', 'v'), 'OK');
    });

    test('the diagnostics channel', async () => {
      const seen = [];
      const note = ({ command, args }) => seen.push([command, args]);
      diagnostics.subscribe('tracing:ioredis:command:start', note);
      try {
        await main().get('k');
        assert.deepEqual(seen, [['get', ['k']]]);
      } finally {
        diagnostics.unsubscribe('tracing:ioredis:command:start', note);
      }
    });
  });
}

function identities({ main, make, lacks }) {
  describe('names and users', () => {
    test('names and information of connections', async () => {
      const redis = make({ connectionName: 'worker' });
      assert.equal(await redis.client('GETNAME'), 'worker');
      assert.match(await redis.client('INFO'), / name=worker .* lib-name=ioredis/);
    });

    test('users', async (t) => {
      const reason = lacks('acl|setuser');
      if (reason) return t.skip(reason);
      await main().acl(
        'SETUSER',
        'ann',
        'on',
        '>secret',
        '~ann:*',
        '+get',
        '+set',
        '+info',
        '+ping',
      );
      const ann = make({ username: 'ann', password: 'secret' });
      assert.equal(await ann.set('ann:k', 'v'), 'OK');
      await assert.rejects(ann.set('k', 'v'), /^ReplyError: NOPERM/);
      await main().acl('DELUSER', 'ann');
      return undefined;
    });
  });
}

function errors({ main, make }) {
  describe('error handling', () => {
    test('errors are ReplyErrors', async () => {
      await assert.rejects(main().set('foo'), (error) => {
        assert.ok(error instanceof Redis.ReplyError);
        assert.equal(error.message, "ERR wrong number of arguments for 'set' command");
        assert.deepEqual(error.command, { name: 'set', args: ['foo'] });
        return true;
      });
      await assert.rejects(main().call('nosuch', 'a'), /^ReplyError: ERR unknown command 'nosuch'/);
    });

    test('friendly stacks', async () => {
      const redis = make({ showFriendlyErrorStack: true });
      await assert.rejects(redis.set('foo'), (error) => /ioredis\.test\.mjs/.test(error.stack));
    });
  });
}

function later({ main, make, lacks }) {
  const lua = 'return {KEYS[1],KEYS[2],ARGV[1],ARGV[2]}';
  const all = ['k1', 'k2', 'a1', 'a2'];

  test('scripts', async (t) => {
    const reason = lacks('eval', 'evalsha', 'script|load');
    if (reason) return t.skip(reason);
    const redis = make({ scripts: { mine: { numberOfKeys: 2, lua } } });
    assert.deepEqual(await redis.mine(...all), all);
    redis.defineCommand('dynamic', { lua });
    assert.deepEqual(await redis.dynamic(2, ...all), all);
    assert.deepEqual((await redis.mineBuffer(...all))[0], Buffer.from('k1'));
    const results = await redis
      .pipeline()
      .set('foo', 'bar')
      .mine(...all)
      .exec();
    assert.deepEqual(results[1], [null, all]);
    const prefixed = make({ keyPrefix: 'foo:' });
    prefixed.defineCommand('mine', { numberOfKeys: 2, lua });
    assert.deepEqual((await prefixed.mine(...all)).slice(0, 2), ['foo:k1', 'foo:k2']);
    return undefined;
  });

  test('hscanStream without values', async (t) => {
    await main().hset('h', 'age:20', 'v');
    // NOVALUES came with 7.4.
    const known = await main()
      .hscan('h', 0, 'NOVALUES')
      .then(
        () => true,
        () => false,
      );
    if (!known) return t.skip('NOVALUES is newer than 7.2');
    const found = [];
    for await (const page of main().hscanStream('h', { noValues: true })) found.push(...page);
    assert.deepEqual(found, ['age:20']);
    return undefined;
  });

  leaveOut(test, {
    'TLS options and profiles': 'the server has no TLS yet',
    sentinel: 'there is no sentinel',
    'cluster, NAT mapping, read-write splitting': 'there is no cluster',
  });
}

describe('ioredis finds a server', () => {
  let server;
  let socket;
  before(async () => {
    server = await startTested({ args: ['--requirepass', 'auth', '--unixsocket', 'redis.sock'] });
    socket = `${server.folder}/redis.sock`;
  });
  after(() => server.stop());

  const reached = async (...address) => {
    const redis = new Redis(...address);
    try {
      await redis.set('where', address.length);
      return /db=(\d+)/.exec(await redis.client('INFO'))[1];
    } finally {
      redis.disconnect();
    }
  };

  test('by port and host, by path, by options, by URL', async () => {
    const { port, host } = server;
    const password = 'auth';
    assert.equal(await reached(port, { password }), '0');
    assert.equal(await reached(port, host, { password, db: 2 }), '2');
    assert.equal(await reached(socket, { password }), '0');
    assert.equal(await reached({ port, host, username: 'default', password, db: 1 }), '1');
    assert.equal(await reached(`redis://:auth@${host}:${port}/4`), '4');
    assert.equal(await reached(`redis://default:auth@${host}:${port}/5`), '5');
  });

  test('and is told when the password is wrong', async () => {
    const options = { password: 'wrong', lazyConnect: true, retryStrategy: () => null };
    const redis = new Redis(server.port, options);
    const error = once(redis, 'error');
    await assert.rejects(redis.connect(), /WRONGPASS|Connection is closed/);
    assert.match(String((await error)[0]), /WRONGPASS/);
    redis.disconnect();
  });

  test('which has gone and come back', async () => {
    const first = await startTested();
    const redis = new Redis(first.port, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    redis.on('error', () => {});
    assert.equal(await redis.set('k', 'v'), 'OK');
    const closed = once(redis, 'close');
    await first.stop();
    await closed;
    const waiting = redis.set('k', 'again');
    const second = await startTested({ args: ['--port', String(first.port)] });
    try {
      assert.equal(await waiting, 'OK');
    } finally {
      redis.disconnect();
      await second.stop();
    }
  });
});
