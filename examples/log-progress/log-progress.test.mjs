import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { open } from 'kvasm';
import { startRedis } from '../../tests/interop/server.mjs';
import { generateVisits } from './generate.mjs';
import { readBatches } from './lines.mjs';
import { LogCounter } from './log_counter.mjs';

const kTop = 20;
const folder = await mkdtemp(join(tmpdir(), 'kvasm-log-'));
after(() => rm(folder, { recursive: true }));

/** What a counter has to say of visits; of HyperLogLog's guess it can say nothing. */
function expectedReport(visits) {
  const said = visits.flatMap((visit) => visit.said ?? []);
  const countBy = (name) => {
    const counts = {};
    for (const visit of said) counts[visit[name]] = (counts[visit[name]] ?? 0) + 1;
    return counts;
  };
  const pages = Object.entries(countBy('page'));
  pages.sort(([a, m], [b, n]) => n - m || (a < b ? 1 : -1));
  return {
    lines: visits.length,
    bytes: said.reduce((sum, { bytes }) => sum + bytes, 0),
    malformed: visits.length - said.length,
    status: countBy('status'),
    hours: countBy('hour'),
    pages: pages.slice(0, kTop),
  };
}

function assertReport(report, visits) {
  const { visitors, ...counts } = report;
  assert.deepEqual(counts, expectedReport(visits));
  const addresses = new Set(visits.flatMap(({ said }) => said?.address ?? [])).size;
  assert.ok(Math.abs(visitors - addresses) <= addresses * 0.05, `${visitors} for ${addresses}`);
}

const textOf = (visits) => visits.map(({ line }) => `${line}\n`).join('');

describe('the lines of a file', () => {
  const path = join(folder, 'lines');
  const read = async (text, options, start = 0) => {
    await writeFile(path, text);
    const batches = [];
    for await (const batch of readBatches(path, start, options)) batches.push(batch);
    return batches;
  };

  test('come in batches that say where the next one begins', async () => {
    assert.deepEqual(await read('a\nbb\n\nccc\nd\n', { linesMax: 2 }), [
      { lines: ['a', 'bb'], end: 5 },
      { lines: ['', 'ccc'], end: 10 },
      { lines: ['d'], end: 12 },
    ]);
    assert.deepEqual(await read('a\nbb\n', {}, 2), [{ lines: ['bb'], end: 5 }]);
    assert.deepEqual(await read('', {}), []);
  });

  test('are whole, however little is read at once', async () => {
    const lines = ['snow ☃', 'ünï', '', 'x'.repeat(50), 'end'];
    const text = lines.map((line) => `${line}\n`).join('');
    for (let chunkBytes = 1; chunkBytes < 20; chunkBytes++) {
      const batches = await read(text, { chunkBytes, linesMax: 2 });
      assert.deepEqual(
        batches.flatMap((batch) => batch.lines),
        lines,
      );
      assert.equal(batches.at(-1).end, Buffer.byteLength(text));
    }
  });

  test('have ends of both kinds', async () => {
    assert.deepEqual(await read('a\r\nb\n\r\n', {}), [{ lines: ['a', 'b', ''], end: 7 }]);
  });

  test('are left for another time while they have no end', async () => {
    assert.deepEqual(await read('a\nb', {}), [{ lines: ['a'], end: 2 }]);
    assert.deepEqual(await read('b', {}), []);
  });
});

describe('counting a log', () => {
  const path = join(folder, 'access.log');
  const visits = [...generateVisits(5000)];
  let db;
  let counter;
  beforeEach(async () => {
    await db?.close();
    db = await open('memory:');
    counter = new LogCounter(db);
    await writeFile(path, textOf(visits));
  });
  after(() => db?.close());

  test('counts every line once, and nothing the second time', async () => {
    for (let i = 0; i < 2; i++) {
      await counter.count(path, { linesMax: 300 });
      assertReport(await counter.report(kTop), visits);
    }
  });

  test('goes on when the log has grown, also by half a line', async () => {
    const text = textOf(visits);
    await writeFile(path, text.slice(0, 100_000));
    await counter.count(path);
    const { offset, lines } = await counter.progress(path);
    assert.ok(offset < 100_000 && text[offset - 1] === '\n');
    assertReport(await counter.report(kTop), visits.slice(0, lines));
    await appendFile(path, text.slice(100_000));
    await counter.count(path);
    assertReport(await counter.report(kTop), visits);
  });

  test('waits for the log to grow, and stops when it is told to', async () => {
    await writeFile(path, '');
    const stop = new AbortController();
    const counting = counter.count(path, {
      follow: true,
      signal: stop.signal,
      onProgress: ({ lines }) => {
        if (lines === visits.length) stop.abort();
      },
    });
    for (let at = 0; at < visits.length; at += 1250) {
      await appendFile(path, textOf(visits.slice(at, at + 1250)));
      await sleep(20);
    }
    await counting;
    assertReport(await counter.report(kTop), visits);
  });

  test('stopped after any transaction goes on with the next', async () => {
    for (let stops = 0; (await counter.progress(path)).lines < visits.length; stops++) {
      assert.ok(stops <= 10);
      const stop = new AbortController();
      const onProgress = () => stop.abort();
      await counter.count(path, { linesMax: 500, signal: stop.signal, onProgress });
      const { lines } = await counter.progress(path);
      assertReport(await counter.report(kTop), visits.slice(0, lines));
    }
  });

  test('refuses a log that was begun anew', async () => {
    await counter.count(path);
    await writeFile(path, 'short\n');
    await assert.rejects(counter.count(path), /has 6 bytes, but \d+ of it were counted/);
  });

  test('on redis-server gives the same', async () => {
    const server = await startRedis();
    const client = new Redis(server.port, server.host);
    try {
      const other = new LogCounter(client);
      await other.count(path);
      await counter.count(path);
      assert.deepEqual(await other.report(kTop), await counter.report(kTop));
    } finally {
      client.disconnect();
      await server.stop();
    }
  });
});

describe('a program that is killed', () => {
  const path = join(folder, 'long.log');
  const data = `file:${join(folder, 'data')}`;
  const visits = [...generateVisits(100_000, 2)];
  const kills = 25;
  const chance = (below) => Math.floor(Math.random() * below);
  const batch = 40;
  /** Where each line begins. */
  const offsets = [0];
  for (const { line } of visits) offsets.push(offsets.at(-1) + Buffer.byteLength(line) + 1);
  before(() => writeFile(path, textOf(visits)));

  /** Runs the program; kills it after some transactions and a moment, if told to. */
  async function run(stepsMax = Infinity, delayMs = 0) {
    const program = fileURLToPath(new URL('main.mjs', import.meta.url));
    const args = [program, path, '--data', data, '--batch', String(batch), '--json'];
    const child = spawn(process.execPath, [...args, '--top', String(kTop)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit');
    const said = { start: undefined, steps: 0, report: undefined };
    for await (const line of createInterface({ input: child.stdout })) {
      const { start, progress, report } = JSON.parse(line);
      said.start ??= start;
      said.report ??= report;
      if (progress && ++said.steps === stepsMax) setTimeout(() => child.kill('SIGKILL'), delayMs);
    }
    const [code, signal] = await exit;
    return { ...said, code, signal };
  }

  test(
    `${kills} times at any moment has counted every line once`,
    { timeout: 300_000 },
    async () => {
      let goneOn = 0;
      let linesBefore = 0;
      for (let i = 0; i < kills; i++) {
        const { start, signal } = await run(1 + chance(80), chance(10));
        assert.equal(signal, 'SIGKILL');
        assert.ok(start.lines >= linesBefore);
        goneOn += Number(start.lines > linesBefore);

        const db = await open(data);
        const counter = new LogCounter(db);
        const { offset, lines } = await counter.progress(path);
        assert.equal(offset, offsets[lines]);
        assertReport(await counter.report(kTop), visits.slice(0, lines));
        await db.close();
        linesBefore = start.lines;
      }
      // Where syncing takes long, what a short run has done may be lost: it is done again.
      assert.ok(goneOn >= 5, `only ${goneOn} of ${kills} runs went on from further on`);
      assert.ok(linesBefore < visits.length);

      const { report, code } = await run();
      assert.equal(code, 0);
      assertReport(report, visits);
    },
  );
});
