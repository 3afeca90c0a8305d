// Removes one value of many elements inside this process and says how long the engine was busy in
// one go: in the command, and in the ticks that free what is left. The ticks are found by watching
// the wasm module's exports: whatever is called from outside while no command runs.
import { datasets, medium } from './memory_data.mjs';

// What is left of a large value when all of it has been freed.
const kFreedBytes = 256 << 10;

let depth = 0;
let calls = { wall: 0, cpu: 0, count: 0 };

function timed(call) {
  return (...args) => {
    if (depth++ > 0) {
      try {
        return call(...args);
      } finally {
        depth--;
      }
    }
    const cpu = process.cpuUsage();
    const begin = performance.now();
    try {
      return call(...args);
    } finally {
      depth--;
      const wall = performance.now() - begin;
      const { user, system } = process.cpuUsage(cpu);
      if (wall > 0.05) calls.count++;
      calls.wall = Math.max(calls.wall, wall);
      calls.cpu = Math.max(calls.cpu, (user + system) / 1000);
    }
  };
}

const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = async (...args) => {
  const result = await instantiate(...args);
  const isInstance = result instanceof WebAssembly.Instance;
  const watched = {};
  for (const [name, item] of Object.entries((isInstance ? result : result.instance).exports)) {
    watched[name] = typeof item === 'function' ? timed(item) : item;
  }
  const instance = { exports: watched };
  return isInstance ? instance : { module: result.module, instance };
};

const { open } = await import('kvasm');
const db = await open('memory:');
const usedMemory = () => Number(/used_memory:(\d+)/.exec(String(db.sync.info('memory')))?.[1]);
const soon = () => new Promise((resolve) => setTimeout(resolve, 1));
const restart = () => (calls = { wall: 0, cpu: 0, count: 0 });

// `left`: how many keys there are when the removal is done.
async function measure({ dataset, count, removal, left }) {
  const { command, perCommand } = dataset === 'medium' ? medium : datasets[dataset];
  db.sync.flushall();
  db.sync.set('other', 'x');
  const empty = usedMemory();
  for (let i = 0; i < count / perCommand; i++) {
    const [name, ...args] = command(i);
    db.sync[name.toLowerCase()](...args);
    if (i % 1000 === 0) await soon();
  }
  for (let i = 0; i < 300; i++) await soon(); // tables that are still moving come to rest
  restart();
  const [name, ...args] = removal;
  const begin = performance.now();
  db.sync[name](...args);
  const inCommand = { ...calls };
  const inTicks = { wall: 0, cpu: 0, count: 0 };
  // (Nothing here looks at the key itself: that would be what ends an expired one.)
  const isDone = () => usedMemory() < empty + kFreedBytes && db.sync.dbsize() === left;
  for (let quiet = 0; quiet < 20; quiet = isDone() ? quiet + 1 : 0) {
    restart();
    await soon();
    inTicks.wall = Math.max(inTicks.wall, calls.wall);
    inTicks.cpu = Math.max(inTicks.cpu, calls.cpu);
    inTicks.count += calls.count;
  }
  return {
    command: inCommand.wall,
    commandCpu: inCommand.cpu,
    tick: inTicks.wall,
    tickCpu: inTicks.cpu,
    ticks: inTicks.count,
    done: performance.now() - begin,
  };
}

process.on('message', async (message) => {
  try {
    process.send?.(await measure(message));
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
