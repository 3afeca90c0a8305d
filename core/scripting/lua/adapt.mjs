// Lua 5.1's source as the engine needs it: `adapt.mjs SOURCE TARGET` copies the library's files and
// makes the changes below. Each names the text that it replaces, and fails if Lua's source does not
// have it exactly once. Run by CMake; where the source comes from: .ci/sources.
import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const readonlyCheck = (table) =>
  `if (${table}->readonly) luaG_runerror(L, "Attempt to modify a readonly table");\n`;

const changes = {
  // A table can be made read-only: the sandbox's globals, libraries and metatables.
  'lobject.h': [['  lu_byte lsizenode;', '  lu_byte readonly;\n  lu_byte lsizenode;']],
  'ltable.c': [['  t->lsizenode = 0;', '  t->lsizenode = 0;\n  t->readonly = 0;']],
  'lvm.c': [
    [
      'TValue *oldval = luaH_set(L, h, key); /* do a primitive set */',
      `TValue *oldval;\n      ${readonlyCheck('h')}      oldval = luaH_set(L, h, key);`,
    ],
  ],
  'lapi.c': [
    ['  setobj2t(L, luaH_set(L, hvalue(t), L->top-2), L->top-1);', readonlyCheck('hvalue(t)')],
    ['  setobj2t(L, luaH_setnum(L, hvalue(o), n), L->top-1);', readonlyCheck('hvalue(o)')],
    ['      hvalue(obj)->metatable = mt;', readonlyCheck('hvalue(obj)')],
  ].map(([old, check]) => [old, check + old]),

  'lstate.h': [
    ['  lua_CFunction panic;', '  unsigned calls;  /* of C functions */\n  lua_CFunction panic;'],
  ],
  'lstate.c': [['  g->panic = NULL;', '  g->panic = NULL;\n  g->calls = 0;']],

  // Scripts have no finalizers: Lua calls them where nothing can interrupt them, and at any time,
  // when their script has ended and another runs.
  'lgc.c': [['else if (fasttm(L, gco2u(curr)->metatable, TM_GC) == NULL) {', 'else if (1) {']],

  // Chunks are compiled from text only: bytecode can break the interpreter's memory.
  'ldo.c': [
    ['#define LUA_CORE', '#define LUA_CORE\n#include "core/scripting/lua/extensions.h"'],
    // What is called may take long: the engine looks at the clock after some of the calls.
    [
      '    n = (*curr_func(L)->c.f)(L);  /* do the actual call */\n',
      `    n = (*curr_func(L)->c.f)(L);
    if ((++G(L)->calls & KVASM_LUA_CALLS_MASK) == 0) kvasm_lua_look(L);
`,
    ],
    ['  int c = luaZ_lookahead(p->z);', '  luaZ_lookahead(p->z);'],
    ['((c == LUA_SIGNATURE[0]) ? luaU_undump : luaY_parser)', 'luaY_parser'],
  ],

  // All bytes of a string count in its hash, as in Redis: no script can provoke collisions, and
  // pairs() goes in Redis's order.
  'lstring.c': [
    ['#define LUA_CORE', '#define LUA_CORE\n#include "core/scripting/lua/extensions.h"'],
    ['  size_t step = (l>>5)+1;', '  size_t step = 1;'],
    [
      '  for (l1=l; l1>=step; l1-=step)',
      '  if (l >= KVASM_LUA_LONG_STRING) kvasm_lua_look(L);\n  for (l1=l; l1>=step; l1-=step)',
    ],
  ],

  // What is joined is made in one place, if it is all strings, as what is repeated. The position
  // to insert at may be two thousand million before the first; millions take seconds to sort.
  'ltablib.c': [
    ['#define LUA_LIB', '#define LUA_LIB\n#include "core/scripting/lua/extensions.h"'],
    [
      '        lua_rawgeti(L, 1, i-1);',
      `        if ((i & KVASM_LUA_STEPS_MASK) == 0) kvasm_lua_interrupt(L);
        lua_rawgeti(L, 1, i-1);`,
    ],
    [
      '    /* sort elements a[l], a[(l+u)/2] and a[u] */\n',
      '    if (u - l > KVASM_LUA_LONG_RANGE) kvasm_lua_interrupt(L);\n',
    ],
    [
      '  last = luaL_opt(L, luaL_checkint, 4, luaL_getn(L, 1));\n',
      `  last = luaL_opt(L, luaL_checkint, 4, luaL_getn(L, 1));
  if (kvasm_lua_push_joined(L, 1, i, last, sep, lsep)) return 1;
`,
    ],
  ],

  // Matching is bounded in depth and may be interrupted; a repeated string is bounded in length.
  'lstrlib.c': [
    // A position is 64 bits wide; it is cut to what memory has.
    [
      'static ptrdiff_t posrelat (ptrdiff_t pos, size_t len) {',
      'static ptrdiff_t posrelat (lua_Integer pos, size_t len) {',
    ],
    [
      '  return (pos >= 0) ? pos : 0;',
      `  if (pos > (lua_Integer)(~(size_t)0 >> 1)) pos = (lua_Integer)(~(size_t)0 >> 1);
  return (pos >= 0) ? (ptrdiff_t)pos : 0;`,
    ],
    ['#define LUA_LIB', '#define LUA_LIB\n#include "core/scripting/lua/extensions.h"'],
    ['  int level;  /* total', '  int depth;\n  unsigned steps;\n  int level;  /* total'],
    [
      'static const char *match (MatchState *ms, const char *s, const char *p) {\n',
      `static const char *match_here (MatchState *ms, const char *s, const char *p);

static const char *match (MatchState *ms, const char *s, const char *p) {
  const char *end;
  if (++ms->depth > KVASM_LUA_PATTERN_DEPTH) luaL_error(ms->L, "pattern too complex");
  end = match_here(ms, s, p);
  ms->depth--;
  return end;
}

static const char *match_here (MatchState *ms, const char *s, const char *p) {
`,
    ],
    [
      "  init: /* using goto's to optimize tail recursion */\n",
      '  init:\n  if ((++ms->steps & KVASM_LUA_STEPS_MASK) == 0) kvasm_lua_interrupt(ms->L);\n',
    ],
    [
      '    ms.L = L;\n    ms.src_init',
      '    ms.L = L;\n    ms.depth = ms.steps = 0;\n    ms.src_init',
    ],
    [
      '  ms.L = L;\n  ms.src_init = s;\n  ms.src_end = s+ls;',
      '  ms.L = L;\n  ms.depth = ms.steps = 0;\n  ms.src_init = s;\n  ms.src_end = s+ls;',
    ],
    [
      '  ms.L = L;\n  ms.src_init = src;',
      '  ms.L = L;\n  ms.depth = ms.steps = 0;\n  ms.src_init = src;',
    ],
    // Numbers as text are written by the engine (numbers.cc): see luaconf.h below.
    ...[
      'sprintf(buff, form, (int)luaL_checknumber(L, arg));',
      'addintlen(form);\n          sprintf(buff, form, (LUA_INTFRM_T)luaL_checknumber(L, arg));',
      `addintlen(form);
          sprintf(buff, form, (unsigned LUA_INTFRM_T)luaL_checknumber(L, arg));`,
      'sprintf(buff, form, (double)luaL_checknumber(L, arg));',
    ].map((old) => [old, 'kvasm_lua_format_number(buff, form, luaL_checknumber(L, arg));']),
    ['sprintf(buff, form, s);', 'kvasm_lua_format_text(buff, form, s);'],
    [
      `  luaL_Buffer b;
  const char *s = luaL_checklstring(L, 1, &l);
  int n = luaL_checkint(L, 2);
  luaL_buffinit(L, &b);
  while (n-- > 0)
    luaL_addlstring(&b, s, l);
  luaL_pushresult(&b);
`,
      `  const char *s = luaL_checklstring(L, 1, &l);
  int n = luaL_checkint(L, 2);
  if (n > 0 && (double)l * n > KVASM_LUA_STRING_BYTES_MAX)
    return luaL_error(L, "resulting string too large");
  kvasm_lua_push_repeated(L, s, l, n > 0 ? n : 0);
`,
    ],
  ],

  // Neither files nor the console; and what the scheduler replaces (core/scripting/coroutines.h).
  'lbaselib.c': [
    ...['dofile', 'loadfile', 'print', 'pcall', 'xpcall'].map((name) => [
      `  {"${name}", luaB_${name}},\n`,
      '',
    ]),
    ['  luaL_register(L, LUA_COLIBNAME, co_funcs);\n  return 2;', '  return 1;'],
    ['    unsigned long n;\n', '    lua_Number n;\n'],
    ['n = strtoul(s1, &s2, base);', 'n = kvasm_lua_read_integer(s1, &s2, base);'],
  ],

  // The C library's printf and strtod would be a good part of the WebAssembly module, and differ
  // from one system to the next: the engine's own code writes and reads numbers (numbers.cc).
  // Integers have 64 bits everywhere, as in Redis.
  'luaconf.h': [
    ['#include "lua5.1-deb-multiarch.h"\n', '#include "core/scripting/lua/numbers.h"\n'],
    ['sprintf((s), LUA_NUMBER_FMT, (n))', 'kvasm_lua_number_text((s), (n))'],
    ['strtod((s), (p))', 'kvasm_lua_read_number((s), (p))'],
    ['#define LUA_INTEGER\tptrdiff_t', '#define LUA_INTEGER\tlong long'],
    ['(pow(a,b))', 'kvasm_lua_pow((a), (b))'],
  ],
  'lmathlib.c': [
    ['#define LUA_LIB', '#define LUA_LIB\n#include "core/scripting/lua/math_functions.h"'],
  ],
  'lobject.c': [
    ['cast_num(strtoul(s, &endptr, 16))', 'kvasm_lua_read_integer(s, &endptr, 16)'],
    [
      'sprintf(buff, "%p", va_arg(argp, void *));',
      'kvasm_lua_pointer_text(buff, va_arg(argp, void *));',
    ],
  ],
  'llex.c': [
    ['  struct lconv *cv = localeconv();\n', ''],
    ["(cv ? cv->decimal_point[0] : '.')", "'.'"],
  ],
  'lauxlib.c': [
    [
      `  fprintf(stderr, "PANIC: unprotected error in call to Lua API (%s)\\n",
                   lua_tostring(L, -1));
`,
      '',
    ],
  ],
};

// The libraries of files, packages, the system and debugging stay out, and so do the programs.
const modules =
  `api code debug do dump func gc lex mem object opcodes parser state string table tm undump vm
  zio auxlib baselib mathlib strlib tablib`
    .split(/\s+/)
    .map((name) => `l${name}.c`);
const headers = `lapi lauxlib lcode ldebug ldo lfunc lgc llex llimits lmem lobject lopcodes lparser
  lstate lstring ltable ltm lua luaconf lualib lundump lvm lzio`
  .split(/\s+/)
  .map((name) => `${name}.h`);

/** The text with its changes. @throws Error if a replaced text is not there exactly once. */
export function adapted(name, text) {
  for (const [old, replacement] of changes[name] ?? []) {
    const parts = text.split(old);
    if (parts.length !== 2) {
      throw new Error(`${name} has this ${parts.length - 1} times instead of once:\n${old}`);
    }
    text = parts.join(replacement);
  }
  return text;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [source, target] = process.argv.slice(2);
  mkdirSync(target, { recursive: true });
  for (const name of [...modules, ...headers]) {
    const text = adapted(name, readFileSync(join(source, name), 'latin1'));
    const path = join(target, name);
    // What has not changed keeps its date, so nothing is compiled again.
    if (!existsSync(path) || readFileSync(path, 'latin1') !== text) {
      writeFileSync(path, text, 'latin1');
    }
  }
}
