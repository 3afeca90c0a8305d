/** redis-benchmark, the client of all server measurements. */
import { spawn } from 'node:child_process';
import { cpuSeconds } from './processes.mjs';
import { interleave, median, spread } from './statistics.mjs';

/** One run with these arguments; resolves with requests per second. */
function benchmark(port, args) {
  const all = ['-h', '127.0.0.1', '-p', port, '--csv', ...args].map(String);
  return new Promise((resolve, reject) => {
    const child = spawn('redis-benchmark', all, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('exit', () => {
      // "test","rps", six latencies, and then a line for the test, in whose name anything may be.
      const line = output.trim().split('\n').at(-1) ?? '';
      const perSecond = Number(line.split('","').at(-7));
      if (perSecond > 0) resolve(perSecond);
      else reject(new Error(`redis-benchmark ${all.join(' ')}\n${output}`));
    });
  });
}

/**
 * Requests per second of each server, by the clock (median and spread of the rounds) and by its
 * processor time. The first round, of a quarter of the requests unless `warmUp` says another share,
 * warms up.
 *
 * @param {Map<string, {port: number, pid: number}>} started
 * @param {{
 *   requests: number, rounds: number, args: (string | number)[], warmUp?: number,
 *   before?: (name: string, round: number) => Promise<unknown>,
 * }} options  `args` without the number of requests; `before` is called ahead of each round
 */
export async function measureRate(started, { requests, rounds, args, before, warmUp = 0.25 }) {
  const measured = await interleave([...started.keys()], rounds + 1, async (name, round) => {
    await before?.(name, round);
    const { port, pid } = started.get(name);
    const count = Math.ceil(round === 0 ? requests * warmUp : requests);
    const cpuBefore = cpuSeconds(pid);
    const perSecond = await benchmark(port, ['-n', count, ...args]);
    return { perSecond, perCpuSecond: count / (cpuSeconds(pid) - cpuBefore) };
  });
  const results = new Map();
  for (const [name, all] of measured) {
    const kept = all.slice(1);
    const wall = kept.map(({ perSecond }) => perSecond);
    const byCpu = median(kept.map(({ perCpuSecond }) => perCpuSecond));
    results.set(name, { median: median(wall), spread: spread(wall), byCpu });
  }
  return results;
}
