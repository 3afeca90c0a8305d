#!/usr/bin/env node
// The executable `kvasm-server`, which takes the place of redis-server in scripts. Everything that
// touches the process (arguments, signals, exit code, working directory) is in this file.
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { constants, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Engine, type LoadProgress } from '../bindings/js/engine.js';
import { loadUsersAtStart } from './acl_file.js';
import {
  ConfigError,
  parseCommandLine,
  parseConfig,
  readConfigFile,
  type CommandLine,
  type Directive,
} from './config_file.js';
import { Log } from './log.js';
import { ProgressBar } from './progress_bar.js';
import { ListenError, LoadError, Server, type ServerHost } from './server.js';
import { reasonOf } from './replace_file.js';
import { lastValue, Settings } from './settings.js';
import { FileStorage } from './storage_files.js';
import { kRedisVersion, packageVersion } from './version.js';

/** Set for the detached process that `daemonize yes` starts. */
const kDaemonVariable = 'KVASM_DAEMON';

const kHelp = `Usage: kvasm-server [/path/to/redis.conf] [options] [-]
       kvasm-server - (read the configuration from standard input)
       kvasm-server -v or --version
       kvasm-server -h or --help

Options are the directives of redis.conf with two dashes in front, for example:
       kvasm-server --port 7777
       kvasm-server --port 7777 --requirepass secret --maxmemory 100mb
       kvasm-server --port 0 --unixsocket /tmp/kvasm.sock --unixsocketperm 700
       kvasm-server /etc/redis.conf --loglevel verbose --save "" --bind 10.0.0.5 -::1
`;

function version(): string {
  return `Kvasm server v=${kRedisVersion} kvasm=${packageVersion()} malloc=wasm bits=32\n`;
}

/** Ends the process before there is a server, with the reason on standard error. */
function fail(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

/** What was probably meant by a mistake of the command line, as a line of its own, or ''. */
function hintFor({ text, origin, line }: ConfigError['directive']): string {
  const isOption = origin.startsWith('command line');
  const assignment = isOption ? /^([a-z-]+)=(.*)$/i.exec(text) : null;
  if (assignment !== null) {
    const value = /^(user|requirepass|masterauth)$/i.test(assignment[1]!) ? '...' : assignment[2];
    return `\nDid you mean '--${assignment[1]} ${value}'?`;
  }
  if (isOption && /^"-[^-]/.test(text)) return '\nOptions begin with two dashes: --port 6380';
  return line === 0 && /^\d+$/.test(text) ? `\nDid you mean '--port ${text}'?` : '';
}

/** Says where a configuration is wrong, as redis-server does, save for what holds a password. */
function failConfig(error: unknown): never {
  if (!(error instanceof ConfigError)) throw error;
  const { origin, text } = error.directive;
  const shown = text.replace(/((?:user|requirepass|masterauth)["']?)[\s=].*/is, '$1 (hidden)');
  const { message, directive } = error;
  fail(
    `\n*** FATAL CONFIG FILE ERROR (Kvasm ${packageVersion()}) ***\n` +
      `Reading the configuration, at ${origin}\n>>> '${shown}'\n${message}${hintFor(directive)}`,
  );
}

interface Configuration {
  directives: Directive[];
  /** What came from standard input, to be handed on to a daemon. */
  input: string;
}

function readConfiguration(commandLine: CommandLine): Configuration {
  const { file, stdin, text } = commandLine;
  const input = stdin ? readFileSync(0, 'latin1') : '';
  const directives = [
    ...(file === undefined ? [] : readConfigFile(file)),
    ...parseConfig(input, 'standard input'),
    ...parseConfig(text, 'command line'),
  ];
  return { directives, input };
}

/** Starts this program again, detached, and ends; a process of Node cannot fork. */
function daemonize(input: string): void {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, [kDaemonVariable]: '1' },
  });
  child.on('error', (error) => fail(`Can't start the daemon: ${error.message}`));
  child.stdin.on('error', () => {});
  child.stdin.end(input, 'latin1');
  child.unref();
}

function changeDirectory(path: string): void {
  if (path !== '') process.chdir(path);
}

async function createEngine(configFile: string | undefined): Promise<Engine> {
  return Engine.create({
    serverMode: 'standalone',
    processId: process.pid,
    systemMemoryBytes: totalmem(),
    executable: fileURLToPath(import.meta.url),
    configFile: configFile === undefined ? '' : resolve(configFile),
  });
}

/** What a configuration may ask for and does not get is said, not passed over. */
function warnMissing(settings: Settings, log: Log): void {
  if (settings.get('replicaof') !== '') {
    log.warning('Not available yet: replication. This server replicates nobody');
  }
}

/** What `shutdown-on-sigterm` and its kin ask for. */
function shutdownOptions(value: string): ['' | 'SAVE' | 'NOSAVE', boolean] {
  const words = value.split(' ');
  const save = words.includes('save') ? 'SAVE' : words.includes('nosave') ? 'NOSAVE' : '';
  return [save, words.includes('force')];
}

/** A bar on the terminal while files are loaded. */
class LoadingBar {
  private bar: ProgressBar | undefined;

  update({ loadedBytes, totalBytes }: LoadProgress): void {
    this.bar ??= new ProgressBar(process.stderr, 'Loading', totalBytes);
    if (loadedBytes < totalBytes) this.bar.update(loadedBytes);
    else this.clear();
  }

  /** To be called before anything else is written. */
  clear(): void {
    this.bar?.clear();
  }
}

/** Users come from the configuration or from a file of their own; if that fails nobody may in. */
function loadUsers(
  engine: Engine,
  settings: Settings,
  directives: readonly Directive[],
  log: Log,
): void {
  const file = settings.get('aclfile');
  if (file === '') return;
  if (lastValue(directives, 'user') !== undefined) {
    log.warning(
      'Users are declared in the configuration and an ACL file is set, too. Please use either ' +
        'the one or the other: both together make it hard to say who may do what.',
    );
    process.exit(1);
  }
  const problem = loadUsersAtStart(engine, file);
  if (problem === '') return;
  log.warning(`Aborting startup because of ACL errors: ${problem}`);
  process.exit(1);
}

/** What is left in the log of a server that crashes. */
function reportCrash(log: Log, signal: NodeJS.Signals, reason: string): void {
  log.warning('=== KVASM BUG REPORT START: please report this with what led to it ===');
  log.warning(`Kvasm ${packageVersion()} crashed by signal: ${constants.signals[signal]}`);
  log.warning(`Crashed running: ${reason}`);
  const { stack } = new Error('crash');
  log.warning(`------ STACK TRACE ------\n${(stack ?? '').split('\n').slice(1).join('\n')}`);
  log.warning('=== KVASM BUG REPORT END ===');
}

/** Reports, and ends the process as the signal would have. */
function crash(log: Log, signal: 'SIGSEGV' | 'SIGABRT', reason: string): void {
  reportCrash(log, signal, reason);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/** SIGTERM and SIGINT end the server in order; by another SIGINT meanwhile it goes at once. */
function handleSignals(server: Server, settings: Settings, log: Log): void {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT' && server.isShuttingDown) {
      log.warning(`Received ${signal} again, exiting now.`);
      rmSync(join(process.cwd(), `temp-${process.pid}.rdb`), { force: true });
      process.exit(1);
    }
    log.warning(`Received ${signal} scheduling shutdown...`);
    const name = signal === 'SIGINT' ? 'shutdown-on-sigint' : 'shutdown-on-sigterm';
    server.shutdown(...shutdownOptions(settings.get(name)));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('SIGHUP', () => {});
  process.on('SIGABRT', () => crash(log, 'SIGABRT', 'signal from outside'));
  process.on('uncaughtException', (error) => {
    log.warning(`Crashed: ${error.stack ?? error.message}`);
    process.exit(1);
  });
}

async function serve(commandLine: CommandLine): Promise<void> {
  const { directives, input } = ((): Configuration => {
    try {
      return readConfiguration(commandLine);
    } catch (error) {
      failConfig(error);
    }
  })();
  const isDaemon = process.env[kDaemonVariable] === '1';
  delete process.env[kDaemonVariable];
  const engine = await createEngine(commandLine.file);
  const settings = new Settings(engine);
  let unknown: Directive[] = [];
  try {
    unknown = settings.apply(directives);
    changeDirectory(settings.get('dir'));
    settings.set('dir', process.cwd());
  } catch (error) {
    if (error instanceof ConfigError) failConfig(error);
    fail(`Can't chdir to '${lastValue(directives, 'dir')}': ${(error as Error).message}`);
  }
  const bar = new LoadingBar();
  const log = new Log(process.pid, (line) => {
    bar.clear();
    process.stdout.write(line);
  });
  log.level = settings.get('loglevel');
  log.file = settings.get('logfile');
  try {
    log.open();
  } catch (error) {
    const head = `*** FATAL CONFIG FILE ERROR (Kvasm ${packageVersion()}) ***`;
    fail(`\n${head}\nCan't open the log file: ${reasonOf(error)}`);
  }
  const wantsDaemon = settings.get('daemonize') === 'yes';
  if (wantsDaemon && !isDaemon) return daemonize(input);

  const { pid } = process;
  log.notice(`Kvasm ${packageVersion()} is starting, compatible with Redis ${kRedisVersion}`);
  for (const { name, origin } of unknown) {
    log.warning(`Unknown configuration directive '${name}' (${origin}) is ignored`);
  }
  warnMissing(settings, log);
  loadUsers(engine, settings, directives, log);

  const host: ServerHost = {
    pid,
    changeDirectory,
    openStorage: (folder) => new FileStorage(folder, undefined, true),
    onLoading: (progress) => bar.update(progress),
    isSaveAskedFor: (lastValue(directives, 'save') ?? '') !== '',
    directory: () => process.cwd(),
    exit: (code) => process.exit(code),
    crash: (signal, reason) => crash(log, signal, reason),
  };
  const server = new Server(engine, settings, log, host);
  handleSignals(server, settings, log);
  try {
    await server.start();
  } catch (error) {
    if (!(error instanceof ListenError) && !(error instanceof LoadError)) throw error;
    log.warning(error.message);
    process.exit(1);
  }
  const pidfile = settings.get('pidfile') || (wantsDaemon ? '/var/run/redis.pid' : '');
  if (pidfile !== '') server.writePidfile(pidfile);
  // The server outlives its last socket: `CONFIG SET port 0` may be followed by another port.
  setInterval(() => {}, 0x7fffffff);
}

process.stdout.on('error', () => {});
const commandLine = parseCommandLine(process.argv.slice(2));
if (commandLine.action === 'version') process.stdout.write(version());
else if (commandLine.action === 'help') process.stdout.write(kHelp);
else await serve(commandLine);
