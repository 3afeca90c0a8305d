// The typings, by the compiler: what they say of arguments and replies, and that nothing is `any`.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { join } from 'node:path';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const kHead = `
import { open, type Database, type Reply, type Bytes } from 'kvasm';
type Form<A> = <T>() => T extends A ? 1 : 2;
type Same<A, B> = Form<A> extends Form<B> ? true : false;
declare function is<A, B>(...same: Same<A, B> extends true ? [] : [never]): void;
declare const db: Database;
const s = db.sync;
`;
const kGood = {
  replies: `
    is<typeof open, (url?: string | { readonly href: string },
      options?: import('kvasm').OpenOptions) => Promise<Database>>();
    const get = s.get('k'); is<typeof get, string | null>();
    const later = db.get('k'); is<typeof later, Promise<string | null>>();
    const bytes = db.bytes.sync.get('k'); is<typeof bytes, Bytes | null>();
    const set = s.set('k', 1); is<typeof set, 'OK'>();
    const old = s.set('k', 1, 'GET'); is<typeof old, string | null>();
    const map = s.hgetall('h'); is<typeof map, Record<string, string>>();
    const score = s.zscore('z', 'a'); is<typeof score, number | null>();
    const added = s.zadd('z', 1, 'a'); is<typeof added, number>();
    const incremented = s.zadd('z', 'INCR', 1, 'a'); is<typeof incremented, number | null>();
    const range = s.zrange('z', 0, -1, 'REV'); is<typeof range, string[]>();
    type Scored = [member: string, score: number][];
    const scored = s.zrange('z', 0, -1, 'REV', 'WITHSCORES'); is<typeof scored, Scored>();
    const byScore = db.zrangebyscore('z', 1, 2, 'withscores', 'LIMIT', 0, 1);
    is<typeof byScore, Promise<Scored>>();
    const union = s.zunion(2, 'a', 'b', 'WEIGHTS', 1, 2); is<typeof union, string[]>();
    const unionScored = s.zunion(2, 'a', 'b', 'WITHSCORES'); is<typeof unionScored, Scored>();
    declare const some: string, words: string[];
    const either = s.zrange('z', 0, -1, some); is<typeof either, string[] | Scored>();
    const any = s.zrange('z', 0, -1, ...words); is<typeof any, string[] | Scored>();
    const nested = s.zrange('z', 0, -1, ['WITHSCORES']); is<typeof nested, string[] | Scored>();
    const rank = s.zrank('z', 'a', 'WITHSCORE');
    is<typeof rank, [rank: number, score: number] | null>();
    const fields = db.bytes.sync.hrandfield('h', 2, 'WITHVALUES');
    is<typeof fields, [field: Bytes, value: Bytes][]>();
    const maybe = s.set('k', 1, 'EX', 10, 'NX'); is<typeof maybe, 'OK' | null>();
    const places = s.lpos('l', 'a', 'COUNT', 0, 'MAXLEN', 5); is<typeof places, number[]>();
    const count = s.incr('k'); is<typeof count, number | bigint>();
    const reset = s.reset(); is<typeof reset, 'RESET'>();
    declare const signal: AbortSignal;
    const run = s.eval('return 1', 0); is<typeof run, Reply>();
    const ran = db.eval('return 1', 1, 'k', 'x', { signal }); is<typeof ran, Promise<Reply>>();
    const sha = s.scriptLoad('return 1'); is<typeof sha, string>();
    const known = db.scriptExists(sha); is<typeof known, Promise<(0 | 1)[]>>();
    const popped = db.blpop('q', 0, { signal });
    is<typeof popped, Promise<[key: string, element: string] | null>>();
    const moved = db.bytes.blmove('a', 'b', 'LEFT', 'LEFT', 0, { signal });
    is<typeof moved, Promise<Bytes | null>>();
    const read = db.xread('BLOCK', 0, 'STREAMS', 's', '$', { signal });
    is<typeof read, Promise<Record<string, [id: string, fields: string[]][]> | null>>();
    db.wait(1, 0, { signal }); db.call('blpop', 'q', 0, { signal });
    const call = s.call('GET', 'k'); is<typeof call, Reply>();
    const chain = db.pipeline().get('k').hset('h', { a: 1 }).zadd('z', 1, 'a');
    is<typeof chain, import('kvasm').Pipeline>();
    const transaction = db.multi().get('k').zadd('z', 1, 'a');
    is<typeof transaction, import('kvasm').Transaction>();
    const connection = db.connect(); is<typeof connection, Promise<import('kvasm').Connection>>();
    const keys = db.scanIterator(); is<typeof keys, AsyncGenerator<string[], void>>();
    const all: Promise<[Error | null, Reply | undefined][]> = chain.exec();
  `,
  arguments: `
    s.del('a', 'b'); s.del(['a', 'b']); s.mset({ a: 1, b: Buffer.from('') }); s.mset('a', 1n);
    s.hset('h', new Map([['a', 1]])); s.hset('h', 'f', 'v'); s.hset('h', ['f', 'v']);
    interface User { name: string; age: number }
    declare const user: User; s.hset('u', user); db.mset(user); db.multi().hset('u', user);
    s.expire('k', 10, 'NX'); s.set('k', new Uint8Array(1), 'EX', 10, 'NX');
    s.zrange('z', 0, -1, 'REV', 'WITHSCORES'); s.zinterstore('d', 2, 'a', 'b', 'WEIGHTS', 1, 2);
    s.zadd('z', ['1', 'a']); s.config('GET', 'port'); s.configGet('port'); s.objectEncoding('k');
  `,
};
kGood.live = `
  db.live('hgetall', ['h'], (value) => is<typeof value, Record<string, string>>());
  db.bytes.live('get', ['k'], (value) => is<typeof value, Bytes | null>());
  db.live('mget', ['a', ['b']], (value) => is<typeof value, (string | null)[]>());
  db.live('zrange', ['z', 0, -1], (value) => is<typeof value, string[]>(), { onError() {} });
  const top = await db.live('zcard', ['z'], { signal: AbortSignal.timeout(1) });
  for await (const value of top) is<typeof value, number>();
  const latest = top.value; is<typeof latest, number | undefined>();
  await using view = await db.live('get', ['k']);
  const monitor = await db.monitor();
  for await (const { time, args } of monitor) is<typeof args, string[]>();
  db.bytes.monitor(({ args }) => is<typeof args, Bytes[]>(), { maxUnread: 10 });
`;
kGood.disposal = `
  await using own = await open('memory:');
  await using listener = await own.listen({ port: 0 });
  is<typeof listener.port, number>();
`;
kGood.definitions = `
  import type { Face, Result } from 'kvasm';
  declare module 'kvasm' {
    interface DefinedCommands<S, F> {
      add(key: string, by: number): Result<F, number>;
      grab(key: string): Result<F, S | null>;
    }
  }
  db.defineCommand('add', { numberOfKeys: 1, lua: '' });
  const added = db.add('k', 1); is<typeof added, Promise<number>>();
  const sum = s.add('k', 1); is<typeof sum, number>();
  const grabbed = db.bytes.grab('k'); is<typeof grabbed, Promise<Bytes | null>>();
  const linked = db.multi().add('k', 1).get('k'); is<typeof linked, import('kvasm').Transaction>();
  const piped = db.pipeline().add('k', 1); is<typeof piped, import('kvasm').Pipeline>();
  const own = db.defineCommand('undeclared', { lua: '' });
  const reply = own.undeclared(1, 'k', 'x'); is<typeof reply, Promise<Reply>>();
  const typed = db.defineCommand<'typed', number[]>('typed', { lua: '', readOnly: true });
  const numbers = typed.typed('k'); is<typeof numbers, Promise<number[]>>();
`;
const kBad = {
  'a definition without a script': "db.defineCommand('x', { numberOfKeys: 1 });",

  'a live view of what writes': "db.live('set', ['k', 'v']);",
  'a live view of what waits': "db.live('blpop', ['k', 0]);",
  'a live view without its key': "db.live('get', []);",
  'a missing argument': 's.get();',
  'one argument too many': "s.get('a', 'b');",
  'undefined as a key': 's.get(undefined);',
  'null as a value': "s.set('k', null);",
  'a boolean as a value': "s.set('k', true);",
  'an object where no pairs are taken': "s.set('k', { a: 1 });",
  'an interface with a field that cannot be sent':
    "interface Odd { a: string; b: Date } declare const odd: Odd; s.hset('h', odd);",
  'no key at all': 's.del();',
  'a signal where nothing waits': "db.get('k', { signal: new AbortController().signal });",
  'a signal without promises': "s.blpop('q', 0, { signal: new AbortController().signal });",
  'an option that waits do not have': 'db.wait(1, 0, { timeout: 1 });',
  'text taken for bytes': "const x: string | null = db.bytes.sync.get('k');",
  'a promise taken for its value': "const x: string | null = db.get('k');",
  'a command that does not exist': 's.nosuch();',
  "the session, which is nobody else's": 'db.session;',
};

let folder;
before(() => {
  folder = mkdtempSync(join(root, 'dist/types-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** The compiler's complaints about all the texts at once: one line of text for each, by name. */
function complaintsOf(texts, settings = {}) {
  const files = new Map();
  for (const [name, text] of Object.entries(texts)) {
    const file = join(folder, `${files.size}.mts`);
    writeFileSync(file, kHead + text);
    files.set(file, name);
  }
  const program = ts.createProgram([...files.keys()], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.esnext.disposable.d.ts'],
    ...settings,
  });
  const found = Object.fromEntries([...files.values()].map((name) => [name, []]));
  for (const { file, messageText } of ts.getPreEmitDiagnostics(program)) {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    const name = files.get(file?.fileName);
    if (name === undefined) throw new Error(`${file?.fileName}: ${text}`);
    found[name].push(text);
  }
  return found;
}

describe('the typings', () => {
  let found;
  before(() => {
    found = complaintsOf({ ...kGood, ...kBad });
  });

  for (const name of Object.keys(kGood)) {
    it(`describe ${name}`, () => assert.deepEqual(found[name], []));
  }
  it('need neither the typings of browsers nor those of Node', () => {
    const text = "const db2 = await open(); db2.sync.set('k', 1); await db2.close();";
    const settings = { types: [], lib: ['lib.es2022.d.ts'] };
    assert.deepEqual(complaintsOf({ text }, settings), { text: [] });
  });

  for (const name of Object.keys(kBad)) {
    it(`refuse ${name}`, () => assert.equal(found[name].length, 1, found[name].join('\n')));
  }
});
