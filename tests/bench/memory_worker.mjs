// Fills an in-process Kvasm and says what it cost: the engine's own used_memory and the growth of
// the linear memory, which is caught at its birth by watching WebAssembly.instantiate.
import { datasets } from './memory_data.mjs';

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

process.on('message', ({ dataset, count }) => {
  try {
    const { command, perCommand, isOneKey } = datasets[dataset];
    const before = sample();
    for (let i = 0; i < count / perCommand; i++) {
      const [name, ...args] = command(i);
      db.sync[name.toLowerCase()](...args);
    }
    const after = sample();
    const keys = Number(db.sync.dbsize());
    if (keys !== (isOneKey ? 1 : count)) throw new Error(`${keys} keys of ${dataset}`);
    process.send?.({ used: after.used - before.used, linear: after.linear - before.linear });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
