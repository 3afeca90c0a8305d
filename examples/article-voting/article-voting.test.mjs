import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { open } from 'kvasm';
import { startKvasm, startRedis } from '../../tests/interop/server.mjs';
import { Articles, POINTS_PER_VOTE, SECONDS_OF_VOTING } from './articles.mjs';
import { runScenario } from './scenario.mjs';

const NOW = 1_700_000_000;

/** Runs `use` with an ioredis client of a server that lives as long as `use` does. */
async function withServer(start, use) {
  const server = await start();
  const client = new Redis(server.port, server.host);
  try {
    return await use(client);
  } finally {
    client.disconnect();
    await server.stop();
  }
}

/** Runs `use` with an in-process database. */
async function inProcess(use) {
  const db = await open('memory:');
  try {
    return await use(db);
  } finally {
    await db.close();
  }
}

function assertSameOutput(actual, expected) {
  assert.deepEqual(actual.outcomes, expected.outcomes);
  assert.equal(actual.readings.length, expected.readings.length);
  expected.readings.forEach((reading, i) => {
    for (const part of Object.keys(reading)) {
      assert.deepEqual(actual.readings[i][part], reading[part], `reading ${i}, ${part}`);
    }
  });
  assert.deepEqual(actual.articles, expected.articles);
}

describe('1,000 articles and 50,000 votes', () => {
  /** @type {Awaited<ReturnType<typeof runScenario>>} */
  let expected;
  before(async () => {
    expected = await withServer(startRedis, runScenario);
  });

  test('redis-server gives a plausible site', () => {
    const { outcomes, readings, articles } = expected;
    assert.equal(articles.length, 1000);
    assert.equal(
      Object.values(outcomes).reduce((sum, n) => sum + n, 0),
      50_000,
    );
    for (const count of Object.values(outcomes)) assert.ok(count > 0, JSON.stringify(outcomes));
    for (const article of articles) {
      assert.equal(article.score, article.time + POINTS_PER_VOTE * (article.up - article.down));
      assert.equal(article.upVoters, article.up);
      assert.equal(article.downVoters, article.down);
      assert.equal(article.voters, article.up + article.down);
    }
    const voters = articles.reduce((sum, article) => sum + article.voters, 0);
    assert.equal(voters, outcomes.counted + articles.length);
    for (const { groups } of readings) {
      assert.ok(groups.every((group) => group.cacheIsShort && group.cacheHeld && group.size > 25));
    }
  });

  test('Kvasm in process gives the same output', async () => {
    assertSameOutput(await inProcess(runScenario), expected);
  });

  test('ioredis on kvasm-server gives the same output', async () => {
    assertSameOutput(await withServer(startKvasm, runScenario), expected);
  });
});

const databases = {
  'Kvasm in process': inProcess,
  'ioredis on kvasm-server': (use) => withServer(startKvasm, use),
  'ioredis on redis-server': (use) => withServer(startRedis, use),
};

for (const [name, withDatabase] of Object.entries(databases)) {
  describe(name, () => {
    let time = NOW;
    let end = () => {};
    let closed = Promise.resolve();
    /** @type {any} */
    let db;
    /** @type {Articles} */
    let site;
    before(async () => {
      await new Promise((ready, failed) => {
        closed = withDatabase((database) => {
          db = database;
          site = new Articles(db, () => time);
          ready(undefined);
          return new Promise((resolve) => (end = resolve));
        });
        closed.catch(failed);
      });
    });
    after(async () => {
      end();
      await closed;
    });

    test('a user who votes ten times at once counts once', async () => {
      const id = await site.post('ann', 'Title', 'https://example.com/');
      const votes = Array.from({ length: 10 }, () => site.vote('bob', id, 'up'));
      const outcomes = await Promise.all(votes);
      assert.equal(outcomes.filter((outcome) => outcome === 'counted').length, 1);
      const [article] = await site.page(1);
      assert.deepEqual([article.up, article.down], [2, 0]);
      assert.equal(article.score, NOW + 2 * POINTS_PER_VOTE);
    });

    test('a switched vote moves the score by two votes', async () => {
      const id = await site.post('ann', 'Title', 'https://example.com/');
      assert.equal(await site.vote('bob', id, 'up'), 'counted');
      assert.equal(await site.vote('bob', id, 'down'), 'switched');
      assert.equal(await site.vote('bob', id, 'down'), 'repeated');
      assert.equal(Number(await db.zscore('score:', `article:${id}`)), NOW);
      assert.equal(await db.sismember(`down:${id}`, 'bob'), 1);
      assert.equal(await db.sismember(`up:${id}`, 'bob'), 0);
    });

    test('voting closes after a week', async () => {
      const id = await site.post('ann', 'Title', 'https://example.com/');
      time = NOW + SECONDS_OF_VOTING - 1;
      assert.equal(await site.vote('bob', id, 'up'), 'counted');
      time = NOW + SECONDS_OF_VOTING;
      assert.equal(await site.vote('eve', id, 'up'), 'closed');
      time = NOW;
      assert.ok((await db.ttl(`voted:${id}`)) > SECONDS_OF_VOTING - 60);
      assert.equal(await site.vote('eve', 999, 'up'), 'unknown');
    });
  });
}
