/**
 * One library in a process of its own, measured when the bench asks for it. Separate processes keep
 * one library's garbage and compiled code out of another's figures.
 *
 * argv: kvasm | ioredis-mock | ioredis [port].
 * Messages: { mode, op, minimumMs } -> { perSecond, perCpuSecond }.
 */
import { importPeer } from './peers.mjs';

const KEYS = 100_000;
const SLICE = 10_000; // keys between two looks at the clock
const PIPELINE = 1000;
const [, , library, port] = process.argv;

// 10-byte keys and values, visited in a fixed shuffled order.
const keys = Array.from({ length: KEYS }, (_, i) => `key:${String(i).padStart(6, '0')}`);
const values = keys.map((_, i) => `v${String(i).padStart(9, '0')}`);
for (let i = KEYS - 1, state = 12345; i > 0; i--) {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  const j = state % (i + 1);
  [keys[i], keys[j]] = [keys[j], keys[i]];
  [values[i], values[j]] = [values[j], values[i]];
}

const openers = {
  kvasm: async () => (await import('kvasm')).open('memory:'),
  'ioredis-mock': async () => new (await importPeer('ioredis-mock')).default(),
  ioredis: async () => new (await importPeer('ioredis')).default(Number(port)),
};
const db = await openers[library]();
for (let i = 0; i < KEYS; i += SLICE) {
  const slice = keys.slice(i, i + SLICE).map((key, j) => db.set(key, values[i + j]));
  await Promise.all(slice);
}

function check(last, index) {
  if (last !== values[index]) throw new Error(`${library}: read ${last}`);
}

/** Each visits the SLICE keys from `start` on. */
const passes = {
  sync: {
    set(start) {
      const { sync } = db;
      for (let i = start; i < start + SLICE; i++) sync.set(keys[i], values[i]);
    },
    get(start) {
      const { sync } = db;
      let last;
      for (let i = start; i < start + SLICE; i++) last = sync.get(keys[i]);
      check(last, start + SLICE - 1);
    },
  },
  awaited: {
    async set(start) {
      for (let i = start; i < start + SLICE; i++) await db.set(keys[i], values[i]);
    },
    async get(start) {
      let last;
      for (let i = start; i < start + SLICE; i++) last = await db.get(keys[i]);
      check(last, start + SLICE - 1);
    },
  },
  pipeline: {
    async set(start) {
      for (let i = start; i < start + SLICE; i += PIPELINE) {
        const pipeline = db.pipeline();
        for (let j = i; j < i + PIPELINE; j++) pipeline.set(keys[j], values[j]);
        await pipeline.exec();
      }
    },
    async get(start) {
      let replies = [];
      for (let i = start; i < start + SLICE; i += PIPELINE) {
        const pipeline = db.pipeline();
        for (let j = i; j < i + PIPELINE; j++) pipeline.get(keys[j]);
        replies = await pipeline.exec();
      }
      const last = replies[PIPELINE - 1];
      check(Array.isArray(last) ? last[1] : last, start + SLICE - 1);
    },
  },
};

process.on('message', async ({ mode, op, minimumMs }) => {
  try {
    const pass = passes[mode][op];
    const started = performance.now();
    const cpuBefore = process.cpuUsage();
    let count = 0;
    let elapsedMs;
    do {
      const waiting = pass(count % KEYS);
      if (waiting) await waiting;
      count += SLICE;
      elapsedMs = performance.now() - started;
    } while (elapsedMs < minimumMs);
    const { user, system } = process.cpuUsage(cpuBefore);
    process.send?.({
      perSecond: (count / elapsedMs) * 1000,
      perCpuSecond: (count / (user + system)) * 1e6,
    });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
