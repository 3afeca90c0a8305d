// redlock, the package: what its README shows, on one server and on three, over TCP and in memory.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import Redlock, { ExecutionError, ResourceLockedError } from 'redlock';
import { until } from './capabilities.mjs';
import { Clients, transports } from './transports.mjs';

for (const [transport, start] of Object.entries(transports)) {
  for (const count of [1, 3]) {
    describe(`redlock ${transport}, ${count} of them`, () => {
      const clients = new Clients();
      let servers;
      let redises;
      /** One more party that wants locks. */
      const party = (settings = {}) => {
        const redlock = new Redlock(redises, { retryDelay: 10, retryJitter: 10, ...settings });
        redlock.on('error', () => {});
        return redlock;
      };
      // A majority decides when something is done; the others follow.
      const lasts = (key, value, milliseconds) =>
        Promise.all(
          redises.map(async (redis) => {
            await until(async () => (await redis.pttl(key)) > milliseconds);
            assert.equal(await redis.get(key), value);
          }),
        );
      const gone = (...keys) =>
        Promise.all(redises.map((redis) => until(async () => !(await redis.exists(...keys)))));
      before(async () => {
        servers = await Promise.all(Array.from({ length: count }, () => start()));
        redises = servers.map(({ options }) => clients.make(options));
      });
      after(async () => {
        clients.end();
        for (const server of servers) await server.close();
      });
      beforeEach(() => Promise.all(redises.map((redis) => redis.flushall())));

      test('a lock is acquired, extended and released', async () => {
        const redlock = party();
        const lock = await redlock.acquire(['a'], 5000);
        await lasts('a', lock.value, 4000);
        const extended = await lock.extend(50_000);
        await lasts('a', lock.value, 40_000);
        assert.ok(extended.expiration > lock.expiration);
        await extended.release();
        await gone('a');
      });

      test('what is locked is refused, with every attempt told', async () => {
        const lock = await party().acquire(['a'], 5000);
        const refused = party({ retryCount: 2 }).acquire(['a'], 5000);
        const error = await refused.catch((problem) => problem);
        assert.ok(error instanceof ExecutionError);
        assert.equal(error.attempts.length, 3);
        for (const attempt of error.attempts) {
          const { votesAgainst } = await attempt;
          assert.equal(votesAgainst.size, count);
          for (const reason of votesAgainst.values()) {
            assert.ok(reason instanceof ResourceLockedError);
          }
        }
        await lock.release();
        await gone('a');
        const next = await party({ retryCount: 0 }).acquire(['a'], 5000);
        await next.release();
      });

      test('several resources are locked together or not at all', async () => {
        const redlock = party({ retryCount: 0 });
        const lock = await redlock.acquire(['a', 'b'], 5000);
        await assert.rejects(redlock.acquire(['b', 'c'], 5000), ExecutionError);
        await gone('c');
        await lock.release();
        await gone('a', 'b');
        await (await redlock.acquire(['b', 'c'], 5000)).release();
      });

      test('a lock that has run out is somebody else’s', async () => {
        const lock = await party().acquire(['a'], 50);
        const next = await party({ retryCount: -1 }).acquire(['a'], 5000);
        await assert.rejects(lock.extend(100));
        await assert.rejects(lock.release(), ExecutionError);
        const values = await Promise.all(redises.map((redis) => redis.get('a')));
        assert.ok(values.filter((value) => value === next.value).length > count / 2);
        await next.release();
      });

      test('using extends the lock for as long as it takes', async () => {
        const redlock = party({ automaticExtensionThreshold: 150 });
        const result = await redlock.using(['a', 'b'], 300, async (signal) => {
          const other = party({ retryCount: 0 });
          for (let i = 0; i < 5; ++i) {
            await delay(120);
            await assert.rejects(other.acquire(['a'], 100), ExecutionError);
            assert.equal(signal.aborted, false);
          }
          return 'done';
        });
        assert.equal(result, 'done');
        await gone('a', 'b');
      });

      test('twenty parties count without losing one', async () => {
        let value = 0;
        await Promise.all(
          Array.from({ length: 20 }, () =>
            party({ retryCount: -1, retryDelay: 2, retryJitter: 4 }).using(
              ['count'],
              5000,
              async () => {
                const seen = value;
                await delay(1);
                value = seen + 1;
              },
            ),
          ),
        );
        assert.equal(value, 20);
      });
    });
  }
}
