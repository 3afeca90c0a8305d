// Fills an in-process Kvasm and says what it cost: the engine's own used_memory and the growth of
// the linear memory, which is caught at its birth by watching WebAssembly.instantiate.
import { hashOf, pairOf } from './memory_data.mjs';

/** @type {WebAssembly.Memory | undefined} */
let linearMemory;
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = async (...args) => {
  const result = await instantiate(...args);
  const { exports } = result instanceof WebAssembly.Instance ? result : result.instance;
  linearMemory = Object.values(exports).find((item) => item instanceof WebAssembly.Memory);
  return result;
};

const { open } = await import('kvasm');
const db = await open('memory:');

const usedMemory = () => Number(/used_memory:(\d+)/.exec(String(db.sync.info('memory')))?.[1]);
const sample = () => ({ used: usedMemory(), linear: linearMemory?.buffer.byteLength ?? NaN });

const fill = {
  strings(count) {
    for (let i = 0; i < count; i++) db.sync.set(...pairOf(i));
  },
  hashes(count) {
    for (let i = 0; i < count; i++) db.sync.hset(...hashOf(i));
  },
};

process.on('message', ({ dataset, count }) => {
  try {
    const before = sample();
    fill[dataset](count);
    const after = sample();
    const keys = Number(db.sync.dbsize());
    if (keys !== count) throw new Error(`${keys} keys instead of ${count}`);
    process.send?.({ used: after.used - before.used, linear: after.linear - before.linear });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
