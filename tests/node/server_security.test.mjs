// What a server keeps from those who may not have it: rights are looked at before anything happens,
// for every command there is; who fails to prove who he is learns nothing; secrets are shown to
// nobody; protected mode.
//
// With KVASM_TARGETS=redis (and KVASM_REDIS_SERVER, a redis-server 7.2) the same is asked of Redis.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startTested } from '../interop/server.mjs';
import { answerTo, denied, everyCommand, open } from './security.mjs';
import { connect, eventually, request } from './server_client.mjs';

const isRedis = process.env.KVASM_TARGETS === 'redis';
const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address.family === 'IPv4' && !address.internal)?.address;
const needsOutside = { skip: outside === undefined && 'no other address' };

describe('rights come before everything', () => {
  let server;
  let admin;
  let commands;
  before(async () => {
    server = await startTested({ args: ['--slowlog-log-slower-than', '-1'] });
    admin = await open(server.port);
    commands = await everyCommand(admin);
    assert.ok(commands.length > 200);
    for (const fill of [
      ['SET', '1', 'one'],
      ['RPUSH', 'list', 'a'],
      ['HSET', 'hash', 'f', 'v'],
      ['XADD', 'stream', '1-1', 'f', 'v'],
    ]) {
      await admin.say(...fill);
    }
  });
  after(async () => {
    admin.close();
    await server.stop();
  });

  /** A client who is eve, with these rules only. */
  async function eveWith(...rules) {
    assert.equal(await admin.say('ACL', 'SETUSER', 'eve', 'reset', 'on', '>pw', ...rules), 'OK');
    const eve = await open(server.port);
    assert.equal(await eve.say('AUTH', 'eve', 'pw'), 'OK');
    return eve;
  }

  /** All that a command could have changed and that can be seen. */
  async function state() {
    const digest = await admin.say('DEBUG', 'DIGEST');
    const config = JSON.stringify(await admin.say('CONFIG', 'GET', '*'));
    const users = (await admin.say('ACL', 'LIST')).filter((line) => !line.startsWith('user eve'));
    const topics = [
      await admin.say('PUBSUB', 'NUMPAT'),
      await admin.say('PUBSUB', 'CHANNELS'),
      await admin.say('PUBSUB', 'SHARDCHANNELS'),
    ];
    const scripts = await admin.say('INFO', 'memory');
    const cached = /number_of_cached_scripts:(\d+)/.exec(scripts)?.[1];
    return JSON.stringify([digest, config, users, topics, cached]);
  }

  test('who may not run a command does not, whatever it is', async () => {
    const eve = await eveWith('+@all', '~*', '&*');
    const unchanged = await state();
    for (const { name, args, flags } of commands) {
      if (flags.has('no_auth')) continue;
      assert.equal(await admin.say('ACL', 'SETUSER', 'eve', '+@all', `-${name}`), 'OK', name);
      assert.equal(await eve.say(...args), answerTo(name, denied('eve', name)));
    }
    assert.equal(await state(), unchanged);
    eve.close();
  });

  test('nor in a transaction, which is then none', async () => {
    const eve = await eveWith('+@all', '~*', '&*');
    const unchanged = await state();
    const atOnce = new Set(['multi', 'exec', 'discard', 'watch', 'quit', 'reset']);
    for (const { name, args, flags } of commands) {
      if (flags.has('no_auth') || flags.has('no_multi') || atOnce.has(name)) continue;
      await admin.say('ACL', 'SETUSER', 'eve', '+@all', `-${name}`);
      assert.equal(await eve.say('MULTI'), 'OK');
      const first = name === 'set' ? `-${denied('eve', 'set')}` : 'QUEUED';
      assert.equal(await eve.say('SET', '1', 'two'), first);
      assert.equal(await eve.say(...args), `-${denied('eve', name)}`);
      assert.match(await eve.say('EXEC'), /^-EXECABORT/, name);
    }
    assert.equal(await state(), unchanged);
    eve.close();
  });

  test('nor when the right is taken between MULTI and EXEC', async () => {
    const eve = await eveWith('+@all', '~*', '&*');
    const unchanged = await state();
    const writes = commands.filter(({ flags }) => flags.has('write') || flags.has('pubsub'));
    assert.ok(writes.length > 80);
    for (const { name, args, flags } of writes) {
      if (flags.has('no_multi')) continue;
      await admin.say('ACL', 'SETUSER', 'eve', '+@all');
      assert.equal(await eve.say('MULTI'), 'OK');
      assert.equal(await eve.say(...args), 'QUEUED', name);
      assert.equal(await eve.say('PING'), 'QUEUED');
      await admin.say('ACL', 'SETUSER', 'eve', `-${name}`);
      const [denied, pong] = await eve.say('EXEC');
      assert.match(denied, /^-NOPERM ACLs rules changed between the moment/, name);
      assert.equal(pong, 'PONG');
    }
    assert.equal(await state(), unchanged);
    eve.close();
  });

  test('keys: no command touches one that its user may not', async () => {
    const eve = await eveWith('+@all', '~other*', '&*');
    const unchanged = await state();
    let touching = 0;
    for (const { name, args, flags } of commands) {
      // Of those whose keys stand behind words of their own, see below.
      const keys = await admin.say('COMMAND', 'GETKEYS', ...args);
      if (!Array.isArray(keys) || flags.has('no_auth')) continue;
      touching++;
      assert.equal(await eve.say(...args), '-NOPERM No permissions to access a key', name);
    }
    assert.ok(touching > 120, `${touching} commands`);
    for (const line of [
      'COPY other:1 1',
      'COPY 1 other:1',
      'MSET other:1 x 1 x',
      'RENAME other:1 1',
      'SORT other:1 STORE 1',
      'SORT other:1 BY w_*',
      'SORT other:1 GET 1*',
      'GEORADIUS other:1 0 0 1 m STORE 1',
      'GEORADIUSBYMEMBER other:1 m 1 m STOREDIST 1',
      'XREAD STREAMS other:1 stream 0 0',
      'XREAD BLOCK 1 STREAMS stream $',
      'XREADGROUP GROUP g c STREAMS stream >',
      'ZUNIONSTORE other:1 2 other:2 1',
      'BLMPOP 0 2 other:1 list LEFT',
      'BLPOP other:1 list 0',
      'BRPOPLPUSH other:1 1 0',
      'WATCH other:1 1',
      'DEL other:1 1',
      'OBJECT ENCODING 1',
      'MEMORY USAGE 1',
    ]) {
      const reply = await eve.say(...line.split(' '));
      assert.match(reply, /^-NOPERM No perm|^-ERR (BY|GET) option of SORT denied/, line);
    }
    assert.equal(await state(), unchanged);
    assert.equal(await admin.say('DBSIZE'), 4);
    eve.close();
  });

  test('keys: reading is not writing', async () => {
    const eve = await eveWith('+@all', '%R~1', '%W~list');
    const unchanged = await state();
    for (const line of [
      'SET 1 x',
      'SET 1 x GET',
      'GETDEL 1',
      'GETEX 1 EX 10',
      'APPEND 1 x',
      'DEL 1',
      'EXPIRE 1 10',
      'COPY 1 hash',
      'BITFIELD 1 SET u8 0 1',
      'BITFIELD 1 GET u8 0 INCRBY u8 0 1',
      'LRANGE list 0 -1',
      'LPOP list',
      'LMOVE list list LEFT LEFT',
      'SORT list',
      'RENAME list 1',
    ]) {
      assert.equal(
        await eve.say(...line.split(' ')),
        '-NOPERM No permissions to access a key',
        line,
      );
    }
    assert.equal(await state(), unchanged);
    assert.equal(await eve.say('GET', '1'), 'one');
    assert.equal(await eve.say('BITFIELD', '1', 'GET', 'u8', '0').then(String), '111');
    assert.equal(await eve.say('DEL', 'list'), 1);
    await admin.say('RPUSH', 'list', 'a');
    eve.close();
  });

  test('keys whose right is taken between MULTI and EXEC stay as they are', async () => {
    const eve = await eveWith('+@all', '~*');
    const unchanged = await state();
    assert.equal(await eve.say('MULTI'), 'OK');
    for (const line of ['SET 1 x', 'DEL list', 'RENAME hash other', 'GET stream']) {
      assert.equal(await eve.say(...line.split(' ')), 'QUEUED');
    }
    await admin.say('ACL', 'SETUSER', 'eve', 'resetkeys', '~other');
    const replies = await eve.say('EXEC');
    for (const reply of replies) assert.match(reply, /^-NOPERM ACLs rules changed .* keys/);
    assert.equal(await state(), unchanged);
    eve.close();
  });

  test('who waits for a key and loses the right to it gets nothing', async () => {
    for (const rules of [['-blpop'], ['resetkeys', '~other'], ['off', 'resetkeys']]) {
      const eve = await eveWith('+@all', '~*');
      const reply = eve.say('BLPOP', 'queue', '0');
      await eventually(
        async () => /blocked_clients:1\r/.test(await admin.say('INFO', 'clients')),
        'blocked',
      );
      assert.equal(await admin.say('ACL', 'SETUSER', 'eve', ...rules), 'OK');
      assert.equal(await admin.say('RPUSH', 'queue', 'secret'), 1);
      assert.match(String(await reply), /^-NOPERM/);
      assert.equal(await admin.say('LPOP', 'queue'), 'secret');
      eve.close();
    }
  });

  test('channels: all or nothing, patterns only as they were allowed', async () => {
    const eve = await eveWith('+@all', '~*', '&news:*');
    const unchanged = await state();
    const refusal = '-NOPERM No permissions to access a channel';
    for (const line of [
      'SUBSCRIBE other',
      'SUBSCRIBE news:1 other',
      'SSUBSCRIBE other',
      'SSUBSCRIBE other news:1',
      'PSUBSCRIBE *',
      'PSUBSCRIBE news:1*',
      'PSUBSCRIBE news:* other*',
      'SUBSCRIBE __keyspace@0__:1',
      'PUBLISH other x',
      'SPUBLISH other x',
    ]) {
      assert.equal(await eve.say(...line.split(' ')), refusal, line);
      assert.equal(await eve.say('MULTI'), 'OK');
      assert.equal(await eve.say(...line.split(' ')), refusal, line);
      assert.match(await eve.say('EXEC'), /^-EXECABORT/);
    }
    assert.equal(await state(), unchanged);
    assert.deepEqual(await eve.say('PSUBSCRIBE', 'news:*'), ['psubscribe', 'news:*', 1]);
    assert.equal(await admin.say('PUBLISH', 'other', 'x'), 0);
    assert.equal(await admin.say('PUBLISH', 'news:1', 'x'), 1);
    assert.deepEqual(await eve.next(), ['pmessage', 'news:*', 'news:1', 'x']);
    // Who may not listen any more does not.
    assert.equal(await admin.say('ACL', 'SETUSER', 'eve', 'resetchannels', '&else'), 'OK');
    assert.equal(await admin.say('PUBLISH', 'news:1', 'x'), 0);
    assert.equal(await eve.raw.rest(), '');
  });

  test('who may not listen any more is sent away, and nobody else', async () => {
    const kinds = [
      ['SUBSCRIBE', 'news:1', 'PUBLISH'],
      ['PSUBSCRIBE', 'news:*', 'PUBLISH'],
      ['SSUBSCRIBE', 'news:1', 'SPUBLISH'],
    ];
    for (const protocol of ['2', '3']) {
      for (const [subscribe, channel, publish] of kinds) {
        const eves = [];
        for (const last of [channel, 'mine']) {
          const eve = await eveWith('+@all', '~*', '&news:*', '&mine', '(+get &news:* &mine)');
          await eve.say('HELLO', protocol);
          await eve.say(
            subscribe === 'PSUBSCRIBE' && last === 'mine' ? 'SUBSCRIBE' : subscribe,
            last,
          );
          eves.push(eve);
        }
        const [eve, other] = eves;
        const stranger = await open(server.port);
        await stranger.say(subscribe, channel);
        // What he has by one selector he may lose by another, and be off.
        await admin.say('ACL', 'SETUSER', 'eve', 'resetchannels', '&mine', 'off');
        assert.equal(await admin.say(publish, 'news:1', 'before'), 2);
        await eve.next();
        await stranger.next();
        await admin.say('MULTI');
        await admin.say('ACL', 'SETUSER', 'eve', 'clearselectors');
        await admin.say(publish, 'news:1', 'secret');
        assert.deepEqual(await admin.say('EXEC'), ['OK', 1]);
        assert.equal(await eve.raw.rest(), '');
        assert.match(String(await stranger.next()), /secret$/);
        assert.equal(await admin.say(publish === 'SPUBLISH' ? publish : 'PUBLISH', 'mine', 'x'), 1);
        assert.match(String(await other.next()), /x$/);
        assert.equal(await admin.say('ACL', 'DELUSER', 'eve'), 1);
        assert.equal(await admin.say(publish, 'mine', 'secret'), 0);
        assert.equal(await other.raw.rest(), '');
        stranger.close();
      }
    }
  });

  test('a channel whose right is taken between MULTI and EXEC hears nothing', async () => {
    const listener = await open(server.port);
    await listener.say('SUBSCRIBE', 'news');
    const eve = await eveWith('+@all', '&news', '&else');
    await eve.say('MULTI');
    assert.equal(await eve.say('PUBLISH', 'news', 'secret'), 'QUEUED');
    await admin.say('ACL', 'SETUSER', 'eve', 'resetchannels', '&else');
    assert.match((await eve.say('EXEC'))[0], /^-NOPERM ACLs rules changed .* channel/);
    await admin.say('PUBLISH', 'news', 'after');
    assert.deepEqual(await listener.next(), ['message', 'news', 'after']);
    for (const client of [listener, eve]) client.close();
  });

  test('what was refused is in the log, once for each kind, with who it was', async () => {
    await admin.say('ACL', 'LOG', 'RESET');
    const eve = await eveWith('+@all', '-flushall', '~other', '&other');
    for (let i = 0; i < 2; i++) await eve.say('FLUSHALL');
    await eve.say('GET', 'hidden');
    await eve.say('PUBLISH', 'hidden', 'x');
    await eve.say('MULTI');
    await eve.say('GET', 'hidden');
    await eve.say('DISCARD');
    await eve.say('AUTH', 'eve', 'wrong');
    const entries = (await admin.say('ACL', 'LOG')).map((entry) => {
      const at = (name) => entry[entry.indexOf(name) + 1];
      return [at('reason'), at('context'), at('object'), at('username'), at('count')].join(' ');
    });
    assert.deepEqual(entries, [
      'auth toplevel AUTH eve 1',
      'key multi hidden eve 1',
      'channel toplevel hidden eve 1',
      'key toplevel hidden eve 1',
      'command toplevel flushall eve 2',
    ]);
    eve.close();
  });
});

describe('who has not proved who he is', () => {
  test('runs nothing', async () => {
    const server = await startTested({ args: ['--requirepass', 'pw'] });
    const admin = await open(server.port);
    assert.equal(await admin.say('AUTH', 'pw'), 'OK');
    const stranger = await open(server.port);
    const digest = await admin.say('DEBUG', 'DIGEST');
    for (const { name, args, flags } of await everyCommand(admin)) {
      if (flags.has('no_auth')) continue;
      const expected = answerTo(name, 'NOAUTH Authentication required.');
      assert.equal(await stranger.say(...args), expected, name);
    }
    assert.match(await stranger.say('HELLO', '3'), /^-NOAUTH HELLO must be called with the client/);
    assert.match(await stranger.say('HELLO', '3', 'SETNAME', 'x'), /^-NOAUTH/);
    assert.equal(await admin.say('DEBUG', 'DIGEST'), digest);
    // A password that is set later is asked of those who are in by then only if they leave.
    assert.equal(await stranger.say('RESET'), 'RESET');
    assert.match(await stranger.say('GET', 'k'), /^-NOAUTH/);
    for (const client of [admin, stranger]) client.close();
    await server.stop();
  });

  test('learns from a failure neither who there is nor why, and is in the log', async () => {
    const server = await startTested();
    const admin = await open(server.port);
    for (const rules of [
      ['eve', 'on', '>one', '>two', '+@all'],
      ['off', 'off', '>one'],
      ['bare', 'on'],
    ]) {
      assert.equal(await admin.say('ACL', 'SETUSER', ...rules), 'OK');
    }
    const stranger = await open(server.port);
    const failure = '-WRONGPASS invalid username-password pair or user is disabled.';
    const hash = createHash('sha256').update('one').digest('hex');
    const tries = [
      ['eve', 'three'],
      ['eve', ''],
      ['eve', 'on'],
      ['eve', 'one\0'],
      ['eve', hash],
      ['EVE', 'one'],
      ['off', 'one'],
      ['bare', ''],
      ['nobody', 'one'],
      ['nobody', ''],
      ['', ''],
    ];
    for (const [name, password] of tries) {
      assert.equal(await stranger.say('AUTH', name, password), failure, `${name} ${password}`);
      assert.equal(await stranger.say('HELLO', '2', 'AUTH', name, password), failure);
      assert.equal(await stranger.say('ACL', 'WHOAMI'), 'default');
    }
    const entries = await admin.say('ACL', 'LOG', '100');
    const counts = new Map();
    for (const entry of entries) {
      const at = (name) => entry[entry.indexOf(name) + 1];
      assert.equal(at('reason'), 'auth');
      const key = `${at('username')} ${at('object')}`;
      counts.set(key, (counts.get(key) ?? 0) + at('count'));
    }
    assert.equal(counts.get('eve AUTH'), 5);
    assert.equal(counts.get('eve HELLO'), 5);
    assert.equal(counts.get('nobody AUTH'), 2);
    for (const password of ['one', 'two']) {
      assert.equal(await stranger.say('AUTH', 'eve', password), 'OK');
    }
    assert.match(await admin.say('INFO', 'stats'), /acl_access_denied_auth:22\r/);
    for (const client of [admin, stranger]) client.close();
    await server.stop();
  });
});

describe('secrets', () => {
  const secret = 's3cret';

  function commandsWithSecrets() {
    const commands = [
      ['ACL', 'SETUSER', 'eve', 'on', `>${secret}`, '+@all', '~*', '&*'],
      ['ACL', 'SETUSER', 'eve', 'nonsense', `>${secret}`],
      ['AUTH', secret],
      ['AUTH', 'eve', `${secret}!`],
      ['AUTH', `nobody`, secret],
      ['AUTH', 'eve', secret],
      ['HELLO', '2', 'AUTH', 'eve', `${secret}!`],
      ['HELLO', '2', 'AUTH', 'eve', secret, 'SETNAME', 'bad name'],
      ['HELLO', '2', 'AUTH', 'eve', secret],
      ['CONFIG', 'SET', 'requirepass', secret],
      ['CONFIG', 'SET', 'masterauth', secret, 'masteruser', 'm'],
      ['CONFIG', 'SET', 'requirepass', secret, 'hz', 'x'],
      ['MIGRATE', '127.0.0.1', '1', 'k', '0', '100', 'AUTH', secret],
      ['MIGRATE', '127.0.0.1', '1', 'k', '0', '100', 'AUTH2', 'eve', secret],
    ];
    // Redis shows what it does not get as far as to read, and rules as they were sent.
    if (!isRedis) {
      commands.push(
        ['ACL', 'SETUSER', 'eve', `<${secret}-`],
        ['ACL', 'SETUSER', 'eve', `#${secret}`],
        ['ACL', 'SETUSER', 'eve', `!${secret}`],
        ['ACL', 'SETUSER', 'eve', `(+get >${secret} ~*)`],
        ['ACL', 'SETUSER', 'eve', `(>${secret}`],
        ['AUTH', 'eve', secret, 'too many'],
        ['HELLO', '9', 'AUTH', 'eve', secret],
        ['HELLO', '2', 'SETNAME', 'bad name', 'AUTH', 'eve', secret],
      );
    }
    return commands;
  }

  test('are seen by nobody who looks on', async () => {
    const server = await startTested({
      args: [
        ...['--slowlog-log-slower-than', '0', '--loglevel', 'debug'],
        ...['--latency-monitor-threshold', '1'],
      ],
    });
    const watcher = await connect(server.port);
    assert.equal(await watcher.ask('MONITOR'), '+OK');
    const eve = await open(server.port);
    const commands = commandsWithSecrets();
    let seen = '';
    // Who sends a command that there is not gets his words back.
    const tell = async (...command) => {
      const reply = await eve.say(...command);
      if (command[0] !== 'MIGRATE' || !/unknown command/.test(reply)) seen += `${reply}\n`;
    };
    for (const command of commands) await tell(...command);
    await eve.say('MULTI');
    for (const command of commands) await tell(...command);
    await eve.say('DISCARD');
    await eve.say('MULTI');
    await eve.say('AUTH', 'eve', secret);
    await eve.say('CONFIG', 'SET', 'masterauth', secret);
    await eve.say('ACL', 'SETUSER', 'eve', `>${secret}2`);
    await tell('EXEC');
    await eve.say('PING', 'the end');
    for (const command of [
      ['SLOWLOG', 'GET', '-1'],
      ['ACL', 'LOG', '100'],
      ['ACL', 'LIST'],
      ['ACL', 'GETUSER', 'eve'],
      ['CLIENT', 'LIST'],
      ['INFO', 'everything'],
      ['LATENCY', 'LATEST'],
      ['LATENCY', 'DOCTOR'],
      ['LATENCY', 'HISTOGRAM'],
      ['COMMAND', 'LIST'],
    ]) {
      seen += JSON.stringify(await eve.say(...command));
    }
    for (let line = ''; !line.includes('the end'); seen += line) line = await watcher.line();
    assert.match(seen, /"requirepass","\(redacted\)"/);
    assert.equal(/.{0,60}s3cret/.exec(seen)?.[0], undefined);
    watcher.close();
    eve.close();
    await server.stop();
    assert.match(server.log(), /Ready to accept/);
    assert.doesNotMatch(server.log(), /s3cret/);
  });

  test('are told to who may read the configuration, and to nobody else', async () => {
    const server = await startTested({ args: ['--requirepass', secret] });
    const admin = await open(server.port);
    for (const command of [
      ['CONFIG', 'GET', 'requirepass'],
      ['CONFIG', 'GET', '*'],
      ['INFO', 'everything'],
      ['DEBUG', 'HELP'],
    ]) {
      assert.equal(await admin.say(...command), '-NOAUTH Authentication required.');
    }
    assert.equal(await admin.say('AUTH', secret), 'OK');
    assert.deepEqual(await admin.say('CONFIG', 'GET', 'requirepass'), ['requirepass', secret]);
    await admin.say('ACL', 'SETUSER', 'eve', 'on', '>pw', '+@all', '-@admin', '-@dangerous', '~*');
    const eve = await open(server.port);
    assert.equal(await eve.say('AUTH', 'eve', 'pw'), 'OK');
    for (const line of [
      'CONFIG GET requirepass',
      'CONFIG GET *',
      'CONFIG REWRITE',
      'ACL GETUSER default',
      'ACL LIST',
      'SLOWLOG GET',
      'MONITOR',
      'CLIENT LIST',
      'DEBUG JMAP',
    ]) {
      assert.match(await eve.say(...line.split(' ')), /^-NOPERM/, line);
    }
    for (const client of [admin, eve]) client.close();
    await server.stop();
  });
});

describe('protected mode', () => {
  test('keeps strangers out until there is a password', needsOutside, async () => {
    const server = await startTested({
      args: ['--bind', outside, '127.0.0.1', '--enable-debug-command', 'local'],
    });
    const local = await open(server.port);
    const target = { host: outside, port: server.port };
    // What a stranger has sent meanwhile is not obeyed.
    const stranger = await connect(target);
    stranger.send(request('SET', 'k', 'v'));
    assert.match(await stranger.rest(), /^-DENIED Redis is running in protected mode/);
    assert.equal(await local.say('EXISTS', 'k'), 0);
    assert.equal(await local.say('CONFIG', 'SET', 'requirepass', 'pw'), 'OK');
    const asked = await open(target);
    assert.match(await asked.say('GET', 'k'), /^-NOAUTH/);
    assert.equal(await local.say('CONFIG', 'SET', 'requirepass', ''), 'OK');
    assert.match(await (await connect(target)).rest(), /^-DENIED/);
    assert.equal(await local.say('CONFIG', 'SET', 'protected-mode', 'no'), 'OK');
    const guest = await open(target);
    assert.equal(await guest.say('SET', 'k', 'v'), 'OK');
    // Trusted as `local` are the machine's own clients only.
    assert.match(await guest.say('DEBUG', 'JMAP'), /^-ERR DEBUG command not allowed/);
    assert.match(await local.say('DEBUG', 'DIGEST'), /^[0-9a-f]{40}$/);
    assert.match(
      await guest.say('CONFIG', 'SET', 'dir', '/'),
      /^-ERR .* can't set protected config/,
    );
    for (const client of [local, asked, guest]) client.close();
    await server.stop();
  });

  test('is all that keeps strangers from a server nobody configured', async () => {
    const server = await startTested({ bind: [] });
    const local = await open(server.port);
    assert.deepEqual(await local.say('CONFIG', 'GET', 'bind'), ['bind', '* -::*']);
    const addresses = Object.values(networkInterfaces())
      .flat()
      .filter(({ scopeid }) => !scopeid);
    for (const { address, internal } of addresses) {
      const client = await connect({ host: address, port: server.port });
      client.send(request('SET', 'k', address));
      if (internal) assert.equal(await client.line(), '+OK', address);
      else
        assert.match(await client.rest(), /^-DENIED Redis is running in protected mode/, address);
      client.close();
    }
    const strangers = addresses.filter(({ internal }) => !internal).length;
    assert.match(
      await local.say('INFO', 'stats'),
      new RegExp(`rejected_connections:${strangers}\\r`),
    );
    local.close();
    await server.stop();
  });

  test('trusts nobody who has gone before he was asked who he is', needsOutside, async () => {
    const server = await startTested({
      bind: [outside, '127.0.0.1'],
      args: ['--protected-mode', 'no', '--enable-debug-command', 'local'],
    });
    const local = await open(server.port);
    const trick = async (...commands) => {
      process.kill(server.pid, 'SIGSTOP');
      const stranger = await connect({ host: outside, port: server.port });
      for (const command of commands) stranger.send(request(...command));
      await delay(20);
      stranger.socket.resetAndDestroy();
      await delay(20);
      process.kill(server.pid, 'SIGCONT');
      await eventually(async () => {
        const stats = await local.say('INFO', 'stats');
        const count = (name) => Number(new RegExp(`${name}:(\\d+)`).exec(stats)[1]);
        return count('total_connections_received') + count('rejected_connections') > tricks;
      }, 'the connection is seen');
      await delay(20);
      tricks++;
    };
    let tricks = 1;
    await trick(['DEBUG', 'POPULATE', '5'], ['SET', 'seen', 'yes']);
    assert.equal(await local.say('EXISTS', 'key:0'), 0);
    await local.say('CONFIG', 'SET', 'protected-mode', 'yes');
    await trick(['SET', 'protected', 'no']);
    assert.equal(await local.say('EXISTS', 'protected'), 0);
    local.close();
    await server.stop();
  });

  test('does not ask who comes by a unix socket', async () => {
    const args = ['--unixsocket', 'kvasm.sock', '--enable-debug-command', 'local'];
    const server = await startTested({ args });
    const client = await open({ path: join(server.folder, 'kvasm.sock') });
    assert.equal(await client.say('PING'), 'PONG');
    assert.equal(
      await client.say('CONFIG', 'GET', 'protected-mode').then(String),
      'protected-mode,yes',
    );
    assert.match(await client.say('CLIENT', 'INFO'), / addr=\S*kvasm.sock:0 .* flags=U /);
    assert.match(await client.say('DEBUG', 'DIGEST'), /^[0-9a-f]{40}$/);
    client.close();
    await server.stop();
  });

  test('a page of the web that was tricked into asking is ended at once', async () => {
    const server = await startTested();
    for (const first of ['POST / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\nHost: localhost\r\n']) {
      const page = await connect(server.port);
      page.send(`${first}Content-Type: text/plain\r\n\r\nSET k v\r\n`);
      assert.doesNotMatch(await page.rest(), /\+OK/);
    }
    const client = await open(server.port);
    assert.equal(await client.say('EXISTS', 'k'), 0);
    client.close();
    await eventually(() => isRedis || /Possible SECURITY ATTACK/.test(server.log()), 'logged');
    await server.stop();
  });
});
