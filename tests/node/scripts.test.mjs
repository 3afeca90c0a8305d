// Scripts as JavaScript sees them: EVAL and its kin, commands of one's own, scripts that take long.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Database, ReplyError, open } from 'kvasm';

const kForever = 'while true do end';
const kWritesForever = "redis.call('set', 'k', 1) while true do end";
/** Takes some tenths of a second. */
const kLong = 'local x = 0 for i = 1, 3e7 do x = x + 1 end return x';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** A database whose scripts are suspended soon. */
const openHasty = (options = {}) =>
  open('memory:', { ...options, config: { 'busy-reply-threshold': 10 } });

describe('eval and its kin', () => {
  let db;
  beforeEach(async () => {
    db = await open();
  });
  afterEach(() => db.close());

  it('take keys and arguments one by one or as arrays', async () => {
    const script = 'return {KEYS[1], KEYS[2], ARGV[1], #ARGV}';
    const expected = ['a', 'b', 'x', 2];
    assert.deepEqual(await db.eval(script, 2, 'a', 'b', 'x', 1), expected);
    assert.deepEqual(await db.eval(script, 2, ['a', 'b'], ['x', 1]), expected);
    assert.deepEqual(db.sync.eval(script, 2, 'a', 'b', 'x', 1), expected);
  });

  it('run what SCRIPT LOAD has loaded, and say so when it is unknown', async () => {
    const sha = await db.scriptLoad('return ARGV[1]');
    assert.equal(await db.evalsha(sha, 0, 'x'), 'x');
    assert.equal(db.sync.evalshaRo(sha, 0, 'x'), 'x');
    assert.deepEqual(await db.scriptExists(sha, '0'.repeat(40)), [1, 0]);
    await db.scriptFlush();
    await assert.rejects(db.evalsha(sha, 0), { name: 'ReplyError', code: 'NOSCRIPT' });
  });

  it('reply bytes where bytes are asked for', async () => {
    const bytes = Buffer.from([0, 255, 128]);
    assert.deepEqual(await db.bytes.eval('return ARGV[1]', 0, bytes), bytes);
  });

  it('give the errors of scripts as ReplyErrors', async () => {
    const failing = db.eval("return redis.error_reply('MINE own error')", 0);
    await assert.rejects(failing, { name: 'ReplyError', code: 'MINE', command: 'eval' });
    assert.throws(() => db.sync.eval('return nope()', 0), ReplyError);
    const [[error]] = await db.pipeline().eval('syntax error', 0).exec();
    assert.match(error.message, /compiling script/);
  });

  it('work in pipelines and transactions', async () => {
    const pipeline = await db.pipeline().eval('return 1', 0).incr('n').exec();
    assert.deepEqual(pipeline, [
      [null, 1],
      [null, 1],
    ]);
    const multi = await db.multi().incr('n').eval("return redis.call('get', 'n')", 0).exec();
    assert.deepEqual(multi, [
      [null, 2],
      [null, '2'],
    ]);
  });
});

describe('a defined command', () => {
  let db;
  const add = { numberOfKeys: 1, lua: "return redis.call('incrby', KEYS[1], ARGV[1])" };
  beforeEach(async () => {
    db = await open();
    db.defineCommand('add', add);
  });
  afterEach(() => db.close());

  const callsOf = (name) => {
    const [, calls] = new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(
      db.sync.info('commandstats'),
    ) ?? [0, 0];
    return Number(calls);
  };

  it('is a method of every face', async () => {
    assert.equal(await db.add('n', 1), 1);
    assert.equal(db.sync.add('n', 1), 2);
    assert.equal(await db.bytes.add('n', 1), 3);
    assert.equal(db.bytes.sync.add('n', 1), 4);
    db.defineCommand('name', { numberOfKeys: 0, lua: 'return ARGV[1]' });
    assert.deepEqual(await db.bytes.name('x'), Buffer.from('x'));
    assert.equal(await db.name('x'), 'x');
  });

  it('is sent once and named by its digest from then on', async () => {
    for (let i = 1; i <= 5; ++i) assert.equal(await db.add('n', 1), i);
    assert.equal(callsOf('eval'), 1);
    assert.equal(callsOf('evalsha'), 5);
  });

  it('is sent again when the engine has forgotten it', async () => {
    await db.add('n', 1);
    await db.scriptFlush();
    assert.equal(await db.add('n', 1), 2);
    await db.scriptFlush();
    assert.equal(db.sync.add('n', 1), 3);
    await db.scriptFlush();
    assert.deepEqual(await db.pipeline().add('n', 1).add('n', 1).exec(), [
      [null, 4],
      [null, 5],
    ]);
  });

  it('is a link of pipelines and transactions', async () => {
    const expected = [
      [null, 1],
      [null, 'OK'],
      [null, 6],
    ];
    assert.deepEqual(await db.multi().add('n', 1).set('n', 5).add('n', 1).exec(), expected);
    await db.del('n');
    assert.deepEqual(await db.pipeline().add('n', 1).set('n', 5).add('n', 1).exec(), expected);
    const list = [
      ['add', 'n', 1],
      ['get', 'n'],
    ];
    assert.deepEqual(await db.pipeline(list).exec(), [
      [null, 7],
      [null, '7'],
    ]);
  });

  it('takes the number of keys as its first argument if it was not told', async () => {
    db.defineCommand('count', { lua: 'return {#KEYS, #ARGV}' });
    assert.deepEqual(await db.count(2, 'a', 'b', 'c'), [2, 1]);
    assert.deepEqual(await db.count(0), [0, 0]);
  });

  it('that only reads may not write', async () => {
    db.defineCommand('look', {
      numberOfKeys: 1,
      readOnly: true,
      lua: "return redis.call('get', KEYS[1])",
    });
    db.defineCommand('touchy', { ...add, readOnly: true });
    await db.set('k', 'v');
    assert.equal(await db.look('k'), 'v');
    await assert.rejects(
      db.touchy('n', 1),
      /Write commands are not allowed from read-only scripts/,
    );
  });

  it('keeps its place among calls that wait', async () => {
    const other = await db.duplicate();
    const waiting = db.blpop('q', 0);
    const replies = [db.add('n', 1), db.set('n', 10), db.add('n', 1)];
    await other.rpush('q', 'x');
    await waiting;
    assert.deepEqual(await Promise.all(replies), [1, 'OK', 11]);
    await other.close();
  });

  it('is known to duplicates and within watch', async () => {
    const other = await db.duplicate();
    assert.equal(await other.add('n', 1), 1);
    const results = await db.watch('n', async (tx) => {
      assert.equal(await tx.add('m', 1), 1);
      return tx.multi().add('n', 1);
    });
    assert.deepEqual(results, [[null, 2]]);
    await other.close();
  });

  it('can be defined anew', async () => {
    db.defineCommand('add', { numberOfKeys: 1, lua: 'return 42' });
    assert.equal(await db.add('n', 1), 42);
  });

  it('rejects with what the script answers, once', async () => {
    db.defineCommand('fail', {
      numberOfKeys: 0,
      lua: "redis.call('incr', 'ran') return redis.error_reply('NOSCRIPT of my own')",
    });
    await assert.rejects(db.fail(), { message: 'NOSCRIPT of my own' });
    await assert.rejects(db.fail(), { message: 'NOSCRIPT of my own' });
    assert.equal(await db.get('ran'), '2');
  });

  it('does not show among the properties', () => {
    assert.equal(Object.keys(db).includes('add'), false);
  });

  const bad = {
    'a name that is a command': ['get', add, /defined as get: the name is taken/],
    'a name of the package': ['close', add, /the name is taken/],
    'a name of a pipeline': ['exec', add, /the name is taken/],
    'a name all objects have': ['toString', add, /the name is taken/],
    'a name that makes a promise': ['then', add, /the name is taken/],
    'a name that is none': [
      'two words',
      add,
      /a word such as 'popAll', not the string "two words"/,
    ],
    'no name': [undefined, add, /not undefined/],
    'no definition': ['x', undefined, /The lua of defineCommand\('x'\) is the text of a script/],
    'an option of another name': ['x', { lua: '', keys: 1 }, /has no option keys/],
    'a script that is no text': ['x', { lua: 1 }, /not the number 1/],
    'a number of keys that is none': [
      'x',
      { lua: '', numberOfKeys: -1 },
      /at least 0, not the number -1/,
    ],
    'readOnly that is no boolean': [
      'x',
      { lua: '', readOnly: 1 },
      /true or false, not the number 1/,
    ],
  };
  for (const [what, [name, definition, message]] of Object.entries(bad)) {
    it(`is not made of ${what}`, () => {
      assert.throws(() => db.defineCommand(name, definition), { name: 'TypeError', message });
    });
  }

  it('leaves the class alone', () => {
    assert.equal('add' in Database.prototype, false);
  });
});

describe('a script that takes long', () => {
  let db;
  let other;
  beforeEach(async () => {
    db = await openHasty();
    other = await db.duplicate();
  });
  afterEach(() => db.close().then(() => other.close()));

  it('lets the event loop turn, and replies when it ends', async () => {
    let turns = 0;
    const timer = setInterval(() => ++turns, 1);
    assert.equal(await db.eval(kLong, 0), 3e7);
    clearInterval(timer);
    assert.ok(turns > 5, `${turns} turns`);
  });

  it('ends though nobody but the awaiting function knows the database', async () => {
    const awaited = (async () => {
      const lonely = await openHasty();
      const reply = await lonely.eval(kLong, 0);
      await lonely.close();
      return reply;
    })();
    const collecting = setInterval(collectGarbage, 5).unref();
    try {
      assert.equal(await awaited, 3e7);
    } finally {
      clearInterval(collecting);
    }
  });

  it('has other sessions answered BUSY, of any face', async () => {
    const reply = db.eval(kForever, 0);
    const busy = { name: 'ReplyError', code: 'BUSY' };
    await assert.rejects(other.get('k'), busy);
    assert.throws(() => other.sync.set('k', 1), busy);
    const [[error]] = await other.pipeline().get('k').exec();
    assert.equal(error.code, 'BUSY');
    await assert.rejects(other.multi().get('k').exec(), { code: 'EXECABORT' });
    const killed = assert.rejects(reply, /killed by user with SCRIPT KILL.*, on @user_script:1\.$/);
    await other.scriptKill();
    assert.equal(await other.incr('n'), 1);
    await killed;
  });

  it('holds up what its own session asks, SCRIPT KILL excepted', async () => {
    const reply = db.eval(kForever, 0);
    const later = db.incr('n');
    assert.throws(() => db.sync.get('n'), { name: 'WouldBlockError' });
    const killed = assert.rejects(reply, /Script killed by user/);
    assert.equal(await db.scriptKill(), 'OK');
    assert.equal(await other.get('nosuch'), null);
    await killed;
    assert.equal(await later, 1);
    await assert.rejects(db.scriptKill(), { code: 'NOTBUSY' });
    const again = db.eval(kForever, 0);
    assert.equal(await db.call('script', 'kill'), 'OK');
    await assert.rejects(again, /Script killed by user/);
  });

  it('that has written cannot be killed', async () => {
    const reply = db.eval(kWritesForever, 0);
    await assert.rejects(db.scriptKill(), { code: 'UNKILLABLE' });
    await assert.rejects(other.scriptKill(), { code: 'UNKILLABLE' });
    await db.close();
    await assert.rejects(reply, { name: 'ClosedError' });
  });

  it('is ended by a signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const reply = db.eval(kForever, 0, { signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(reply, (error) => error === reason);
    assert.equal(await other.incr('n'), 1);
    db.defineCommand('forever', { numberOfKeys: 0, lua: kForever });
    const second = db.forever({ signal: AbortSignal.timeout(30) });
    await assert.rejects(second, { name: 'TimeoutError' });
    assert.equal(await db.incr('n'), 2);
  });

  it('that has written gives its reply, whatever a signal says', async () => {
    const controller = new AbortController();
    const script = `redis.call('set', 'k', 1) ${kLong}`;
    const reply = db.eval(script, 0, { signal: controller.signal });
    controller.abort();
    assert.equal(await reply, 3e7);
  });

  it('does not begin under a signal that is aborted', async () => {
    const aborted = { signal: AbortSignal.abort() };
    await assert.rejects(db.eval("redis.call('set', 'k', 1)", 0, aborted), { name: 'AbortError' });
    assert.equal(await db.exists('k'), 0);
  });

  it('runs to its end in db.sync', () => {
    assert.equal(db.sync.eval(kLong, 0), 3e7);
    assert.equal(other.sync.incr('n'), 1);
  });

  it('is one of a pipeline, and of a transaction', async () => {
    const pipeline = await db.pipeline().incr('n').eval(kLong, 0).incr('n').exec();
    assert.deepEqual(pipeline, [
      [null, 1],
      [null, 3e7],
      [null, 2],
    ]);
    const multi = await db.multi().incr('n').eval(kLong, 0).incr('n').exec();
    assert.deepEqual(multi, [
      [null, 3],
      [null, 3e7],
      [null, 4],
    ]);
  });

  it('ends with the database', async () => {
    const reply = db.eval(kForever, 0);
    await db.close();
    await assert.rejects(reply, { name: 'ClosedError' });
    // Its session is gone, the script goes on until it is killed.
    await assert.rejects(other.get('k'), { code: 'BUSY' });
    await other.scriptKill();
    await delay(20);
    assert.equal(await other.get('k'), null);
  });

  it('keeps the process alive until it has replied', () => {
    const text = `import { open } from 'kvasm';
      const db = await open('memory:', { config: { 'busy-reply-threshold': 10 } });
      db.eval('${kLong}', 0).then((reply) => console.log(reply));`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', text],
      { encoding: 'utf8', cwd: fileURLToPath(new URL('../..', import.meta.url)) },
    );
    assert.equal(stdout, '30000000\n', stderr);
  });

  it('does not keep a closed process alive', () => {
    const text = `import { open } from 'kvasm';
      const db = await open('memory:', { config: { 'busy-reply-threshold': 10 } });
      db.eval('${kForever}', 0).catch((error) => console.log(error.name));
      await db.close();`;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', text],
      {
        encoding: 'utf8',
        timeout: 20_000,
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
      },
    );
    assert.equal(stdout, 'ClosedError\n', stderr);
  });
});

describe('scriptLimitMs', () => {
  it('ends what db.sync waits for', async () => {
    for (const threshold of [10, 5000, 0]) {
      const config = { 'busy-reply-threshold': threshold };
      const db = await open('memory:', { scriptLimitMs: 50, config });
      assert.throws(() => db.sync.eval(kForever, 0), /ERR .*ended: it ran for too long/);
      assert.throws(() => db.sync.eval(kWritesForever, 0), /ERR .*ended: it ran for too long/);
      assert.equal(db.sync.incr('n'), 1);
      await db.close();
    }
  });

  it('ends no script that is awaited', async () => {
    const db = await openHasty({ scriptLimitMs: 20 });
    assert.equal(await db.eval(kLong, 0), 3e7);
    await db.close();
    const later = await open('memory:', { scriptLimitMs: 20 });
    assert.equal(await later.eval(kLong, 0), 3e7);
    await later.close();
  });

  it('is a number of milliseconds', async () => {
    for (const scriptLimitMs of [-1, 1.5, '10', null]) {
      await assert.rejects(open('memory:', { scriptLimitMs }), {
        name: 'TypeError',
        message: /scriptLimitMs is a whole number of milliseconds/,
      });
    }
  });
});
