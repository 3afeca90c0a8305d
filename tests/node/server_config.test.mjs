// redis.conf and the command line: text in, directives out.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  ConfigError,
  parseCommandLine,
  parseConfig,
  readConfigFile,
  splitArguments,
} from '../../dist/node/config_file.js';
import { formatLogLine } from '../../dist/node/log.js';
import { parseBind, Settings } from '../../dist/node/settings.js';

const simple = (directives) => directives.map(({ name, args }) => [name, ...args]);

describe('arguments of a line', () => {
  const table = [
    ['port 6379', ['port', '6379']],
    ['  a \t b  ', ['a', 'b']],
    ['', []],
    ['save ""', ['save', '']],
    ["requirepass 'two words'", ['requirepass', 'two words']],
    ['requirepass "two words"', ['requirepass', 'two words']],
    [String.raw`a "x\"y"`, ['a', 'x"y']],
    [String.raw`a 'x\'y'`, ['a', "x'y"]],
    [String.raw`a 'x\ny'`, ['a', String.raw`x\ny`]],
    [String.raw`a "\n\r\t\b\a\\"`, ['a', '\n\r\t\b\x07\\']],
    [String.raw`a "\x41\xff"`, ['a', 'A\xff']],
    [String.raw`a "\xzz"`, ['a', 'xzz']],
    [String.raw`a b\n`, ['a', String.raw`b\n`]],
    ['a x"y z"', ['a', 'xy z']],
    ['a "b"c', null],
    ['a "b', null],
    ["a 'b", null],
    ["a 'b'c", null],
  ];
  for (const [line, expected] of table) {
    test(JSON.stringify(line), () => assert.deepEqual(splitArguments(line), expected));
  }
});

describe('text of a configuration', () => {
  test('comments, empty lines and CRLF are skipped, names are lower-cased', () => {
    const text = '# comment\r\n\r\n  PORT 1 \r\n\t# another\nbind a b\n';
    assert.deepEqual(simple(parseConfig(text, 'x')), [
      ['port', '1'],
      ['bind', 'a', 'b'],
    ]);
  });

  test('a hash inside a line is an argument', () => {
    assert.deepEqual(simple(parseConfig('requirepass a#b', 'x')), [['requirepass', 'a#b']]);
  });

  test('bytes are read as UTF-8, written out or escaped', () => {
    const text = Buffer.from('a "é" "\\xc3\\xa9"', 'utf8').toString('latin1');
    assert.deepEqual(simple(parseConfig(text, 'x')), [['a', 'é', 'é']]);
  });

  test('unbalanced quotes name their line', () => {
    assert.throws(
      () => parseConfig('port 1\nbind "x\n', 'some.conf'),
      (error) =>
        error instanceof ConfigError &&
        error.message === 'Unbalanced quotes in configuration line' &&
        error.directive.origin === 'some.conf:2',
    );
  });

  test('include reads files where it stands, wildcards in order of name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvasm-conf-'));
    try {
      writeFileSync(join(folder, 'b.conf'), 'port 2\n');
      writeFileSync(join(folder, 'a.conf'), `port 1\ninclude ${join(folder, 'inner')}\n`);
      writeFileSync(join(folder, '.hidden.conf'), 'port 9\n');
      writeFileSync(join(folder, 'inner'), 'timeout 5');
      writeFileSync(
        join(folder, 'main'),
        `port 0\ninclude "${folder}/*.conf"\ninclude ${folder}/none*\nport 3\n`,
      );
      assert.deepEqual(simple(readConfigFile(join(folder, 'main'))), [
        ['port', '0'],
        ['port', '1'],
        ['timeout', '5'],
        ['port', '2'],
        ['port', '3'],
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a missing include and a file that includes itself are errors', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvasm-conf-'));
    try {
      const path = join(folder, 'main');
      writeFileSync(path, `include ${folder}/missing\n`);
      assert.throws(() => readConfigFile(path), /can't open config file/);
      writeFileSync(path, `include ${path}\n`);
      assert.throws(() => readConfigFile(path), /too many nested includes/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('command line', () => {
  const table = [
    [[], []],
    [
      ['--port', '1', '--bind', 'a', 'b'],
      [
        ['port', '1'],
        ['bind', 'a', 'b'],
      ],
    ],
    [['--port 1'], [['port', '1']]],
    [['--requirepass', 'two words'], [['requirepass', 'two words']]],
    [['--requirepass', 'quo"te\\'], [['requirepass', 'quo"te\\']]],
    [['--requirepass', 'é'], [['requirepass', 'é']]],
    [
      ['--requirepass', '--dashes', '--port', '1'],
      [
        ['requirepass', '--dashes'],
        ['port', '1'],
      ],
    ],
    [['--save', ''], [['save', '']]],
    [['--save'], [['save', '']]],
    [
      ['--save', '--port', '1'],
      [
        ['save', ''],
        ['port', '1'],
      ],
    ],
    [
      ['--save', '60', '1', '--save', '300', '10'],
      [
        ['save', '60', '1'],
        ['save', '300', '10'],
      ],
    ],
    [['--bind', '-::1'], [['bind', '-::1']]],
  ];
  for (const [argv, expected] of table) {
    test(JSON.stringify(argv), () => {
      const { action, file, text } = parseCommandLine(argv);
      assert.equal(action, 'serve');
      assert.equal(file, undefined);
      assert.deepEqual(simple(parseConfig(text, 'command line')), expected);
    });
  }

  test('a file first, then options', () => {
    const { file, text, stdin } = parseCommandLine(['/a/redis.conf', '--port', '1']);
    assert.deepEqual([file, text.trim(), stdin], ['/a/redis.conf', 'port "1"', false]);
  });

  test('a dash, first or last, is standard input', () => {
    assert.equal(parseCommandLine(['-']).stdin, true);
    assert.equal(parseCommandLine(['-', '--port', '1']).stdin, true);
    assert.equal(parseCommandLine(['a.conf', '--port', '1', '-']).stdin, true);
    assert.equal(parseCommandLine(['a.conf', '-']).file, 'a.conf');
  });

  test('version and help', () => {
    for (const word of ['-v', '--version'])
      assert.equal(parseCommandLine([word]).action, 'version');
    for (const word of ['-h', '--help']) assert.equal(parseCommandLine([word]).action, 'help');
  });
});

describe('settings', () => {
  /** A stand-in for the engine that knows a few directives. */
  function makeStore(values) {
    return {
      calls: [],
      configNames: () => Object.keys(values),
      configGet: (name) => values[name],
      configSet(name, value) {
        this.calls.push([name, value]);
        if (name === 'port' && !/^\d+$/.test(value)) return 'not a number';
        values[name] = value;
        return '';
      },
      renameCommand(from, to) {
        this.calls.push(['rename', from, to]);
        return from === 'nosuch' ? 'No such command' : '';
      },
    };
  }
  const apply = (store, text) => new Settings(store).apply(parseConfig(text, 'x'));

  test('unknown directives are returned, all others applied', () => {
    const values = { port: '1' };
    const unknown = apply(makeStore(values), 'nonsense a b\nport 7\nalso-nonsense 1');
    assert.deepEqual(simple(unknown), [
      ['nonsense', 'a', 'b'],
      ['also-nonsense', '1'],
    ]);
    assert.equal(values.port, '7');
  });

  test('an unknown word without a value is an error', () => {
    assert.throws(() => apply(makeStore({}), 'nonsense'), /Bad directive or wrong number of/);
  });

  test('a refused value names the line', () => {
    assert.throws(
      () => apply(makeStore({ port: '1' }), 'port 2\nport x'),
      (error) => error.message === 'not a number' && error.directive.origin === 'x:2',
    );
  });

  test('a directive without a value, or with too many, is an error', () => {
    assert.throws(() => apply(makeStore({ port: '1' }), 'port'), /wrong number of arguments/);
    assert.throws(() => apply(makeStore({ port: '1' }), 'port 1 2'), /wrong number of arguments/);
  });

  test('lists may be empty', () => {
    const values = { save: '60 1', bind: '*', port: '1' };
    apply(makeStore(values), 'save\nbind');
    assert.deepEqual(values, { save: '', bind: '', port: '1' });
  });

  test('commands are renamed where the line stands', () => {
    const store = makeStore({ port: '1' });
    apply(store, 'port 2\nrename-command FLUSHALL ""\nport 3');
    assert.deepEqual(store.calls, [
      ['port', '2'],
      ['rename', 'FLUSHALL', ''],
      ['port', '3'],
    ]);
    assert.throws(
      () => apply(store, 'rename-command nosuch x'),
      (error) => error.message === 'No such command' && error.directive.origin === 'x:1',
    );
    assert.throws(() => apply(store, 'rename-command get'), /Bad directive or wrong number of/);
    assert.throws(() => apply(store, 'rename-command get a b'), /Bad directive or wrong number of/);
  });

  test('listens everywhere unless told otherwise', () => {
    assert.equal(new Settings(makeStore({})).get('bind'), '* -::*');
    assert.equal(new Settings(makeStore({ bind: '127.0.0.1' })).get('bind'), '127.0.0.1');
  });

  test('addresses with a dash are optional', () => {
    assert.deepEqual(parseBind('127.0.0.1  -::* *'), [
      { host: '127.0.0.1', isOptional: false },
      { host: '::*', isOptional: true },
      { host: '*', isOptional: false },
    ]);
    assert.deepEqual(parseBind(''), []);
  });
});

test('log lines have the format of redis-server', () => {
  const now = new Date(2026, 10, 5, 7, 30, 47, 23);
  assert.equal(formatLogLine(42, 'M', now, 'notice', 'x'), '42:M 05 Nov 2026 07:30:47.023 * x\n');
  assert.equal(formatLogLine(42, 'M', now, 'warning', 'x'), '42:M 05 Nov 2026 07:30:47.023 # x\n');
});
