// kvasm-check-aof and kvasm-check-rdb: what they say, ask, cut off and exit with. Where Redis's own
// tools are installed, the same is asked of them, and they have to say the same.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ProgressBar } from '../../dist/node/progress_bar.js';
import { redisServerPath, startRedis } from '../interop/server.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Redis's tool of this name, beside its server; undefined if there is none. */
function redisTool(name) {
  const server = redisServerPath();
  const path = server && join(dirname(server), `redis-${name}`);
  return path && existsSync(path) ? path : undefined;
}
const skip = redisTool('check-aof') ? false : "Redis's tools are not installed";

const record = (...args) =>
  `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join('')}`;
const kSet = record('SET', 'k', 'hello'); // 31 bytes
const kMulti = record('MULTI');

let folder;
before(() => (folder = mkdtempSync(join(tmpdir(), 'kvasm-check-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(name, ...parts) {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat(parts.map((part) => Buffer.from(part, 'latin1'))));
}

function spawned(command, args, input) {
  const { stdout, stderr, status } = spawnSync(command, args, {
    cwd: folder,
    input,
    encoding: 'latin1',
    timeout: 60_000,
  });
  return { text: stdout, errors: stderr, code: status };
}

/** Runs ours on files named relative to the folder. */
function run(tool, args, input = '') {
  return spawned(process.execPath, [join(root, bin[`kvasm-${tool}`]), ...args], input);
}

/** Without what is of a process or a tool. */
function normal({ text, code }) {
  const lines = text
    .replace(/^\d+:C \d\d \w+ \d+ [\d:.]+ #/gm, 'LOG #')
    .replace(/^Usage: \S+/gm, 'Usage: TOOL')
    // Redis 7.0 says the name only.
    .replace(/(Checking RDB file )\S+\//, '$1')
    // Redis's says so also where it has not read any type.
    .replace(/(While doing: start\n)\[additional info\] Reading type 0 .*\n/, '$1');
  return { text: lines, code };
}

/** What ours says, which has to be what Redis's says. */
function runLikeRedis(tool, args, input = '') {
  const said = run(tool, args, input);
  const theirs = redisTool(tool);
  if (theirs) assert.deepEqual(normal(said), normal(spawned(theirs, args, input)));
  return said;
}

describe('kvasm-check-aof, one file', () => {
  const check = (name, ...parts) => {
    write(name, ...parts);
    return runLikeRedis('check-aof', [name]);
  };

  test('a good file', () => {
    const { text, code } = check('ok.aof', kSet);
    assert.equal(
      text,
      'Start checking Old-Style AOF\n' +
        'AOF analyzed: filename=ok.aof, size=31, ok_up_to=31, ok_up_to_line=8, diff=0\n' +
        'AOF ok.aof is valid\n',
    );
    assert.equal(code, 0);
    check('all.aof', '#TS:1\r\n', kSet, kMulti, kSet, record('exec'), '#TS:2\r\n', kSet);
  });

  test('an empty file', () => {
    const { text, code } = check('empty.aof');
    assert.equal(text, 'Start checking Old-Style AOF\nAOF empty.aof is empty\n');
    assert.equal(code, 0);
  });

  test('garbage, with the place where it begins', () => {
    const { text, code } = check('bad.aof', kSet, '!!!');
    assert.match(text, /^AOF bad.aof format error$/m);
    assert.match(text, /size=34, ok_up_to=31, ok_up_to_line=8, diff=3$/m);
    assert.match(text, /^AOF bad.aof is not valid. Use the --fix option to try fixing it.$/m);
    assert.equal(code, 1);
  });

  test('what is wrong with a record', () => {
    const wrong = (...parts) => check('wrong.aof', kSet, ...parts).text.split('\n')[1];
    assert.equal(
      wrong(kSet.slice(0, 26)),
      '0x              37: Expected to read 7 bytes, got 2 bytes',
    );
    assert.equal(
      wrong('*1\r\n:4\r\nPING\r\n'),
      "0x              23: Expected prefix '$', got: ':'",
    );
    assert.equal(wrong('*1\r\n$4\r\nPINGxx*1'), '0x              27: Expected \\r\\n, got: 7878');
    assert.match(wrong('*1\r\n$4\r\nPING\xe9x'), /got: ffffffe978$/);
    assert.equal(wrong(record('EXEC')), '0x              27: Unexpected EXEC in AOF wrong.aof');
    assert.match(wrong(kMulti, kSet), /46: Reached EOF before reading EXEC for MULTI$/);
    assert.match(wrong(kMulti, kSet, kMulti), /55: Unexpected MULTI in AOF wrong.aof$/);
  });

  test('every place where a file may end', () => {
    const bytes = kSet + kMulti + kSet + record('EXEC');
    for (let size = 0; size <= bytes.length; size += 7) {
      write('cut.aof', bytes.slice(0, size));
      const { text, code } = run('check-aof', ['cut.aof']);
      const isGood = size === 0 || size === bytes.length;
      const upTo = size >= bytes.length ? bytes.length : size >= kSet.length ? kSet.length : 0;
      assert.equal(code, isGood || size === upTo ? 0 : 1, `${size} bytes: ${text}`);
      if (size > 0) assert.match(text, new RegExp(`ok_up_to=${upTo},`));
    }
  });

  test('--fix asks first, and cuts off what is not good', () => {
    for (const [answer, isCut] of [
      ['y\n', true],
      ['Y', true],
      ['n\n', false],
      ['\n', false],
      ['', false],
    ]) {
      const damaged = () => write('fix.aof', kSet, kMulti, kSet);
      damaged();
      const theirs = redisTool('check-aof');
      const expected = theirs && spawned(theirs, ['--fix', 'fix.aof'], answer);
      damaged();
      const said = run('check-aof', ['--fix', 'fix.aof'], answer);
      if (expected) assert.deepEqual(normal(said), normal(expected));
      assert.match(
        said.text,
        /^This will shrink .* from 77 bytes, with 46 bytes, to 31 bytes\nContinue\? \[y\/N\]: /m,
      );
      assert.equal(said.code, isCut ? 0 : 1);
      assert.equal(statSync(join(folder, 'fix.aof')).size, isCut ? 31 : 77);
    }
    assert.equal(run('check-aof', ['fix.aof']).code, 1);
  });

  test('what would cut a file that a database writes to is refused', async () => {
    const { open } = await import('kvasm');
    const db = await open(`file:${join(folder, 'live')}`);
    await db.set('k', 'v');
    const file = 'live/appendonlydir/appendonly.aof.1.incr.aof';
    assert.equal(run('check-aof', [file]).code, 0);
    for (const options of [['--fix'], ['--truncate-to-timestamp', '1']]) {
      const { text, code } = run('check-aof', [...options, file]);
      assert.match(text, new RegExp(`^\\S+ is in use by process ${process.pid} .*\\n$`));
      assert.equal(code, 1);
    }
    await db.close();
    assert.equal(run('check-aof', ['--fix', file]).code, 0);
    assert.deepEqual(
      readdirSync(join(folder, 'live/appendonlydir')).filter((name) => name.includes('lock')),
      [],
    );
  });

  test('--fix leaves a good file alone and does not ask', () => {
    write('good.aof', kSet);
    const { text, code } = runLikeRedis('check-aof', ['--fix', 'good.aof']);
    assert.doesNotMatch(text, /Continue/);
    assert.equal(code, 0);
  });

  test('--truncate-to-timestamp', () => {
    const bytes = `#TS:100\r\n${kSet}#TS:200\r\n${kSet}`;
    for (const [until, size, code, words] of [
      ['50', 80, 1, /^AOF ts.aof has nothing before timestamp 50, aborting...$/m],
      ['150', 40, 0, /^Successfully truncated AOF ts.aof to timestamp 150$/m],
      ['200', 80, 0, /^Truncate nothing in AOF ts.aof to timestamp 200\nAOF ts.aof is valid$/m],
      ['1x', 80, 1, /^Invalid timestamp, aborting...$/m],
    ]) {
      const theirs = redisTool('check-aof');
      const args = ['--truncate-to-timestamp', until, 'ts.aof'];
      write('ts.aof', bytes);
      const expected = theirs && spawned(theirs, args);
      write('ts.aof', bytes);
      const said = run('check-aof', args);
      if (expected) assert.deepEqual(normal(said), normal(expected));
      assert.match(said.text, words);
      assert.equal(said.code, code);
      assert.equal(statSync(join(folder, 'ts.aof')).size, size);
    }
    write('ts.aof', '#TS:1\r\n#TS:2x\r\n');
    const { text } = runLikeRedis('check-aof', ['--truncate-to-timestamp', '9', 'ts.aof']);
    assert.match(text, /^Invalid timestamp annotation$/m);
  });

  test('mistakes of the command line', () => {
    for (const args of [
      [],
      ['--fxi', 'a'],
      ['a', 'b'],
      ['--fix', 'a', 'b'],
      ['a', 'b', 'c', 'd'],
    ]) {
      const { text, code } = runLikeRedis('check-aof', args);
      assert.match(
        text,
        /^Usage: kvasm-check-aof \[--fix\|--truncate-to-timestamp \$timestamp\] </,
      );
      assert.equal(code, 1);
    }
    assert.equal(
      runLikeRedis('check-aof', ['missing']).text,
      'Cannot open file missing: No such file or directory\n',
    );
    assert.equal(runLikeRedis('check-aof', ['.']).text, 'Cannot read file: .\n');
  });
});

describe('kvasm-check-aof, several files', () => {
  beforeEach(() => {
    write('parts/a.aof.1.base.aof', kSet);
    write('parts/a.aof.1.incr.aof', kSet, kSet);
    write('parts/a.aof.2.incr.aof', kSet);
  });
  const manifest = (...files) =>
    write(
      'parts/a.aof.manifest',
      files.map(([name, seq, type]) => `file ${name} seq ${seq} type ${type}\n`).join(''),
    );
  const whole = [
    ['a.aof.1.base.aof', 1, 'b'],
    ['gone', 1, 'h'],
    ['a.aof.1.incr.aof', 1, 'i'],
    ['a.aof.2.incr.aof', 2, 'i'],
  ];
  const check = (...options) => runLikeRedis('check-aof', [...options, 'parts/a.aof.manifest']);

  test('all are good', () => {
    manifest(...whole);
    const { text, code } = check();
    assert.equal(
      text,
      'Start checking Multi Part AOF\n' +
        'Start to check BASE AOF (RESP format).\n' +
        'AOF analyzed: filename=a.aof.1.base.aof, size=31, ok_up_to=31, ok_up_to_line=8, diff=0\n' +
        'BASE AOF a.aof.1.base.aof is valid\n' +
        'Start to check INCR files.\n' +
        'AOF analyzed: filename=a.aof.1.incr.aof, size=62, ok_up_to=62, ' +
        'ok_up_to_line=22, diff=0\n' +
        'INCR AOF a.aof.1.incr.aof is valid\n' +
        'AOF analyzed: filename=a.aof.2.incr.aof, size=31, ok_up_to=31, ' +
        'ok_up_to_line=29, diff=0\n' +
        'INCR AOF a.aof.2.incr.aof is valid\n' +
        'All AOF files and manifest are valid\n',
    );
    assert.equal(code, 0);
  });

  test('no base, or nothing else', () => {
    manifest(whole[2]);
    assert.equal(check().code, 0);
    manifest(whole[0]);
    assert.equal(check().code, 0);
    write('parts/a.aof.1.base.aof');
    assert.match(check().text, /^BASE AOF a.aof.1.base.aof is empty$/m);
  });

  test('only the last one may be cut', () => {
    manifest(...whole);
    write('parts/a.aof.2.incr.aof', kSet, kSet.slice(0, 9));
    assert.equal(check().code, 1);
    const fixed = run('check-aof', ['--fix', 'parts/a.aof.manifest'], 'y\n');
    assert.match(fixed.text, /^Continue\? \[y\/N\]: Successfully truncated AOF a.aof.2.incr.aof$/m);
    assert.equal(fixed.code, 0);
    assert.equal(check().code, 0);
    write('parts/a.aof.1.incr.aof', kSet, kSet.slice(0, 9));
    const { text, code } = check('--fix');
    assert.match(
      text,
      /^Failed to truncate AOF a.aof.1.incr.aof because it is not the last file$/m,
    );
    assert.equal(code, 1);
  });

  test('a time before the last one', () => {
    manifest(...whole);
    write('parts/a.aof.1.incr.aof', '#TS:1\r\n', kSet, '#TS:100\r\n', kSet);
    const { text, code } = check('--truncate-to-timestamp', '50');
    assert.match(text, /to timestamp 50 to offset 38 because it is not the last file.$/m);
    assert.equal(code, 1);
    assert.equal(statSync(join(folder, 'parts/a.aof.1.incr.aof')).size, 78);
  });

  test('a manifest that is none', () => {
    for (const text of [
      'file a seq 1 type i\nfile b seq 1 type i\n',
      'file a seq 1 type b\nfile b seq 2 type b\n',
      'file a/b seq 1 type i\n',
      'file a seq 1 type z\n',
      'file a seq 1\n',
      'file a seq 1 type i',
      `file ${'a'.repeat(1100)} seq 1 type i\n`,
      '# comment\nfile a seq 1 type i odd\n',
    ]) {
      write('parts/a.aof.manifest', text);
      const said = check();
      assert.match(said.text, /^\*\*\* FATAL AOF MANIFEST FILE ERROR \*\*\*$/m);
      assert.equal(said.code, 1);
    }
  });

  test('a file that is missing', () => {
    manifest(['missing', 1, 'i']);
    const { text, code } = check();
    assert.match(
      text,
      /^Cannot open file parts\/missing: No such file or directory, aborting...$/m,
    );
    assert.equal(code, 1);
  });
});

describe("files of Redis's server", { skip }, () => {
  let data;
  before(async () => {
    data = join(folder, 'redis');
    const server = await startRedis({
      args: ['--appendonly', 'yes', '--aof-timestamp-enabled', 'yes'],
    });
    try {
      await talk(server.port, commands());
      await talk(server.port, record('BGREWRITEAOF'));
      for (const start = Date.now(); Date.now() - start < 10_000;) {
        const info = await talk(server.port, record('INFO', 'persistence'));
        if (/aof_rewrite_in_progress:0/.test(info) && /scheduled:0/.test(info)) break;
      }
      await talk(server.port, commands() + record('SAVE'));
    } finally {
      copyFolder(server.folder, data);
      await server.stop();
    }
  });

  /** Sends records and resolves with all replies once that to a last PING is there. */
  function talk(port, records) {
    return new Promise((done, fail) => {
      const socket = net.connect(port, '127.0.0.1');
      let text = '';
      socket.setEncoding('latin1');
      socket.on('error', fail);
      socket.on('data', (piece) => {
        text += piece;
        if (!text.endsWith('+PONG\r\n')) return;
        socket.destroy();
        done(text);
      });
      socket.write(records + record('PING'));
    });
  }

  /** Something of every type, small and large, in two databases. */
  function commands() {
    let text = record(
      'FUNCTION',
      'LOAD',
      'REPLACE',
      "#!lua name=l\nredis.register_function('f', function() return 1 end)",
    );
    for (const db of ['0', '7']) {
      text += record('SELECT', db) + kMulti + record('SET', 's', '\r\n$5') + record('EXEC');
      text += record('SET', 'gone', 'v', 'PX', '3600000') + record('SET', 'n', '12345');
      for (let i = 0; i < 300; i++) {
        const element = `element-${i}`;
        const keys = i < 10 ? ['small', 'large'] : ['large'];
        for (const size of keys) {
          text += record('RPUSH', `list-${size}`, element) + record('SADD', `set-${size}`, element);
          text +=
            record('SADD', `ints-${size}`, String(i)) +
            record('HSET', `hash-${size}`, element, 'v');
          text += record('ZADD', `zset-${size}`, String(i / 7), element);
          text += record('XADD', `stream-${size}`, '*', 'f', element);
        }
      }
    }
    return text;
  }

  function copyFolder(from, to) {
    mkdirSync(to);
    for (const entry of readdirSync(from, { withFileTypes: true })) {
      const [source, target] = [join(from, entry.name), join(to, entry.name)];
      if (entry.isDirectory()) copyFolder(source, target);
      else copyFileSync(source, target);
    }
  }

  const manifest = 'redis/appendonlydir/appendonly.aof.manifest';

  test('its append-only files are good', () => {
    const { text, code } = runLikeRedis('check-aof', [manifest]);
    assert.match(text, /^Start to check BASE AOF \(RDB format\).$/m);
    assert.match(text, /^RDB preamble is OK, proceeding with AOF tail...$/m);
    assert.match(text, /^All AOF files and manifest are valid$/m);
    assert.equal(code, 0);
    assert.match(
      runLikeRedis('check-aof', ['--truncate-to-timestamp', '4000000000', manifest]).text,
      /^Truncate nothing in AOF appendonly.aof.2.incr.aof to timestamp 4000000000$/m,
    );
  });

  test('its RDB file is good', () => {
    const { text, code } = runLikeRedis('check-rdb', ['redis/dump.rdb']);
    assert.match(text, /^\[offset \d+\] Selecting DB ID 7$/m);
    assert.match(
      text,
      /^\[offset \d+\] \\o\/ RDB looks OK! \\o\/\n\[info\] 30 keys read\n\[info\] 2 expires$/m,
    );
    assert.equal(code, 0);
  });

  test('an RDB file and commands in one file', () => {
    const rdb = readFileSync(join(data, 'dump.rdb'), 'latin1');
    write('old.aof', rdb, kSet);
    const good = runLikeRedis('check-aof', ['old.aof']);
    assert.match(good.text, /^AOF old.aof is valid$/m);
    assert.equal(good.code, 0);
    write('old.aof', rdb, kSet, '*1\r\n');
    const cut = runLikeRedis('check-aof', ['old.aof']);
    assert.match(cut.text, new RegExp(`ok_up_to=${rdb.length + 31},.* diff=4$`, 'm'));
    assert.equal(cut.code, 1);
    write('old.aof', rdb.slice(0, 900), kSet);
    const bad = run('check-aof', ['old.aof']);
    assert.match(bad.text, /^--- RDB ERROR DETECTED ---$/m);
    assert.match(bad.text, /^RDB preamble of AOF file is not sane, aborting.$/m);
    assert.equal(bad.code, 1);
  });

  test('a damaged RDB file is told apart, with the offset', () => {
    const rdb = readFileSync(join(data, 'dump.rdb'), 'latin1');
    write('flip.rdb', rdb.slice(0, -1), String.fromCharCode(rdb.charCodeAt(rdb.length - 1) ^ 1));
    assert.match(runLikeRedis('check-rdb', ['flip.rdb']).text, /\] RDB CRC error$/m);
    write('other.rdb', 'RODIS0011');
    assert.match(
      runLikeRedis('check-rdb', ['other.rdb']).text,
      /Wrong signature trying to load DB/,
    );
  });

  test('an RDB file that is cut is good up to where Redis says', () => {
    const rdb = readFileSync(join(data, 'dump.rdb'), 'latin1');
    // What Redis says of it varies with what is being read.
    const offset = ({ text }) => /RDB ERROR DETECTED ---\n\[offset (\d+)\]/.exec(text)[1];
    for (let at = 5; at < rdb.length; at += Math.ceil(rdb.length / 17)) {
      write('cut.rdb', rdb.slice(0, at));
      const cut = run('check-rdb', ['cut.rdb']);
      assert.match(cut.text, /^\[offset \d+\] Unexpected EOF reading RDB file$/m);
      assert.equal(cut.code, 1);
      const theirs = spawned(redisTool('check-rdb'), ['cut.rdb']);
      assert.equal(offset(cut), offset(theirs), `cut at ${at}`);
    }
  });
});

describe('kvasm-check-rdb', () => {
  test('mistakes of the command line', () => {
    const none = run('check-rdb', []);
    assert.equal(none.errors, 'Usage: kvasm-check-rdb <rdb-file-name>\n');
    assert.equal(none.code, 1);
    const missing = run('check-rdb', ['missing']);
    assert.match(
      missing.text,
      /^\[offset 0\] Checking RDB file missing\n.*No such file or directory/,
    );
    assert.equal(missing.code, 1);
    assert.match(run('check-rdb', ['-v']).text, /^kvasm-check-rdb \d+\.\d+\.\d+ /);
    for (const tool of ['check-aof', 'check-rdb']) {
      const help = run(tool, ['--help']);
      assert.match(help.text, /^Usage: kvasm-check-\w+ .*<.*>\n$/, tool);
      assert.equal(help.code, 0, tool);
    }
  });

  test('what comes through a pipe', { skip: process.platform === 'win32' }, () => {
    write('piped.rdb', 'REDIS0003', '\0\u0001k\u0001v', '\xff');
    const throughPipe = (...command) =>
      spawned('sh', ['-c', 'cat piped.rdb | "$@" /dev/stdin', 'sh', ...command]);
    const { text, code } = throughPipe(process.execPath, join(root, bin['kvasm-check-rdb']));
    const theirs = redisTool('check-rdb');
    if (theirs) assert.deepEqual(normal({ text, code }), normal(throughPipe(theirs)));
    assert.match(text, /^\[offset 15\] \\o\/ RDB looks OK! \\o\/\n\[info\] 1 keys read$/m);
    assert.equal(code, 0);
  });

  test('a folder', () => {
    mkdirSync(join(folder, 'a folder'));
    const { text, code } = run('check-rdb', ['a folder']);
    assert.match(text, /^Cannot read file a folder: Is a directory$/m);
    assert.equal(code, 1);
  });

  test('an empty file', () => {
    write('empty.rdb');
    const { text, code } = runLikeRedis('check-rdb', ['empty.rdb']);
    assert.match(text, /^\[offset 0\] Unexpected EOF reading RDB file$/m);
    assert.equal(code, 1);
  });
});

describe('the progress bar', () => {
  /** Draws at these times (milliseconds after the beginning) and parts of 1 GB. */
  function drawn(terminal, steps) {
    const texts = [];
    const { now } = Date;
    let time = 1000;
    Date.now = () => time;
    try {
      const write = (text) => texts.push(text);
      const bar = new ProgressBar({ ...terminal, write }, 'a.aof', 1e9);
      for (const [atMs, part] of steps) {
        time = 1000 + atMs;
        bar.update(part * 1e9);
      }
      bar.clear();
    } finally {
      Date.now = now;
    }
    return texts;
  }

  test('shows how far it is, not too often, and goes away', () => {
    const texts = drawn({ isTTY: true, columns: 80 }, [
      [10, 0.1],
      [500, 0.25],
      [550, 0.3],
      [1000, 0.5],
    ]);
    assert.deepEqual(texts, [
      `\ra.aof [${'#'.repeat(10)}${'.'.repeat(30)}]  25% of 1.0 GB, 500.0 MB/s\x1b[K`,
      `\ra.aof [${'#'.repeat(20)}${'.'.repeat(20)}]  50% of 1.0 GB, 500.0 MB/s\x1b[K`,
      '\r\x1b[K',
    ]);
  });

  test('is not there where nobody looks, nor for short work', () => {
    assert.deepEqual(drawn({ isTTY: false }, [[500, 0.5]]), []);
    assert.deepEqual(drawn({ isTTY: true, columns: 80 }, [[100, 1]]), []);
  });

  test('fits a narrow terminal', () => {
    const [text] = drawn({ isTTY: true, columns: 40 }, [[500, 0.5]]);
    assert.ok(text.replace(/\x1b\[K|\r/g, '').length < 40, text);
  });
});
