// Rights are looked at when a command runs, not only when it is sent: in scripts, and after it was
// held back.
//
// With KVASM_TARGETS=redis (and KVASM_REDIS_SERVER, a redis-server 7.2) the same is asked of Redis.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startTested } from '../interop/server.mjs';
import { denied, everyCommand, open } from './security.mjs';
import { eventually } from './server_client.mjs';

const kBody = "local r = redis.pcall(unpack(ARGV)); return type(r) == 'table' and r.err or 'done'";
const kLibrary = `#!lua name=guard
redis.register_function('try', function(KEYS, ARGV) ${kBody} end)`;

let server;
let admin;
let eve;
let digest;
before(async () => {
  server = await startTested({ args: ['--slowlog-log-slower-than', '-1'] });
  admin = await open(server.port);
  for (const fill of [
    ['SET', '1', 'one'],
    ['RPUSH', 'list', 'a'],
    ['FUNCTION', 'LOAD', kLibrary],
  ]) {
    await admin.say(...fill);
  }
  digest = await admin.say('DEBUG', 'DIGEST');
});
after(async () => {
  admin.close();
  await server.stop();
});

/** Makes eve whoever has these rules only. */
async function beEve(...rules) {
  eve?.close();
  assert.equal(await admin.say('ACL', 'SETUSER', 'eve', 'reset', 'on', '>pw', ...rules), 'OK');
  eve = await open(server.port);
  assert.equal(await eve.say('AUTH', 'eve', 'pw'), 'OK');
}

const inScript = (reason) => `ERR ACL failure in script: ${reason}`;

describe('in a script', () => {
  beforeEach(() => beEve('+@all', '~*', '&*'));

  test('nobody runs a command that he may not run', async () => {
    let tried = 0;
    for (const { name, args, flags } of await everyCommand(admin)) {
      const text = flags.has('noscript')
        ? /^ERR This Redis command is not allowed from script/
        : inScript(denied('eve', name).replace('NOPERM ', ''));
      for (const way of [
        ['EVAL', kBody, '0'],
        ['FCALL', 'try', '0'],
      ]) {
        if (way[0].toLowerCase() === name) continue;
        assert.equal(await admin.say('ACL', 'SETUSER', 'eve', '+@all', `-${name}`), 'OK');
        const reply = await eve.say(...way, ...args);
        if (typeof text === 'string') assert.equal(reply, text);
        else assert.match(reply, text, name);
        tried++;
      }
    }
    assert.ok(tried > 400, `${tried} calls`);
    assert.equal(await admin.say('DEBUG', 'DIGEST'), digest);
  });

  test('nobody touches a key that he may not, whatever he says the keys are', async () => {
    await beEve('+@all', '~other*', '&*');
    let touching = 0;
    for (const { name, args, flags } of await everyCommand(admin)) {
      const keys = await admin.say('COMMAND', 'GETKEYS', ...args);
      if (!Array.isArray(keys) || flags.has('no_auth') || flags.has('noscript')) continue;
      touching++;
      const reply = await eve.say('EVAL', kBody, '1', 'other', ...args);
      assert.equal(reply, inScript('No permissions to access a key'), name);
    }
    assert.ok(touching > 110, `${touching} commands`);
    // Keys that are declared are looked at before the script begins.
    assert.equal(
      await eve.say('EVAL', "redis.call('SET', 'other', 'x')", '1', '1'),
      '-NOPERM No permissions to access a key',
    );
    // What was done before the refusal stays done, what comes after it does not happen.
    const script =
      "redis.call('SET', 'other', 'x'); redis.call('SET', '1', 'x'); redis.call('DEL', 'other')";
    assert.match(await eve.say('EVAL', script, '0'), /^-ERR ACL failure in script: No permissions/);
    assert.equal(await admin.say('GETDEL', 'other'), 'x');
    assert.equal(await admin.say('DEBUG', 'DIGEST'), digest);
  });

  test('nobody speaks on a channel that he may not', async () => {
    await beEve('+@all', '~*', '&news');
    const listener = await open(server.port);
    await listener.say('SUBSCRIBE', 'other');
    await listener.say('SSUBSCRIBE', 'other');
    for (const publish of ['PUBLISH', 'SPUBLISH']) {
      const reply = await eve.say('EVAL', kBody, '0', publish, 'other', 'secret');
      assert.equal(reply, inScript('No permissions to access a channel'));
      assert.equal(await eve.say('EVAL', kBody, '0', publish, 'news', 'x'), 'done');
    }
    await admin.say('PUBLISH', 'other', 'after');
    assert.deepEqual(await listener.next(), ['message', 'other', 'after']);
    listener.close();
  });

  test('what may be called is asked when it is called, not when the script was sent', async () => {
    const sha = await eve.say('SCRIPT', 'LOAD', kBody);
    assert.equal(await eve.say('MULTI'), 'OK');
    for (const way of [
      ['EVAL', kBody, '0'],
      ['EVALSHA', sha, '0'],
      ['FCALL', 'try', '0'],
    ]) {
      assert.equal(await eve.say(...way, 'SET', '1', 'x'), 'QUEUED');
    }
    await admin.say('ACL', 'SETUSER', 'eve', '-set');
    const refusal = inScript(denied('eve', 'set').replace('NOPERM ', ''));
    assert.deepEqual(await eve.say('EXEC'), Array(3).fill(refusal));
    assert.equal(await admin.say('DEBUG', 'DIGEST'), digest);
  });

  test('refusals are in the log, as the script’s', async () => {
    await admin.say('ACL', 'LOG', 'RESET');
    await admin.say('ACL', 'SETUSER', 'eve', '-set');
    await eve.say('EVAL', kBody, '0', 'SET', '1', 'x');
    const [entry] = await admin.say('ACL', 'LOG');
    const at = (name) => entry[entry.indexOf(name) + 1];
    assert.deepEqual(['reason', 'context', 'object', 'username'].map(at), [
      ...['command', 'lua', 'set', 'eve'],
    ]);
  });
});

test('what a pause holds back is looked at again when it goes on', async () => {
  for (const rules of [['-set'], ['resetkeys', '~other'], ['-@all']]) {
    await beEve('+@all', '~*', '&*');
    const second = await open(server.port);
    assert.equal(await second.say('AUTH', 'eve', 'pw'), 'OK');
    assert.equal(await second.say('MULTI'), 'OK');
    assert.equal(await second.say('SET', '1', 'x'), 'QUEUED');
    assert.equal(await admin.say('CLIENT', 'PAUSE', '60000', 'WRITE'), 'OK');
    const alone = eve.say('SET', '1', 'x');
    const queued = second.say('EXEC');
    await eventually(
      async () => /blocked_clients:2\r/.test(await admin.say('INFO', 'clients')),
      'held back',
    );
    assert.equal(await admin.say('ACL', 'SETUSER', 'eve', ...rules), 'OK');
    assert.equal(await admin.say('CLIENT', 'UNPAUSE'), 'OK');
    assert.match(await alone, /^-NOPERM/);
    assert.match(String(await queued), /NOPERM/);
    assert.equal(await admin.say('DEBUG', 'DIGEST'), digest);
    second.close();
  }
});

test('what a user who is removed meanwhile has sent is not obeyed', async () => {
  await beEve('+@all', '~*', '&*');
  assert.equal(await admin.say('CLIENT', 'PAUSE', '60000', 'WRITE'), 'OK');
  void eve.say('SET', '1', 'x').catch(() => {});
  await eventually(
    async () => /blocked_clients:1\r/.test(await admin.say('INFO', 'clients')),
    'held back',
  );
  assert.equal(await admin.say('ACL', 'DELUSER', 'eve'), 1);
  assert.equal(await admin.say('CLIENT', 'UNPAUSE'), 'OK');
  await eve.raw.closed;
  assert.equal(await admin.say('DEBUG', 'DIGEST'), digest);
});
