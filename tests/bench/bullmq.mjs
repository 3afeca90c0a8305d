/** BullMQ: jobs a second through a server, and without one. */
import { canStart, startServer, startWorker } from './processes.mjs';
import { interleave, median, spread } from './statistics.mjs';
import { dim, progress, rate, ratio, table } from './terminal.mjs';

const BAR = 0.5;
const kInMemory = 'kvasm/ioredis, in memory';

/** @param {import('./run.mjs').Context} context */
export async function bullmq({ quick, without, report }) {
  const jobs = quick ? 3000 : 10_000;
  const rounds = quick ? 2 : 5;
  const names = [
    ...['kvasm', 'redis-server'].filter((name) => !without.has(name) && canStart(name)),
    ...(without.has('kvasm') ? [] : [kInMemory]),
  ];
  const servers = [];
  const workers = new Map();
  let measured;
  try {
    for (const name of names) {
      const server = name === kInMemory ? undefined : await startServer(name);
      if (server) servers.push(server);
      workers.set(name, await startWorker('bullmq_worker.mjs', [String(server?.port ?? 0)]));
    }
    measured = await interleave(names, rounds + 1, (name, round) => {
      progress(`${jobs} jobs, round ${round} of ${rounds}, ${name}`);
      return workers.get(name).ask({ jobs: round === 0 ? jobs / 4 : jobs });
    });
  } finally {
    for (const worker of workers.values()) await worker.stop();
    for (const server of servers) await server.stop();
  }
  progress('');
  const of = (name, field) =>
    measured
      .get(name)
      ?.slice(1)
      .map((round) => round[field]);
  table(
    [`${jobs} jobs`, ...names],
    [
      ['added a second', 'added'],
      ['processed a second, 5 workers', 'processed'],
    ].map(([what, field]) => [
      what,
      ...names.map((name) => {
        const values = of(name, field);
        return `${rate(median(values))} ${dim(`±${(spread(values) * 100).toFixed(0)}%`)}`;
      }),
    ]),
  );
  if (!measured.has('redis-server')) return;
  for (const field of ['added', 'processed']) {
    const redis = median(of('redis-server', field));
    if (measured.has('kvasm')) {
      report.atLeast(
        `BullMQ, jobs ${field} / redis-server`,
        median(of('kvasm', field)) / redis,
        BAR,
      );
    }
    if (measured.has(kInMemory)) {
      // One process for what are two elsewhere, so there is no bar.
      const value = ratio(median(of(kInMemory, field)) / redis);
      console.log(`  jobs ${field}, ${kInMemory} / redis-server: ${value}`);
    }
  }
}
