/**
 * Many connections at once: 10,000 to one Node server, a tenth of them blocked, a tenth subscribed;
 * and 2,000 beside redis-server. Nobody may be dropped, nothing may be lost.
 */
import { canStart, cpuSeconds, residentBytes, startServer, startWorker } from './processes.mjs';
import { interleave, median } from './statistics.mjs';
import { progress, rate, ratio, table } from './terminal.mjs';

const CLIENTS = 10_000;
const BESIDE_REDIS = 2000;
const MESSAGES = 10;
/** Files a server or the clients' process has open besides the connections. */
const OTHER_FILES = 200;
const names = ['kvasm', 'redis-server'];

/** How many connections a process may have: `ulimit -n`, which Node raises as far as it may. */
export function connectionsMax() {
  const { soft } = process.report.getReport().userLimits?.open_files ?? { soft: 'unlimited' };
  return soft === 'unlimited' ? Infinity : Number(soft) - OTHER_FILES;
}

/** @param {import('./run.mjs').Context} context */
export async function clients({ quick, without }) {
  const chosen = names.filter((name) => !without.has(name) && canStart(name));
  const pings = quick ? 20_000 : 100_000;
  const allowed = connectionsMax();
  const count = Math.min(CLIENTS, Math.floor(allowed / 100) * 100);
  if (count < CLIENTS) {
    console.log(
      `ulimit -n is too low for ${CLIENTS} clients: ${allowed + OTHER_FILES} files, ` +
        `${CLIENTS + OTHER_FILES} are needed. Measured with ${count} instead; ` +
        `raise it with: ulimit -n ${2 * CLIENTS}`,
    );
  }
  if (chosen.includes('kvasm')) {
    progress(`${count} clients, kvasm`);
    print(count, ['kvasm'], new Map([['kvasm', [await measure('kvasm', count, pings)]]]));
  }
  const fewer = Math.min(BESIDE_REDIS, count);
  const results = await interleave(chosen, quick ? 1 : 3, (name) => {
    progress(`${fewer} clients, ${name}`);
    return measure(name, fewer, pings);
  });
  progress('');
  print(fewer, chosen, results);
}

/**
 * One server and `count` clients. Throws if a connection is dropped or anything is missing.
 * @returns memory in bytes, latencies in milliseconds
 */
export async function measure(name, count, pings) {
  const server = await startServer(name, ['--maxclients', String(count + OTHER_FILES)]);
  const worker = await startWorker('./clients_worker.mjs', [String(server.port)]);
  try {
    const some = Math.floor(count / 10);
    const idle = count - 2 * some;
    await worker.ask({ idle: some }); // warm
    const before = await memoryOf(server);
    const connecting = await worker.ask({ idle: idle - some });
    const after = await memoryOf(server);
    await worker.ask({ blocked: some, subscribed: some });
    await expectAll(server, count, some);
    const cpuBefore = cpuSeconds(server.pid);
    const pinged = await worker.ask({ pings });
    const cpu = cpuSeconds(server.pid) - cpuBefore;
    const { elements, delivered, dropped } = await worker.ask({ wake: MESSAGES });
    if (dropped !== 0) throw new Error(`${name} has dropped ${dropped} of ${count} clients`);
    if (elements !== some || delivered !== some * MESSAGES) {
      throw new Error(`${name}: ${elements} of ${some} elements, ${delivered} messages came`);
    }
    const made = idle - some;
    return {
      connects: made / connecting.seconds,
      ...pinged,
      pings: pings / pinged.seconds,
      pingsPerCpu: pings / cpu,
      dropped,
      resident: (after.resident - before.resident) / made,
      used: (after.used - before.used) / made,
    };
  } finally {
    await worker.stop();
    await server.stop();
  }
}

async function memoryOf(server) {
  const info = await server.request('INFO memory\r\n');
  return {
    resident: residentBytes(server.pid),
    used: Number(/used_memory:(\d+)/.exec(info)[1]),
  };
}

/** Throws unless the server itself counts all clients (and the one that asks). */
async function expectAll(server, count, some) {
  const info = await server.request('INFO clients\r\n');
  const connected = Number(/connected_clients:(\d+)/.exec(info)[1]);
  const blocked = Number(/blocked_clients:(\d+)/.exec(info)[1]);
  if (connected < count || blocked !== some) {
    throw new Error(`${server.name} counts ${connected} clients, ${blocked} of them blocked`);
  }
}

function print(count, chosen, results) {
  const of = (name, field) => median(results.get(name).map((result) => result[field]));
  const ms = (value) => `${value.toFixed(2)} ms`;
  const bytes = (value) => `${(value / 1024).toFixed(1)} kB`;
  const rows = [
    ['connections made a second', 'connects', rate],
    ['PING p50, 50 at a time', 'p50', ms],
    ['PING p99', 'p99', ms],
    ['PING at most', 'max', ms],
    ['PING a second', 'pings', rate],
    ['PING per second of processor time', 'pingsPerCpu', rate],
    ['memory of an idle client, in the process', 'resident', bytes],
    ['memory of an idle client, in the database', 'used', bytes],
    ['dropped', 'dropped', String],
  ];
  const hasBoth = chosen.length === names.length;
  table(
    [
      `${count} clients, ${count / 10} blocked, ${count / 10} subscribed`,
      ...chosen,
      ...(hasBoth ? ['ratio'] : []),
    ],
    rows.map(([what, field, format]) => {
      const values = chosen.map((name) => of(name, field));
      const quotient = field === 'dropped' ? '' : ratio(values[0] / values[1]);
      return [what, ...values.map(format), ...(hasBoth ? [quotient] : [])];
    }),
  );
}
