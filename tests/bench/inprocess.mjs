/** In-process reads and writes: Kvasm, ioredis-mock, and ioredis talking to a redis-server. */
import { canStart, startServer, startWorker } from './processes.mjs';
import { interleave, median, spread } from './statistics.mjs';
import { bars, dim, progress, rate, ratio, table } from './terminal.mjs';

const contenders = [
  ['kvasm', 'sync', 'Kvasm, db.sync'],
  ['kvasm', 'awaited', 'Kvasm, awaited'],
  ['kvasm', 'pipeline', 'Kvasm, pipeline of 1000'],
  ['ioredis-mock', 'awaited', 'ioredis-mock, awaited'],
  ['ioredis-mock', 'pipeline', 'ioredis-mock, pipeline of 1000'],
  ['ioredis', 'awaited', 'ioredis -> redis-server, awaited'],
  ['ioredis', 'pipeline', 'ioredis -> redis-server, pipeline of 1000'],
];
/** From the issue: 2.0 M/s where ioredis-mock's awaited GET does 1.4 M/s. */
const SYNC_BAR = 2.0 / 1.4;

/** @param {import('./run.mjs').Context} context */
export async function inProcess({ quick, without, report }) {
  const chosen = contenders.filter(([library]) => !without.has(library));
  const libraries = [...new Set(chosen.map(([library]) => library))];
  const server =
    libraries.includes('ioredis') && canStart('redis-server')
      ? await startServer('redis-server')
      : null;
  const workers = new Map();
  try {
    for (const library of libraries) {
      if (library === 'ioredis' && !server) continue;
      const args = library === 'ioredis' && server ? [library, String(server.port)] : [library];
      workers.set(library, await startWorker('inprocess_worker.mjs', args));
    }
    const labels = chosen.filter(([library]) => workers.has(library));
    const names = labels.map(([, , label]) => label);
    const rounds = quick ? 3 : 7;
    /** @type {Record<string, Map<string, { median: number, spread: number, byCpu: number }>>} */
    const results = {};
    for (const op of ['set', 'get']) {
      const measure = async (label, round) => {
        const [library, mode] = /** @type {string[]} */ (labels.find(([, , l]) => l === label));
        progress(`in-process ${op}: round ${round} of ${rounds}, ${label}`);
        const minimumMs = quick ? 100 : 300;
        return workers.get(library).ask({ mode, op, minimumMs });
      };
      const measured = await interleave(names, rounds + 1, measure);
      results[op] = new Map();
      for (const [label, all] of measured) {
        const kept = all.slice(1); // the first round warms up
        const wall = kept.map(({ perSecond }) => perSecond);
        const byCpu = median(kept.map(({ perCpuSecond }) => perCpuSecond));
        results[op].set(label, { median: median(wall), spread: spread(wall), byCpu });
      }
    }
    progress('');
    print(results, names, report);
  } finally {
    for (const worker of workers.values()) await worker.stop();
    await server?.stop();
  }
}

function print(results, names, report) {
  const mock = 'ioredis-mock, awaited';
  const base = { set: results.set.get(mock), get: results.get.get(mock) };
  const cell = ({ median, spread }) => `${rate(median)} ${dim(`±${(spread * 100).toFixed(0)}%`)}`;
  const share = (value, reference) => (reference ? ratio(value.median / reference.median) : '-');
  table(
    ['100,000 keys, 10-byte keys and values', 'set/s', 'get/s', 'set / mock', 'get / mock'],
    names.map((name) => {
      const [set, get] = [results.set.get(name), results.get.get(name)];
      return [name, cell(set), cell(get), share(set, base.set), share(get, base.get)];
    }),
  );
  bars(
    'GET per second',
    names.map((name) => {
      const value = results.get.get(name).median;
      return [name, value, rate(value)];
    }),
  );
  for (const op of ['get', 'set']) {
    const sync = results[op].get('Kvasm, db.sync');
    const awaited = results[op].get('Kvasm, awaited');
    const against = (result, reference) => [
      result.median / reference.median,
      result.byCpu / reference.byCpu,
    ];
    const sentence = `db.sync.${op} / ioredis-mock's awaited get`;
    if (sync && base.get) report.atLeast(sentence, against(sync, base.get), SYNC_BAR);
    if (awaited && base[op]) {
      report.atLeast(`awaited db.${op} / ioredis-mock's ${op}`, against(awaited, base[op]), 1.0);
    }
  }
}
