// The tree keeps its own rules, and every rule is able to fail.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkLayers, layerFiles } from './layers.mjs';
import * as style from './style.mjs';

describe('the tree', () => {
  test('every include follows the arrows between the layers', () => {
    const files = layerFiles();
    assert.ok(files.length > 0);
    assert.deepEqual(checkLayers(files), []);
  });

  test('every file keeps the style rules', () => {
    assert.deepEqual(style.checkStyle(), []);
  });
});

describe('the layer check', () => {
  const file = (path, ...includes) => ({
    path,
    text: includes.map((include) => `#include "${include}"\n`).join(''),
  });

  test('lets downward includes pass', () => {
    assert.deepEqual(checkLayers([file('core/types/set.h', 'core/ds/dict.h')]), []);
    assert.deepEqual(checkLayers([file('bindings/c_api.cc', 'core/engine/engine.h')]), []);
  });

  test('reports an upward include', () => {
    const problems = checkLayers([file('core/ds/dict.h', 'core/types/value.h')]);
    assert.match(problems.join(), /core\/ds may not include core\/types/);
  });

  test('reports an include of a sibling that is no arrow', () => {
    assert.equal(checkLayers([file('core/resp/reply.h', 'core/keyspace/edit.h')]).length, 1);
  });

  test('reports a path that does not start at the root, and an unknown folder', () => {
    assert.match(checkLayers([file('core/ds/dict.h', 'list.h')]).join(), /repository's root/);
    assert.match(checkLayers([file('core/misc/x.h')]).join(), /not a layer/);
  });

  test('reports headers that include each other', () => {
    const problems = checkLayers([
      file('core/ds/a.h', 'core/ds/b.h'),
      file('core/ds/b.h', 'core/ds/a.h'),
    ]);
    assert.match(problems.join(), /core\/ds\/a\.h -> core\/ds\/b\.h -> core\/ds\/a\.h: a cycle/);
  });
});

describe('the text rules', () => {
  const check = (text) => style.checkText({ path: 'x', text });

  test('report a long file, a long line, a note to self', () => {
    assert.deepEqual(check('a\n'.repeat(800)), []);
    assert.equal(check('a\n'.repeat(801)).length, 1);
    assert.deepEqual(check('é'.repeat(100)), []);
    assert.equal(check('é'.repeat(101)).length, 1);
    assert.equal(check(`// ${'TO'}${'DO'}: later\n`).length, 1);
  });
});

describe('the function rules', () => {
  const body = (lines) => '  Work();\n'.repeat(lines);
  const cpp = (text) => style.checkCppFunctions({ path: 'x.cc', text });
  const script = (text) => style.checkScriptFunctions({ path: 'x.ts', text });

  test('report a C++ function over the limit, wherever it stands', () => {
    assert.deepEqual(cpp(`namespace a {\nvoid F() {\n${body(68)}}\n}\n`), []);
    assert.equal(cpp(`namespace a {\nvoid F() {\n${body(69)}}\n}\n`).length, 1);
    assert.equal(
      cpp(`class A {\n void F(int a,\n  int b) const override {\n${body(69)}}\n};`).length,
      1,
    );
    assert.equal(cpp(`A::A(int a) : a_(a), b_{1} {\n${body(70)}}\n`).length, 1);
    assert.equal(cpp(`auto F() -> int {\n${body(70)}}\n`).length, 1);
  });

  test('do not take a table, a class or a brace in a string for a function', () => {
    assert.deepEqual(cpp(`constexpr int kTable[] = {\n${'  1,\n'.repeat(100)}};\n`), []);
    assert.deepEqual(cpp(`class A {\n${'  int F();\n'.repeat(100)}};\n`), []);
    assert.deepEqual(cpp(`void F() { G("}{", '{', 1'000); }\n${'int a();\n'.repeat(100)}`), []);
  });

  test('report a TypeScript function over the limit, but not a describe', () => {
    assert.equal(script(`function f() {\n${body(69)}}\n`).length, 1);
    assert.equal(script(`class A { m() {\n${body(69)}} }\n`).length, 1);
    assert.deepEqual(script(`function f() {\n${body(68)}}\n`), []);
    assert.deepEqual(script(`describe('x', () => {\n${body(100)}});\n`), []);
  });
});

describe('the rules of the engine', () => {
  const check = (text) => style.checkCore({ path: 'core/x.cc', text }).length;

  test('report state outside of objects', () => {
    assert.equal(check('namespace a {\nint counter = 0;\n}\n'), 1);
    assert.equal(check('static std::vector<int> cache;\n'), 1);
    assert.equal(check('Foo* current{};\n'), 1);
    assert.equal(check('void F() {\n  static int calls = 0;\n}\n'), 1);
    assert.equal(check('void F() {\n  static const Table table = Make();\n}\n'), 1);
  });

  test('let constants, declarations and members pass', () => {
    assert.equal(check('constexpr int kTable[] = {1, 2};\ninline constexpr int kA = 1;\n'), 0);
    assert.equal(check('extern const CommandSpec kStrings[];\nusing A = B<int>;\n'), 0);
    assert.equal(check('int F(int a = 1);\nstruct A { int b = 0; static int G(); };\n'), 0);
    assert.equal(check('void F() {\n  static constexpr int kA[] = {1};\n  int b = 0;\n}\n'), 0);
  });

  test('report shared ownership, exceptions, RTTI and I/O', () => {
    assert.equal(check('std::shared_ptr<int> F();\n'), 1);
    assert.equal(check('void F() { try { G(); } catch (int) {} }\n'), 2);
    assert.equal(check('auto* a = dynamic_cast<A*>(b);\n') >= 1, true);
    assert.equal(check('#include <iostream>\n#include <chrono>\n#include <string>\n'), 2);
    assert.equal(check('// shared_ptr would be wrong here; try it\n'), 0);
  });

  test('report an error text outside of the file of error texts', () => {
    const errorTexts = (path, text) => style.checkErrorTexts({ path, text }).length;
    assert.equal(errorTexts('core/commands/x.cc', 'reply.Error("ERR no");\n'), 1);
    assert.equal(errorTexts('core/commands/x.cc', '// "ERR no"\nCount("ERR");\n'), 0);
    assert.equal(errorTexts('core/base/errors.h', 'constexpr char kNo[] = "ERR no";\n'), 0);
  });

  test('report a header without #pragma once', () => {
    assert.equal(style.checkHeader({ path: 'x.h', text: 'int F();\n' }).length, 1);
    assert.deepEqual(style.checkHeader({ path: 'x.h', text: '#pragma once\nint F();\n' }), []);
  });
});

describe('the shape of the tree', () => {
  test('reports a stray top-level entry and a folder without a README.md', () => {
    assert.deepEqual(style.checkTree(['README.md', 'core/README.md', '.ci/run']), []);
    assert.match(style.checkTree(['src/README.md']).join(), /src: not a top-level entry/);
    assert.match(style.checkTree(['core/ds/dict.h']).join(), /core: no README\.md/);
  });

  test('reports a lock file bound to one registry', () => {
    const text = '{ "resolved": "https://example.org/x.tgz" }';
    assert.equal(style.checkLockFile({ path: 'package-lock.json', text }).length, 1);
  });
});
