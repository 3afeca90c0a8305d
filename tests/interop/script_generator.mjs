// Random scripts, the same for the same seed: what Lua's own library, its additions in Redis and
// redis.call make of ordinary, odd and wrong values. Each stands alone, on an empty database.
import { Random } from './random.mjs';

/** What every script begins with: values as text, tables in the order of pairs(). */
const kPrelude = `local function show(v, depth)
  depth = depth or 0
  local t = type(v)
  if t == 'number' then return string.format('%.14g', v) end
  if t == 'string' then return string.format('%q', v) end
  if t == 'boolean' or t == 'nil' then return tostring(v) end
  if t ~= 'table' then return v == cjson.null and 'null' or t end
  if depth > 8 then return '{...}' end
  local parts = {}
  for k, x in pairs(v) do
    parts[#parts + 1] = show(k, depth + 1) .. '=' .. show(x, depth + 1)
  end
  return '{' .. table.concat(parts, ',') .. '}'
end
local function list(...)
  local parts = {}
  for i = 1, select('#', ...) do parts[i] = show((select(i, ...))) end
  return table.concat(parts, ' ')
end
local out = {}
local function try(f, ...) out[#out + 1] = list(pcall(f, ...)) end
local function nest(n, last) local t = last; for i = 1, n do t = {t} end return t end
local function nestmap(n) local t = {}; for i = 1, n do t = {k = t} end return t end
`;

const kNumbers =
  `0 1 -1 2 3 7 10 15 16 17 31 32 33 100 127 128 -128 -129 255 256 1000 32767 32768 -32769 65535
  65536 2147483647 2147483648 -2147483648 -2147483649 4294967295 4294967296 9007199254740992
  9007199254740993 1e14 99999999999999 1e15 123456789012345 9223372036854775807
  -9223372036854775808 18446744073709551615 1e19 1e20 1e100 1e308 -1e308 5e-324 1e-5 0.0001 0.1 0.5
  1.5 2.5 -0.5 3.14159
  0.30000000000000004 1/3 -1/3 1e-300 123.456 1e21 0x10 0xff 0xffffffff 1/0 -1/0 0/0 -(0/0) -0
  100000000000000000000000 1.7976931348623157e308 2.2250738585072014e-308 12345.678e-10`.split(
    /\s+/,
  );

const kTexts = [
  '',
  'a',
  'abc',
  'hello world',
  '10',
  '-7',
  ' 12 ',
  '0x1F',
  '1e3',
  '1e',
  '0x',
  'inf',
  'nan',
  '-inf',
  '0x1p4',
  '1.5.2',
  '٣',
  'key',
  'field',
  'é',
  '\u{1f600}',
  'a/b\\c"d',
  'tab\tnew\nline\rend',
  '%d %s',
  'OK',
  'ERR x',
  'x'.repeat(31),
  'y'.repeat(32),
  'z'.repeat(99),
  'w'.repeat(101),
  'v'.repeat(256),
];

const kJson = [
  '{"a":1,"b":[1,2,{"c":null}],"d":"x\\u00e9\\ud83d\\ude00\\n"}',
  '[1,2.5,-3e10,0.1,1e400,-0,true,false,null,"s"]',
  '[[],{},[[]],[{}]]',
  '  [ 1 , 2 ]  ',
  '"only"',
  '12',
  'null',
  'nul',
  'tru',
  '[1,2',
  '[1 2]',
  '[1,]',
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  '{a:1}',
  '{"a":1 "b":2}',
  '{1:2}',
  '"\\ud800"',
  '"\\udc00"',
  '"\\ud83dx"',
  '"\\u12"',
  '"\\q"',
  '"open',
  '[0x1F, 01, +5, nan, NaN, -nan, Infinity, -inf]',
  '[+]',
  '[-]',
  '[.5]',
  '[5.]',
  '[1e]',
  '[1e+]',
  '\u00ff',
  '["a\tb"]',
  '[1]x',
  '',
  ' ',
  '{"":"","0":0,"1":1}',
  '{"a":1,"a":2}',
  '[123456789012345678901234567890, 0.1234567890123456789, 1.7976931348623157e309]',
];

const kStructFormats =
  `b B h H l L T i I i1 i2 i3 i4 i5 i7 i8 i9 i16 i32 i33 i0 f d s c c0 c1 c3 c10 x
  > < ! !1 !2 !4 !8 !16 !3 !0 >i2 <i2 >d <d >f >l bc0 Bc0 hxh !4bi !8bd >I3c0 c2147483647
  c2147483648 c99999999999 q y z 5 i99999999999`.split(/\s+/);

const words = (text) => text.split(' ');
const kPatterns =
  '. .* .+ .- %a+ %d+ %s* [a-c]+ [^a]+ ^h h$ (h)(e) (l+)(o) () %f[%w]%w+ %b() [%w_]+ ' +
  '%w+%s*%w* (.)%1 [] %x+ %';
const kMath = words('floor ceil abs sqrt sin exp log fmod max min modf frexp ldexp huge pow deg');
const kBit = words('tobit bnot band bor bxor lshift rshift arshift rol ror bswap tohex');
const kProtocol = words(
  'string integer double null array set map attrib bignum true false verbatim',
);
const kReplacements = [
  '"<%0>"',
  '"%1"',
  '"%9"',
  'string.upper',
  '{a = 1, h = "H"}',
  'function() return {} end',
];
const kErrors = [
  "{err = 'MINE x'}",
  "{err = 'x', ignore_error_stats_update = true}",
  "redis.error_reply('MINE y')",
  "redis.pcall('NOSUCH')",
];
const kReturned = [
  'undefined',
  '1 +',
  '}',
  'KEYS',
  'ARGV',
  '#KEYS',
  'nest(10, 1)',
  'cjson.null',
  'print',
  '{1, nil, 3}',
  '{{}, {{}}}',
];
const kCoroutineEnds = [
  'error(c)',
  'return c, b',
  'local x = nil + 1',
  'redis.call("SET", "k1", "co")',
];

const kLuaText = (text) =>
  `"${[...Buffer.from(text)]
    .map((b) =>
      b >= 32 && b < 127 && b !== 34 && b !== 92
        ? String.fromCharCode(b)
        : `\\${String(b).padStart(3, '0')}`,
    )
    .join('')}"`;

class Generator {
  constructor(seed) {
    this.random = new Random(seed);
  }

  number() {
    if (this.random.once(4)) return String(this.random.int(-40, 300));
    if (this.random.once(6))
      return `${this.random.int(-100000, 100000)}/${this.random.pick([3, 7, 8, 1000])}`;
    return this.random.pick(kNumbers);
  }

  bytes() {
    const bytes = this.random.many(0, 12, () => this.random.int(0, 255));
    return `"${bytes.map((b) => `\\${String(b).padStart(3, '0')}`).join('')}"`;
  }

  text() {
    return this.random.once(4) ? this.bytes() : kLuaText(this.random.pick(kTexts));
  }

  table(depth = 2) {
    const r = this.random;
    const item = () => this.value(depth - 1);
    const key = () => this.number().replace(/.*0\/0.*/, '1');
    switch (r.int(0, 9)) {
      case 0:
        return '{}';
      case 1:
      case 2:
      case 3:
        return `{${r.many(1, 5, item).join(', ')}}`;
      case 4:
        return (
          `{[${r.pick([1, 2, 3, 5, 9, 11, 20, 100, 1000000, 2147483647, 2147483648])}] ` +
          `= ${item()}, [${r.pick([1, 2, 4])}] = ${item()}}`
        );
      case 5:
        return `{` + `${r.many(1, 4, () => `[${key()}] = ${item()}`).join(', ')}}`;
      case 6:
        return `{${item()}, ${item()}, k${r.int(0, 9)} = ${item()}}`;
      case 7:
        return `{[${r.pick(['true', 'false', '1.5', '0', '-1', '""'])}] = ${item()}}`;
      default:
        return `{${r.many(1, 5, () => `[${this.text()}] = ${item()}`).join(', ')}}`;
    }
  }

  value(depth = 2) {
    const r = this.random;
    const kind = r.int(0, depth > 0 ? 9 : 6);
    if (kind <= 2) return this.number();
    if (kind <= 4) return this.text();
    if (kind === 5) return r.pick(['true', 'false', 'nil', 'cjson.null']);
    if (kind === 6)
      return r.pick([
        '1',
        '"a"',
        'print',
        'tostring',
        'coroutine.create(type)',
        'KEYS[1]',
        'ARGV[1]',
        'ARGV[2]',
      ]);
    return this.table(depth);
  }

  values(low, high) {
    return this.random.many(low, high, () => this.value(1)).join(', ');
  }

  format() {
    const r = this.random;
    const flags = r.many(0, 2, () => r.pick(['-', '+', ' ', '#', '0'])).join('');
    const width = r.once(2) ? r.pick([1, 5, 8, 12, 20, 99, 100]) : '';
    const precision = r.once(2) ? `.${r.pick(['', 0, 1, 3, 5, 14, 17, 20, 99])}` : '';
    const letter = r.pick([...'cdiouxXeEfgGqsdgfxs', 'p', 'a', 'y', 'ld', '']);
    return kLuaText(`<%${flags}${width}${precision}${letter}>`);
  }

  string() {
    const r = this.random;
    const n = () => this.number();
    const s = () => this.text();
    const pattern = () => kLuaText(r.pick(kPatterns.split(' ')));
    return r.pick([
      () => `try(string.format, ${this.format()}, ${this.value(0)})`,
      () => `try(string.format, ${this.format()}, ${n()})`,
      () => `try(string.format, ${this.format()}, ${n()})`,
      () => `try(string.format, "%5.2f|%d|%s|%q|%x", ${n()}, ${n()}, ${s()}, ${s()}, ${n()})`,
      () => `try(string.sub, ${s()}, ${n()}, ${n()})`,
      () => `try(string.byte, ${s()}, ${r.int(-5, 5)}, ${r.int(-5, 40)})`,
      () => `try(string.char, ${r.many(0, 4, () => r.int(-2, 260)).join(', ')})`,
      () => `try(string.rep, ${s()}, ${r.pick([0, -1, 1, 3, 10])})`,
      () => `try(string.reverse, ${this.value(0)})`,
      () => `try(string.upper, ${this.value(0)})`,
      () => `try(string.len, ${this.value(0)})`,
      () => `try(string.find, ${s()}, ${pattern()}, ${r.int(-3, 8)}, ${r.pick(['nil', 'true'])})`,
      () => `try(string.match, ${s()}, ${pattern()})`,
      () => `try(string.gsub, ${s()}, ${pattern()}, ` + `${r.pick([s(), ...kReplacements])})`,
      () => `for w in string.gmatch(${s()}, "%w+") do out[#out + 1] = w end`,
      () => `try(tostring, ${this.value(0).replace(/^(print|tostring|coroutine.*)$/, '1')})`,
      () =>
        `try(tonumber, ${this.value(0)}, ` +
        `${r.pick(['nil', '10', '2', '8', '16', '36', '1', '37'])})`,
      () => `try(tonumber, ${s()})`,
      () => `try(function() return ${n()} .. ${s()} end)`,
      () => `try(function() return ${this.value(0)} .. ${this.value(0)} end)`,
    ])();
  }

  arithmetic() {
    const r = this.random;
    const operator = r.pick('+ - * / % ^ == ~= < <= > >='.split(' '));
    return r.pick([
      () => `try(function() return ${this.value(0)} ${operator} ${this.value(0)} end)`,
      () => `try(function() return ${this.number()} ${operator} ${this.number()} end)`,
      () => `try(function() return -${this.text()} end)`,
      () => `try(function() return #${this.value(1).replace(/^-?[\d.].*/, '{}')} end)`,
      () => `try(math.` + `${r.pick(kMath)}, ${this.number()}, ${r.int(-3, 60)})`,
      () => `try(bit.` + `${r.pick(kBit)}, ${this.number()}, ${this.value(0)})`,
      () => `try(table.concat, ${this.table(1)}, ${this.text()})`,
      () =>
        `try(function() local t = {${r.many(0, 6, () => r.int(-9, 9)).join(', ')}}; ` +
        `table.sort(t${r.pick(['', ', function(a, b) return a > b end'])}); return t end)`,
      () =>
        `try(function() local t = ${this.table(1)}; table.insert(t, ` +
        `${this.values(0, 3) || 1}); return t, table.remove(t) end)`,
      () =>
        `try(unpack, ${this.table(1)}, ${r.pick(['1, 3', '0, 2', '1, 8000', '-1, 1', ''])}` +
        `)`.replace(', )', ')'),
      () => `try(select, ${r.pick(["'#'", 1, 2, -1, 0, -9])}, ${this.values(1, 3)})`,
    ])();
  }

  json() {
    const r = this.random;
    const setting = () =>
      r.pick([
        () =>
          `j.encode_sparse_array(${r.pick(['true', 'false', "'on'", "'off'", "'x'", '1'])}, ` +
          `${r.pick([0, 1, 2, 5, -1, 'nil'])}, ${r.pick([0, 1, 10, 'nil'])})`,
        () => `j.encode_max_depth(${r.pick([1, 2, 5, 0, -1, 'nil', "'x'", 1.5])})`,
        () => `j.decode_max_depth(${r.pick([1, 2, 5, 0, 'nil', '1, 2'])})`,
        () => `j.encode_number_precision(${r.pick([1, 3, 14, 15, 0, 'nil'])})`,
        () => `j.encode_keep_buffer(${r.pick(['true', 'false', "'on'", 'nil', 3])})`,
        () =>
          `j.encode_invalid_numbers(` +
          `${r.pick(['true', 'false', "'null'", "'on'", "'maybe'"])})`,
        () => `j.decode_invalid_numbers(${r.pick(['true', 'false', "'off'", "'null'"])})`,
      ])();
    const text = () => {
      const json = r.pick(kJson);
      if (!r.once(3)) return kLuaText(json);
      const at = r.int(0, json.length);
      const odd = r.pick(['', ',', '"', '}', ']', '\0', '\\', '5', ' ', '[', 'e', 'é']);
      return kLuaText(json.slice(0, at) + odd + json.slice(at + r.int(0, 2)));
    };
    return r.pick([
      () => `try(cjson.encode, ${this.value(3)})`,
      () => `try(cjson.encode, ${this.table(3)})`,
      () => `try(cjson.decode, ${text()})`,
      () => `try(cjson.decode, ${text()})`,
      () => `try(cjson.decode, ${this.value(1)})`,
      () => `try(function() return cjson.decode(cjson.encode(${this.table(2)})) end)`,
      () => `try(cjson.encode, nest(${r.pick([3, 20, 999, 1000, 1001])}, ${this.number()}))`,
      () => `try(cjson.encode, nestmap(${r.pick([3, 998, 999, 1000, 1001])}))`,
      () =>
        `try(function() return #cjson.decode(string.rep("[", ${r.pick([5, 1000, 1001])}) .. ` +
        `string.rep("]", ${r.pick([5, 1000, 1001])})) end)`,
      () =>
        `try(function() local n = ${r.pick([3, 999, 1000, 1001])}; return ` +
        `type(cjson.decode(string.rep('{"a":', n) .. "1" .. string.rep("}", n))) end)`,
      () =>
        `try(cjson.${r.pick(['encode', 'decode', 'new'])}` +
        `${r.pick(['', `, ${this.values(2, 3)}`])})`,
      () =>
        `do local j = cjson.new(); try(function() return ${setting()} end); try(function() ` +
        `return ${setting()} end); try(j.encode, ${this.table(3)}); try(j.decode, ${text()}) end`,
      () =>
        `do local j = cjson.new(); try(function() return ${setting()} end); try(j.encode, ` +
        `${this.number()}); try(j.decode, ${text()}) end`,
    ])();
  }

  msgpack() {
    const r = this.random;
    const message = () =>
      r.pick([
        () => this.bytes(),
        () => `cmsgpack.pack(${this.value(2)})`,
        () => `string.sub(cmsgpack.pack(${this.table(2)}), 1, ${r.int(-4, 12)})`,
        () => `cmsgpack.pack(${this.values(1, 4)}) .. ${this.bytes()}`,
        () => `"\\${r.int(0xc0, 0xdf)}" .. ${this.bytes()}`,
      ])();
    return r.pick([
      () => `try(cmsgpack.pack, ${this.values(1, 4)})`,
      () => `try(cmsgpack.pack, ${this.table(3)})`,
      () => `try(function() return cmsgpack.unpack(cmsgpack.pack(${this.values(1, 4)})) end)`,
      () => `try(function() return cmsgpack.unpack(${message()}) end)`,
      () => `try(function() return cmsgpack.unpack(${message()}) end)`,
      () =>
        `try(function() return cmsgpack.unpack_one(${message()}` +
        `${r.pick(['', ', 0', ', 1', ', 3', ', -1', ', 99'])}) end)`,
      () =>
        `try(function() return cmsgpack.unpack_limit(${message()}, ` +
        `${r.pick([0, 1, 2, 9, -1])}${r.pick(['', ', 0', ', 1', ', 3', ', -1', ', 99'])}) end)`,
      () => `try(cmsgpack.pack, nest(${r.int(12, 20)}, ${this.value(0)}))`,
      () => `try(cmsgpack.pack, nestmap(${r.int(12, 20)}))`,
      () =>
        `try(function() return type(cmsgpack.unpack(string.rep("\\${r.pick([145, 129])}", ` +
        `${r.pick([10, 200, 3000, 9000])}) .. ${r.pick(['"\\001"', '""'])})) end)`,
      () =>
        `try(function() return select('#', cmsgpack.unpack(string.rep("a", ` +
        `${r.pick([10, 200, 7000, 9000])}))) end)`,
      () =>
        `try(cmsgpack.${r.pick(['pack', 'unpack', 'unpack_one', 'unpack_limit'])}` +
        `${r.pick(['', `, ${this.values(1, 3)}`])})`,
    ])();
  }

  struct() {
    const r = this.random;
    const format = () =>
      kLuaText(r.many(1, 4, () => r.pick(kStructFormats)).join(r.pick(['', ' '])));
    return r.pick([
      () => `try(struct.pack, ${format()}, ${this.values(1, 4)})`,
      () => `try(struct.pack, ${format()}, ${r.many(1, 4, () => this.number()).join(', ')})`,
      () =>
        `try(struct.pack, ${kLuaText(r.pick(kStructFormats))}, ${this.value(0)}, ` +
        `${this.value(0)})`,
      () =>
        `try(struct.unpack, ${format()}, ${this.bytes()}, ` +
        `${r.pick(['nil', 1, 2, 5, 0, -1, 100])})`,
      () => `try(struct.unpack, ${format()}, ${this.bytes()} .. ${this.text()})`,
      () => `try(struct.size, ${format()})`,
      () =>
        `do local f = ${format()}; try(function() return struct.unpack(f, struct.pack(f, ` +
        `${r.many(1, 5, () => this.number()).join(', ')})) end) end`,
      () =>
        `try(struct.${r.pick(['pack', 'unpack', 'size'])}` +
        `${r.pick(['', `, ${this.values(1, 3)}`])})`,
    ])();
  }

  command() {
    const r = this.random;
    const key = () => r.pick(['"k1"', '"k2"', 'KEYS[1]']);
    return r.pick([
      () => `"SET", ${key()}, ${this.value(0)}`,
      () => `"GET", ${key()}`,
      () => `"INCRBY", ${key()}, ${this.number()}`,
      () => `"RPUSH", ${key()}, ${this.values(1, 4)}`,
      () => `"LRANGE", ${key()}, 0, -1`,
      () => `"HSET", ${key()}, "f", ${this.value(0)}, ${this.value(0)}, 1`,
      () => `"HGETALL", ${key()}`,
      () => `"SADD", ${key()}, 1, 2, ${r.int(0, 9)}`,
      () => `"SMEMBERS", ${key()}`,
      () => `"ZADD", ${key()}, ${this.number()}, "m", ${r.int(0, 9)}, "n"`,
      () => `"ZRANGE", ${key()}, 0, -1, "WITHSCORES"`,
      () => `"ZSCORE", ${key()}, "m"`,
      () => `"TYPE", ${key()}`,
      () => `"EXISTS", ${key()}`,
      () => `"DEL", ${key()}`,
      () => `"MGET", ${key()}, ${key()}, "none"`,
      () => `"PING"${r.pick(['', ', "x"', ', {}', ', nil', ', true'])}`,
      () => `"ECHO", ${this.value(0)}`,
      () => `"GEOADD", "g", 13.361389, 38.115556, "P"`,
      () => `"GEOPOS", "g", "P", "none"`,
      () => `"INCRBYFLOAT", ${key()}, ${this.number()}`,
      () => `"HINCRBYFLOAT", ${key()}, "f", ${this.number()}`,
      () => `"NOSUCH", 1`,
      () => `"SET"`,
      () => `"XADD", "s", "1-1", "f", ${this.value(0)}`,
      () => `"XRANGE", "s", "-", "+"`,
      () => `"OBJECT", "ENCODING", ${key()}`,
      () => `"BLPOP", "none", 0`,
      () => `"SUBSCRIBE", "c"`,
      () => `"MULTI"`,
      () => `"EVAL", "return 1", 0`,
      () => `"DEBUG", "PROTOCOL", "` + `${r.pick(kProtocol)}"`,
      () => this.values(0, 3),
    ])();
  }

  redis() {
    const r = this.random;
    return r.pick([
      () => `try(redis.call, ${this.command()})`.replace(', )', ')'),
      () => `try(redis.pcall, ${this.command()})`.replace(', )', ')'),
      () => `try(redis.pcall, ${this.command()})`.replace(', )', ')'),
      () =>
        `try(function() redis.call(${this.command()}); return redis.pcall(${this.command()}) end)`,
      () => `try(redis.setresp, ${r.pick([2, 3, 3, 3, 4, "'3'", 'nil', '{}'])})`,
      () => `try(redis.error_reply, ${this.value(0)})`,
      () => `try(redis.status_reply, ${this.value(0)})`,
      () => `try(redis.sha1hex, ${this.value(0)})`,
      () => `try(redis.log, ${r.pick(['redis.LOG_DEBUG', 99, "'x'", 'nil'])}, ${this.text()})`,
      () => `try(redis.set_repl, ${r.pick(['redis.REPL_ALL', 99, "'x'"])})`,
      () => `try(redis.acl_check_cmd, ${this.command()})`.replace(', )', ')'),
      () => `try(redis.replicate_commands)`,
      () => `try(redis.breakpoint)`,
      () =>
        `try(function() return redis.REDIS_VERSION_NUM == nil, redis.LOG_WARNING, ` +
        `redis.REPL_AOF end)`,
    ])();
  }

  failure() {
    const r = this.random;
    return r.pick([
      () => `try(error, ${this.value(1)}, ${r.pick(['nil', 0, 1])})`,
      () => `try(pcall, error, ${this.value(1)})`,
      () => `try(xpcall, function() error(${this.value(0)}) end, function(e) return {e = e} end)`,
      () => `try(function() local a; return a.b.c end)`,
      () => `try(function() return nothing_global end)`,
      () => `try(function() a_global = 1 end)`,
      () => `try(function() string.x = 1 end)`,
      () => `try(function() cjson.x = 1 end)`,
      () =>
        `try(rawset, ${r.pick(['redis', '_G', 'cmsgpack', 'struct', 'bit', 'table', '{}'])}, ` +
        `"x", 1)`,
      () => `try(setmetatable, ${this.value(1)}, ${this.value(1)})`,
      () => `try(getmetatable, ${this.value(0)})`,
      () => `try(assert, ${this.values(0, 3) || 'nil'})`,
      () => `try(loadstring, ${r.pick(['"return 1+1"', '"x ="', '"\\027Lua"', '"return ..."'])})`,
      () =>
        `try(function() return loadstring(` +
        `${r.pick(['"return 1, 2"', '"error({})"', '"return undefined"'])})() end)`,
      () => `try(next, ${this.value(1)}, ${this.value(0)})`,
      () => `try(rawget, ${this.table(1)}, ${this.value(0)})`,
      () => `try(rawequal, ${this.value(0)}, ${this.value(0)})`,
      () => `try(ipairs, ${this.value(0)})`,
      () =>
        `try(function() local function f(n) return n == 0 and 0 or 1 + f(n - 1) end return ` +
        `f(${r.pick([10, 1000, 150000])}) end)`,
      () => `try(string.rep)`,
      () => `try(type)`,
      () => `try(${this.value(0)}, ${this.value(0)})`,
    ])();
  }

  coroutine() {
    const r = this.random;
    return r.pick([
      () =>
        `do local co = coroutine.create(function(a, b) local c = coroutine.yield(a, ` +
        `${this.value(0)}); ` +
        `${r.pick(kCoroutineEnds)} end)
  try(coroutine.resume, co, ${this.values(1, 2)})
  try(coroutine.resume, co, ${this.value(0)})
  try(coroutine.resume, co)
  try(coroutine.status, co) end`,
      () =>
        `do local f = coroutine.wrap(function() for i = 1, 2 do coroutine.yield(i) end ` +
        `${r.pick(['', 'error({})', 'error("end")'])} end)
  try(f); try(f); try(f); try(f) end`,
      () => `try(coroutine.yield, ${this.value(0)})`,
      () =>
        `try(coroutine.${r.pick(['create', 'wrap', 'resume', 'status', 'running'])}, ` +
        `${this.value(0)})`,
      () =>
        `do local co; co = coroutine.create(function() return coroutine.resume(co) end); ` +
        `try(coroutine.resume, co) end`,
      () =>
        `do local co = coroutine.create(function() return pcall(function() return ` +
        `coroutine.yield(1) end) end); try(coroutine.resume, co); try(coroutine.resume, co, ` +
        `2) end`,
      () =>
        `do local co = coroutine.create(function() table.sort({3, 2, 1}, function(a, b) ` +
        `coroutine.yield() return a < b end) end); try(coroutine.resume, co) end`,
      () =>
        `do local co = coroutine.create(function() return redis.call(${this.command()}) ` +
        `end); try(coroutine.resume, co) end`.replace('call()', 'call(1)'),
    ])();
  }

  /** What the script replies: the texts, or one value as Redis converts it. */
  ending() {
    const r = this.random;
    return r.pick([
      () => 'return out',
      () => 'return out',
      () => 'return table.concat(out, "\\n")',
      () => `return ${this.value(3)}`,
      () =>
        `return {` +
        `${r.pick(['ok', 'err', 'double', 'map', 'set', 'big_number', 'verbatim_string'])} = ` +
        `${this.value(2)}}`,
      () =>
        `redis.setresp(3) return {${r.pick(['double', 'map', 'set', 'big_number'])} = ` +
        `${this.value(2)}}`,
      () =>
        `return {verbatim_string = {string = ${this.value(0)}, format = ` +
        `${r.pick(['"txt"', '"mkd"', '"x"', '1'])}}}`,
      () => `return {double = ${this.number()}}`,
      () => `redis.setresp(3) return redis.call(${this.command() || '1'})`,
      () => `return redis.call(${this.command() || '1'})`,
      () => `return redis.pcall(${this.command() || '1'})`,
      () => `return redis.error_reply(${this.text()})`,
      () => `return redis.status_reply(${this.text()})`,
      // A table without `err` ends a server of Redis 7.2.6.
      () => `error(${this.value(0)})`,
      () => `error(` + `${r.pick(kErrors)})`,
      () => `return {${this.value(1)}, ${this.value(1)}, {err = "inner"}, {ok = "inner"}, nil, 3}`,
      () => `return ${r.pick(kReturned)}`,
    ])();
  }

  script() {
    const r = this.random;
    const statement = () =>
      r.pick([
        () => this.string(),
        () => this.arithmetic(),
        () => this.json(),
        () => this.json(),
        () => this.msgpack(),
        () => this.struct(),
        () => this.redis(),
        () => this.redis(),
        () => this.failure(),
        () => this.coroutine(),
      ])();
    return [...r.many(0, 6, statement), this.ending()];
  }
}

/** The script of this seed: { lines, keys, values }. Its text is that of scriptText(lines). */
export function randomScript(seed) {
  const generator = new Generator(seed);
  return {
    lines: generator.script(),
    keys: ['k1', 'k2'].slice(0, generator.random.int(0, 2)),
    values: generator.random.many(0, 3, () => generator.random.pick(kTexts)),
  };
}

export const scriptText = (lines) => kPrelude + lines.join('\n');
