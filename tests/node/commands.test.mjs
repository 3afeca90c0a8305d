// Every command as a method: arguments of all kinds in, replies of all kinds out.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ReplyError, open } from 'kvasm';

let db;
before(async () => {
  db = await open('memory:');
});
beforeEach(() => db.flushall());
after(() => db.close());

describe('replies', () => {
  it('text, null and OK', async () => {
    assert.equal(await db.set('greeting', 'hello'), 'OK');
    assert.equal(await db.get('greeting'), 'hello');
    assert.equal(await db.get('missing'), null);
    assert.equal(db.sync.set('a', 'b'), 'OK');
    assert.equal(db.sync.get('a'), 'b');
    assert.deepEqual(await db.mget('a', 'missing'), ['b', null]);
  });

  it('integers, beyond 2^53 as bigint', async () => {
    assert.equal(await db.incr('n'), 1);
    assert.equal(await db.incrby('n', 2n ** 53n - 2n), Number.MAX_SAFE_INTEGER);
    assert.equal(await db.incr('n'), 9007199254740992n);
    assert.equal(await db.incrby('n', '9214364837600034815'), 9223372036854775807n);
    assert.equal(await db.decrby('m', 9007199254740993n), -9007199254740993n);
  });

  it('maps as plain objects', async () => {
    assert.equal(await db.hset('h', { name: 'Ada', born: 1815 }), 2);
    assert.deepStrictEqual(await db.hgetall('h'), { name: 'Ada', born: '1815' });
    assert.deepStrictEqual(db.sync.hgetall('missing'), {});
    assert.deepStrictEqual(await db.config('GET', 'maxmemory'), { maxmemory: '0' });
  });

  it('fields named like members of objects', async () => {
    await db.call('HSET', 'h', '__proto__', 'x', 'constructor', 'y', 'then', 'z');
    const all = await db.hgetall('h');
    assert.deepEqual(Object.entries(all).sort(), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
      ['then', 'z'],
    ]);
    assert.equal(Object.getPrototypeOf(all), Object.prototype);
    assert.equal({}.x, undefined);
  });

  it('doubles, sets and nested arrays', async () => {
    assert.equal(await db.zadd('z', 1, 'a', 2.5, 'b', Infinity, 'c', -Infinity, 'd'), 4);
    assert.equal(await db.zscore('z', 'b'), 2.5);
    assert.equal(await db.zscore('z', 'c'), Infinity);
    assert.equal(await db.zscore('z', 'missing'), null);
    assert.deepEqual(await db.zmscore('z', 'd', 'missing'), [-Infinity, null]);
    assert.deepEqual(await db.zrange('z', 1, 2), ['a', 'b']);
    assert.deepEqual(await db.zrange('z', 1, 2, 'WITHSCORES'), [
      ['a', 1],
      ['b', 2.5],
    ]);
    assert.equal(await db.zincrby('z', 0.1, 'a'), 1.1);
    await db.sadd('s', 'x', 'y');
    assert.deepEqual((await db.smembers('s')).sort(), ['x', 'y']);
    assert.deepEqual(db.sync.smismember('s', 'x', 'q'), [1, 0]);
    const [cursor, keys] = await db.scan(0);
    assert.equal(cursor, '0');
    assert.deepEqual(keys.sort(), ['s', 'z']);
  });

  it('verbatim text', async () => {
    assert.match(await db.info('server'), /^# Server\r\n/);
  });

  it('after HELLO 2 what RESP2 has', async () => {
    const other = await db.duplicate();
    await other.call('HELLO', 2);
    await other.hset('h', 'a', 1);
    assert.deepEqual(await other.call('HGETALL', 'h'), ['a', '1']);
    assert.equal(await other.get('missing'), null);
    await other.close();
  });
});

describe('arguments', () => {
  it('text of every kind comes back as it went in', () => {
    const texts = [
      '',
      ' ',
      '\0',
      'é',
      '€uro',
      '𝄞 clef',
      '\ufeffbom',
      'a'.repeat(100),
      'ÿ'.repeat(50),
    ];
    for (let length = 0; length < 80; ++length) {
      texts.push('x'.repeat(length), `${'x'.repeat(length)}é`, `é${'x'.repeat(length)}`);
    }
    for (const text of texts) {
      assert.equal(db.sync.set(text, text), 'OK');
      assert.equal(db.sync.get(text), text);
      assert.equal(db.sync.strlen(text), Buffer.byteLength(text));
    }
  });

  it('long values, past the size of the input buffer', async () => {
    for (const length of [65535, 65536, 65537, 300_000, 3_000_000]) {
      for (const unit of ['x', '€']) {
        const text = unit.repeat(length);
        db.sync.set('long', text);
        assert.equal(db.sync.get('long') === text, true, `${length} times ${unit}`);
      }
      const bytes = Buffer.alloc(length, 0xab);
      await db.set('long', bytes);
      assert.equal(bytes.equals(await db.bytes.get('long')), true);
    }
  });

  it('lone surrogates are sent as U+FFFD', () => {
    for (const text of ['\ud800', 'a\udc00b', '\ud800'.repeat(40), 'x\ud83d']) {
      db.sync.set('k', text);
      assert.equal(
        db.sync.get('k'),
        text.toWellFormed?.() ?? text.replace(/[\ud800-\udfff]/g, '\ufffd'),
      );
    }
  });

  it('bytes of every kind of view', async () => {
    const bytes = Uint8Array.of(0, 1, 2, 0xff, 0xfe, 13, 10);
    for (const form of [
      bytes,
      Buffer.from(bytes),
      bytes.buffer,
      new DataView(bytes.buffer),
      new Uint8Array([9, ...bytes, 9]).subarray(1, 8),
      new Uint8ClampedArray(bytes),
    ]) {
      await db.set('b', form);
      const back = await db.bytes.get('b');
      assert.ok(Buffer.isBuffer(back));
      assert.deepEqual([...back], [...bytes]);
    }
  });

  it('numbers and bigints', () => {
    for (const [value, text] of [
      [0, '0'],
      [-0, '0'],
      [1.5, '1.5'],
      [-17, '-17'],
      [1e21, '1e+21'],
      [Infinity, 'inf'],
      [-Infinity, '-inf'],
      [123456789012345678901234567890n, '123456789012345678901234567890'],
    ]) {
      db.sync.set('n', value);
      assert.equal(db.sync.get('n'), text);
    }
  });

  it('arrays stand for their elements', async () => {
    await db.mset(['a', 1, ['b', 2]]);
    assert.deepEqual(await db.mget(['a', 'b']), ['1', '2']);
    assert.equal(await db.del(['a'], 'b'), 2);
    await db.zadd('z', [1, 'a', 2, 'b']);
    assert.equal(await db.zcard('z'), 2);
  });

  it('objects and maps where the command takes pairs', async () => {
    await db.mset({ a: 1, b: Buffer.from('two') });
    await db.mset(new Map([['c', 3n]]));
    assert.deepEqual(await db.mget('a', 'b', 'c'), ['1', 'two', '3']);
    assert.equal(await db.msetnx({ a: 9, d: 9 }), 0);
    await db.hmset('h', { x: 1 });
    await db.call('hset', 'h', new Map([[1, 2]]));
    assert.deepEqual(await db.hgetall('h'), { x: '1', 1: '2' });
    assert.deepEqual(await db.hmget('h', 'x', 'y'), ['1', null]);
    await db.hset('h', Object.assign(Object.create(null), { y: 2 }));
    assert.equal(await db.hget('h', 'y'), '2');
  });

  it('nothing else inside of objects and maps: it would become names of others', async () => {
    const wrong = {
      ann: { age: 30 },
      b: ['x'],
      c: [],
      d: null,
      e: true,
      f: new Date(),
      g: new Map(),
    };
    for (const [name, value] of Object.entries(wrong)) {
      const message = new RegExp(
        `^Argument \\d of h?m?set is .*, the value of "${name}": expected`,
      );
      for (const pairs of [{ x: 1, [name]: value }, new Map([[name, value]])]) {
        await assert.rejects(db.hset('h', pairs), { name: 'TypeError', message });
        await assert.rejects(db.mset(pairs), { name: 'TypeError', message });
        assert.throws(() => db.sync.call('HSET', 'h', pairs), { name: 'TypeError', message });
        assert.throws(() => db.multi().hset('h', pairs), { name: 'TypeError', message });
      }
    }
    await assert.rejects(db.hset('h', new Map([[['a', 'b'], 1]])), {
      name: 'TypeError',
      message: /^Argument 2 of hset is an array, as a name: expected/,
    });
    assert.equal(await db.dbsize(), 0);
  });

  it('what cannot be sent is a TypeError before anything is sent', async () => {
    await db.set('k', 'v');
    const cyclic = [];
    cyclic.push(undefined, cyclic);
    for (const wrong of [
      undefined,
      null,
      true,
      Symbol('s'),
      {},
      new Date(),
      () => {},
      [undefined],
      ['a', [null]],
      cyclic,
      { toString: () => 'x' },
    ]) {
      assert.throws(() => db.sync.set('k', wrong), TypeError);
      assert.throws(() => db.sync.append('k', wrong), TypeError);
      await assert.rejects(db.set('k', wrong), TypeError);
      await assert.rejects(db.call('SET', 'k', wrong), TypeError);
      assert.throws(() => db.pipeline().set('k', wrong), TypeError);
    }
    assert.throws(() => db.sync.hset('h', { a: undefined }), /Argument 2 of hset is undefined/);
    assert.throws(() => db.sync.mset(new Date()), TypeError);
    assert.equal(db.sync.get('k'), 'v');
    assert.equal(db.sync.exists('h'), 0);
  });

  it('too few or too many are for the engine to refuse', async () => {
    await assert.rejects(db.get(), /wrong number of arguments for 'get' command/);
    await assert.rejects(db.get('a', 'b'), /wrong number of arguments for 'get' command/);
    assert.throws(() => db.sync.dbsize('a'), ReplyError);
  });
});

describe('faces', () => {
  it('subcommands have methods of their own', async () => {
    assert.deepEqual(await db.configGet('maxmemory'), await db.config('GET', 'maxmemory'));
    await db.set('k', 12);
    assert.equal(await db.objectEncoding('k'), 'int');
    assert.equal(await db.call('OBJECT', 'ENCODING', 'k'), 'int');
    assert.equal(typeof (await db.clientId()), 'number');
    assert.equal(await db.commandCount(), await db.call('command', 'count'));
  });

  it('bytes on request, synchronously or not', async () => {
    await db.hset('h', { f: 'v' });
    await db.set('k', 'v');
    for (const face of [db.bytes.sync, db.sync.bytes, db.bytes]) {
      assert.deepEqual(await face.get('k'), Buffer.from('v'));
      assert.deepEqual(await face.hgetall('h'), { f: Buffer.from('v') });
      assert.deepEqual(await face.call('MGET', 'k', 'missing'), [Buffer.from('v'), null]);
      assert.equal(await face.set('k', 'v'), 'OK');
    }
  });

  it('bytes given out stay valid', async () => {
    await db.set('k', 'first');
    const first = await db.bytes.get('k');
    await db.set('k', Buffer.alloc(5_000_000));
    await db.bytes.get('k');
    assert.equal(String(first), 'first');
  });

  it('raw replies are RESP', () => {
    db.sync.set('k', 'v');
    assert.equal(String(db.callRaw('GET', 'k')), '$1\r\nv\r\n');
    assert.equal(
      String(db.callRaw('INCR', 'k')),
      '-ERR value is not an integer or out of range\r\n',
    );
  });

  it('errors say what they are', async () => {
    await db.set('k', 'v');
    const check = (error) => {
      assert.ok(error instanceof ReplyError && error instanceof Error);
      assert.equal(error.name, 'ReplyError');
      assert.equal(error.code, 'WRONGTYPE');
      assert.equal(error.command, 'hget');
      assert.equal(
        error.message,
        'WRONGTYPE Operation against a key holding the wrong kind of value',
      );
      return true;
    };
    await assert.rejects(db.hget('k', 'f'), check);
    assert.throws(() => db.sync.hget('k', 'f'), check);
    await assert.rejects(db.call('NoSuch', 'x'), (error) => {
      assert.match(error.message, /^ERR unknown command 'NoSuch', with args beginning with: 'x'/);
      assert.equal(error.command, 'nosuch');
      return true;
    });
  });

  it('commands run when they are called', () => {
    void db.set('k', 1);
    void db.incr('k');
    assert.equal(db.sync.get('k'), '2');
  });
});

describe('pipeline', () => {
  it('answers each command with error and reply', async () => {
    const pipeline = db.pipeline().set('a', 1).incr('a').hget('a', 'f').call('GET', 'a');
    assert.equal(pipeline.length, 4);
    assert.equal(await db.get('a'), null);
    const [set, incr, hget, get] = await pipeline.exec();
    assert.deepEqual(
      [set, incr, get],
      [
        [null, 'OK'],
        [null, 2],
        [null, '2'],
      ],
    );
    assert.equal(hget[0].code, 'WRONGTYPE');
    assert.equal(hget[1], undefined);
  });

  it('takes many commands, arrays and objects, and can be filled again', async () => {
    const pipeline = db.pipeline();
    for (let i = 0; i < 1000; ++i) pipeline.hset(`h${i}`, { i }).del(['x', 'y']);
    assert.equal((await pipeline.exec()).length, 2000);
    assert.equal(db.sync.dbsize(), 1000);
    assert.deepEqual(await pipeline.exec(), []);
    assert.deepEqual(await pipeline.ping().exec(), [[null, 'PONG']]);
  });

  it('takes arguments as they are when they are given', async () => {
    const pairs = { a: 1 };
    const pipeline = db.pipeline().mset(pairs);
    pairs.a = 2;
    await pipeline.exec();
    assert.equal(await db.get('a'), '1');
  });
});
