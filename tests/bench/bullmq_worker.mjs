// A process with a queue of BullMQ and its workers. Argument: a server's port, or 0 for a database
// in this process.
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { open } from 'kvasm';
import { connectorTo } from 'kvasm/ioredis';

const kWorkers = 5;
const kConcurrency = 10;
const kBulk = 500;

const port = Number(process.argv[2]);
const where = port > 0 ? { port } : { Connector: connectorTo(await open('memory:')) };
const connection = new Redis({ ...where, maxRetriesPerRequest: null });
let name = 0;

/** Adds so many jobs, then has them processed. Throws if one is lost or done twice. */
async function measure(jobs) {
  const queue = new Queue(`bench${++name}`, { connection });
  await queue.waitUntilReady();
  const addingSince = performance.now();
  for (let at = 0; at < jobs; at += kBulk) {
    await queue.addBulk(
      Array.from({ length: Math.min(kBulk, jobs - at) }, (_, i) => ({
        name: 'job',
        data: { i: at + i, text: 'some data that a job carries' },
        opts: { removeOnComplete: true },
      })),
    );
  }
  const added = (jobs / (performance.now() - addingSince)) * 1000;
  const done = new Uint8Array(jobs);
  let completed = 0;
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  const workers = Array.from({ length: kWorkers }, () => {
    const worker = new Worker(
      queue.name,
      async (job) => {
        done[job.data.i]++;
      },
      { connection, concurrency: kConcurrency, autorun: false },
    );
    worker.on('completed', () => {
      if (++completed === jobs) finish();
    });
    return worker;
  });
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  const processingSince = performance.now();
  for (const worker of workers) worker.run();
  await finished;
  const processed = (jobs / (performance.now() - processingSince)) * 1000;
  await Promise.all(workers.map((worker) => worker.close()));
  await queue.obliterate();
  await queue.close();
  if (done.some((times) => times !== 1)) throw new Error('a job was lost or done twice');
  return { added, processed };
}

process.on('message', async ({ jobs }) => {
  try {
    process.send(await measure(jobs));
  } catch (error) {
    process.send({ error: String(error.stack) });
  }
});
process.send({});
