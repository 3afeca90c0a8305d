import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { syncBuiltinESMExports } from 'node:module';
import { createInterface } from 'node:readline';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { FileStorage } from '../../dist/node/storage_files.js';

const top = fs.mkdtempSync(join(tmpdir(), 'kvasm-lock-'));
const children = new Set();
let count = 0;
let folder;
beforeEach(() => (folder = join(top, String(count++))));
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all([...children].map((child) => child.gone));
});
after(() => fs.rmSync(top, { recursive: true }));

const contender = join(
  import.meta.dirname ?? new URL('.', import.meta.url).pathname,
  'contender.mjs',
);

function start(...args) {
  const child = spawn(process.execPath, [contender, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.add(child);
  child.gone = once(child, 'exit').then(([code]) => {
    children.delete(child);
    return code;
  });
  return child;
}

/** A process that tries to get the lock, and how that went. */
async function startHolder() {
  const child = start(folder, 'hold');
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, 'line');
  return { child, result: JSON.parse(line) };
}

const lockPath = () => join(folder, 'kvasm.lock');
const lockFiles = () => fs.readdirSync(folder).filter((name) => name.startsWith('kvasm.lock'));
const readLock = () => JSON.parse(fs.readFileSync(lockPath(), 'utf8'));
const writeLock = (lock) => fs.writeFileSync(lockPath(), JSON.stringify(lock));

/** Has the lock and gives it back, which fails if somebody else is thought to have it. */
async function takeAndGive() {
  const storage = new FileStorage(folder);
  await storage.lock();
  const lock = readLock();
  await storage.close();
  return lock;
}

/** The lock of a process that has ended without giving it back. */
async function leaveLock() {
  const { child, result } = await startHolder();
  assert.equal(result.code, 'OK');
  child.kill('SIGKILL');
  await child.gone;
  return readLock();
}

describe('the lock of a folder', () => {
  test('names its holder, and is gone when it is given back', async () => {
    const began = Date.now();
    const storage = new FileStorage(folder);
    await storage.lock();
    const lock = readLock();
    assert.equal(lock.pid, process.pid);
    assert.equal(lock.host, hostname());
    assert.ok(lock.sinceMs >= began && lock.sinceMs <= Date.now());
    assert.deepEqual(lockFiles(), ['kvasm.lock']);
    await storage.close();
    assert.deepEqual(lockFiles(), []);
  });

  test('is refused to another process, which is told who has it and what to do', async () => {
    const { child } = await startHolder();
    const { result } = await startHolder();
    const { sinceMs } = readLock();
    assert.deepEqual(result, {
      code: 'ELOCKED',
      pid: child.pid,
      host: hostname(),
      sinceMs,
      message:
        `file:${folder} is in use by process ${child.pid} on ${hostname()} since ` +
        `${new Date(sinceMs).toISOString()}. Stop it, or use another folder.`,
    });
    assert.deepEqual(lockFiles(), ['kvasm.lock']);
    child.stdin.end();
    assert.equal(await child.gone, 0);
    await takeAndGive();
  });

  test('is refused to the same process, which is told that', async () => {
    const storage = new FileStorage(folder);
    await storage.lock();
    await assert.rejects(
      new FileStorage(join(folder, '.')).lock(),
      /in use by process \d+ .* That is this process: close that database first, or use another/,
    );
    await storage.close();
  });

  test('of a killed process does not stop the next', async () => {
    const left = await leaveLock();
    const taken = await takeAndGive();
    assert.notEqual(taken.id, left.id);
    assert.deepEqual(lockFiles(), []);
  });

  test('of a killed process: what that one was writing is removed, and nothing else', async () => {
    const left = await leaveLock();
    const others = ['dump.rdb', `temp-${left.pid}0.rdb`, `temp-${left.pid}.txt`].sort();
    const unfinished = [`temp-${left.pid}.rdb`, `temp-rewriteaof-bg-${left.pid}.aof`];
    for (const name of [...others, ...unfinished]) fs.writeFileSync(join(folder, name), 'x');
    await takeAndGive();
    assert.deepEqual(fs.readdirSync(folder).sort(), others);
  });

  test('of a killed process goes to one of many', async () => {
    await leaveLock();
    const holders = await Promise.all(Array.from({ length: 6 }, startHolder));
    const winners = holders.filter(({ result }) => result.code === 'OK');
    assert.equal(winners.length, 1);
    const [{ child }] = winners;
    for (const { result } of holders) {
      if (result.code !== 'OK') assert.equal(result.pid, child.pid, result.message);
    }
    assert.equal(readLock().pid, child.pid);
  });

  test('that another takes while one looks is respected', async () => {
    const left = await leaveLock();
    const { linkSync } = fs.default;
    let next;
    fs.default.linkSync = (from, to) => {
      // The one who looks has found the lock left, and is about to take it.
      fs.default.linkSync = linkSync;
      syncBuiltinESMExports();
      next = start(folder, 'hold');
      while (readLock().id === left.id)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      linkSync(from, to);
      assert.equal(to, `${lockPath()}.${left.id}`);
    };
    syncBuiltinESMExports();
    await assert.rejects(takeAndGive(), (error) => error.holder.pid === next.pid);
    // It says so once it has tidied up.
    await once(createInterface({ input: next.stdout }), 'line');
    assert.deepEqual(lockFiles(), ['kvasm.lock']);
  });

  test('never has two holders, whoever dies when', { timeout: 120_000 }, async () => {
    const witness = join(top, 'witness');
    const turns = 12;
    const run = async (lane) => {
      for (let i = 0; i < 5; i++) await start(folder, 'race', witness, turns, lane * 100 + i).gone;
    };
    await Promise.all([1, 2, 3, 4, 5, 6].map(run));
    const lines = fs.readFileSync(witness, 'utf8').trim().split('\n');
    assert.equal(lines.length, 6 * 5 * turns * 2);
    for (let i = 0; i < lines.length; i += 2) {
      assert.equal(lines[i][0], '+');
      assert.equal(lines[i + 1], `-${lines[i].slice(1)}`, `lines ${i} and ${i + 1}`);
    }
    await takeAndGive();
    assert.deepEqual(lockFiles(), []);
  });
});

describe('a lock that was left', () => {
  const isLinux = process.platform === 'linux';

  test('by a process whose number another has now is taken', { skip: !isLinux }, async () => {
    const { pid: _, ...left } = await leaveLock();
    writeLock({ ...left, pid: process.ppid });
    await takeAndGive();
  });

  test('before the machine was started anew is taken', { skip: !isLinux }, async () => {
    writeLock({ ...(await leaveLock()), boot: 'another', pid: process.pid });
    await takeAndGive();
  });

  const others = [{ host: 'elsewhere', boot: 'another' }];
  if (isLinux) others.push({ pidSpace: 'pid:[1]' });
  const beat = { everyMs: 20, silenceMs: 400 };

  test('on another machine, or in another container, is taken after a silence', async () => {
    const left = await leaveLock();
    for (const other of others) {
      writeLock({ ...left, ...other });
      const storage = new FileStorage(folder, beat);
      const began = performance.now();
      await storage.lock();
      assert.ok(performance.now() - began >= beat.silenceMs);
      await storage.close();
      assert.deepEqual(lockFiles(), []);
    }
  });

  test('on another machine, or in another container, is not while that shows itself', async () => {
    const left = await leaveLock();
    for (const other of others) {
      writeLock({ ...left, ...other });
      const touching = setInterval(() => fs.utimesSync(lockPath(), new Date(), new Date()), 20);
      const storage = new FileStorage(folder, beat);
      await assert.rejects(storage.lock(), (error) => {
        assert.equal(error.code, 'ELOCKED');
        assert.equal(error.holder.host, other.host ?? hostname());
        return true;
      });
      clearInterval(touching);
      await storage.close();
      assert.deepEqual(lockFiles(), ['kvasm.lock']);
    }
  });

  test('shows that its holder lives', async () => {
    const storage = new FileStorage(folder, beat);
    await storage.lock();
    const times = new Set();
    while (times.size < 3) {
      times.add(fs.statSync(lockPath()).mtimeMs);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await storage.close();
  });

  test('empty or damaged, as by a power cut, is taken after a while', async () => {
    fs.mkdirSync(folder);
    for (const text of ['', '\0\0\0', 'null', '{"id":"../x","pid":1}']) {
      fs.writeFileSync(lockPath(), text);
      const began = Date.now();
      await takeAndGive();
      assert.ok(Date.now() - began >= 500, text);
      assert.deepEqual(lockFiles(), [], text);
    }
  });

  test('that is being written this moment is waited for', async () => {
    const left = await leaveLock();
    fs.writeFileSync(lockPath(), '');
    const storage = new FileStorage(folder);
    const locking = storage.lock();
    setTimeout(() => writeLock({ ...left, pid: process.ppid, started: '' }), 100);
    await assert.rejects(locking, { code: 'ELOCKED' });
    await storage.close();
  });

  test('by one who died while taking it is taken from both', async () => {
    const left = await leaveLock();
    const successor = { ...left, id: 'b'.repeat(24) };
    fs.writeFileSync(`${lockPath()}.${left.id}`, JSON.stringify(successor));
    fs.writeFileSync(`${lockPath()}.${'c'.repeat(24)}.new`, JSON.stringify(successor));
    await takeAndGive();
    assert.deepEqual(lockFiles(), []);
  });

  test('and taken by one who lives is respected before it is tidied up', async () => {
    const left = await leaveLock();
    const { child } = await startHolder();
    const successor = readLock();
    fs.renameSync(lockPath(), `${lockPath()}.${left.id}`);
    writeLock(left);
    await assert.rejects(takeAndGive(), (error) => error.holder.pid === child.pid);
    assert.equal(JSON.parse(fs.readFileSync(`${lockPath()}.${left.id}`)).id, successor.id);
  });
});

describe('a lock that is lost', () => {
  const beat = { everyMs: 5, silenceMs: 400 };
  const bytes = new Uint8Array(3);

  test('takes nothing away from the one who has it now', async () => {
    const storage = new FileStorage(folder, beat);
    await storage.lock();
    await storage.append('a', bytes);
    fs.rmSync(lockPath());
    const next = new FileStorage(folder, beat);
    await next.lock();
    const { id } = readLock();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const changes = {
      append: ['a', bytes],
      sync: ['a'],
      truncate: ['a', 0],
      rename: ['a', 'b'],
      replace: ['a', bytes],
      remove: ['a'],
    };
    for (const [name, args] of Object.entries(changes)) {
      await assert.rejects(storage[name](...args), {
        code: 'ELOCKLOST',
        operation: name,
        message: `Cannot ${name} 'a': Somebody else has taken the storage meanwhile`,
      });
      assert.throws(() => storage[`${name}Sync`](...args), { code: 'ELOCKLOST' });
    }
    assert.equal(await storage.size('a'), 3);
    await storage.close();
    assert.equal(readLock().id, id);
    await next.append('a', bytes);
    assert.equal(await next.size('a'), 6);
    await next.close();
  });

  test('is noticed by a process that was held up, before it writes', async () => {
    const storage = new FileStorage(folder, beat);
    await storage.lock();
    await storage.append('a', bytes);
    writeLock({ ...readLock(), id: 'another' });
    // Nothing else runs meanwhile.
    for (const began = performance.now(); performance.now() - began < beat.silenceMs;);
    assert.throws(() => storage.appendSync('a', bytes), { code: 'ELOCKLOST' });
    await storage.close();
  });
});

describe('a folder that cannot be written to', () => {
  // The system refuses the superuser nothing.
  const isSuper = process.getuid?.() === 0;
  const asNobody = async (action) => {
    if (isSuper) process.seteuid(65534);
    try {
      return await action();
    } finally {
      if (isSuper) process.seteuid(0);
    }
  };

  test('cannot be locked, and that is said', { skip: process.platform === 'win32' }, async () => {
    fs.chmodSync(top, 0o755);
    fs.mkdirSync(folder, { mode: 0o555 });
    const storage = new FileStorage(folder);
    await asNobody(() =>
      assert.rejects(storage.lock(), {
        name: 'StorageError',
        code: 'EACCES',
        operation: 'lock',
        reason: 'Permission denied',
        message: `Cannot lock file:${folder}: Permission denied`,
      }),
    );
    await asNobody(() =>
      assert.rejects(storage.append('a', new Uint8Array(1)), {
        code: 'EACCES',
        message: "Cannot append 'a': Permission denied",
      }),
    );
    assert.deepEqual(await storage.list(''), []);
    fs.chmodSync(folder, 0o755);
    await storage.lock();
    await storage.close();
  });

  test(
    'keeps the lock that is given back, which stops nobody',
    { skip: process.platform === 'win32' },
    async () => {
      fs.chmodSync(top, 0o755);
      fs.mkdirSync(folder);
      if (isSuper) fs.chownSync(folder, 65534, 65534);
      const storage = new FileStorage(folder);
      await asNobody(() => storage.lock());
      fs.chmodSync(folder, 0o555);
      await asNobody(() => storage.close());
      assert.deepEqual(lockFiles(), ['kvasm.lock']);
      fs.chmodSync(folder, 0o755);
      await asNobody(takeAndGive);
      assert.deepEqual(lockFiles(), []);
    },
  );

  test(
    'cannot come to be in one, and that is said',
    { skip: process.platform === 'win32' },
    async () => {
      fs.mkdirSync(folder, { mode: 0o555 });
      const storage = new FileStorage(join(folder, 'data'));
      await asNobody(() => assert.rejects(storage.lock(), { code: 'EACCES' }));
      const file = join(folder, 'file');
      fs.writeFileSync(file, 'x');
      await assert.rejects(new FileStorage(file).lock(), {
        code: 'ENOTDIR',
        message: `Cannot lock file:${file}: Not a directory`,
      });
      if (process.platform === 'linux') {
        await assert.rejects(new FileStorage('/proc/none').lock(), { code: 'ENOENT' });
      }
    },
  );
});
