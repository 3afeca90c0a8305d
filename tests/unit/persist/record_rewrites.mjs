// Records what a real redis-server makes of keys when it rewrites its append-only file into
// commands, for aof_rewrite_test.cc:
//
//   KVASM_REDIS_SERVER=/path/to/redis-server-7.2 node tests/unit/persist/record_rewrites.mjs
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { redisServerPath, redisServerVersion, startRedis } from '../../interop/server.mjs';

const target = fileURLToPath(new URL('rewrites_7_2.txt', import.meta.url));

const range = (count, make) => Array.from({ length: count }, (_, i) => make(i));
const text = (i) => `${'abc'[i % 3]}${i}`;
const ids = range(9, (i) => `${i + 1}-${i % 3}`);

/** The commands that make each key. */
const keys = {
  int: [['SET', 'int', '-9223372036854775808']],
  embstr: [['SET', 'embstr', 'he said "no"\r\n\0\xff']],
  raw: [['SET', 'raw', 'x'.repeat(45)]],
  empty: [['SET', 'empty', '']],
  '': [['SET', '', 'of no name']],
  expiring: [['SET', 'expiring', 'v', 'PXAT', '4000000000123']],
  list: [['RPUSH', 'list', 'a', '12', '-1', '', '9223372036854775807', '007']],
  quicklist: [['RPUSH', 'quicklist', ...range(130, text), 'y'.repeat(300)]],
  listend: [
    ['RPUSH', 'listend', 'a'],
    ['PEXPIREAT', 'listend', '4000000000000'],
  ],
  intset: [['SADD', 'intset', '5', '-3', '70000', '9223372036854775807']],
  set: [['SADD', 'set', 'a', '5', '', 'x'.repeat(70)]],
  table: [['SADD', 'table', ...range(129, text)]],
  zset: [
    ['ZADD', 'zset', '1', 'a', '-inf', 'b', 'inf', 'c', '0.1', 'd', '3.0', '7', '-0', 'e'],
    ['ZADD', 'zset', '1e20', 'f', '12345678901234567890', 'g', '1e-7', 'h', '1e21', 'i'],
  ],
  skiplist: [['ZADD', 'skiplist', ...range(129, (i) => [String(i / 7), text(i)]).flat()]],
  hash: [['HSET', 'hash', 'f', 'v', '1', '2', 'empty', '']],
  fields: [['HSET', 'fields', ...range(129, (i) => [text(i), String(i)]).flat()]],
  stream: [
    ...ids.map((id, i) => ['XADD', 'stream', id, 'n', String(i), ...(i % 3 ? [] : ['more', ''])]),
    ['XGROUP', 'CREATE', 'stream', 'all', '0'],
    ['XGROUP', 'CREATE', 'stream', 'late', '$'],
    ['XGROUP', 'CREATE', 'stream', 'known', '3-2', 'ENTRIESREAD', '3'],
    ['XGROUP', 'CREATECONSUMER', 'stream', 'all', 'idle'],
    ...['1-0', '2-1', '5-1'].map((id, i) =>
      ['XCLAIM', 'stream', 'all', `c${i % 2}`, '0', id, 'TIME', String(1600000000000 + i)].concat([
        'RETRYCOUNT',
        String(i),
        'FORCE',
        'JUSTID',
      ]),
    ),
    ['XDEL', 'stream', '9-2', '4-0'],
  ],
  trimmed: [
    ...ids.map((id) => ['XADD', 'trimmed', id, 'f', 'v']),
    ['XTRIM', 'trimmed', 'MAXLEN', '2'],
  ],
  nothing: [['XGROUP', 'CREATE', 'nothing', 'g', '$', 'MKSTREAM']],
  emptied: [
    ['XADD', 'emptied', '5-5', 'f', 'v'],
    ['XDEL', 'emptied', '5-5'],
  ],
};

const record = (args) =>
  Buffer.from(
    `*${args.length}\r\n${args.map((a) => `$${a.length}\r\n${a}\r\n`).join('')}`,
    'latin1',
  );

/** Sends commands; resolves with the replies once one to a last PING is there. */
function talk(port, commands) {
  return new Promise((done, fail) => {
    const socket = net.connect(port, '127.0.0.1');
    let replies = '';
    socket.setEncoding('latin1');
    socket.on('error', fail);
    socket.on('data', (piece) => {
      replies += piece;
      if (!replies.endsWith('+PONG\r\n')) return;
      socket.destroy();
      if (/^-/m.test(replies)) fail(new Error(replies));
      else done(replies);
    });
    socket.write(Buffer.concat([...commands, ['PING']].map(record)));
  });
}

function parse(bytes) {
  const commands = [];
  for (let at = 0; at < bytes.length;) {
    const line = () => {
      const end = bytes.indexOf('\r\n', at);
      const number = Number(bytes.slice(at + 1, end));
      at = end + 2;
      return number;
    };
    commands.push(
      range(line(), () => {
        const size = line();
        at += size + 2;
        return bytes.slice(at - size - 2, at - 2);
      }),
    );
  }
  return commands;
}

const hex = (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
const quoted = (arg) => (/^[\w.:$+-]+$/.test(arg) ? arg : `"${arg.replace(/[^ !#-[\]-~]/g, hex)}"`);
const shown = (mark, commands) =>
  commands.map((args) => `${mark} ${args.map(quoted).join(' ')}\n`).join('');

const path = redisServerPath();
const server = await startRedis({ path, args: ['--aof-use-rdb-preamble', 'no'] });
try {
  await talk(server.port, [...Object.values(keys).flat(), ['BGREWRITEAOF']]);
  while (!/aof_rewrite_in_progress:0/.test(await talk(server.port, [['INFO', 'persistence']])));
  const folder = join(server.folder, 'appendonlydir');
  const base = readdirSync(folder).find((name) => name.endsWith('.base.aof'));
  const rewritten = parse(readFileSync(join(folder, base), 'latin1'));
  const keyOf = (args) => (args[0] === 'XGROUP' ? args[2] : args[1]);
  let content =
    `# Keys, and what Redis ${redisServerVersion(path)} rewrites them as (record_rewrites.mjs).\n` +
    '# +: the commands that make a key; =: those it is rewritten as.\n';
  for (const [key, commands] of Object.entries(keys)) {
    const made = rewritten.filter((args) => args[0] !== 'SELECT' && keyOf(args) === key);
    content += `\n${shown('+', commands)}${shown('=', made)}`;
  }
  writeFileSync(target, content);
} finally {
  await server.stop();
}
