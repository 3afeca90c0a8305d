// The executable kvasm-server: arguments, configuration, log, signals, files.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort, kvasmServerPath, startKvasm } from '../interop/server.mjs';
import { connect, eventually, within } from './server_client.mjs';

const program = kvasmServerPath();
let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvasm-server-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the server until it ends by itself. */
function run(args, options = {}) {
  return spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    timeout: 10_000,
    cwd: folder,
    ...options,
  });
}

async function ping(target) {
  const client = await connect(target);
  const answer = await client.ask('PING');
  client.close();
  return answer;
}

const isRefused = (target) =>
  connect(target).then(
    (client) => {
      client.close();
      return false;
    },
    () => true,
  );

describe('without serving', () => {
  test('--version and --help print and end', () => {
    const version = run(['--version']);
    assert.equal(version.status, 0);
    assert.match(version.stdout, /^Kvasm server v=7\.2\.\d+ /);
    assert.match(run(['-h']).stdout, /^Usage: kvasm-server \[/);
  });

  test('a value that is not allowed names its line and exits with 1', () => {
    const path = join(folder, 'bad.conf');
    writeFileSync(path, 'loglevel notice\nport many\n');
    const { status, stderr } = run([path]);
    assert.equal(status, 1);
    assert.match(stderr, /FATAL CONFIG FILE ERROR/);
    assert.ok(stderr.includes(`${path}:2\n>>> 'port many'`), stderr);
  });

  test('unbalanced quotes and a missing file exit with 1', () => {
    const path = join(folder, 'quotes.conf');
    writeFileSync(path, 'requirepass "x\n');
    const quotes = run([path]);
    assert.equal(quotes.status, 1);
    assert.match(quotes.stderr, /Unbalanced quotes in configuration line/);
    const missing = run([join(folder, 'missing.conf')]);
    assert.equal(missing.status, 1);
    assert.match(missing.stderr, /can't open config file/);
  });

  test('command lines that cannot be meant exit with 1', () => {
    const table = [
      [['--invalid'], /Bad directive or wrong number of arguments/],
      [['-p', '6380'], /Bad directive or wrong number of arguments\nOptions begin with two dashes/],
      [['--port=6380'], /Bad directive [^]*\nDid you mean '--port 6380'\?/],
      [['6380'], /can't open config file '6380'[^]*\nDid you mean '--port 6380'\?/],
      [['--port'], /'port'[^]*wrong number of arguments/],
      [['--port', '1', '2'], /'port "1" "2"'[^]*wrong number of arguments/],
      [['--port', '--bla'], /'port "--bla"'\nargument couldn't be parsed into an integer/],
      [['--loglevel', 'loud'], /'loglevel "loud"'\nargument\(s\) must be one of the following/],
      [['--shutdown-on-sigint'], /argument\(s\) must be one of the following/],
    ];
    for (const [args, expected] of table) {
      const { status, stderr } = run(args);
      assert.match(stderr, expected);
      assert.equal(status, 1);
    }
  });

  test('a port that is taken is said so and exits with 1', async () => {
    const blocker = net.createServer();
    await new Promise((done) => blocker.listen(0, '127.0.0.1', done));
    const { port } = blocker.address();
    const { status, stdout } = run(['--port', String(port)]);
    blocker.close();
    assert.equal(status, 1);
    assert.match(stdout, new RegExp(`# Failed listening on port ${port} \\(tcp\\), aborting`));
    assert.doesNotMatch(stdout, /Ready to accept/);
  });

  test('what the configuration asks for in vain is said', () => {
    const args = ['--port', '0', '--save', ''];
    assert.match(run([...args, '--replicaof', '127.0.0.1 1']).stdout, /Not available yet: repl/);
    assert.doesNotMatch(run(args).stdout, /Not available yet/);
  });

  test('nowhere to listen is an error', () => {
    const { status, stdout } = run(['--port', '0']);
    assert.equal(status, 1);
    assert.match(stdout, /Configured to not listen anywhere/);
  });
});

describe('serving', () => {
  test('reads a file, options override it, unknown directives only warn', async () => {
    const path = join(folder, 'redis.conf');
    writeFileSync(
      path,
      'timeout 7\nmaxclients 50\nrequirepass "se cret"\nno-such-directive yes\nport 1\n',
    );
    const port = await freePort();
    const args = [program, path, '--port', String(port), '--timeout', '9'];
    const child = spawn(process.execPath, args, { cwd: folder });
    let log = '';
    child.stdout.on('data', (chunk) => (log += chunk));
    const ended = new Promise((done) => child.once('exit', (code) => done(code)));
    await eventually(() => log.includes('Ready to accept connections tcp'), 'ready');
    assert.match(log, /# .*'no-such-directive'/);
    assert.match(
      log,
      new RegExp(`^${child.pid}:M \\d\\d \\w{3} \\d{4} \\d\\d:\\d\\d:\\d\\d\\.\\d{3} \\* `),
    );
    assert.match(log, new RegExp(` PID: ${child.pid}[^]*Server initialized`));
    const client = await connect(port);
    assert.match(await client.ask('PING'), /^-NOAUTH/);
    assert.equal(await client.ask('AUTH', 'se cret'), '+OK');
    const settings = { timeout: '9', maxclients: '50', port: String(port) };
    for (const [name, value] of Object.entries(settings)) {
      client.send(`CONFIG GET ${name}\r\n`);
      const lines = [];
      for (let i = 0; i < 5; i++) lines.push(await client.line());
      assert.deepEqual([lines[2], lines[4]], [name, value]);
    }
    client.close();
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
  });

  test('lines of save add up over file and command line until an empty one', async () => {
    const path = join(folder, 'save.conf');
    writeFileSync(path, 'save 900 1\nsave 60 100\n');
    const table = [
      [[], '900 1 60 100'],
      [['--save', '5', '5'], '900 1 60 100 5 5'],
      [['--save', ''], ''],
      [['--save'], ''],
    ];
    for (const [options, expected] of table) {
      const port = await freePort();
      const args = [program, path, '--port', String(port), ...options];
      const child = spawn(process.execPath, args, { cwd: folder });
      const ended = new Promise((done) => child.once('exit', done));
      let log = '';
      child.stdout.on('data', (chunk) => (log += chunk));
      await eventually(() => log.includes('Ready to accept'), 'ready');
      const client = await connect(port);
      client.send('CONFIG GET save\r\n');
      for (let i = 0; i < 4; i++) await client.line();
      assert.equal(await client.line(), expected);
      client.close();
      child.kill('SIGTERM');
      await ended;
    }
  });

  test('reads a configuration from standard input', async () => {
    const port = await freePort();
    const child = spawn(process.execPath, [program, '-'], { cwd: folder });
    let log = '';
    child.stdout.on('data', (chunk) => (log += chunk));
    const ended = new Promise((done) => child.once('exit', (code) => done(code)));
    child.stdin.end(`port ${port}\n`);
    await eventually(() => log.includes('Ready to accept'), 'ready');
    assert.equal(await ping(port), '+PONG');
    child.kill('SIGINT');
    assert.equal(await ended, 0);
  });

  test('SIGTERM sends what is pending, closes the clients and exits with 0', async () => {
    const server = await startKvasm();
    const client = await connect(server.port);
    assert.equal(await client.ask('PING'), '+PONG');
    assert.deepEqual(await server.stop('SIGTERM'), { code: 0, signal: null });
    await client.closed;
    assert.match(server.log(), /Received SIGTERM[^]*ready to exit, bye bye/);
  });

  test('a client that never reads does not keep the server from ending', async () => {
    const server = await startKvasm();
    const client = await connect(server.port);
    client.socket.pause();
    client.send(`SET k ${'x'.repeat(100_000)}\r\n`);
    client.send('GET k\r\n'.repeat(1000));
    await new Promise((done) => setTimeout(done, 300));
    assert.deepEqual(await server.stop('SIGTERM'), { code: 0, signal: null });
    client.close();
  });

  test('SHUTDOWN NOSAVE ends the process with 0', async () => {
    const server = await startKvasm();
    const client = await connect(server.port);
    client.send('SHUTDOWN NOSAVE\r\n');
    assert.deepEqual(await within(server.exit, 'the end'), { code: 0, signal: null });
    assert.equal(await client.rest(), '');
    await server.stop();
  });

  test('goes on after SIGSTOP and SIGCONT', async () => {
    const server = await startKvasm();
    process.kill(server.pid, 'SIGSTOP');
    const client = await connect(server.port);
    const answer = client.ask('PING');
    await new Promise((done) => setTimeout(done, 100));
    process.kill(server.pid, 'SIGCONT');
    assert.equal(await answer, '+PONG');
    client.close();
    await server.stop();
  });

  test('a unix socket has its permissions, replaces a stale one, and is removed', async () => {
    const path = join(folder, 'kvasm.sock');
    const args = ['--port', '0', '--unixsocket', path, '--unixsocketperm', '700'];
    const first = await startKvasm({ args });
    assert.equal(await ping({ path }), '+PONG');
    assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.match(first.log(), /Ready to accept connections unix/);
    assert.ok(await isRefused(first.port), 'port 0 listens on TCP');
    process.kill(first.pid, 'SIGKILL');
    await within(first.exit, 'the end');
    assert.ok(existsSync(path), 'a killed server leaves its socket');
    const second = await startKvasm({ args });
    assert.equal(await ping({ path }), '+PONG');
    await second.stop();
    assert.ok(!existsSync(path), 'the socket is removed');
    await first.stop();
  });

  test('a shutdown that was called off can be asked for again; a SIGINT more insists', async () => {
    const port = await freePort();
    const args = ['--port', String(port), '--enable-debug-command', 'yes', '--save', '3600 1'];
    const child = spawn(process.execPath, [program, ...args], { cwd: folder });
    let log = '';
    child.stdout.on('data', (chunk) => (log += chunk));
    const ended = new Promise((done) => child.once('exit', (code) => done(code)));
    await eventually(() => log.includes('Ready to accept'), 'ready');
    const client = await connect(port);
    // The final snapshot takes a second, or more.
    assert.equal(await client.ask('DEBUG', 'POPULATE', '100'), '+OK');
    assert.equal(await client.ask('CONFIG', 'SET', 'rdb-key-save-delay', '100000'), '+OK');
    assert.equal(await client.ask('DEBUG', 'PAUSE-CRON', '1'), '+OK');
    child.kill('SIGTERM');
    await eventually(() => log.includes('Received SIGTERM'), 'the signal');
    assert.equal(await client.ask('SHUTDOWN', 'ABORT'), '+OK');
    assert.equal(await client.ask('DEBUG', 'PAUSE-CRON', '0'), '+OK');
    child.kill('SIGINT');
    const temporary = join(folder, `temp-${child.pid}.rdb`);
    await eventually(() => existsSync(temporary), 'the final snapshot');
    child.kill('SIGINT');
    assert.equal(await ended, 1);
    assert.match(log, /Received SIGINT again, exiting now/);
    assert.equal(existsSync(temporary), false);
  });

  test('logs to a file and keeps its process id in another', async () => {
    const logfile = join(folder, 'some.log');
    const pidfile = join(folder, 'some.pid');
    const port = await freePort();
    const args = ['--port', String(port), '--logfile', logfile, '--pidfile', pidfile];
    const child = spawn(process.execPath, [program, ...args, '--loglevel', 'verbose'], {
      cwd: folder,
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    const ended = new Promise((done) => child.once('exit', (code) => done(code)));
    const isReady = () => existsSync(logfile) && readFileSync(logfile, 'utf8').includes('Ready to');
    await eventually(isReady, 'ready');
    await eventually(() => existsSync(pidfile), 'pid file');
    assert.equal(readFileSync(pidfile, 'utf8'), `${child.pid}\n`);
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
    assert.equal(output, '');
    assert.ok(!existsSync(pidfile), 'the pid file is removed');
  });

  test('daemonize yes returns at once and serves from another process', async () => {
    const port = await freePort();
    const pidfile = join(folder, 'daemon.pid');
    const args = ['--port', String(port), '--daemonize', 'yes', '--pidfile', pidfile];
    assert.equal(run(args).status, 0);
    await eventually(() => existsSync(pidfile), 'pid file');
    assert.equal(await ping(port), '+PONG');
    process.kill(Number(readFileSync(pidfile, 'utf8')), 'SIGTERM');
    await eventually(() => !existsSync(pidfile), 'end of the daemon');
  });
});

describe('settings at run time', () => {
  let server;
  before(async () => {
    server = await startKvasm();
  });
  after(() => server.stop());

  test('CONFIG SET port listens there when the reply comes; clients stay', async () => {
    const client = await connect(server.port);
    const port = await freePort();
    assert.equal(await client.ask('CONFIG', 'SET', 'port', String(port)), '+OK');
    assert.equal(await ping(port), '+PONG');
    assert.ok(await isRefused(server.port), 'the old port still listens');
    assert.equal(await client.ask('PING'), '+PONG');
    assert.equal(await client.ask('CONFIG', 'SET', 'port', String(server.port)), '+OK');
    assert.equal(await ping(server.port), '+PONG');
    client.close();
  });

  test('a relative dir is entered at the start, and not again', async () => {
    mkdirSync(join(folder, 'sub'));
    const [first, second] = [await freePort(), await freePort()];
    const child = spawn(process.execPath, [program, '--port', String(first), '--dir', 'sub'], {
      cwd: folder,
    });
    const ended = new Promise((done) => child.once('exit', done));
    await eventually(async () => !(await isRefused(first)), 'ready');
    const client = await connect(first);
    assert.equal(await client.ask('CONFIG', 'SET', 'port', String(second)), '+OK');
    client.close();
    child.kill('SIGTERM');
    await ended;
  });

  test('a port that is taken leaves everything as it was', async () => {
    const blocker = net.createServer();
    await new Promise((done) => blocker.listen(0, '127.0.0.1', done));
    const client = await connect(server.port);
    await client.ask('CONFIG', 'SET', 'port', String(blocker.address().port));
    blocker.close();
    assert.equal(await ping(server.port), '+PONG');
    client.send('CONFIG GET port\r\n');
    for (let i = 0; i < 4; i++) await client.line();
    assert.equal(await client.line(), String(server.port));
    client.close();
  });

  test('CONFIG SET bind adds and removes addresses', async () => {
    const client = await connect(server.port);
    assert.equal(await client.ask('CONFIG', 'SET', 'bind', '127.0.0.2 127.0.0.1'), '+OK');
    assert.equal(await ping({ host: '127.0.0.2', port: server.port }), '+PONG');
    assert.equal(await client.ask('CONFIG', 'SET', 'bind', '*'), '+OK');
    assert.equal(await ping({ host: '127.0.0.3', port: server.port }), '+PONG');
    assert.equal(await client.ask('CONFIG', 'SET', 'bind', '127.0.0.1'), '+OK');
    assert.ok(await isRefused({ host: '127.0.0.2', port: server.port }));
    assert.equal(await ping(server.port), '+PONG');
    client.close();
  });

  test('CONFIG SET bind: none, several at once, and what cannot be had', async () => {
    const client = await connect(server.port);
    const get = async () => {
      client.send('CONFIG GET bind\r\n');
      for (let i = 0; i < 4; i++) await client.line();
      return client.line();
    };
    const target = (host) => ({ host, port: server.port });
    assert.equal(await client.ask('CONFIG', 'SET', 'bind', ''), '+OK');
    assert.equal(await get(), '');
    assert.ok(await isRefused(server.port), 'it listens nowhere');
    assert.equal(
      await client.ask('CONFIG', 'SET', 'bind', '127.0.0.1 127.0.0.2 -192.0.2.77'),
      '+OK',
    );
    assert.equal(await get(), '127.0.0.1 127.0.0.2 -192.0.2.77');
    assert.equal(await ping(target('127.0.0.2')), '+PONG');
    const failed = "-ERR CONFIG SET failed (possibly related to argument 'bind') - ";
    for (const bind of ['999.999.999.999', '127.0.0.3 192.0.2.77', '127.0.0.3 nonsense::']) {
      assert.equal(
        await client.ask('CONFIG', 'SET', 'bind', bind),
        `${failed}Failed to bind to specified addresses.`,
      );
      assert.equal(await get(), '127.0.0.1 127.0.0.2 -192.0.2.77');
      assert.equal(await ping(target('127.0.0.2')), '+PONG');
      assert.ok(await isRefused(target('127.0.0.3')), 'nothing of a failed change stays');
    }
    const many = Array.from({ length: 17 }, (_, i) => `127.0.0.${i + 1}`);
    assert.equal(
      await client.ask('CONFIG', 'SET', 'bind', many.join(' ')),
      `${failed}Too many bind addresses specified.`,
    );
    assert.equal(await client.ask('CONFIG', 'SET', 'bind', many.slice(1).join(' ')), '+OK');
    assert.equal(await ping(target('127.0.0.17')), '+PONG');
    assert.equal(await client.ask('CONFIG', 'SET', 'bind', '127.0.0.1'), '+OK');
    assert.equal(await ping(server.port), '+PONG');
    client.close();
  });
});

test('a log file that cannot be opened ends the start, and says why', () => {
  const wrong = { [join(folder, 'none', 'x.log')]: 'No such file', [folder]: '.* directory' };
  for (const [logfile, reason] of Object.entries(wrong)) {
    const { status, stderr } = run([
      '--port',
      '0',
      '--unixsocket',
      'log.sock',
      '--logfile',
      logfile,
    ]);
    assert.equal(status, 1);
    assert.match(
      stderr,
      new RegExp(`FATAL CONFIG FILE ERROR.*\\nCan't open the log file: ${reason}`),
    );
  }
});
