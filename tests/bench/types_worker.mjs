// SUNIONSTORE of two sets of 10,000 members, half of them in both, inside this process.
import { open } from 'kvasm';
import { median } from './statistics.mjs';

const db = await open('memory:');
const members = (from) =>
  Array.from({ length: 10_000 }, (_, i) => `member:${String(from + i).padStart(7, '0')}`);

process.on('message', () => {
  try {
    db.sync.sadd('a', ...members(0));
    db.sync.sadd('b', ...members(5000));
    const times = [];
    const cpuTimes = [];
    for (let round = 0; round < 120; round++) {
      const cpu = process.cpuUsage();
      const begin = performance.now();
      const size = db.sync.sunionstore('union', 'a', 'b');
      const ms = performance.now() - begin;
      const { user, system } = process.cpuUsage(cpu);
      if (size !== 15_000) throw new Error(`${size} members`);
      if (round < 20) continue;
      times.push(ms);
      cpuTimes.push((user + system) / 1000);
    }
    process.send?.({ ms: median(times), cpuMs: median(cpuTimes) });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });
