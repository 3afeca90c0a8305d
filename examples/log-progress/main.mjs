#!/usr/bin/env node
// @ts-check
/**
 * Counts what is in a web server's log, and goes on where it was when it stopped, however it did.
 *
 *   node main.mjs LOG [--data file:./data] [--batch LINES] [--follow] [--top N] [--json]
 *
 * The data stay in the folder that --data names. --follow waits for the log to grow, until it is
 * interrupted. --json writes each step and the report as JSON, a line each.
 */
import { stat } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { open } from 'kvasm';
import { LogCounter } from './log_counter.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string', default: 'file:./data' },
    batch: { type: 'string', default: '1000' },
    follow: { type: 'boolean', default: false },
    top: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});
const [log] = positionals;
if (log === undefined) {
  console.error('usage: main.mjs LOG [--data file:./data] [--batch LINES] [--follow] [--top N]');
  process.exit(2);
}

const number = new Intl.NumberFormat('en').format;
const url = /** @type {string} */ (options.data);
const db = await open(url, { config: { appendonly: true, appendfsync: 'everysec' } });
try {
  const counter = new LogCounter(db);
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => interruption.abort());

  const { size } = await stat(log);
  const start = await counter.progress(log);
  if (options.json) console.log(JSON.stringify({ start }));
  else if (start.lines > 0) console.log(`Goes on after line ${number(start.lines)}.`);
  const began = performance.now();
  const { lines } = await counter.count(log, {
    linesMax: Number(options.batch),
    follow: options.follow,
    signal: interruption.signal,
    onProgress: (progress) => {
      if (options.json) console.log(JSON.stringify({ progress }));
      else if (process.stderr.isTTY) drawBar(progress.offset / Math.max(size, progress.offset));
    },
  });
  const elapsedMs = performance.now() - began;

  const report = await counter.report(Number(options.top));
  if (options.json) console.log(JSON.stringify({ report }));
  else print(report, lines - start.lines, elapsedMs);
} finally {
  await db.close();
}

/** @param {number} share */
function drawBar(share) {
  const done = Math.round(share * 40);
  const bar = '█'.repeat(done) + '░'.repeat(40 - done);
  process.stderr.write(`\r  ${bar} ${Math.floor(share * 100)} % ${share === 1 ? '\n' : ''}`);
}

/**
 * @param {Awaited<ReturnType<LogCounter['report']>>} report
 * @param {number} linesNow @param {number} elapsedMs
 */
function print(report, linesNow, elapsedMs) {
  const { lines, bytes, malformed, status, pages, visitors } = report;
  console.log(
    `\n  ${number(lines)} lines, ${number(bytes)} bytes sent, about ${number(visitors)} visitors`,
  );
  if (malformed > 0) console.log(`  ${number(malformed)} lines make no sense`);
  console.log('\n  by status');
  for (const [code, count] of Object.entries(status)) {
    console.log(`  ${code.padEnd(10)} ${number(count).padStart(12)}`);
  }
  console.log('\n  pages asked for most');
  for (const [page, count] of pages) {
    console.log(`  ${number(count).padStart(10)}  ${page}`);
  }
  console.log(`\n  ${number(linesNow)} of these lines counted now, in ${elapsedMs.toFixed(0)} ms`);
}
