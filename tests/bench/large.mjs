/** How long removing a value of a million elements holds up the engine: the longest single call. */
import { datasets } from './memory_data.mjs';
import { startWorker } from './processes.mjs';
import { median } from './statistics.mjs';
import { milliseconds, progress, table } from './terminal.mjs';

const BAR_MS = 2;

const removals = {
  DEL: (key) => ['del', key],
  UNLINK: (key) => ['unlink', key],
  'SET over it': (key) => ['set', key, 'x'],
  'RENAME onto it': (key) => ['rename', 'other', key],
  EXPIRE: (key) => ['pexpire', key, '1'],
};

/** @param {import('./run.mjs').Context} context */
export async function large({ quick, without, report }) {
  if (without.has('kvasm')) return;
  const rounds = quick ? 1 : 3;
  const rows = [];
  const longest = [];
  for (const [id, { count, isOneKey, bar }] of Object.entries(datasets)) {
    if (!isOneKey || !bar) continue;
    const worker = await startWorker('large_worker.mjs');
    try {
      for (const [title, removal] of Object.entries(removals)) {
        const what = `${title}, ${id}`;
        const all = [];
        for (let round = 0; round <= rounds; round++) {
          progress(`large values: ${what}, round ${round} of ${rounds}`);
          all.push(await worker.ask({ dataset: id, count, removal: removal(id) }));
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
