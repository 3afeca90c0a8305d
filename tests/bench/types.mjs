/** Commands of the larger data types under redis-benchmark: ratios to redis-server. */
import { fill } from './fill.mjs';
import { datasets } from './memory_data.mjs';
import { findExecutable } from './peers.mjs';
import { canStart, startServer, startWorker } from './processes.mjs';
import { measureRate } from './redis_benchmark.mjs';
import { dim, milliseconds, progress, rate, ratio, table } from './terminal.mjs';

const BAR = 0.5;
const UNION_MS_BAR = 4;
const digits = (i, width) => String(i).padStart(width, '0');

/** Fills with a thousand elements a command, as the arguments of each element say. */
const inThousands = (count, command, each) => ({
  commands: count / 1000,
  command: (chunk) => [
    ...command,
    ...Array.from({ length: 1000 }, (_, i) => each(chunk * 1000 + i)).flat(),
  ],
});

const dataset = (name) => {
  const { count, perCommand, command } = datasets[name];
  return { commands: count / perCommand, command };
};

/** A point of the 100,000: anywhere in a box of ten by ten degrees, the same in every run. */
const pointOf = (i) => [
  (10 + ((i * 7919) % 100_003) / 10_000.3).toFixed(6),
  (40 + ((i * 104_729) % 99_991) / 9_999.1).toFixed(6),
];

// `__rand_int__` becomes 12 digits, below a million.
const kRandom = '__rand_int__';
const kMillion = 1_000_000;

/**
 * What each workload needs to be there (filled once), the command, how many at most a round, and
 * how many in one go. `before` is sent ahead of each round.
 */
const workloads = [
  {
    title: 'LINDEX in the middle of 1 M',
    fill: dataset('list'),
    command: ['LINDEX', 'list', '500000'],
    requests: 60_000,
    pipeline: 16,
  },
  {
    title: 'LSET in the middle of 1 M',
    command: ['LSET', 'list', '500000', 'value:changed'],
    requests: 60_000,
    pipeline: 16,
    after: 'DEL list\r\n',
  },
  {
    title: 'ZRANK in 1 M',
    fill: inThousands(kMillion, ['ZADD', 'zset'], (i) => [String(i), `m:${digits(i, 12)}`]),
    command: ['ZRANK', 'zset', `m:${kRandom}`],
    requests: 200_000,
    pipeline: 16,
  },
  {
    title: 'ZRANGEBYSCORE, 100 of 1 M',
    command: ['ZRANGEBYSCORE', 'zset', kRandom, '+inf', 'LIMIT', '0', '100'],
    requests: 40_000,
    pipeline: 16,
    after: 'DEL zset\r\n',
  },
  {
    title: 'SUNIONSTORE of two sets of 10,000',
    fill: [
      inThousands(10_000, ['SADD', 'a'], (i) => [`member:${digits(i, 7)}`]),
      inThousands(10_000, ['SADD', 'b'], (i) => [`member:${digits(i + 5000, 7)}`]),
    ],
    command: ['SUNIONSTORE', 'union', 'a', 'b'],
    requests: 200,
    pipeline: 1,
    after: 'DEL union a b\r\n',
  },
  {
    title: 'XADD',
    command: ['XADD', 'log', '*', 'sensor', kRandom, 'value', 'v000000001'],
    requests: 150_000,
    pipeline: 16,
    after: 'DEL log\r\n',
  },
  {
    title: 'XREADGROUP, 10 entries a read',
    fill: dataset('stream'),
    before: ['XGROUP DESTROY stream group\r\n', 'XGROUP CREATE stream group 0\r\n'],
    command: ['XREADGROUP', 'GROUP', 'group', 'me', 'COUNT', '10', 'STREAMS', 'stream', '>'],
    requests: 40_000,
    pipeline: 16,
    after: 'DEL stream\r\n',
  },
  {
    title: 'BITCOUNT over 10 MB',
    fill: {
      commands: 80,
      command: (i) => ['SETRANGE', 'bits', String(i * 131_072), '\x55\x0f1'.repeat(43_691)],
    },
    command: ['BITCOUNT', 'bits'],
    requests: 400,
    pipeline: 1,
    after: 'DEL bits\r\n',
  },
  {
    title: 'GEOSEARCH, 200 km, of 100 k points',
    fill: inThousands(100_000, ['GEOADD', 'geo'], (i) => [...pointOf(i), `place:${i}`]),
    command: [
      ...['GEOSEARCH', 'geo', 'FROMLONLAT', '15', '45', 'BYRADIUS', '200', 'km'],
      ...['ASC', 'COUNT', '100', 'WITHDIST'],
    ],
    requests: 300,
    pipeline: 1,
    after: 'DEL geo\r\n',
  },
  {
    title: 'SORT of 100 k by external keys',
    fill: [
      inThousands(100_000, ['RPUSH', 'ids'], (i) => [String(i)]),
      inThousands(100_000, ['MSET'], (i) => [`weight_${i}`, String((i * 7919) % 100_003)]),
    ],
    command: ['SORT', 'ids', 'BY', 'weight_*'],
    requests: 8,
    pipeline: 1,
    after: 'FLUSHALL\r\n',
  },
];

/** Refuses to measure how fast a server says that it does not know a command. */
async function checkKnown(server, [name]) {
  const reply = await server.request(`COMMAND INFO ${name}\r\n`);
  if (/^\*1\r\n(\*-1|\$-1|_)\r\n/.test(reply)) throw new Error(`a server lacks ${name}`);
}

/** The rates of each server. */
async function measure(started, workload, quick) {
  for (const server of started.values()) {
    await checkKnown(server, workload.command);
    for (const { commands, command } of [workload.fill ?? []].flat()) {
      await fill(server.port, commands, command);
    }
  }
  const rounds = quick ? 2 : 5;
  const results = await measureRate(started, {
    requests: quick ? Math.max(workload.requests / 3, 8) : workload.requests,
    rounds,
    // Each command is new to a just-in-time compiler.
    warmUp: 1,
    args: ['-c', 1, '-P', workload.pipeline, '-r', kMillion, ...workload.command],
    before: async (name, round) => {
      progress(`${workload.title}: round ${round} of ${rounds}, ${name}`);
      for (const line of workload.before ?? []) await started.get(name).request(line);
    },
  });
  if (workload.after) {
    for (const server of started.values()) await server.request(workload.after);
  }
  return results;
}

/** @param {import('./run.mjs').Context} context */
export async function types({ quick, without, report }) {
  if (!findExecutable('redis-benchmark')) {
    console.log('  redis-benchmark is not installed (apt: redis-tools); skipped');
    return;
  }
  const names = ['kvasm', 'redis-server'].filter((name) => !without.has(name) && canStart(name));
  const started = new Map();
  const rows = [];
  try {
    for (const name of names) started.set(name, await startServer(name));
    for (const workload of workloads) {
      rows.push([workload.title, await measure(started, workload, quick)]);
    }
  } finally {
    for (const server of started.values()) await server.stop();
  }
  progress('');
  print(names, rows, report);
  if (!without.has('kvasm')) await unionInProcess(report);
}

function print(names, rows, report) {
  const both = names.length === 2;
  const header = ['one client', ...names.map((name) => `${name} req/s`)];
  if (both) header.push('kvasm / redis-server', 'by processor time', '');
  const line = ([title, results]) => {
    const cells = names.map((name) => {
      const { median, spread } = results.get(name);
      return `${rate(median)} ${dim(`±${(spread * 100).toFixed(0)}%`)}`;
    });
    if (!both) return [title, ...cells];
    const [kvasm, redis] = names.map((name) => results.get(name));
    const ratios = [kvasm.median / redis.median, kvasm.byCpu / redis.byCpu];
    report.atLeast(`${title} / redis-server`, ratios, BAR);
    return [title, ...cells, ...ratios.map(ratio), ratios[0] > 1 ? 'faster' : ''];
  };
  table(header, rows.map(line));
}

async function unionInProcess(report) {
  const worker = await startWorker('types_worker.mjs');
  try {
    const { ms, cpuMs } = await worker.ask({});
    console.log(`  SUNIONSTORE of two sets of 10,000, in process: ${milliseconds(ms)}`);
    const what = 'SUNIONSTORE of two sets of 10,000, in process';
    report.atMost(what, [ms, cpuMs], UNION_MS_BAR, milliseconds);
  } finally {
    await worker.stop();
  }
}
