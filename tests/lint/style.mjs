// The rules of CONTRIBUTING.md which a program can check.
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { blankLiterals, scanCpp } from './cpp_blocks.mjs';
import { readTree, treePaths } from './tree.mjs';

export const limits = { fileLines: 800, functionLines: 70, columns: 100 };

export const topLevel = [
  'CMakeLists.txt',
  'CMakePresets.json',
  'core',
  'bindings',
  'web',
  'node',
  'tests',
  'examples',
  'package.json',
  'package-lock.json',
  'README.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'CHANGELOG.md',
];

// What the engine must not reach for: input and output, clocks, threads, chance of its own, and
// what the oldest supported libc++ lacks.
const bannedIncludes = new RegExp(
  '^[ \\t]*#[ \\t]*include[ \\t]+<(iostream|fstream|filesystem|thread|mutex|condition_variable|' +
    'future|chrono|ctime|time\\.h|random|unistd\\.h|sys/.*|emscripten.*|format|expected|' +
    'coroutine)>',
  'gm',
);

function lineOf(text, index) {
  return text.slice(0, index).split('\n').length;
}

/** Length of files and lines, and notes to self. Every text file of ours. */
export function checkText({ path, text }) {
  const problems = [];
  const lines = text.replace(/\n$/, '').split('\n');
  if (lines.length > limits.fileLines) {
    problems.push(`${path}: ${lines.length} lines, at most ${limits.fileLines}`);
  }
  lines.forEach((line, index) => {
    const columns = [...line].length;
    if (columns > limits.columns) problems.push(`${path}:${index + 1}: ${columns} columns`);
    if (/\b(TO[D]O|FIX[M]E|HA[C]K|XX[X])\b/.test(line)) {
      problems.push(`${path}:${index + 1}: a note to self: ${line.trim()}`);
    }
  });
  return problems;
}

const harmlessAtNamespace = new RegExp(
  '^(__extension__\\s+)?(using|typedef|template|class|struct|enum|union|friend)\\b|' +
    '^(static_assert|namespace)\\b|' +
    '\\bconst(expr|init|eval)?\\b|\\boperator\\b',
);
const variable = new RegExp(
  String.raw`^((static|inline|thread_local|extern)\s+)*[\w:<>,*&\s]+[\s*&>]\w+\s*` +
    String.raw`(\[[^\]]*\])*\s*(=.*|\{\})?$`,
  's',
);

/** Functions' length in any C++ source. */
export function checkCppFunctions({ path, text }) {
  return scanCpp(text)
    .functions.filter(({ lines }) => lines > limits.functionLines)
    .map(
      ({ header, line, lines }) =>
        `${path}:${line}: ${lines} lines long: ${header.replace(/\s+/g, ' ').slice(0, 48)}`,
    );
}

/** Rules of the engine: no state outside objects, no exceptions, no shared ownership, no I/O. */
export function checkCore({ path, text }) {
  const problems = [];
  for (const statement of scanCpp(text).statements) {
    const where = `${path}:${statement.line}`;
    if (statement.inFunction && /^(static|thread_local)\b(?!\s+constexpr)/.test(statement.text)) {
      problems.push(`${where}: a function static: ${statement.text.split('\n')[0]}`);
    }
    if (
      statement.atNamespace &&
      !harmlessAtNamespace.test(statement.text) &&
      variable.test(statement.text)
    ) {
      problems.push(`${where}: a global variable: ${statement.text.split('\n')[0]}`);
    }
  }
  const code = blankLiterals(text);
  for (const [pattern, what] of [
    [/\bshared_ptr\b/g, 'shared_ptr (ownership is unique_ptr)'],
    [/\b(throw|try|catch)\b\s*[({;]/g, 'exceptions'],
    [/\b(dynamic_cast|typeid)\b/g, 'run-time type information'],
  ]) {
    for (const match of code.matchAll(pattern)) {
      problems.push(`${path}:${lineOf(code, match.index)}: ${what}`);
    }
  }
  for (const match of text.matchAll(bannedIncludes)) {
    problems.push(`${path}:${lineOf(text, match.index)}: <${match[1]}> is not for the engine`);
  }
  return problems;
}

/** Clients match on error texts: they stand in one file. */
export function checkErrorTexts({ path, text }) {
  if (/^core\/base\/errors\.(h|cc)$/.test(path)) return [];
  return text
    .split('\n')
    .map((line, index) => ({ line, where: `${path}:${index + 1}` }))
    .filter(({ line }) => /^(?!\s*\/\/).*"ERR /.test(line))
    .map(({ where }) => `${where}: an error text, which belongs in core/base/errors.h`);
}

/** Rules of headers. */
export function checkHeader({ path, text }) {
  const problems = [];
  if (!/^#pragma once$/m.test(text)) problems.push(`${path}: no #pragma once`);
  if (/^using namespace\b/m.test(text)) problems.push(`${path}: using namespace in a header`);
  return problems;
}

/** Functions' length in TypeScript and JavaScript; a describe() callback is a chapter, not one. */
export function checkScriptFunctions({ path, text }) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const problems = [];
  const lineAt = (position) => source.getLineAndCharacterOfPosition(position).line + 1;
  const isChapter = ({ parent }) =>
    ts.isCallExpression(parent) && /^(describe|suite)\b/.test(parent.expression.getText());
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body && !isChapter(node)) {
      const first = lineAt(node.getStart());
      const lines = lineAt(node.end) - first + 1;
      if (lines > limits.functionLines) {
        problems.push(`${path}:${first}: a function of ${lines} lines`);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return problems;
}

/** The shape of the tree: what stands at the top, and that each folder introduces itself. */
export function checkTree(paths) {
  const problems = [];
  const entries = new Set(paths.map((path) => path.split('/')[0]));
  for (const entry of entries) {
    const fine = topLevel.includes(entry) || entry.startsWith('.');
    if (!fine && !/^tsconfig.*\.json$/.test(entry))
      problems.push(`${entry}: not a top-level entry`);
  }
  const folders = [...entries].filter(
    (entry) => !entry.startsWith('.') && paths.some((path) => path.startsWith(`${entry}/`)),
  );
  for (const folder of folders) {
    if (!paths.includes(`${folder}/README.md`)) problems.push(`${folder}: no README.md`);
  }
  return problems;
}

/** The lock file must serve every registry: no addresses of tarballs in it. */
export function checkLockFile({ path, text }) {
  return /"resolved":/.test(text) ? [`${path}: has "resolved" addresses (see .npmrc)`] : [];
}

export function checkStyle() {
  const problems = checkTree(treePaths());
  const code = readTree(/(\.(cc|h|ts|mjs|js|css|html|cmake)|CMakeLists\.txt|^\.ci\/[a-z]+)$/);
  for (const file of code) {
    problems.push(...checkText(file));
    if (/\.(cc|h)$/.test(file.path)) problems.push(...checkCppFunctions(file));
    if (/\.(ts|mjs|js)$/.test(file.path)) problems.push(...checkScriptFunctions(file));
    if (/^core\//.test(file.path)) {
      problems.push(...checkCore(file), ...checkErrorTexts(file));
    }
    if (/\.h$/.test(file.path)) problems.push(...checkHeader(file));
  }
  for (const file of readTree(/^package-lock\.json$/)) problems.push(...checkLockFile(file));
  return problems;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const problems = checkStyle();
  for (const problem of problems) console.error(problem);
  process.exit(problems.length ? 1 : 0);
}
