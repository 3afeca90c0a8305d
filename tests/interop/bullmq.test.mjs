// BullMQ, the package: its queues with all that its guide shows, over TCP and in memory.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FlowProducer, Queue, QueueEvents, UnrecoverableError, Worker } from 'bullmq';
import { until } from './capabilities.mjs';
import { Clients, transports } from './transports.mjs';

const kMany = 10_000;
const kWorkers = 5;

for (const [transport, start] of Object.entries(transports)) {
  describe(`BullMQ ${transport}`, () => {
    const clients = new Clients();
    let server;
    let connection;
    let open = [];
    let name = 0;
    let queue;
    const keep = (object) => {
      object.on('error', () => {});
      open.push(object);
      return object;
    };
    const queueOf = (of = queue.name) => keep(new Queue(of, { connection }));
    const work = (processor, options = {}) =>
      keep(new Worker(queue.name, processor, { connection, drainDelay: 1, ...options }));
    const eventsOf = async () => {
      const events = keep(new QueueEvents(queue.name, { connection, lastEventId: '0' }));
      await events.waitUntilReady();
      return events;
    };
    before(async () => {
      server = await start();
      connection = clients.make(server.options);
    });
    after(async () => {
      clients.end();
      await server.close();
    });
    beforeEach(() => {
      queue = queueOf(`queue${++name}`);
    });
    afterEach(async () => {
      // Workers first: they wait in connections of their own.
      for (const object of open.reverse()) await object.close();
      open = [];
      await connection.flushall();
    });

    test('a job is added, processed, and its result kept', async () => {
      const events = await eventsOf();
      const job = await queue.add('paint', { color: 'red' }, { jobId: 'mine' });
      assert.equal(await job.getState(), 'waiting');
      const seen = [];
      work(async (given) => {
        seen.push([given.name, given.data, given.attemptsMade]);
        await given.updateProgress(50);
        await given.log('half of it');
        return { painted: true, text: 'späte Ränder ✓' };
      });
      const result = await job.waitUntilFinished(events, 10_000);
      assert.deepEqual(result, { painted: true, text: 'späte Ränder ✓' });
      assert.deepEqual(seen, [['paint', { color: 'red' }, 0]]);
      const kept = await queue.getJob('mine');
      assert.deepEqual(kept.returnvalue, result);
      assert.equal(kept.progress, 50);
      assert.deepEqual(await queue.getJobLogs('mine'), { logs: ['half of it'], count: 1 });
      assert.equal(await kept.getState(), 'completed');
      assert.deepEqual(await queue.getJobCounts('completed', 'waiting', 'active', 'failed'), {
        completed: 1,
        waiting: 0,
        active: 0,
        failed: 0,
      });
      // An id that is taken adds nothing.
      await queue.add('paint', { color: 'blue' }, { jobId: 'mine' });
      assert.deepEqual((await queue.getJob('mine')).data, { color: 'red' });
    });

    test('jobs come first in, first out, or the last first', async () => {
      await queue.addBulk([1, 2, 3].map((number) => ({ name: 'n', data: { number } })));
      await queue.add('n', { number: 4 }, { lifo: true });
      assert.deepEqual(
        (await queue.getWaiting()).map(({ data }) => data.number),
        [4, 1, 2, 3],
      );
      const order = [];
      work(async ({ data }) => void order.push(data.number));
      await until(() => order.length === 4);
      assert.deepEqual(order, [4, 1, 2, 3]);
    });

    test('priorities go before order', async () => {
      for (const priority of [5, 1, 10, 3, 1]) await queue.add('p', { priority }, { priority });
      await queue.add('p', { priority: 0 });
      const changed = await queue.add('p', { priority: 2 }, { priority: 100 });
      await changed.changePriority({ priority: 2 });
      assert.deepEqual(await queue.getCountsPerPriority([0, 1, 2, 3]), { 0: 1, 1: 2, 2: 1, 3: 1 });
      const order = [];
      work(async ({ data }) => void order.push(data.priority));
      await until(() => order.length === 7);
      assert.deepEqual(order, [0, 1, 1, 2, 3, 5, 10]);
    });

    test('delayed jobs come when they are due, in that order', async () => {
      const added = Date.now();
      for (const wait of [400, 100, 250]) await queue.add('d', { wait }, { delay: wait });
      assert.equal(await queue.getDelayedCount(), 3);
      const soon = await queue.add('d', { wait: 0 }, { delay: 60_000 });
      await soon.promote();
      const order = [];
      work(async ({ data }) => void order.push([data.wait, Date.now() - added]));
      await until(() => order.length === 4);
      assert.deepEqual(
        order.map(([wait]) => wait),
        [0, 100, 250, 400],
      );
      for (const [wait, took] of order) assert.ok(took >= wait, `${wait} after ${took}`);
    });

    test('a failed job is tried again, with more and more time between', async () => {
      const events = await eventsOf();
      const job = await queue.add(
        'r',
        {},
        {
          attempts: 4,
          backoff: { type: 'exponential', delay: 50 },
        },
      );
      const times = [];
      work(async ({ attemptsMade }) => {
        times.push(Date.now());
        if (attemptsMade < 3) throw new Error(`no ${attemptsMade}`);
        return attemptsMade;
      });
      assert.equal(await job.waitUntilFinished(events, 10_000), 3);
      const gaps = times.slice(1).map((time, i) => time - times[i]);
      assert.ok(gaps[0] >= 45 && gaps[1] >= 95 && gaps[2] >= 195, String(gaps));
      const kept = await queue.getJob(job.id);
      assert.equal(kept.attemptsMade, 4);
      assert.equal(kept.stacktrace.length, 3);
    });

    test('a job that fails for good is kept, and can be retried by hand', async () => {
      const events = await eventsOf();
      const job = await queue.add('f', {}, { attempts: 2, backoff: 10 });
      const hopeless = await queue.add('f', { hopeless: true }, { attempts: 5 });
      let isMended = false;
      const worker = work(async ({ data }) => {
        if (isMended) return 'mended';
        throw data.hopeless ? new UnrecoverableError('never') : new Error('broken');
      });
      await assert.rejects(job.waitUntilFinished(events, 10_000), { message: 'broken' });
      await assert.rejects(hopeless.waitUntilFinished(events, 10_000), { message: 'never' });
      assert.equal((await queue.getJob(hopeless.id)).attemptsMade, 1);
      assert.equal(await queue.getFailedCount(), 2);
      isMended = true;
      await queue.retryJobs();
      await until(async () => (await queue.getCompletedCount()) === 2);
      assert.equal((await queue.getJob(job.id)).returnvalue, 'mended');
      await worker.close();
    });

    test('a queue is paused and goes on', async () => {
      const done = [];
      const worker = work(async ({ data }) => void done.push(data.i));
      await worker.waitUntilReady();
      await queue.pause();
      assert.equal(await queue.isPaused(), true);
      for (let i = 0; i < 3; ++i) await queue.add('p', { i });
      await delay(100);
      assert.deepEqual(done, []);
      assert.equal(await queue.count(), 3);
      await queue.resume();
      await until(() => done.length === 3);
      assert.deepEqual(done, [0, 1, 2]);
      await worker.pause();
      await queue.add('p', { i: 3 });
      await delay(50);
      assert.equal(done.length, 3);
      worker.resume();
      await until(() => done.length === 4);
    });

    test('a limit on the rate holds', async () => {
      const times = [];
      for (let i = 0; i < 9; ++i) await queue.add('l', { i });
      work(async () => void times.push(Date.now()), {
        limiter: { max: 3, duration: 300 },
        concurrency: 5,
      });
      await until(() => times.length === 9);
      for (let i = 3; i < 9; ++i) {
        assert.ok(times[i] - times[i - 3] >= 250, times.map((time) => time - times[0]).join(' '));
      }
    });

    test('a worker limits itself for a while', async () => {
      const times = [];
      let isFirst = true;
      const worker = work(
        async () => {
          if (isFirst) {
            isFirst = false;
            await worker.rateLimit(200);
            throw Worker.RateLimitError();
          }
          times.push(Date.now());
        },
        { limiter: { max: 1, duration: 50 } },
      );
      const began = Date.now();
      await queue.add('l', {});
      await until(() => times.length === 1);
      assert.ok(times[0] - began >= 190);
    });

    test('a flow: children first, their results to the parent', async () => {
      const flow = keep(new FlowProducer({ connection }));
      const events = await eventsOf();
      const child = (i) => ({
        name: 'child',
        queueName: queue.name,
        data: { i },
        children: i === 2 ? [{ name: 'grandchild', queueName: queue.name, data: { i: 20 } }] : [],
      });
      const tree = await flow.add({
        name: 'parent',
        queueName: queue.name,
        data: {},
        children: [1, 2, 3].map(child),
      });
      assert.equal(await tree.job.getState(), 'waiting-children');
      const order = [];
      work(async (job) => {
        const values = Object.values(await job.getChildrenValues());
        order.push(job.name);
        return (job.data.i ?? 0) + values.reduce((sum, value) => sum + value, 0);
      });
      assert.equal(await tree.job.waitUntilFinished(events, 10_000), 26);
      assert.equal(order.at(-1), 'parent');
      assert.equal(order.length, 5);
      const { processed, unprocessed } = await tree.job.getDependencies();
      assert.equal(Object.keys(processed).length, 3);
      assert.deepEqual(unprocessed ?? [], []);
    });

    test('a child that fails fails its parent, if that is wanted', async () => {
      const flow = keep(new FlowProducer({ connection }));
      const { job } = await flow.add({
        name: 'parent',
        queueName: queue.name,
        children: [
          { name: 'bad', queueName: queue.name, data: {}, opts: { failParentOnFailure: true } },
        ],
      });
      work(async (given) => {
        if (given.name === 'bad') throw new Error('bad child');
      });
      await until(async () => (await job.getState()) === 'failed');
      assert.match((await queue.getJob(job.id)).failedReason, /child .* failed/);
    });

    test('job schedulers repeat by interval and by pattern', async () => {
      const runs = [];
      work(async (job) => void runs.push([job.name, job.data.by]));
      await queue.upsertJobScheduler(
        'ticks',
        { every: 100, limit: 4 },
        {
          name: 'tick',
          data: { by: 'every' },
        },
      );
      await queue.upsertJobScheduler(
        'seconds',
        { pattern: '* * * * * *' },
        {
          name: 'second',
          data: { by: 'pattern' },
        },
      );
      assert.equal((await queue.getJobSchedulers()).length, 2);
      await until(() => runs.filter(([job]) => job === 'tick').length === 4);
      await until(() => runs.filter(([job]) => job === 'second').length >= 2);
      assert.equal(await queue.removeJobScheduler('seconds'), true);
      assert.equal(await queue.getJobScheduler('seconds'), undefined);
      await delay(250);
      assert.equal(runs.filter(([job]) => job === 'tick').length, 4);
      for (const [job, by] of runs) assert.equal(by, job === 'tick' ? 'every' : 'pattern');
    });

    test('a job whose worker has died is given to another', async () => {
      const events = await eventsOf();
      const stalled = [];
      events.on('stalled', ({ jobId }) => stalled.push(jobId));
      const job = await queue.add('s', {});
      const dying = work(null, { autorun: false, lockDuration: 150 });
      const taken = await dying.getNextJob('token of the dying');
      assert.equal(taken.id, job.id);
      assert.equal(await job.getState(), 'active');
      // Another one may not finish what is locked.
      await assert.rejects(taken.moveToCompleted('x', 'another token', false), /lock/i);
      work(async () => 'saved', { stalledInterval: 100, lockDuration: 1000 });
      assert.equal(await job.waitUntilFinished(events, 10_000), 'saved');
      await until(() => stalled.length > 0);
      assert.deepEqual(stalled, [job.id]);
    });

    test('all events come, in order', async () => {
      const events = await eventsOf();
      const seen = [];
      const names = ['added', 'waiting', 'active', 'progress', 'completed', 'failed', 'removed'];
      for (const event of names) events.on(event, ({ jobId }) => seen.push([event, jobId]));
      work(async (job) => {
        await job.updateProgress({ step: 1 });
        if (job.name === 'bad') throw new Error('bad');
      });
      const good = await queue.add('good', {});
      await until(() => seen.some(([event]) => event === 'completed'));
      const bad = await queue.add('bad', {});
      await until(() => seen.some(([event]) => event === 'failed'));
      await (await queue.getJob(bad.id)).remove();
      await until(() => seen.some(([event]) => event === 'removed'));
      const of = (id) => seen.filter(([, jobId]) => jobId === id).map(([event]) => event);
      assert.deepEqual(of(good.id), ['added', 'waiting', 'active', 'progress', 'completed']);
      assert.deepEqual(of(bad.id), ['added', 'waiting', 'active', 'progress', 'failed', 'removed']);
    });

    test('jobs are deduplicated, removed, cleaned and drained', async () => {
      const deduplication = { id: 'once' };
      const first = await queue.add('x', { n: 1 }, { deduplication });
      const second = await queue.add('x', { n: 2 }, { deduplication });
      assert.equal(second.id, first.id);
      assert.equal(await queue.getWaitingCount(), 1);
      assert.equal(await queue.getDeduplicationJobId('once'), first.id);
      const last = await queue.add('y', {}, { removeOnComplete: true });
      const worker = work(async () => {}, {});
      await until(async () => (await queue.getJobCountByTypes('waiting', 'active')) === 0);
      await worker.close();
      assert.equal(await queue.getJob(last.id), undefined);
      assert.deepEqual(await queue.clean(0, 10, 'completed'), [first.id]);
      await queue.addBulk(Array.from({ length: 20 }, () => ({ name: 'z', data: {} })));
      await queue.drain();
      assert.equal(await queue.count(), 0);
      await queue.add('z', {});
      await queue.obliterate();
      assert.deepEqual(await connection.keys(`bull:${queue.name}:*`), []);
    });

    test(`${kMany} jobs, ${kWorkers} workers: none is lost, none is done twice`, async () => {
      const done = new Map();
      const by = new Set();
      const completed = new Set();
      for (let worker = 0; worker < kWorkers; ++worker) {
        const made = work(
          async ({ data }) => {
            done.set(data.i, (done.get(data.i) ?? 0) + 1);
            by.add(worker);
            return data.i;
          },
          { concurrency: 10 },
        );
        made.on('completed', (job) => completed.add(job.id));
      }
      for (let at = 0; at < kMany; at += 1000) {
        await queue.addBulk(
          Array.from({ length: 1000 }, (_, i) => ({ name: 'n', data: { i: at + i } })),
        );
      }
      const deadline = Date.now() + 120_000;
      while (completed.size < kMany && Date.now() < deadline) await delay(20);
      assert.equal(done.size, kMany);
      assert.deepEqual(
        [...done.values()].filter((times) => times !== 1),
        [],
      );
      assert.equal(completed.size, kMany);
      assert.equal(by.size, kWorkers);
      assert.deepEqual(await queue.getJobCounts('completed', 'waiting', 'active', 'failed'), {
        completed: kMany,
        waiting: 0,
        active: 0,
        failed: 0,
      });
    });
  });
}
