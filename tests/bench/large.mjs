/**
 * How long removing a million elements, of one value or of many, holds up the engine: the longest
 * single call.
 */
import { datasets, medium } from './memory_data.mjs';
import { startWorker } from './processes.mjs';
import { median } from './statistics.mjs';
import { milliseconds, progress, table } from './terminal.mjs';

const BAR_MS = 2;

// Beside the value there is a key `other`.
const removals = {
  DEL: { command: (key) => ['del', key], left: 1 },
  UNLINK: { command: (key) => ['unlink', key], left: 1 },
  'SET over it': { command: (key) => ['set', key, 'x'], left: 2 },
  'RENAME onto it': { command: (key) => ['rename', 'other', key], left: 1 },
  EXPIRE: { command: (key) => ['pexpire', key, '1'], left: 1 },
};
const flush = { 'FLUSHALL ASYNC': { command: () => ['flushall', 'ASYNC'], left: 0 } };

/** Each data set with the ways to remove it. */
function* parts() {
  for (const [id, { count, isOneKey, bar }] of Object.entries(datasets)) {
    if (isOneKey && bar) yield { id, count, ways: removals };
  }
  yield { id: 'medium', count: medium.count, ways: flush };
}

/** @param {import('./run.mjs').Context} context */
export async function large({ quick, without, report }) {
  if (without.has('kvasm')) return;
  const rounds = quick ? 1 : 3;
  const rows = [];
  const longest = [];
  for (const { id, count, ways } of parts()) {
    const worker = await startWorker('large_worker.mjs');
    try {
      for (const [title, { command, left }] of Object.entries(ways)) {
        const what = `${title}, ${id}`;
        const all = [];
        for (let round = 0; round <= rounds; round++) {
          progress(`large values: ${what}, round ${round} of ${rounds}`);
          all.push(await worker.ask({ dataset: id, count, removal: command(id), left }));
        }
        all.shift(); // the first round warms up
        const of = (name) => median(all.map((result) => result[name]));
        rows.push([
          what,
          ...['command', 'commandCpu', 'tick', 'tickCpu', 'done'].map((name) => {
            return milliseconds(of(name));
          }),
          String(of('ticks')),
        ]);
        const wall = Math.max(of('command'), of('tick'));
        longest.push({ what, wall, cpu: Math.max(of('commandCpu'), of('tickCpu')) });
      }
    } finally {
      await worker.stop();
    }
  }
  progress('');
  table(
    [
      '1 M elements',
      'command',
      '(processor)',
      'longest tick',
      '(processor)',
      'all freed after',
      'ticks of work',
    ],
    rows,
  );
  const worst = longest.reduce((a, b) => (b.wall > a.wall ? b : a));
  const worstCpu = Math.max(...longest.map(({ cpu }) => cpu));
  const what = `longest command or tick, 1 M elements (${worst.what})`;
  report.atMost(what, [worst.wall, worstCpu], BAR_MS, milliseconds);
}
