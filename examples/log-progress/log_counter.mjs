// @ts-check
/**
 * Counts what is in web servers' logs, and never counts a line twice or not at all. Everything is
 * kept in Redis structures:
 *
 *   log:progress:<name>  hash         offset: where the first line not counted begins; lines: how
 *                                     many there were before it
 *   log:totals           hash         lines, bytes, malformed
 *   log:status           hash         lines by status: 200, 404, ...
 *   log:hours            hash         lines by hour: 21/Nov/2026:23
 *   log:pages            zset         pages by how often they were asked for
 *   log:visitors         hyperloglog  addresses
 *
 * What a batch of lines adds, and the place behind it, are written in one transaction. Whatever
 * stops the program between two transactions, or in one, the place and the counts fit each other.
 *
 * The code asks for nothing but an object with a few methods that are Redis commands: Kvasm's
 * `Database` is one, an `ioredis` client is another.
 *
 * @typedef {object} Chain
 * @property {(key: string, ...fieldsAndValues: (string | number)[]) => Chain} hset
 * @property {(key: string, field: string, by: number) => Chain} hincrby
 * @property {(key: string, by: number, member: string) => Chain} zincrby
 * @property {(key: string, ...members: string[]) => Chain} pfadd
 * @property {() => Promise<[error: Error | null, result: unknown][] | null>} exec
 *
 * @typedef {object} Commands
 * @property {() => any} multi  a {@link Chain}
 * @property {(key: string) => Promise<Record<string, string>>} hgetall
 * @property {(key: string, start: number, stop: number, ...options: string[]) => Promise<string[]>}
 *   zrevrange
 * @property {(key: string) => Promise<number>} pfcount
 *
 * @typedef {object} Progress
 * @property {number} offset  bytes
 * @property {number} lines
 */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readBatches } from './lines.mjs';

/** A line of the Common Log Format: address, hour, page, status, bytes. */
const kLine = /^(\S+) \S+ \S+ \[([^:\]]+:\d\d)[^\]]*\] "(?:\S+) ([^ ?"]+)[^"]*" (\d{3}) (\d+|-)/;
const kFollowPauseMs = 200;

export class LogCounter {
  /** @param {Commands} db */
  constructor(db) {
    this.db = db;
  }

  /** How far a log has been counted. @param {string} path @returns {Promise<Progress>} */
  async progress(path) {
    const { offset = 0, lines = 0 } = await this.db.hgetall(progressKey(path));
    return { offset: Number(offset), lines: Number(lines) };
  }

  /**
   * Counts the lines of a log from where it was left.
   * @param {string} path
   * @param {object} [options]
   * @param {number} [options.linesMax] lines in a transaction
   * @param {boolean} [options.follow] whether to wait for lines to come
   * @param {AbortSignal} [options.signal] ends it after the transaction under way
   * @param {(progress: Progress) => void} [options.onProgress] called after each transaction
   * @returns {Promise<Progress>}
   */
  async count(path, { linesMax, follow = false, signal, onProgress } = {}) {
    const progress = await this.progress(path);
    for (;;) {
      const { size } = await stat(path);
      if (size < progress.offset) {
        throw new Error(`${path} has ${size} bytes, but ${progress.offset} of it were counted`);
      }
      for await (const { lines, end } of readBatches(path, progress.offset, { linesMax })) {
        if (signal?.aborted) return progress;
        progress.lines += lines.length;
        progress.offset = end;
        await this.#add(path, lines, progress);
        onProgress?.({ ...progress });
      }
      if (!follow || signal?.aborted) return progress;
      await sleep(kFollowPauseMs, undefined, { signal }).catch(() => {});
    }
  }

  /** @param {string} path @param {string[]} lines @param {Progress} progress after the lines */
  async #add(path, lines, progress) {
    const sum = tally(lines);
    /** @type {Chain} */
    const multi = this.db.multi();
    for (const [key, counts] of Object.entries(sum.hashes)) {
      for (const [field, count] of counts) multi.hincrby(key, field, count);
    }
    for (const [page, count] of sum.pages) multi.zincrby('log:pages', count, page);
    if (sum.visitors.size > 0) multi.pfadd('log:visitors', ...sum.visitors);
    multi.hset(progressKey(path), 'offset', progress.offset, 'lines', progress.lines);
    const results = await multi.exec();
    for (const [error] of results ?? []) if (error) throw error;
  }

  /** What was counted, in all logs together. @param {number} top how many pages */
  async report(top = 10) {
    const { db } = this;
    const [totals, status, hours, pages, visitors] = await Promise.all([
      db.hgetall('log:totals'),
      db.hgetall('log:status'),
      db.hgetall('log:hours'),
      db.zrevrange('log:pages', 0, top - 1, 'WITHSCORES'),
      db.pfcount('log:visitors'),
    ]);
    const { lines = '0', bytes = '0', malformed = '0' } = totals;
    return {
      lines: Number(lines),
      bytes: Number(bytes),
      malformed: Number(malformed),
      status: numbers(status),
      hours: numbers(hours),
      pages: inPairs(pages),
      visitors,
    };
  }
}

/** @param {string} path */
function progressKey(path) {
  return `log:progress:${basename(path)}`;
}

/** What lines add to the counts. @param {string[]} lines */
function tally(lines) {
  const totals = new Map([['lines', lines.length]]);
  const hashes = { 'log:totals': totals, 'log:status': new Map(), 'log:hours': new Map() };
  const pages = new Map();
  const visitors = new Set();
  /** @param {Map<string, number>} counts @param {string} name */
  const add = (counts, name, by = 1) => counts.set(name, (counts.get(name) ?? 0) + by);
  for (const line of lines) {
    const parts = kLine.exec(line);
    if (!parts) {
      add(totals, 'malformed');
      continue;
    }
    const [, address, hour, page, status, bytes] = parts;
    add(totals, 'bytes', Number(bytes) || 0);
    add(hashes['log:status'], status);
    add(hashes['log:hours'], hour);
    add(pages, page);
    visitors.add(address);
  }
  return { hashes, pages, visitors };
}

/** @param {Record<string, string>} fields */
function numbers(fields) {
  return Object.fromEntries(
    Object.entries(fields)
      .map(([name, value]) => /** @type {[string, number]} */ ([name, Number(value)]))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/**
 * Members and scores as pairs: a reply has them one after the other, or in pairs already.
 * @param {unknown[]} reply @returns {[string, number][]}
 */
function inPairs(reply) {
  const flat = reply.flat();
  return flat.flatMap((name, i) => (i % 2 ? [] : [[String(name), Number(flat[i + 1])]]));
}
