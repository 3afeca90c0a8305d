// What tests of files share: folders that go away, all kinds of data, and programs that use the
// package and end in their own way.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A new folder that is removed after the test. */
export function makeFolder(test) {
  const folder = mkdtempSync(join(tmpdir(), 'kvasm-test-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Names and contents of the files in a folder and below it. */
export function filesOf(folder) {
  const files = {};
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) files[entry.name] = readFileSync(path);
    else
      for (const [name, bytes] of Object.entries(filesOf(path)))
        files[`${entry.name}/${name}`] = bytes;
  }
  return files;
}

/** The path of the one file of the append-only log of a kind: 'base' or 'incr'. */
export function logFile(folder, kind) {
  const names = readdirSync(join(folder, 'appendonlydir')).filter((n) => n.includes(`.${kind}.`));
  if (names.length !== 1) throw new Error(`not one ${kind} file: ${names}`);
  return join(folder, 'appendonlydir', names[0]);
}

/** Puts something of every type, in each of its encodings, into a database. */
export function fill(sync) {
  sync.set('int', 12345);
  sync.set('text', 'grüße\r\n\0');
  sync.set('long', 'x'.repeat(100_000));
  sync.set('ends', 'later', 'PXAT', 4_000_000_000_000);
  sync.setbit('bits', 1000, 1);
  sync.pfadd('counted', ['a', 'b', 'c']);
  const many = Array.from({ length: 1000 }, (_, i) => `member-${i}`);
  sync.rpush('list', [1, 'two', 3.5]);
  sync.rpush('long list', many);
  sync.sadd('integers', [1, 2, 70000]);
  sync.sadd('set', ['a', 'b', 1]);
  sync.sadd('large set', many);
  sync.hset('hash', { name: 'Ada', born: 1815 });
  sync.hset('large hash', Object.fromEntries(many.map((name, i) => [name, i])));
  sync.zadd('sorted', 1.5, 'a', -Infinity, 'b');
  sync.zadd(
    'large sorted',
    many.flatMap((name, i) => [i / 3, name]),
  );
  sync.geoadd('places', 13.361389, 38.115556, 'Palermo');
  for (let i = 1; i <= 300; ++i) sync.xadd('stream', `${i}-1`, 'n', i, 'other', 'x');
  sync.xdel('stream', '7-1');
  sync.xgroupCreate('stream', 'group', 0);
  sync.xreadgroup('GROUP', 'group', 'ann', 'COUNT', 5, 'STREAMS', 'stream', '>');
  sync.xack('stream', 'group', '2-1');
  sync.select(9);
  sync.set('elsewhere', 'yes');
  sync.select(0);
  sync.functionLoad(
    'REPLACE',
    `#!lua name=lib
     redis.register_function('hello', function(keys, args) return 'hi ' .. args[1] end)`,
  );
}

/** Two databases with the same value of this hold the same. `enable-debug-command` must be yes. */
export function stateOf(sync) {
  return {
    digest: sync.debug('DIGEST'),
    sizes: sync.info('keyspace').replace(/,avg_ttl=\d+/g, ''),
    libraries: JSON.stringify(sync.functionList('WITHCODE')),
    // When consumers were seen last is not in the log, as with Redis.
    group: JSON.stringify(sync.xinfoStream('stream', 'FULL')).replace(/"\w+-time":\d+/g, ''),
  };
}

/**
 * Starts a program that uses the package. Its lines are in `lines` as soon as they come; `ended`
 * resolves to how it ended, within 30 s.
 */
export function startProgram(test, text, args = [], flags = []) {
  const all = [...flags, '--input-type=module', '-e', text, ...args];
  const child = spawn(process.execPath, all, {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  test.after(() => child.kill('SIGKILL'));
  const program = { child, pid: child.pid, lines: [], errors: '' };
  let rest = '';
  child.stdout.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    program.lines.push(...lines);
  });
  child.stderr.on('data', (chunk) => (program.errors += chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
  program.ended = new Promise((done) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      done({ code, signal, lines: program.lines, errors: program.errors });
    });
  });
  return program;
}

/** Runs a program to its end. */
export function runProgram(test, text, args, flags) {
  return startProgram(test, text, args, flags).ended;
}
