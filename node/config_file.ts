// redis.conf and the command line: text in, directives out. No engine and no process here, so that
// a table test covers all of it.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One line of configuration: a lower-case name and its arguments, with where it was written. */
export interface Directive {
  name: string;
  args: string[];
  /** The line as written, for messages. */
  text: string;
  /** `file:line`, or 'command line'. */
  origin: string;
  line: number;
}

/** A configuration that cannot be used. `message` is fit to be shown to whoever wrote the line. */
export class ConfigError extends Error {
  constructor(
    message: string,
    readonly directive: Pick<Directive, 'text' | 'origin' | 'line'>,
  ) {
    super(message);
    this.name = 'ConfigError';
  }
}

/** What the command line asks for. */
export interface CommandLine {
  action: 'serve' | 'version' | 'help';
  /** Path of the configuration file. */
  file?: string;
  /** Whether `-` asked for more configuration from standard input, read after the file. */
  stdin: boolean;
  /** The options, in redis.conf syntax, one a line. */
  text: string;
}

const kIncludeDepthMax = 32;
const kSpace = /[ \t\r\n\v\f\0]/;
const kEscapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };

/**
 * Splits a line into arguments by Redis's rules: words, "double quotes" with \n \r \t \b \a \xHH
 * and any other escaped character as itself, 'single quotes' with \' only. A closing quote must end
 * its argument.
 * @returns the arguments (bytes, one a character), or null when quotes are unbalanced.
 */
export function splitArguments(line: string): string[] | null {
  const args: string[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && kSpace.test(line[at]!)) at++;
    if (at >= line.length) return args;
    let word = '';
    let quote = '';
    for (; at < line.length; at++) {
      const c = line[at]!;
      if (quote === '') {
        if (kSpace.test(c)) break;
        if (c === '"' || c === "'") quote = c;
        else word += c;
      } else if (c === '\\' && quote === '"' && at + 1 < line.length) {
        const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(at + 1, at + 4));
        const next = line[at + 1]!;
        word += hex ? String.fromCharCode(parseInt(hex[1]!, 16)) : (kEscapes[next] ?? next);
        at += hex ? 3 : 1;
      } else if (c === '\\' && quote === "'" && line[at + 1] === "'") {
        word += "'";
        at++;
      } else if (c === quote) {
        if (at + 1 < line.length && !kSpace.test(line[at + 1]!)) return null;
        quote = '';
      } else {
        word += c;
      }
    }
    if (quote !== '') return null;
    args.push(word);
  }
}

/**
 * The opposite of splitArguments for one argument: quoted and escaped so that it is read back as it
 * was.
 */
export function quoteArgument(text: string): string {
  let quoted = '"';
  for (const byte of Buffer.from(text, 'utf8')) {
    const c = String.fromCharCode(byte);
    if (c === '"' || c === '\\') quoted += `\\${c}`;
    else if (byte < 32 || byte > 126) quoted += `\\x${byte.toString(16).padStart(2, '0')}`;
    else quoted += c;
  }
  return `${quoted}"`;
}

/**
 * Parses the text of a configuration, following `include` lines (relative to the working directory,
 * wildcards allowed).
 * @param bytes the text, one byte a character ('latin1')
 * @param name what to call it in messages
 * @throws ConfigError for unbalanced quotes or an include that cannot be read
 */
export function parseConfig(bytes: string, name: string, depth = 0): Directive[] {
  const directives: Directive[] = [];
  bytes.split('\n').forEach((raw, index) => {
    const text = raw.replace(/^[ \t\r]+|[ \t\r]+$/g, '');
    if (text === '' || text.startsWith('#')) return;
    const where = { text, origin: `${name}:${index + 1}`, line: index + 1 };
    const words = splitArguments(text);
    if (words === null) throw new ConfigError('Unbalanced quotes in configuration line', where);
    if (words.length === 0) return;
    const args = words.map((word) => Buffer.from(word, 'latin1').toString('utf8'));
    const directive = { ...where, name: args[0]!.toLowerCase(), args: args.slice(1) };
    if (directive.name !== 'include') directives.push(directive);
    else directives.push(...readInclude(directive, depth));
  });
  return directives;
}

/** Reads and parses a configuration file. @throws ConfigError */
export function readConfigFile(path: string, from?: Directive, depth = 0): Directive[] {
  let bytes: string;
  try {
    bytes = readFileSync(path, 'latin1');
  } catch (error) {
    const where = from ?? { text: path, origin: path, line: 0 };
    throw new ConfigError(`can't open config file '${path}': ${(error as Error).message}`, where);
  }
  return parseConfig(bytes, path, depth);
}

function readInclude(directive: Directive, depth: number): Directive[] {
  if (directive.args.length !== 1) throw new ConfigError('wrong number of arguments', directive);
  if (depth >= kIncludeDepthMax) throw new ConfigError('too many nested includes', directive);
  const pattern = directive.args[0]!;
  const paths = /[*?[]/.test(pattern) ? expandPattern(pattern) : [pattern];
  return paths.flatMap((path) => readConfigFile(path, directive, depth + 1));
}

/**
 * The files a shell pattern (`*`, `?`, `[...]`) names, sorted; wildcards do not match a leading
 * dot.
 */
function expandPattern(pattern: string): string[] {
  const parent = dirname(pattern);
  const folders = /[*?[]/.test(parent) ? expandPattern(parent) : [parent];
  const last = pattern.slice(pattern.lastIndexOf('/') + 1);
  const source = last
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.')
    .replace(/\[!/g, '[^');
  const wanted = new RegExp(`^${source}$`);
  return folders.flatMap((folder) => {
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch {
      return [];
    }
    return names
      .filter((name) => wanted.test(name) && (last.startsWith('.') || !name.startsWith('.')))
      .sort()
      .map((name) => join(folder, name));
  });
}

/**
 * Reads `[file] [-] [--name value ...]...` as redis-server does: what follows a bare `--name` is
 * its value even when it starts with dashes, except after `--save`, where it may mean that there is
 * nothing to save.
 * @param argv the arguments, without program and script
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const result: CommandLine = { action: 'serve', stdin: false, text: '' };
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) {
    return { ...result, action: 'version' };
  }
  if (argv.length === 1 && (argv[0] === '--help' || argv[0] === '-h')) {
    return { ...result, action: 'help' };
  }
  let at = 0;
  if (argv[0] !== undefined && !argv[0].startsWith('-')) {
    result.file = argv[0];
    at = 1;
  }
  let wantsValue = false;
  for (; at < argv.length; at++) {
    const word = argv[at]!;
    const next = argv[at + 1];
    if (word === '-' && (at === 0 || next === undefined)) {
      result.stdin = true;
    } else if (wantsValue || !word.startsWith('--')) {
      result.text += ` ${quoteArgument(word)}`;
      wantsValue = false;
    } else {
      const option = Buffer.from(word.slice(2), 'utf8').toString('latin1');
      if (result.text !== '') result.text += '\n';
      result.text += option;
      // `--port 6380` given as one word carries its value along.
      wantsValue = (splitArguments(word)?.length ?? 0) === 1;
      if (word.toLowerCase() === '--save' && (next === undefined || next.startsWith('--'))) {
        result.text += ' ""';
        wantsValue = false;
      }
    }
  }
  return result;
}
