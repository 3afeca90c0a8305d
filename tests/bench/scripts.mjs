/** Lua scripts under redis-benchmark: ratios to redis-server. */
import { createHash } from 'node:crypto';
import { findExecutable } from './peers.mjs';
import { canStart, startServer } from './processes.mjs';
import { measureRate } from './redis_benchmark.mjs';
import { dim, progress, rate, ratio, table } from './terminal.mjs';

const BAR = 0.5;

const kLimiter =
  "local n = redis.call('INCR', KEYS[1]) " +
  "if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end return n";
const kLoop = "for i = 1, 100000 do redis.call('INCR', KEYS[1]) end return 1";
const kJson =
  'local order = cjson.decode(ARGV[1]) order.total = 0 ' +
  'for _, line in ipairs(order.lines) do order.total = order.total + line.price end ' +
  'return cjson.encode(order)';
const kOrder = JSON.stringify({
  id: 12345,
  customer: { name: 'Ann Example', tags: ['new', 'web'], active: true },
  lines: Array.from({ length: 10 }, (_, i) => ({
    sku: `article-${i}`,
    price: 1.5 * i,
    left: null,
  })),
});
const kCompute = 'local a, b = 0, 1 for i = 1, 1000000 do a, b = b, (a + b) % 1000007 end return a';

const evalsha = (script, ...rest) => [
  'EVALSHA',
  createHash('sha1').update(script).digest('hex'),
  ...rest,
];

/** `script`: to be loaded first. Requests are how many a round, and how many in one go. */
const workloads = [
  {
    title: "EVAL 'return 1'",
    command: ['EVAL', 'return 1', '0'],
    requests: 200_000,
    pipeline: 16,
  },
  {
    title: "EVAL 'return 1', 50 clients, one at a time",
    command: ['EVAL', 'return 1', '0'],
    requests: 60_000,
    pipeline: 1,
    clients: 50,
  },
  {
    title: 'EVALSHA: INCR, EXPIRE if new',
    script: kLimiter,
    command: evalsha(kLimiter, '1', 'limit:__rand_int__', '60'),
    requests: 120_000,
    pipeline: 16,
  },
  {
    title: 'EVALSHA: cjson, an order of 10 lines',
    script: kJson,
    command: evalsha(kJson, '0', kOrder),
    requests: 20_000,
    pipeline: 16,
  },
  {
    title: 'EVALSHA: 100,000 times redis.call',
    script: kLoop,
    command: evalsha(kLoop, '1', 'counter'),
    requests: 20,
    pipeline: 1,
  },
  {
    title: 'EVALSHA: a million steps of Lua alone',
    script: kCompute,
    command: evalsha(kCompute, '0'),
    requests: 20,
    pipeline: 1,
  },
];

async function measure(started, workload, quick) {
  const { title, script, command, requests, pipeline, clients = 1 } = workload;
  for (const server of started.values()) {
    if (script !== undefined) await server.request(`SCRIPT LOAD ${JSON.stringify(script)}\r\n`);
    await checkRuns(server, command);
  }
  const rounds = quick ? 2 : 5;
  return measureRate(started, {
    requests: quick ? Math.max(requests / 4, 8) : requests,
    rounds,
    // What a just-in-time compiler has not seen yet is slow.
    warmUp: 1,
    args: ['-c', clients, '-P', pipeline, '-r', 100_000, ...command],
    before: async (name, round) => progress(`${title}: round ${round} of ${rounds}, ${name}`),
  });
}

/** Refuses to measure how fast a server fails. */
async function checkRuns(server, command) {
  const words = command.map((word) => JSON.stringify(word)).join(' ');
  const reply = await server.request(`${words}\r\n`);
  if (reply.startsWith('-')) throw new Error(`${server.name}: ${reply}`);
}

/** @param {import('./run.mjs').Context} context */
export async function scripts({ quick, without, report }) {
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
}

function print(names, rows, report) {
  const both = names.length === 2;
  const header = ['scripts', ...names.map((name) => `${name} req/s`)];
  if (both) header.push('kvasm / redis-server', 'by processor time');
  const line = ([title, results]) => {
    const cells = names.map((name) => {
      const { median, spread } = results.get(name);
      return `${rate(median)} ${dim(`±${(spread * 100).toFixed(0)}%`)}`;
    });
    if (!both) return [title, ...cells];
    const [kvasm, redis] = names.map((name) => results.get(name));
    const ratios = [kvasm.median / redis.median, kvasm.byCpu / redis.byCpu];
    report.atLeast(`${title} / redis-server`, ratios, BAR);
    return [title, ...cells, ...ratios.map(ratio)];
  };
  table(header, rows.map(line));
}
