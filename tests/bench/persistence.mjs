/** What is kept on disk: snapshots written and loaded, the append-only file, BGSAVE under load. */
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fill } from './fill.mjs';
import { datasets } from './memory_data.mjs';
import { findExecutable } from './peers.mjs';
import { canStart, cpuSeconds, residentBytes, startLoad, startServer } from './processes.mjs';
import { measureRate } from './redis_benchmark.mjs';
import { interleave, median } from './statistics.mjs';
import { milliseconds, progress, rate, ratio, table } from './terminal.mjs';

const kSpeedBar = 0.7;
const kMixedShare = 0.2;
const kWriteCostBarUs = 10;
const kThroughputBar = 0.85;
const kLoadRateBar = 0.7;
const kWaitBarMs = 2;
const kMemoryBar = 1.15;
const kCalmMs = 2000;
const kEndless = 1_000_000_000;

const percent = (share) => `${(share * 100).toFixed(1)}%`;
const microseconds = (us) => `${us.toFixed(2)} us`;

/** @param {import('./run.mjs').Context} context */
export async function persistence({ quick, without, report }) {
  const names = ['kvasm', 'redis-server'].filter((name) => !without.has(name) && canStart(name));
  await snapshots(names, quick, report);
  if (!findExecutable('redis-benchmark')) {
    console.log('  redis-benchmark is not installed (apt: redis-tools); the rest is skipped');
    return;
  }
  await logging(names, quick, report);
  await underLoad(names, quick, report);
  progress('');
}

/** Has one server a name do what `body` says of them all, and stops them. */
async function withServers(options, body) {
  const started = new Map();
  try {
    for (const [key, { name, more }] of Object.entries(options)) {
      started.set(key, await startServer(name, more));
    }
    return await body(started);
  } finally {
    for (const server of started.values()) await server.stop();
  }
}

async function ask(server, command) {
  const reply = await server.request(`${command}\r\n`);
  if (reply.startsWith('-') || reply === '')
    throw new Error(`${server.name}: ${command}: ${reply}`);
  return reply;
}

// --- snapshots ---

const scaled = (count) => ({
  strings: { title: `${rate(count)} strings`, parts: [['strings', count]] },
  mixed: {
    title: `mixed, ${rate(count * kMixedShare)} of each kind`,
    parts: Object.entries(datasets).map(([id, { isOneKey }]) => [
      id,
      count * kMixedShare * (isOneKey || id === 'strings' ? 1 : 0.1),
    ]),
  },
});

async function timed(server, command) {
  const [began, cpu] = [performance.now(), cpuSeconds(server.pid)];
  await ask(server, command);
  return { ms: performance.now() - began, cpuMs: 1000 * (cpuSeconds(server.pid) - cpu) };
}

async function snapshots(names, quick, report) {
  const rows = [];
  const more = ['--enable-debug-command', 'yes'];
  const options = Object.fromEntries(names.map((name) => [name, { name, more }]));
  for (const { title, parts } of Object.values(scaled(quick ? 100_000 : 1_000_000))) {
    await withServers(options, async (started) => {
      for (const server of started.values()) {
        for (const [id, count] of parts) {
          const { perCommand, command } = datasets[id];
          progress(`persistence: ${title}: filling ${server.name} with ${id}`);
          await fill(server.port, count / perCommand, command);
        }
      }
      for (const [what, command] of [
        ['SAVE', 'SAVE'],
        ['load', 'DEBUG RELOAD NOSAVE'],
      ]) {
        const measured = await interleave(names, quick ? 3 : 5, (name, round) => {
          progress(`persistence: ${title}: ${what}, round ${round}, ${name}`);
          return timed(started.get(name), command);
        });
        const of = (name, key) =>
          median(
            measured
              .get(name)
              .slice(1)
              .map((each) => each[key]),
          );
        const cells = names.map((name) => milliseconds(of(name, 'ms')));
        if (names.length === 2) {
          const ratios = ['ms', 'cpuMs'].map((key) => of('redis-server', key) / of('kvasm', key));
          report.atLeast(`${what} of ${title}, speed / redis-server`, ratios, kSpeedBar);
          cells.push(...ratios.map(ratio));
        }
        rows.push([`${what}: ${title}`, ...cells]);
      }
    });
  }
  progress('');
  table(['snapshots', ...names, 'speed / redis-server', 'by processor time'], rows);
}

// --- the append-only file ---

async function logging(names, quick, report) {
  const on = ['--appendonly', 'yes', '--appendfsync', 'everysec'];
  const options = {};
  for (const name of names) {
    options[`${name} off`] = { name, more: [] };
    options[name] = { name, more: [...on, '--auto-aof-rewrite-percentage', '0'] };
  }
  const rows = [];
  await withServers(options, async (started) => {
    for (const { pipeline, requests } of [
      { pipeline: 1, requests: 100_000 },
      { pipeline: 64, requests: 1_000_000 },
    ]) {
      const results = await measureRate(started, {
        requests: quick ? requests / 5 : requests,
        rounds: quick ? 3 : 7,
        args: ['-c', 50, '-P', pipeline, '-r', 100_000, '-d', 10, '-t', 'set'],
        before: async (name, round) =>
          progress(`persistence: SET, pipeline ${pipeline}: round ${round}, ${name}`),
      });
      for (const name of names) {
        const [plain, logged] = [results.get(`${name} off`), results.get(name)];
        const costs = ['median', 'byCpu'].map((key) => 1e6 / logged[key] - 1e6 / plain[key]);
        const kept = ['median', 'byCpu'].map((key) => logged[key] / plain[key]);
        rows.push([
          `${name}, pipeline ${pipeline}`,
          ...[plain.median, logged.median].map(rate),
          ...costs.map(microseconds),
          ...kept.map(percent),
        ]);
        if (name !== 'kvasm') continue;
        const title = `everysec, pipeline ${pipeline}`;
        report.atMost(`${title}: cost of a write`, costs, kWriteCostBarUs, microseconds);
        if (pipeline > 1) report.atLeast(`${title}: of throughput`, kept, kThroughputBar, percent);
      }
    }
  });
  progress('');
  console.log('');
  const costs = ['cost of a write', 'by processor time', 'throughput kept', 'by processor time'];
  table(['append-only file, SET', 'off, req/s', 'everysec, req/s', ...costs], rows);
}

// --- BGSAVE under a load ---

/** A client that asks one thing at a time and knows how long each took. */
async function startProbe(port) {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  const request = '*2\r\n$3\r\nGET\r\n$7\r\nmissing\r\n';
  let waits = [];
  let began = performance.now();
  let counts = true;
  socket.on('connect', () => socket.write(request));
  socket.on('data', () => {
    const now = performance.now();
    if (counts) waits.push(now - began);
    counts = true;
    began = now;
    socket.write(request);
  });
  return {
    /** The times since it was asked last, the shortest first. */
    take() {
      const taken = waits.sort((a, b) => a - b);
      waits = [];
      // The reply under way waits for this very process, which sorts.
      counts = false;
      return taken;
    },
    stop: () => socket.destroy(),
  };
}

const number = async (server, section, field) =>
  Number(new RegExp(`\\b${field}:(\\d+)`).exec(await ask(server, `INFO ${section}`))[1]);

/** How many commands a second, how long they wait and how much memory there is, meanwhile. */
async function observe(server, probe, action) {
  const commands = () => number(server, 'stats', 'total_commands_processed');
  probe.take();
  const [before, began] = [await commands(), performance.now()];
  const resident = await action();
  const perSecond = ((await commands()) - before) / ((performance.now() - began) / 1000);
  const waits = probe.take();
  const at = (share) => waits[Math.min(waits.length - 1, Math.floor(share * waits.length))];
  return { perSecond, p99: at(0.99), longest: at(1), resident };
}

async function snapshotRound(server, probe) {
  const calm = await observe(server, probe, async () => {
    await delay(kCalmMs);
    return residentBytes(server.pid);
  });
  const during = await observe(server, probe, async () => {
    let resident = 0;
    await ask(server, 'BGSAVE');
    do {
      await delay(20);
      resident = Math.max(resident, residentBytes(server.pid));
    } while (await number(server, 'persistence', 'rdb_bgsave_in_progress'));
    return resident;
  });
  return { calm, during };
}

async function measureUnderLoad(name, count, rounds) {
  return withServers({ [name]: { name, more: [] } }, async (started) => {
    const server = started.get(name);
    progress(`persistence: BGSAVE under load: filling ${name}`);
    const key = (i) => `key:${String(i).padStart(12, '0')}`;
    await fill(server.port, count, (i) => ['SET', key(i), 'x'.repeat(10)]);
    const load = startLoad(server.port, [
      ...['-c', 4, '-P', 16, '-r', count, '-d', 10, '-n', kEndless, '-t', 'set'],
    ]);
    const probe = await startProbe(server.port);
    try {
      await delay(kCalmMs);
      const all = [];
      for (let round = 0; round < rounds; round++) {
        progress(`persistence: BGSAVE under load: round ${round}, ${name}`);
        all.push(await snapshotRound(server, probe));
      }
      return all;
    } finally {
      probe.stop();
      await load.stop();
    }
  });
}

async function underLoad(names, quick, report) {
  const count = quick ? 100_000 : 1_000_000;
  const rows = [];
  for (const name of names) {
    const all = await measureUnderLoad(name, count, quick ? 3 : 5);
    const of = (when, key) => median(all.map((round) => round[when][key]));
    const kept = median(all.map(({ calm, during }) => during.perSecond / calm.perSecond));
    // What a first snapshot has grown to, later ones use again.
    const grown = Math.max(...all.map(({ during }) => during.resident)) / all[0].calm.resident;
    rows.push([
      name,
      ...[of('calm', 'perSecond'), of('during', 'perSecond')].map(rate),
      percent(kept),
      ...['p99', 'longest'].flatMap((key) =>
        ['calm', 'during'].map((when) => milliseconds(of(when, key))),
      ),
      ratio(grown),
    ]);
    if (name !== 'kvasm') continue;
    report.atLeast('BGSAVE under load: commands a second', kept, kLoadRateBar);
    const extra = of('during', 'longest') - of('calm', 'longest');
    report.atMost('BGSAVE under load: longest wait beyond', extra, kWaitBarMs, milliseconds);
    report.atMost('BGSAVE under load: memory', grown, kMemoryBar);
  }
  progress('');
  console.log('');
  table(
    [
      `BGSAVE of ${rate(count)} strings under SETs`,
      ...['req/s before', 'during', 'kept'],
      ...['p99 before', 'during', 'longest before', 'during', 'memory'],
    ],
    rows,
  );
}
