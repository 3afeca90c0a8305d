/** Publish and subscribe over TCP: one publisher, 1,000 subscribers, every delivery counted. */
import { canStart, cpuSeconds, startServer, startWorker } from './processes.mjs';
import { bars, progress, rate, ratio, table } from './terminal.mjs';

const SUBSCRIBERS = 1000;
const names = ['kvasm', 'redis-server'];

/** @param {import('./run.mjs').Context} context */
export async function pubsub({ quick, without }) {
  const messages = quick ? 10_000 : 100_000;
  const chosen = names.filter((name) => !without.has(name) && canStart(name));
  const results = new Map();
  for (const name of chosen) {
    progress(`${messages} messages to ${SUBSCRIBERS} subscribers, ${name}`);
    results.set(name, await measure(name, messages));
  }
  progress('');
  print(chosen, results, messages);
}

/** Rates by the clock and by the server's processor time. Throws if a delivery is missing. */
async function measure(name, messages) {
  const server = await startServer(name);
  const worker = await startWorker('./pubsub_worker.mjs', [
    String(server.port),
    String(SUBSCRIBERS),
  ]);
  try {
    await worker.ask({ messages: 1000 }); // warm
    const cpuBefore = cpuSeconds(server.pid);
    const { seconds, received, isExact } = await worker.ask({ messages });
    const expected = messages * SUBSCRIBERS;
    if (!isExact || received !== expected) {
      throw new Error(`${name} delivered ${received} messages of ${expected}`);
    }
    const perCpu = messages / (cpuSeconds(server.pid) - cpuBefore);
    return { perSecond: messages / seconds, perCpu, received };
  } finally {
    await worker.stop();
    await server.stop();
  }
}

function print(chosen, results, messages) {
  const [kvasm, redis] = names.map((name) => results.get(name));
  table(
    [`1 publisher, ${SUBSCRIBERS} subscribers, ${messages / 1000} k messages`, ...chosen, 'ratio'],
    [
      ['messages/s', 'perSecond'],
      ['messages per second of processor time', 'perCpu'],
      ['delivered', 'received'],
    ].map(([what, field]) => [
      what,
      ...chosen.map((name) => rate(results.get(name)[field])),
      kvasm && redis && field !== 'received' ? ratio(kvasm[field] / redis[field]) : '',
    ]),
  );
  bars(
    'messages published per second, each delivered 1,000 times',
    chosen.map((name) => [name, results.get(name).perSecond, rate(results.get(name).perSecond)]),
  );
}
