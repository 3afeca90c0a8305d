// rate-limiter-flexible, the package: what its README and guides show, with ioredis over TCP and in
// memory, with node-redis, and with a database of this package in place of a client.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { open } from 'kvasm';
import limiters from 'rate-limiter-flexible';
import { createClient } from 'redis';
import { startTested } from './server.mjs';
import { Clients, transports } from './transports.mjs';

const {
  BurstyRateLimiter,
  RateLimiterMemory,
  RateLimiterQueue,
  RateLimiterRedis,
  RateLimiterRedisNonAtomic,
  RateLimiterRes,
  RateLimiterUnion,
  RLWrapperBlackAndWhite,
} = limiters;

/** What can be a limiter's client: each resolves to `{ client, settings, flush(), close() }`. */
const stores = {
  async 'node-redis'() {
    const server = await startTested();
    const client = createClient({ socket: { host: server.host, port: server.port } });
    await client.connect();
    const close = async () => {
      await client.close();
      await server.stop();
    };
    const settings = { useRedisPackage: true };
    return { client, settings, flush: () => client.flushAll(), close };
  },
  async 'a database'() {
    const client = await open('memory:');
    return { client, settings: {}, flush: () => client.flushall(), close: () => client.close() };
  },
};
for (const [transport, start] of Object.entries(transports)) {
  stores[`ioredis ${transport}`] = async () => {
    const clients = new Clients();
    const server = await start();
    const client = clients.make(server.options);
    const close = async () => {
      clients.end();
      await server.close();
    };
    return { client, settings: {}, flush: () => client.flushall(), close };
  };
}

for (const [name, start] of Object.entries(stores)) {
  describe(`rate-limiter-flexible with ${name}`, () => {
    let store;
    const limiterOf = (options, Kind = RateLimiterRedis) =>
      new Kind({ storeClient: store.client, ...store.settings, ...options });
    const refused = (problem) => problem instanceof RateLimiterRes;
    before(async () => {
      store = await start();
    });
    after(() => store.close());
    beforeEach(() => store.flush());

    test('points are consumed until there are none', async () => {
      const limiter = limiterOf({ points: 6, duration: 10 });
      const first = await limiter.consume('ann', 2);
      assert.deepEqual(
        [first.consumedPoints, first.remainingPoints, first.isFirstInDuration],
        [2, 4, true],
      );
      assert.ok(first.msBeforeNext > 9000 && first.msBeforeNext <= 10_000, first.msBeforeNext);
      const second = await limiter.consume('ann', 4);
      assert.deepEqual([second.remainingPoints, second.isFirstInDuration], [0, false]);
      await assert.rejects(limiter.consume('ann'), refused);
      assert.equal((await limiter.consume('bob')).remainingPoints, 5);
    });

    test('a duration ends', async () => {
      const limiter = limiterOf({ points: 1, duration: 1 });
      await limiter.consume('ann');
      await assert.rejects(limiter.consume('ann'), refused);
      await delay(1050);
      assert.equal((await limiter.consume('ann')).isFirstInDuration, true);
    });

    test('of many at once exactly as many are let through as there are points', async () => {
      const limiter = limiterOf({ points: 37, duration: 60 });
      const results = await Promise.allSettled(
        Array.from({ length: 500 }, () => limiter.consume('all')),
      );
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 37);
      assert.equal((await limiter.get('all')).consumedPoints, 500);
    });

    test('get, set, penalty, reward, block and delete', async () => {
      const limiter = limiterOf({ points: 5, duration: 10, keyPrefix: 'mine' });
      assert.equal(await limiter.get('ann'), null);
      await limiter.set('ann', 3, 100);
      assert.equal((await limiter.get('ann')).remainingPoints, 2);
      assert.equal((await limiter.penalty('ann')).consumedPoints, 4);
      assert.equal((await limiter.reward('ann', 3)).consumedPoints, 1);
      await limiter.block('ann', 30);
      const problem = await limiter.consume('ann').catch((error) => error);
      assert.ok(refused(problem) && problem.msBeforeNext > 20_000);
      assert.equal(await limiter.delete('ann'), true);
      assert.equal(await limiter.delete('ann'), false);
      assert.equal(limiter.getKey('ann'), 'mine:ann');
    });

    test('points without a duration never come back by themselves', async () => {
      const limiter = limiterOf({ points: 2, duration: 0 });
      assert.equal((await limiter.consume('ann')).remainingPoints, 1);
      assert.equal((await limiter.get('ann')).msBeforeNext, -1);
    });

    test('blockDuration, and blocks kept in memory', async () => {
      const limiter = limiterOf({ points: 1, duration: 1, blockDuration: 60 });
      await limiter.consume('ann');
      const problem = await limiter.consume('ann').catch((error) => error);
      assert.ok(problem.msBeforeNext > 50_000);
      const fast = limiterOf({ points: 1, duration: 5, inMemoryBlockOnConsumed: 2 });
      await fast.consume('bob');
      for (let i = 0; i < 5; ++i) await assert.rejects(fast.consume('bob'), refused);
      assert.equal((await fast.get('bob')).consumedPoints, 2);
    });

    test('even execution', async () => {
      const limiter = limiterOf({ points: 10, duration: 1, execEvenly: true });
      const began = Date.now();
      for (let i = 0; i < 3; ++i) await limiter.consume('ann');
      assert.ok(Date.now() - began >= 150);
    });

    test('bursts, unions, lists of who is let through, queues', async () => {
      const bursty = new BurstyRateLimiter(
        limiterOf({ points: 1, duration: 60, keyPrefix: 'steady' }),
        limiterOf({ points: 2, duration: 60, keyPrefix: 'burst' }),
      );
      for (let i = 0; i < 3; ++i) await bursty.consume('ann');
      await assert.rejects(bursty.consume('ann'), refused);

      const union = new RateLimiterUnion(
        limiterOf({ points: 1, duration: 60, keyPrefix: 'one' }),
        limiterOf({ points: 5, duration: 60, keyPrefix: 'five' }),
      );
      assert.deepEqual(Object.keys(await union.consume('ann')), ['one', 'five']);
      await assert.rejects(union.consume('ann'), (problem) => refused(problem.one));

      const lists = new RLWrapperBlackAndWhite({
        limiter: limiterOf({ points: 1, duration: 60, keyPrefix: 'listed' }),
        whiteList: ['friend'],
        blackList: ['foe'],
      });
      for (let i = 0; i < 3; ++i) await lists.consume('friend');
      await assert.rejects(lists.consume('foe'), refused);

      const queue = new RateLimiterQueue(limiterOf({ points: 2, duration: 1, keyPrefix: 'queue' }));
      const began = Date.now();
      await Promise.all(Array.from({ length: 3 }, () => queue.removeTokens(1)));
      assert.ok(Date.now() - began >= 500);
    });

    test('the limiter that does without scripts', async () => {
      const limiter = limiterOf({ points: 2, duration: 10 }, RateLimiterRedisNonAtomic);
      await limiter.consume('ann');
      assert.equal((await limiter.consume('ann')).remainingPoints, 0);
      await assert.rejects(limiter.consume('ann'), refused);
    });

    test('an insurance steps in when a script fails', async () => {
      const limiter = limiterOf({
        points: 5,
        duration: 10,
        keyPrefix: 'insured',
        customIncrTtlLuaScript: "return redis.error_reply('ERR broken')",
        insuranceLimiter: new RateLimiterMemory({ points: 1, duration: 10 }),
      });
      assert.equal((await limiter.consume('ann')).remainingPoints, 0);
      await assert.rejects(limiter.consume('ann'), refused);
    });
  });
}
