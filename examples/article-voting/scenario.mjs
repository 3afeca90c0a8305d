// @ts-check
/**
 * A deterministic fortnight of the site: the same seed gives the same posts, votes and readings on
 * any database. The clock is the scenario's own. Votes come in waves of concurrent calls; in a wave
 * no user votes twice on the same article, so the outcome does not depend on how calls interleave.
 */
import { Articles, SECONDS_OF_GROUP_CACHE } from './articles.mjs';

export const GROUPS = ['programming', 'databases', 'web', 'science', 'music', 'cooking'];
const START = 1_700_000_000;
const SECONDS = 14 * 86_400;
const VOTES_PER_WAVE = 100;
const TOPICS = ['sorted sets', 'a tiny server', 'WebAssembly', 'bread', 'the cello', 'caching'];
const VERBS = ['Understanding', 'Ten years of', 'The case against', 'Show me', 'A love letter to'];

/**
 * @typedef {import('./articles.mjs').Commands & {
 *   scard(key: string): Promise<number>, zcard(key: string): Promise<number>,
 *   ttl(key: string): Promise<number>, del(key: string): Promise<number> }} ScenarioCommands
 */

/** A small seeded generator (mulberry32). @param {number} seed */
function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  /** @param {number} n */
  const below = (n) => Math.floor(next() * n);
  return { next, below };
}

/**
 * Runs the scenario on an empty database and returns everything a reader could have seen.
 * @param {ScenarioCommands} db
 */
export async function runScenario(db, { articles = 1000, votes = 50_000, seed = 42 } = {}) {
  const { next, below } = random(seed);
  let time = START;
  const site = new Articles(db, () => time);
  const users = Math.max(10, Math.floor(votes / 20));
  const outcomes = { counted: 0, switched: 0, repeated: 0, closed: 0, unknown: 0 };
  /** @type {object[]} */
  const readings = [];
  let posted = 0;

  const postNext = async () => {
    const groups = [GROUPS[below(GROUPS.length)], GROUPS[below(GROUPS.length)]];
    const title = `${VERBS[below(VERBS.length)]} ${TOPICS[below(TOPICS.length)]}`;
    const id = await site.post(
      `user:${below(users)}`,
      title,
      `https://example.com/${posted}`,
      groups,
    );
    posted = id;
    if (id % 10 === 0) await site.regroup(id, [GROUPS[below(GROUPS.length)]], [groups[0]]);
  };

  /** @type {Promise<void>[]} */
  let wave = [];
  const inWave = new Set();
  const endWave = async () => {
    await Promise.all(wave);
    wave = [];
    inWave.clear();
  };

  /** @param {string} user @param {number} id @param {number} upShare */
  const vote = async (user, id, upShare) => {
    const outcome = await site.vote(user, id, next() < upShare ? 'up' : 'down');
    outcomes[outcome]++;
  };

  const readingEvery = Math.ceil(votes / 8);
  let nextReading = readingEvery;
  for (let cast = 0; cast < votes; cast++) {
    const due = Math.min(articles, Math.ceil(((cast + 1) / votes) * 1.25 * articles));
    if (posted < due || cast >= nextReading) {
      await endWave();
      while (posted < due) await postNext();
      if (cast >= nextReading) {
        readings.push(await read(db, site));
        nextReading += readingEvery;
      }
    }
    time = START + Math.floor((cast / votes) * SECONDS);
    // Mostly recent articles, now and then an old or a missing one.
    const id = next() < 0.8 ? Math.max(1, posted - below(300)) : 1 + below(posted + 2);
    const user = `user:${below(users)}`;
    if (wave.length === VOTES_PER_WAVE || inWave.has(`${user}/${id}`)) await endWave();
    inWave.add(`${user}/${id}`);
    wave.push(vote(user, id, 0.7));
    if (next() < 0.1 && cast + 1 < votes) {
      // The same user, a moment later, thinks again.
      await endWave();
      await vote(user, id, 0.5);
      cast++;
    }
  }
  await endWave();
  readings.push(await read(db, site));
  return { outcomes, readings, articles: await readAll(db, site, posted) };
}

/**
 * Front pages, the groups, and the groups' cache: a page read again within its minute is the same,
 * and after it shows the present. The database's clock is real, so "a minute later" is a DEL.
 * @param {ScenarioCommands} db @param {Articles} site
 */
async function read(db, site) {
  const groups = [];
  for (const group of GROUPS) {
    await Promise.all([db.del(`score:${group}`), db.del(`time:${group}`)]);
    const best = await site.page(1, 'score', group);
    const newest = await site.page(2, 'time', group);
    const ttl = await db.ttl(`score:${group}`);
    const size = await db.zcard(`score:${group}`);
    const added = best.length ? best[best.length - 1].id : 0;
    if (added) await site.regroup(added, [], [group]);
    const cached = await site.page(1, 'score', group);
    if (added) await site.regroup(added, [group]);
    groups.push({
      group,
      size,
      best,
      newest,
      cacheIsShort: ttl > 0 && ttl <= SECONDS_OF_GROUP_CACHE,
      cacheHeld: cached.map((article) => article.id).join() === best.map(({ id }) => id).join(),
    });
  }
  return {
    best: await Promise.all([1, 2, 3].map((page) => site.page(page, 'score'))),
    newest: await Promise.all([1, 2, 40].map((page) => site.page(page, 'time'))),
    groups,
  };
}

/** @param {ScenarioCommands} db @param {Articles} site @param {number} count */
async function readAll(db, site, count) {
  const all = [];
  for (let page = 1; (page - 1) * 25 < count; page++) all.push(...(await site.page(page, 'score')));
  return Promise.all(
    all.map(async (article) => ({
      ...article,
      voters: await db.scard(`voted:${article.id}`),
      upVoters: await db.scard(`up:${article.id}`),
      downVoters: await db.scard(`down:${article.id}`),
    })),
  );
}
