// A process that wants a folder's lock, for the tests of it.
//
//   node contender.mjs FOLDER hold                    has it until it is killed or its input ends
//   node contender.mjs FOLDER race WITNESS TURNS SEED takes it TURNS times, gives it back or dies
//
// A racer tells the witness file when it has the lock and when it is about to lose it, so that two
// who have it at once would be seen.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileStorage } from '../../dist/node/storage_files.js';
import { seeded } from './random.mjs';

const [folder, what, witness, turns, seed] = process.argv.slice(2);

async function hold() {
  const storage = new FileStorage(folder);
  try {
    await storage.lock();
  } catch (error) {
    console.log(JSON.stringify({ code: error.code, message: error.message, ...error.holder }));
    return;
  }
  console.log(JSON.stringify({ code: 'OK' }));
  for await (const _ of process.stdin);
  await storage.close();
}

async function race() {
  const { below } = seeded(Number(seed));
  for (let turn = 0; turn < Number(turns);) {
    const storage = new FileStorage(folder);
    try {
      await storage.lock();
    } catch (error) {
      if (error.code !== 'ELOCKED') throw error;
      await storage.close();
      await sleep(below(3));
      continue;
    }
    turn++;
    appendFileSync(witness, `+${process.pid}\n`);
    if (below(2)) await sleep(below(3));
    appendFileSync(witness, `-${process.pid}\n`);
    if (turn === Number(turns) && below(4) > 0) process.kill(process.pid, 'SIGKILL');
    await storage.close();
  }
}

await (what === 'hold' ? hold() : race());
