#!/usr/bin/env node
// @ts-check
/**
 * Made-up lines of a web server's log, the same from the same seed.
 *
 *   node generate.mjs [LINES [SEED]] > access.log
 */
import { pathToFileURL } from 'node:url';

const kPages = ['/', '/about', '/articles', '/login', '/search', '/feed.xml', '/favicon.ico'];
const kStart = Date.UTC(2026, 10, 21, 18);

/** A small seeded generator (mulberry32). @param {number} seed */
function random(seed) {
  let state = seed >>> 0;
  return (/** @type {number} */ below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/**
 * @typedef {object} Visit
 * @property {string} line  without its end
 * @property {{ address: string, hour: string, page: string, status: number, bytes: number } | null}
 *   said  what the line says; null for one that makes no sense
 */

/**
 * @param {number} count
 * @param {number} [seed]
 * @returns {Generator<Visit>}
 */
export function* generateVisits(count, seed = 1) {
  const below = random(seed);
  for (let i = 0; i < count; i++) {
    if (below(500) === 0) {
      yield { line: ['', 'GET /', '- - - [', '\u00fcberraschung \u2603'][below(4)], said: null };
      continue;
    }
    const address = `203.0.${below(4)}.${below(256)}`;
    // Most visitors want one of a few pages, the others an article each.
    const page = below(3) ? kPages[below(kPages.length)] : `/articles/${below(2000)}`;
    const status = below(20) ? 200 : [301, 304, 403, 404, 500][below(5)];
    const bytes = status === 304 ? 0 : 200 + below(20_000);
    const [, day, month, year, time] = /** @type {RegExpExecArray} */ (
      /(\d+) (\w+) (\d+) (\S+)/.exec(new Date(kStart + i * 250).toUTCString())
    );
    const when = `${day}/${month}/${year}:${time}`;
    const query = page === '/search' ? `?q=${below(100)}` : '';
    const request = `"GET ${page}${query} HTTP/1.1"`;
    const line = `${address} - - [${when} +0000] ${request} ${status} ${bytes || '-'}`;
    yield { line, said: { address, hour: when.slice(0, -6), page, status, bytes } };
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [lines = '1000000', seed = '1'] = process.argv.slice(2);
  let text = '';
  for (const { line } of generateVisits(Number(lines), Number(seed))) {
    text += `${line}\n`;
    if (text.length < 1 << 16) continue;
    if (!process.stdout.write(text))
      await new Promise((done) => process.stdout.once('drain', done));
    text = '';
  }
  process.stdout.write(text);
}
