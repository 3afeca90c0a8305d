// Functions as JavaScript sees them: FUNCTION and FCALL by their methods.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ReplyError, open } from 'kvasm';

const kLibrary = `#!lua name=tools
local function put(keys, args) return redis.call('set', keys[1], args[1]) end
redis.register_function('put', put)
redis.register_function{
  function_name = 'look',
  callback = function(keys) return redis.call('get', keys[1]) end,
  flags = { 'no-writes' },
}
redis.register_function('forever', function() while true do end end)
`;

describe('a library of functions', () => {
  let db;
  beforeEach(async () => {
    db = await open('memory:', { config: { 'busy-reply-threshold': 10 } });
    assert.equal(await db.functionLoad(kLibrary), 'tools');
  });
  afterEach(() => db.close());

  it('is called with keys and arguments, from every face', async () => {
    assert.equal(await db.fcall('put', 1, 'k', 'v'), 'OK');
    assert.equal(await db.fcallRo('look', 1, ['k']), 'v');
    assert.equal(db.sync.fcall('look', 1, 'k'), 'v');
    assert.deepEqual(await db.bytes.fcall('look', 1, 'k'), Buffer.from('v'));
    assert.deepEqual(await db.pipeline().fcall('put', 1, 'k', 'w').fcallRo('look', 1, 'k').exec(), [
      [null, 'OK'],
      [null, 'w'],
    ]);
  });

  it('is refused where it may not write or is not known', async () => {
    await assert.rejects(db.fcallRo('put', 1, 'k', 'v'), {
      name: 'ReplyError',
      message: /Can not execute a script with write flag using \*_ro command/,
    });
    await assert.rejects(db.fcall('nope', 0), /ERR Function not found/);
    await assert.rejects(db.functionLoad('no library'), /ERR Missing library metadata/);
    await assert.rejects(db.functionLoad(kLibrary), /ERR Library 'tools' already exists/);
    assert.equal(await db.functionLoad('REPLACE', kLibrary), 'tools');
  });

  it('is listed, with its code when asked for', async () => {
    const [{ library_name, engine, functions, library_code }] = await db.functionList('WITHCODE');
    assert.deepEqual([library_name, engine, library_code], ['tools', 'LUA', kLibrary]);
    assert.deepEqual(functions.map(({ name }) => name).sort(), ['forever', 'look', 'put']);
    assert.deepEqual(functions.find(({ name }) => name === 'look').flags, ['no-writes']);
  });

  it('goes to another database as bytes', async () => {
    const payload = await db.bytes.functionDump();
    const other = await open();
    assert.equal(await other.functionRestore(payload), 'OK');
    assert.equal(await other.fcall('put', 1, 'k', 'v'), 'OK');
    await assert.rejects(other.functionRestore(payload), ReplyError);
    payload[0] ^= 1;
    await assert.rejects(other.functionRestore(payload, 'FLUSH'), /payload version or checksum/);
    assert.equal(await other.fcall('look', 1, 'k'), 'v');
    await other.close();
  });

  it('that takes long lets others kill it', async () => {
    const other = await db.duplicate();
    const endless = db.fcall('forever', 0);
    await assert.rejects(other.get('k'), { code: 'BUSY' });
    assert.equal(await other.functionKill(), 'OK');
    await assert.rejects(endless, /ERR Script killed by user/);
    assert.equal(await other.functionDelete('tools'), 'OK');
    await assert.rejects(db.fcall('look', 1, 'k'), /ERR Function not found/);
    await other.close();
  });
});
