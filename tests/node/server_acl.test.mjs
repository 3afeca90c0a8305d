// Users of the executable server: the file they come from, the file they are saved to, and what of
// them must never be seen.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { kvasmServerPath, startKvasm } from '../interop/server.mjs';
import { connect, request } from './server_client.mjs';

const program = kvasmServerPath();
let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvasm-acl-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A file in the tests' folder. */
function file(name, content) {
  const path = join(folder, name);
  if (content !== undefined) writeFileSync(path, content);
  return path;
}

/** Runs a server that is to refuse to start. */
function run(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    encoding: 'utf8',
    timeout: 10_000,
    cwd: folder,
  });
  return { status, output: stdout + stderr };
}

/** A server whose users are in a file of this content, and a client of the default user. */
async function startWithFile(name, content) {
  const path = file(name, content);
  const server = await startKvasm({ args: ['--aclfile', path] });
  const client = await connect(server.port);
  const stop = async (...others) => {
    for (const one of [client, ...others]) one.close();
    await server.stop();
  };
  return { path, server, client, stop };
}

const kWrongPass = '-WRONGPASS invalid username-password pair or user is disabled.';

describe('at the start', () => {
  test('users come from the file', async () => {
    const content = 'user default on nopass ~* &* +@all\n\n  user eve on >secret ~e:* +get\r\n';
    const { server, client, stop } = await startWithFile('start.acl', content);
    const eve = await connect(server.port);
    assert.equal(await eve.ask('AUTH', 'eve', 'wrong'), kWrongPass);
    assert.equal(await eve.ask('AUTH', 'eve', 'secret'), '+OK');
    assert.equal(await eve.ask('GET', 'e:1'), '$-1');
    assert.equal(await eve.ask('GET', 'k'), '-NOPERM No permissions to access a key');
    assert.equal(await client.ask('PING'), '+PONG');
    await stop(eve);
  });

  test('users come from the configuration, after requirepass', async () => {
    const path = file('users.conf', 'user default on >b ~* +@all\nrequirepass a\nuser u on >c\n');
    const port = ['--save', ''];
    const server = await startKvasm({ args: [...port, '--include', path] });
    const client = await connect(server.port);
    assert.match(await client.ask('PING'), /^-NOAUTH/);
    assert.equal(await client.ask('AUTH', 'b'), '+OK');
    assert.equal(await client.ask('AUTH', 'u', 'c'), '+OK');
    client.close();
    await server.stop();
  });

  test('bad files are told line by line, and the server does not start', () => {
    const path = file('bad.acl', 'user a on +nosuch\nuser b ~* ~b\nuse c\nuser a on\n');
    const { status, output } = run('--port', '0', '--aclfile', path);
    assert.equal(status, 1);
    assert.match(output, /Aborting startup because of ACL errors: /);
    for (const text of [
      `${path}:1: Error in applying operation '+nosuch': Unknown command`,
      `${path}:2: Adding a pattern after the * pattern`,
      `${path}:3 should start with user keyword`,
      "Duplicate user 'a' found on line 4",
    ]) {
      assert.ok(output.includes(text), `${text}\n${output}`);
    }
  });

  test('a missing file is told, and the server does not start', () => {
    const path = join(folder, 'missing.acl');
    const { status, output } = run('--port', '0', '--aclfile', path);
    assert.equal(status, 1);
    assert.ok(output.includes(`opening file '${path}': No such file or directory`), output);
  });

  test('users in both places are refused, and the same user twice', () => {
    const both = file('both.conf', `port 0\naclfile ${file('ok.acl', '')}\nuser u on\n`);
    assert.match(run(both).output, /Users are declared in the configuration and an ACL file/);
    assert.equal(run(both).status, 1);
    const twice = file('twice.conf', 'port 0\nuser u on\nuser u off\n');
    assert.match(run(twice).output, /FATAL CONFIG FILE ERROR[^]*Duplicate user found/);
  });

  test('no password of a bad line is shown', () => {
    const lines = [
      'user u on >s3cret nonsense',
      'user u on <s3cret',
      'requirepass s3cret s3cret',
      'user "u >s3cret',
    ];
    for (const line of lines) {
      const { status, output } = run(file('secret.conf', `port 0\n${line}\n`));
      assert.equal(status, 1, line);
      assert.match(output, /FATAL CONFIG FILE ERROR/);
      assert.doesNotMatch(output, /s3cret/, line);
    }
    for (const args of [['--requirepass=s3cret'], ['-requirepass', 's3cret']]) {
      const { status, output } = run(...args);
      assert.equal(status, 1);
      assert.match(output, /FATAL CONFIG FILE ERROR/);
      assert.doesNotMatch(output, /s3cret/, args[0]);
    }
    const { output } = run('--port', '0', '--aclfile', file('secret.acl', 'user u <s3cret\n'));
    assert.match(output, /The password you are trying to remove/);
    assert.doesNotMatch(output, /s3cret/);
  });
});

describe('ACL SAVE and ACL LOAD', () => {
  test('what is saved is loaded again, byte for byte', async () => {
    const { path, server, client, stop } = await startWithFile('round.acl', '');
    const name = Buffer.from('n\xc3\xff', 'latin1');
    const pattern = Buffer.from('~k\xe9\xff*', 'latin1');
    client.send(
      request('ACL', 'SETUSER', name, 'on', '>pw', pattern, '+@all', '-@admin', '(+get &c)'),
    );
    assert.equal(await client.line(), '+OK');
    assert.equal(await client.ask('ACL', 'SAVE'), '+OK');
    const saved = readFileSync(path);
    assert.ok(saved.includes(name) && saved.includes(pattern));
    assert.doesNotMatch(saved.toString('latin1'), />pw/);
    assert.deepEqual(
      readdirSync(folder).filter((entry) => entry.includes('.tmp-')),
      [],
    );
    assert.equal(await client.ask('ACL', 'DELUSER', name), ':1');
    assert.equal(await client.ask('ACL', 'LOAD'), '+OK');
    const other = await connect(server.port);
    other.send(request('AUTH', name, 'pw'));
    assert.equal(await other.line(), '+OK');
    assert.equal(await client.ask('ACL', 'SAVE'), '+OK');
    assert.deepEqual(readFileSync(path), saved);
    await stop(other);
  });

  test('requests behind them wait for the answer', async () => {
    const { path, client, stop } = await startWithFile('pipeline.acl', '');
    client.send(
      Buffer.concat([
        request('ACL', 'SETUSER', 'u', 'on'),
        request('ACL', 'SAVE'),
        request('ACL', 'DELUSER', 'u'),
        request('ACL', 'LOAD'),
        request('ACL', 'DELUSER', 'u'),
        request('PING'),
      ]),
    );
    const lines = [];
    for (let i = 0; i < 6; i++) lines.push(await client.line());
    assert.deepEqual(lines, ['+OK', '+OK', ':1', '+OK', ':1', '+PONG']);
    assert.match(readFileSync(path, 'latin1'), /^user default .*\nuser u on /);
    await stop();
  });

  test('a bad file changes nothing and ends no session', async () => {
    const { path, server, client, stop } = await startWithFile(
      'keep.acl',
      'user eve on >pw +@all\n',
    );
    const eve = await connect(server.port);
    assert.equal(await eve.ask('AUTH', 'eve', 'pw'), '+OK');
    writeFileSync(path, 'user eve on >pw\nuser bob +nosuch\n');
    assert.match(await client.ask('ACL', 'LOAD'), /^-ERR .*:2: .*no change to the previously/);
    assert.equal(await eve.ask('PING'), '+PONG');
    rmSync(path);
    assert.equal(
      await client.ask('ACL', 'LOAD'),
      `-ERR Error loading ACLs, opening file '${path}': No such file or directory`,
    );
    writeFileSync(path, 'user eve on >pw +@all\n');
    assert.equal(await client.ask('ACL', 'LOAD'), '+OK');
    assert.equal(await eve.rest(), '');
    await stop(eve);
  });

  test('who loads a file without himself gets the answer and is ended', async () => {
    const { path, server, stop } = await startWithFile('self.acl', 'user eve on >pw +@all\n');
    const eve = await connect(server.port);
    assert.equal(await eve.ask('AUTH', 'eve', 'pw'), '+OK');
    writeFileSync(path, '');
    assert.equal(await eve.ask('ACL', 'LOAD'), '+OK');
    assert.equal(await eve.rest(), '');
    await stop(eve);
  });

  test('a file that cannot be written is an error, and the log says why', async () => {
    const inside = join(folder, 'gone');
    mkdirSync(inside);
    const { server, client, stop } = await startWithFile('gone/users.acl', '');
    rmSync(inside, { recursive: true });
    assert.match(
      await client.ask('ACL', 'SAVE'),
      /^-ERR There was an error trying to save the ACLs/,
    );
    assert.match(server.log(), /ACL SAVE: No such file or directory/);
    assert.equal(await client.ask('PING'), '+PONG');
    await stop();
  });

  test('a folder in the place of the file keeps it as it is', async () => {
    const { path, client, stop } = await startWithFile('folder.acl', '');
    rmSync(path);
    mkdirSync(path);
    assert.match(await client.ask('ACL', 'LOAD'), /^-ERR .*: (Illegal operation|Is a dir|EISDIR)/i);
    assert.match(await client.ask('ACL', 'SAVE'), /^-ERR There was an error/);
    assert.ok(existsSync(path));
    assert.equal(readdirSync(folder).filter((entry) => entry.includes('.tmp-')).length, 0);
    await stop();
  });

  test('without a file there is nothing to load, nor in a transaction', async () => {
    const server = await startKvasm();
    const client = await connect(server.port);
    assert.match(await client.ask('ACL', 'LOAD'), /^-ERR This Redis instance is not configured to/);
    assert.match(await client.ask('ACL', 'SAVE'), /^-ERR This Redis instance is not configured to/);
    client.close();
    await server.stop();
  });

  test('a client that has gone meanwhile is no harm', async () => {
    const { server, client, stop } = await startWithFile('leave.acl', '');
    const other = await connect(server.port);
    for (let i = 0; i < 20; i++) other.send(request('ACL', i % 2 ? 'LOAD' : 'SAVE'));
    other.close();
    assert.equal(await client.ask('PING'), '+PONG');
    await stop();
  });
});

describe('who may in', () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address.family === 'IPv4' && !address.internal)?.address;

  test(
    'protected mode ends with the default user’s password',
    { skip: outside === undefined && 'no other address' },
    async () => {
      const server = await startKvasm({ args: ['--bind', outside, '127.0.0.1'] });
      const local = await connect(server.port);
      const target = { host: outside, port: server.port };
      assert.equal(await local.ask('ACL', 'SETUSER', 'eve', 'on', '>pw', '+@all'), '+OK');
      assert.match(await (await connect(target)).rest(), /^-DENIED /);
      assert.equal(await local.ask('ACL', 'SETUSER', 'default', '>pw'), '+OK');
      const eve = await connect(target);
      assert.match(await eve.ask('PING'), /^-NOAUTH/);
      assert.equal(await eve.ask('AUTH', 'eve', 'pw'), '+OK');
      assert.equal(await local.ask('ACL', 'SETUSER', 'default', 'nopass'), '+OK');
      assert.match(await (await connect(target)).rest(), /^-DENIED /);
      assert.equal(await eve.ask('PING'), '+PONG');
      for (const client of [local, eve]) client.close();
      await server.stop();
    },
  );

  test('passwords are seen nowhere', async () => {
    const server = await startKvasm({ args: ['--slowlog-log-slower-than', '0'] });
    const client = await connect(server.port);
    const secret = 's3cret';
    for (const command of [
      ['ACL', 'SETUSER', 'eve', 'on', `>${secret}`, '+@all', '~*', '&*'],
      ['ACL', 'SETUSER', 'eve', 'nonsense', `>${secret}`],
      ['AUTH', secret],
      ['AUTH', 'eve', `${secret}!`],
      ['AUTH', 'eve', secret],
      ['HELLO', '2', 'AUTH', 'eve', `${secret}!`],
      ['CONFIG', 'SET', 'requirepass', secret, 'masterauth', secret],
      ['CONFIG', 'SET', 'requirepass', secret, 'hz', 'x'],
      ['CLIENT', 'NO-EVICT', 'on'],
    ]) {
      assert.doesNotMatch(await client.ask(...command), /s3cret/);
    }
    for (const command of [
      ['SLOWLOG', 'GET', '-1'],
      ['ACL', 'LOG'],
      ['ACL', 'LIST'],
      ['CLIENT', 'LIST'],
      ['INFO', 'everything'],
    ]) {
      client.send(request(...command));
    }
    client.send(request('QUIT'));
    const all = await client.rest();
    assert.match(all, /redacted/);
    assert.match(all, /WRONGPASS|auth/);
    assert.doesNotMatch(all, /s3cret/);
    await server.stop();
    assert.doesNotMatch(server.log(), /s3cret/);
  });

  test('before authentication little is read', async () => {
    const server = await startKvasm({ args: ['--requirepass', 'pw'] });
    const many = await connect(server.port);
    many.send('*100000\r\n');
    assert.match(await many.rest(), /unauthenticated multibulk length/);
    const large = await connect(server.port);
    large.send('*2\r\n$4\r\nAUTH\r\n$1000000\r\n');
    assert.match(await large.rest(), /unauthenticated bulk length/);
    await server.stop();
  });
});
