#!/usr/bin/env node
// @ts-check
/**
 * Prints the front page of a site with some life in it.
 *
 *   node main.mjs [--redis redis://127.0.0.1:6379] [--order score|time] [--group NAME] [--page N]
 *
 * Without --redis the database is Kvasm inside this process. With it the same code talks to any
 * Redis-compatible server, in an empty database of its own choosing (database 9, emptied first).
 */
import { parseArgs } from 'node:util';
import { Articles } from './articles.mjs';
import { runScenario } from './scenario.mjs';

const { values: options } = parseArgs({
  options: {
    redis: { type: 'string' },
    order: { type: 'string', default: 'score' },
    group: { type: 'string', default: '' },
    page: { type: 'string', default: '1' },
    votes: { type: 'string', default: '50000' },
  },
});

/** @returns {Promise<{ db: any, close: () => Promise<unknown> }>} */
async function connect() {
  if (options.redis) {
    const { Redis } = await import('ioredis');
    // Without a listener ioredis tells of every attempt to connect; the first failure is enough.
    const db = new Redis(options.redis, { db: 9, lazyConnect: true, retryStrategy: () => null });
    let reason = '';
    db.on('error', (error) => (reason = error.message));
    await db.connect().catch(() => {
      console.error(`Cannot connect to ${options.redis}: ${reason}`);
      process.exit(1);
    });
    await db.flushdb();
    return { db, close: () => db.quit() };
  }
  const { open } = await import('kvasm');
  const db = await open('memory:');
  return { db, close: () => db.close() };
}

/** @param {number} from @param {number} to */
function age(from, to) {
  const hours = Math.max(0, Math.floor((to - from) / 3600));
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

const { db, close } = await connect();
try {
  const started = performance.now();
  const votes = Number(options.votes);
  const { articles } = await runScenario(db, { articles: Math.ceil(votes / 50), votes });
  const elapsedMs = performance.now() - started;
  const now = Math.max(...articles.map((article) => article.time));

  const order = options.order === 'time' ? 'time' : 'score';
  const number = Math.max(1, Number(options.page) || 1);
  const page = await new Articles(db).page(number, order, options.group);
  const where = options.group ? ` in ${options.group}` : '';
  console.log(`\n  ${order === 'time' ? 'Newest' : 'Best'} articles${where}, page ${number}\n`);
  page.forEach((article, index) => {
    const rank = String((number - 1) * 25 + index + 1).padStart(4);
    const votesText = `▲${String(article.up).padStart(3)} ▼${String(article.down).padStart(3)}`;
    const title = article.title.padEnd(36);
    console.log(`${rank}. ${votesText}  ${title} ${article.poster}, ${age(article.time, now)} ago`);
  });
  if (page.length === 0) console.log('  nothing here');
  const target = options.redis ?? 'Kvasm in this process';
  console.log(
    `\n  ${articles.length} articles, ${votes} votes in ${elapsedMs.toFixed(0)} ms (${target})`,
  );
} finally {
  await close();
}
