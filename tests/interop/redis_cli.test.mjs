// redis-cli of the distribution in each of its modes against kvasm-server.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { capabilities, leaveOut } from './capabilities.mjs';
import { startTested } from './server.mjs';

const run = promisify(execFile);
const kLimitMs = 60_000;
const kProgram = process.env.KVASM_REDIS_CLI ?? 'redis-cli';

const isThere = await run(kProgram, ['--version']).then(
  () => true,
  () => false,
);

describe('redis-cli', { skip: isThere ? false : `${kProgram} does not run here` }, () => {
  let server;
  let lacks;
  before(async () => {
    server = await startTested({ args: ['--unixsocket', 'kvasm.sock'] });
    lacks = await capabilities(async (...args) => JSON.parse(await cli('--json', ...args)));
  });
  after(() => server?.stop());
  beforeEach(() => cli('FLUSHALL'));

  /** What it prints, without the last line end. `input` goes to its standard input. */
  const cli = (...args) => fed(undefined, ...args);
  async function fed(input, ...args) {
    const limits = { timeout: kLimitMs, maxBuffer: 1 << 26 };
    const promise = run(kProgram, ['-p', String(server.port), ...args], limits);
    promise.child.stdin.end(input);
    return (await promise).stdout.replace(/\n$/, '');
  }
  /** Lets a mode that never ends run until `enough` of its output; gives the output. */
  async function watch(enough, act, ...args) {
    // Some of the modes print through a buffer of the C library when it is no terminal.
    const command = ['-oL', kProgram, '-p', String(server.port), ...args];
    const child = spawn('stdbuf', command);
    const ended = once(child, 'exit');
    let output = '';
    const seen = new Promise((done) => {
      child.stdout.on('data', (chunk) => {
        output += chunk;
        act(output, child);
        if (enough.test(output)) done();
      });
    });
    await Promise.race([seen, ended]);
    child.kill();
    await ended;
    return output;
  }
  const context = {
    cli,
    fed,
    watch,
    lacks: (...names) => lacks(...names),
    folder: () => server.folder,
    port: () => server.port,
  };
  formats(context);
  addresses(context);
  inputs(context);
  samplings(context);
  measurements(context);
  streams(context);
  leaveOut(test, {
    '--tls': 'the server has no TLS yet',
    '--cluster, -c': 'there is no cluster',
    '--replica, --rdb, --functions-rdb': 'there is no replication yet',
    '--intrinsic-latency': 'it measures the machine, not the server',
    '--latency-dist': 'it draws on a terminal of 256 colours without an end',
  });
});

function formats({ cli }) {
  describe('formats', () => {
    test('raw, or as on a terminal', async () => {
      assert.equal(await cli('PING'), 'PONG');
      assert.equal(await cli('SET', 'k', 'a "b"\n'), 'OK');
      assert.equal(await cli('GET', 'k'), 'a "b"\n');
      assert.equal(await cli('--no-raw', 'GET', 'k'), '"a \\"b\\"\\n"');
      assert.equal(await cli('--no-raw', 'INCR', 'n'), '(integer) 1');
      assert.equal(await cli('--no-raw', 'GET', 'none'), '(nil)');
      await cli('RPUSH', 'l', 'x', 'y');
      assert.equal(await cli('--no-raw', 'LRANGE', 'l', '0', '-1'), '1) "x"\n2) "y"');
      assert.equal(await cli('-d', ',', 'LRANGE', 'l', '0', '-1'), 'x,y');
      assert.equal(await cli('-D', '', 'GET', 'none'), '');
    });

    test('-3 shows maps, sets, doubles and booleans as such', async () => {
      await cli('HSET', 'h', 'f', 'v');
      await cli('ZADD', 'z', '1.5', 'a');
      await cli('SADD', 's', 'a');
      assert.equal(await cli('-3', '--no-raw', 'HGETALL', 'h'), '1# "f" => "v"');
      assert.equal(await cli('-3', '--no-raw', 'ZSCORE', 'z', 'a'), '(double) 1.5');
      assert.equal(await cli('-3', '--no-raw', 'SMEMBERS', 's'), '1~ "a"');
      assert.match(await cli('-3', '--no-raw', 'HELLO'), /"proto" => \(integer\) 3/);
      assert.equal(await cli('-2', '--no-raw', 'HGETALL', 'h'), '1) "f"\n2) "v"');
    });

    test('--csv', async () => {
      await cli('RPUSH', 'l', 'x', 'y "z"', '1');
      assert.equal(await cli('--csv', 'LRANGE', 'l', '0', '-1'), '"x","y \\"z\\"","1"');
      assert.equal(await cli('--csv', 'LLEN', 'l'), '3');
    });

    test('--json', async () => {
      await cli('HSET', 'h', 'f', 'caf\u00e9');
      assert.equal(await cli('--json', 'HGETALL', 'h'), '{"f":"caf\u00e9"}');
      assert.equal(await cli('--quoted-json', 'HGETALL', 'h'), '{"f":"caf\\\\xc3\\\\xa9"}');
      assert.equal(await cli('--json', '-2', 'HGETALL', 'h'), '["f","caf\u00e9"]');
      const docs = JSON.parse(await cli('--json', 'COMMAND', 'DOCS', 'get'));
      assert.equal(docs.get.since, '1.0.0');
    });

    test('errors, and -e for the exit code', async () => {
      assert.match(await cli('NOSUCH'), /^ERR unknown command 'NOSUCH'/);
      assert.match(await cli('GET'), /^ERR wrong number of arguments for 'get' command/);
      await assert.rejects(cli('-e', 'GET'), (error) => {
        assert.equal(error.code, 1);
        assert.match(error.stderr, /wrong number of arguments/);
        return true;
      });
    });

    test('-r and -i repeat', async () => {
      assert.equal(await cli('-r', '3', 'INCR', 'n'), '1\n2\n3');
      assert.equal(await cli('-r', '2', '-i', '0.01', 'INCR', 'n'), '4\n5');
    });
  });
}

function addresses({ cli, fed, lacks, folder, port }) {
  describe('addresses and users', () => {
    test('-s, -u, -n', async () => {
      await cli('-n', '3', 'SET', 'k', 'in 3');
      assert.equal(await cli('GET', 'k'), '');
      assert.equal(await cli('-u', `redis://127.0.0.1:${port()}/3`, 'GET', 'k'), 'in 3');
      const socket = `${folder()}/kvasm.sock`;
      assert.equal(await cli('-s', socket, '-n', '3', 'GET', 'k'), 'in 3');
    });

    test('-a', async () => {
      await cli('CONFIG', 'SET', 'requirepass', 'secret');
      try {
        assert.match(await cli('GET', 'k'), /^NOAUTH Authentication required/);
        assert.equal(await cli('-a', 'secret', '--no-auth-warning', 'SET', 'k', 'v'), 'OK');
        assert.equal(
          await cli('-u', `redis://default:secret@127.0.0.1:${port()}`, 'GET', 'k'),
          'v',
        );
        assert.match(await fed('AUTH wrong\nAUTH secret\nGET k\n'), /^WRONGPASS .*\n+OK\nv$/);
      } finally {
        await cli('-a', 'secret', 'CONFIG', 'SET', 'requirepass', '');
      }
    });

    test('--user', async (t) => {
      const reason = lacks('acl|setuser');
      if (reason) return t.skip(reason);
      await cli('ACL', 'SETUSER', 'ann', 'on', '>secret', '~a:*', '+get');
      const as = ['--user', 'ann', '--pass', 'secret', '--no-auth-warning'];
      assert.equal(await cli(...as, 'GET', 'a:k'), '');
      assert.match(await cli(...as, 'GET', 'k'), /^NOPERM /);
      await cli('ACL', 'DELUSER', 'ann');
      return undefined;
    });
  });
}

function inputs({ cli, fed, lacks, folder }) {
  describe('input', () => {
    test('commands from standard input', async () => {
      assert.equal(await fed('SET k "a b"\nGET k\nINCR n\n3 INCR n\n'), 'OK\na b\n1\n2\n3\n4');
    });

    test('a transaction in one session', async () => {
      const output = await fed('MULTI\nSET k v\nGET k\nEXEC\n');
      assert.equal(output, 'OK\nQUEUED\nQUEUED\nOK\nv');
    });

    test('-x and -X take an argument, --quoted-input bytes', async () => {
      assert.equal(await fed('from a pipe', '-x', 'SET', 'k'), 'OK');
      assert.equal(await cli('GET', 'k'), 'from a pipe');
      assert.equal(await fed('tagged', '-X', 'tag', 'SET', 'k2', 'tag', 'EX', '9'), 'OK');
      assert.equal(await cli('GET', 'k2'), 'tagged');
      await cli('--quoted-input', 'SET', '"null-\\x00"', '"\\xff"');
      assert.equal(await cli('--no-raw', 'KEYS', 'null*'), '1) "null-\\x00"');
    });

    test('DUMP piped into RESTORE', async () => {
      await cli('RPUSH', 'l', 'x', 'y');
      const dump = await run(kProgram, ['-p', String(await portOf(cli)), '-D', '', 'DUMP', 'l'], {
        encoding: 'buffer',
      });
      const output = await fed(dump.stdout, '-X', 'value', 'RESTORE', 'l2', '0', 'value');
      assert.equal(output, 'OK');
      assert.equal(await cli('LRANGE', 'l2', '0', '-1'), 'x\ny');
    });

    test('--pipe inserts masses', async () => {
      const count = 20_000;
      const lines = Array.from({ length: count }, (_, i) => {
        const [key, value] = [`key:${i}`, `value ${i}`];
        return `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${value.length}\r\n${value}\r\n`;
      });
      const output = await fed(lines.join(''), '--pipe');
      assert.match(output, new RegExp(`errors: 0, replies: ${count}$`));
      assert.equal(await cli('DBSIZE'), String(count));
      const inline = await fed('SET a 1\r\nSADD a 1\r\nINCR a\r\n', '--pipe').catch(
        (error) => error.stdout,
      );
      assert.match(inline, /errors: 1, replies: 3/);
    });

    test('--eval', async (t) => {
      const reason = lacks('eval');
      if (reason) return t.skip(reason);
      writeFileSync(`${folder()}/script.lua`, 'return {KEYS[1], ARGV[1]}');
      assert.equal(await cli('--eval', `${folder()}/script.lua`, 'k', ',', 'a'), 'k\na');
      return undefined;
    });
  });
}

async function portOf(cli) {
  return /tcp_port:(\d+)/.exec(await cli('INFO', 'server'))[1];
}

function samplings({ cli, fed }) {
  describe('samplings', () => {
    beforeEach(async () => {
      const lines = Array.from({ length: 500 }, (_, i) => `SET key:${i} ${'v'.repeat(i + 1)}`);
      lines.push('HSET hash a 1 b 2', 'RPUSH list x y z', 'ZADD zset 1 a', 'SADD set a b c d');
      lines.push('XADD stream 1-1 a b');
      await fed(`${lines.join('\n')}\n`, '--pipe');
    });

    test('--scan with a pattern', async () => {
      const keys = (await cli('--scan', '--pattern', 'key:*')).split('\n');
      assert.equal(new Set(keys).size, 500);
      assert.equal(await cli('--scan', '--quoted-pattern', '"li\\x73t"'), 'list');
    });

    test('--bigkeys', async () => {
      const output = await cli('--bigkeys');
      assert.match(output, /Sampled 505 keys in the keyspace!/);
      assert.match(output, /Biggest string found .*['"]key:499['"]+ has 500 bytes/);
      assert.match(output, /Biggest +list found .*['"]list['"]+ has 3 items/);
      assert.match(output, /Biggest stream found .*['"]stream['"]+ has 1 entries/);
      assert.match(output, /500 strings with \d+ bytes/);
    });

    test('--memkeys', async () => {
      const output = await cli('--memkeys');
      assert.match(output, /Biggest string found .*['"]key:4\d\d['"]+ has \d+ bytes/);
      assert.match(output, /Biggest +hash found .*['"]hash['"]+ has \d+ bytes/);
      assert.match(await cli('--memkeys', '--memkeys-samples', '2'), /Sampled 505 keys/);
    });

    test('--hotkeys', async () => {
      // Under another policy it says why it cannot.
      assert.match(await cli('--hotkeys').catch((error) => error.stdout + error.stderr), /LFU/);
      await cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
      try {
        await cli('-r', '50', 'GET', 'key:1');
        assert.match(
          await cli('--hotkeys'),
          /hot key found with counter: \d+\s+keyname: ['"]*key:1['"]*$/m,
        );
      } finally {
        await cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      }
    });
  });
}

function measurements({ cli, watch }) {
  describe('measurements', () => {
    test('--latency', async () => {
      assert.match(await cli('--latency', '--raw', '-i', '0.1'), /^\d+ \d+ \d+\.\d+ \d+$/);
      assert.match(await cli('--latency', '--csv', '-i', '0.1'), /^\d+,\d+,\d+\.\d+,\d+$/);
      const history = ['--latency-history', '--raw', '-i', '0.1'];
      const noted = await watch(/(\d+ \d+ [\d.]+ \d+[\s\S]*){2}/, () => {}, ...history);
      assert.match(noted, /\d+ \d+ [\d.]+ \d+/);
    });

    test('--stat', async () => {
      const output = await watch(/(\n\d+ .*){3}/, () => {}, '--stat', '-i', '0.01');
      assert.match(output, /keys +mem +clients +blocked +requests +connections/);
      assert.match(output, /^\d+ +[\d.]+[BKMG] +\d+ +0 +\d+ \(\+\d+\) +\d+/m);
    });

    test('--lru-test', async () => {
      await cli('CONFIG', 'SET', 'maxmemory', '100mb');
      await cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
      try {
        const output = await watch(/Gets\/sec/, () => {}, '--lru-test', '1000');
        assert.match(output, /\d+ Gets\/sec \| Hits: \d+ \([\d.]+%\) \| Misses: \d+/);
      } finally {
        await cli('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
        await cli('CONFIG', 'SET', 'maxmemory', '0');
      }
    });
  });
}

function streams({ cli, fed, watch, lacks }) {
  describe('what comes by itself', () => {
    test('SUBSCRIBE, in both protocols', async () => {
      for (const protocol of ['-2', '-3']) {
        let hasPublished = false;
        const publish = (output) => {
          if (hasPublished || !output.includes('1')) return;
          hasPublished = true;
          cli('PUBLISH', 'news', 'hello');
        };
        const output = await watch(/hello/, publish, protocol, '--no-raw', 'SUBSCRIBE', 'news');
        assert.match(output, /1\)? ?>? ?"?subscribe/, output);
        assert.match(output, /"message"[\s\S]*"news"[\s\S]*"hello"/);
      }
    });

    test('MONITOR', async (t) => {
      const reason = lacks('monitor');
      if (reason) return t.skip(reason);
      let hasSet = false;
      const set = (output) => {
        if (hasSet || !output.includes('OK')) return;
        hasSet = true;
        cli('SET', 'k', 'a b');
      };
      const output = await watch(/"SET"/, set, 'MONITOR');
      assert.match(output, /\d+\.\d+ \[0 127\.0\.0\.1:\d+\] "SET" "k" "a b"/);
      return undefined;
    });

    test('invalidations are shown with --show-pushes', async (t) => {
      const reason = lacks('client|tracking');
      if (reason) return t.skip(reason);
      const commands = 'CLIENT TRACKING ON\nGET k\nSET k v\nPING\n';
      const output = await fed(commands, '-3', '--show-pushes', 'yes');
      assert.match(output, /invalidate\nk\n/);
      return undefined;
    });
  });
}
