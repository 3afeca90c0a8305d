// The server behind `kvasm-server`: listens where the settings say, follows them at run time, shuts
// down in order. Touches nothing of the process: that is kvasm-server.ts.
import { rmSync, writeFileSync } from 'node:fs';
import type { Effect, Engine, LoadProgress } from '../bindings/js/engine.js';
import type { Storage } from '../bindings/js/storage.js';
import { answerAclEffect } from './acl_file.js';
import { answerConfigRewrite } from './config_rewrite.js';
import { Endpoint } from './endpoint.js';
import type { Log } from './log.js';
import { Network } from './network.js';
import { reasonOf } from './replace_file.js';
import { parseBind, type Settings } from './settings.js';

/** This machine does without such addresses (IPv6): they are left out, as Redis does. */
const kUnsupported = new Set(['EAFNOSUPPORT', 'ENOPROTOOPT', 'EPROTONOSUPPORT']);
/** Other errors with which an optional address may be missing. */
const kAbsent = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EINVAL']);
/** While no more than this has been loaded clients wait; then they are told -LOADING, as Redis. */
const kHeldBytes = 2 * 2 ** 20;
/** How long clients have for their last replies when the server goes. */
const kGraceMs = 1000;

/** Why a server cannot start to listen. `message` goes to the log. */
export class ListenError extends Error {
  override name = 'ListenError';
}

/** What fails in the same way again is logged no sooner; so many ways are remembered. */
const kSameAgainMs = 30_000;
const kSameMost = 32;

/** A promise and what settles it. */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

/** Why the data cannot be loaded. `message` goes to the log. */
export class LoadError extends Error {
  override name = 'LoadError';
}

/** What a server asks of the process it runs in. */
export interface ServerHost {
  /** The files of a folder. */
  openStorage(folder: string): Storage;
  /** Whether the configuration says when to save; if not, it may be done without. */
  readonly isSaveAskedFor: boolean;
  /** Told how far loading has got. */
  onLoading?: (progress: LoadProgress) => void;
  /** Ends the process; called once, when everything is closed. */
  exit(code: number): void;
  /** Changes the working directory. @throws if that cannot be done */
  changeDirectory(path: string): void;
  /** The working directory. */
  directory(): string;
  /** Ends the process at once by a signal, without any of the usual order. */
  crash(signal: 'SIGSEGV' | 'SIGABRT', reason: string): void;
  readonly pid: number;
}

export class Server {
  readonly network: Network;
  /** Listening TCP sockets by `address:port`. */
  private readonly tcp = new Map<string, Endpoint>();
  private unix: Endpoint | undefined;
  private port = '';
  private bind = '';
  private rebinding: Promise<void> = Promise.resolve();
  /** The directive that could not be applied since the last CONFIG SET, and why. */
  private problem: { name: string; reason: string } | undefined;
  private isStopping = false;
  private pidfile = '';

  constructor(
    private readonly engine: Engine,
    private readonly settings: Settings,
    private readonly log: Log,
    private readonly host: ServerHost,
  ) {
    this.network = new Network(engine, (effect) => this.act(effect));
  }

  /** Listens on every configured socket and says so in the log. @throws ListenError */
  async start(): Promise<void> {
    const { settings, log } = this;
    this.engine.retain();
    // What was set at start-up is in force: settings are read from here on, `dir` has been entered.
    for (const effect of this.engine.takeEffects()) if (effect.kind === 'log') this.act(effect);
    this.port = settings.get('port');
    this.bind = settings.get('bind');
    try {
      await this.open(this.targets());
    } catch {
      throw new ListenError(`Failed listening on port ${this.port} (tcp), aborting.`);
    }
    const path = settings.get('unixsocket');
    if (path !== '') await this.openUnix(path);
    if (this.tcp.size === 0 && this.unix === undefined) {
      throw new ListenError('Configured to not listen anywhere, exiting.');
    }
    // Programs that start servers look for this line, and connect when it is there.
    log.notice(`Running mode=standalone, port=${this.port}, PID: ${this.host.pid}`);
    log.notice('Server initialized');
    await this.load();
    if (this.tcp.size > 0) log.notice('Ready to accept connections tcp');
    if (this.unix !== undefined) log.notice('Ready to accept connections unix');
  }

  /** Loads what the folder holds; clients are told so meanwhile. @throws LoadError */
  private async load(): Promise<void> {
    const { engine, settings, log, host } = this;
    const hasLog = settings.get('appendonly') === 'yes';
    const storage = host.openStorage(host.directory());
    await this.lock(storage, hasLog);
    const { promise: isSlow, resolve: endHold } = withResolvers();
    const loaded = engine.startStorage(storage, (progress) => {
      host.onLoading?.(progress);
      if (progress.loadedBytes > kHeldBytes) endHold();
    });
    void this.network.hold(Promise.race([loaded, isSlow]));
    const problem = await loaded;
    this.network.wake();
    if (problem !== '') throw new LoadError(problem);
    const told = new Map<string, number>();
    engine.persistenceListeners.add(({ message }) => {
      // What is tried again and again is told now and then.
      const now = performance.now();
      if (now - (told.get(message) ?? -kSameAgainMs) < kSameAgainMs) return;
      told.delete(message);
      told.set(message, now);
      if (told.size > kSameMost) told.delete(told.keys().next().value!);
      log.warning(message);
    });
  }

  /**
   * Locks what is going to be written: the log's folder and, for snapshots, the one it is in. Who
   * does not save by himself locks that only once he is asked to.
   */
  private async lock(storage: Storage, hasLog: boolean): Promise<void> {
    const { settings, log, host } = this;
    try {
      if (hasLog) await storage.lock(settings.get('appenddirname'));
    } catch (error) {
      throw new LoadError((error as Error).message);
    }
    try {
      if (settings.get('save') !== '') await storage.lock();
    } catch (error) {
      const { message } = error as Error;
      if (!hasLog && host.isSaveAskedFor) throw new LoadError(message);
      // Several servers started in one folder: each has a log of its own, or none is to save.
      log.warning(`${message.replace(/\.$/, '')}. This server saves no snapshots by itself`);
      settings.set('save', '');
    }
  }

  /** SIGTERM and SIGINT: saves what is to be saved, then stops. */
  shutdown(save: '' | 'SAVE' | 'NOSAVE', force: boolean): void {
    this.engine.shutdown(save, force);
  }

  /** Whether it was asked to end, and that was neither called off nor impossible. */
  get isShuttingDown(): boolean {
    return this.isStopping || this.engine.stat('shutting_down') === 1;
  }

  /** Writes the process id to a file that is removed when the server stops. */
  writePidfile(path: string): void {
    try {
      writeFileSync(path, `${this.host.pid}\n`);
      this.pidfile = path;
    } catch (error) {
      this.log.warning(`Failed to write PID file: ${(error as Error).message}`);
    }
  }

  /** Stops accepting, sends what is pending, closes everything and ends the process. */
  async stop(code: number): Promise<void> {
    if (this.isStopping) return;
    this.isStopping = true;
    for (const endpoint of this.tcp.values()) endpoint.stop();
    if (this.unix !== undefined) {
      this.log.notice('Removing the unix socket file.');
      this.unix.stop();
    }
    await this.network.close(kGraceMs);
    await this.engine.closeFiles();
    if (this.pidfile !== '') {
      this.log.notice('Removing the pid file.');
      rmSync(this.pidfile, { force: true });
    }
    this.log.warning('Kvasm is now ready to exit, bye bye...');
    this.host.exit(code);
  }

  private async openUnix(path: string): Promise<void> {
    const mode = parseInt(this.settings.get('unixsocketperm'), 8) || undefined;
    try {
      this.unix = await Endpoint.open(this.network, { path, mode, backlog: this.backlog() });
    } catch (error) {
      this.log.warning(`Failed opening Unix socket: bind: ${(error as Error).message}`);
      throw new ListenError(`Failed listening on socket ${path} (unix), aborting.`);
    }
  }

  private backlog(): number {
    return Number(this.settings.get('tcp-backlog')) || 511;
  }

  /** The sockets the settings ask for, by `address:port`, and whether each may be missing. */
  private targets(): Map<string, boolean> {
    const wanted = new Map<string, boolean>();
    if (Number(this.port) === 0) return wanted;
    for (const { host, isOptional } of parseBind(this.bind))
      wanted.set(`${host}:${this.port}`, isOptional);
    return wanted;
  }

  /** Opens the sockets that are wanted and not there; all of them or, on an error, none. */
  private async open(wanted: Map<string, boolean>): Promise<void> {
    const opened: string[] = [];
    for (const [key, isOptional] of wanted) {
      if (this.tcp.has(key)) continue;
      const split = key.lastIndexOf(':');
      const address = { host: key.slice(0, split), port: Number(key.slice(split + 1)) };
      try {
        this.tcp.set(
          key,
          await Endpoint.open(this.network, { ...address, backlog: this.backlog() }),
        );
        opened.push(key);
      } catch (error) {
        const { code = '', message } = error as NodeJS.ErrnoException;
        this.log.warning(
          `Warning: Could not create server TCP listening socket ${key}: ${message}`,
        );
        if (kUnsupported.has(code) || (isOptional && kAbsent.has(code))) continue;
        this.drop(opened);
        throw error;
      }
    }
  }

  private drop(keys: Iterable<string>): void {
    for (const key of keys) {
      this.tcp.get(key)?.stop();
      this.tcp.delete(key);
    }
  }

  /** Follows a change of `port` or `bind`: clients stay, a change that fails is taken back. */
  private async rebind(): Promise<void> {
    const before = { port: this.port, bind: this.bind };
    const after = { port: this.settings.get('port'), bind: this.settings.get('bind') };
    if (this.isStopping || (before.port === after.port && before.bind === after.bind)) return;
    const formerly = this.targets();
    Object.assign(this, after);
    const wanted = this.targets();
    const obsolete = [...this.tcp.keys()].filter((key) => !wanted.has(key));
    // On the same port an old address can be in the new one's way, `*` for one.
    if (before.port === after.port) this.drop(obsolete);
    try {
      await this.open(wanted);
      this.drop(obsolete);
    } catch {
      this.problem ??=
        before.port === after.port
          ? { name: 'bind', reason: 'Failed to bind to specified addresses.' }
          : { name: 'port', reason: 'Unable to listen on this port. Check server logs.' };
      Object.assign(this, before);
      this.settings.set('port', before.port);
      this.settings.set('bind', before.bind);
      await this.open(formerly).catch(() => {});
    }
  }

  /** A change that could not be applied is taken back by the engine, with all that came with it. */
  private answerConfigSet(session: number): void {
    const { name, reason } = this.problem ?? { name: '', reason: '' };
    this.problem = undefined;
    if (this.isStopping) return;
    this.engine.endConfigSet(session, name, reason);
    this.network.wake();
  }

  private act(effect: Effect): void {
    if (effect.kind === 'log') {
      this.log.write(effect.level, effect.text);
    } else if (effect.kind === 'shutdown') {
      void this.stop(0);
    } else if (effect.kind === 'aclLoad' || effect.kind === 'aclSave') {
      answerAclEffect(this.engine, effect, this.log);
    } else if (effect.kind === 'configRewrite') {
      answerConfigRewrite(this.engine, effect, this.host.directory(), this.log);
    } else if (effect.kind === 'configSet') {
      this.rebinding = this.rebinding.then(() => this.answerConfigSet(effect.session));
    } else if (effect.kind === 'crash') {
      this.host.crash(effect.signal, effect.reason);
    } else if (effect.kind === 'done') {
      return;
    } else if (effect.name === 'port' || effect.name === 'bind') {
      this.rebinding = this.rebinding.then(() => this.rebind());
      // The client that changed it must find the new socket when it reads the reply.
      void this.network.hold(this.rebinding);
    } else if (effect.name === 'loglevel') {
      this.log.level = effect.value;
    } else if (effect.name === 'dir') {
      try {
        this.host.changeDirectory(effect.value);
        // The folder is told by its whole path, whatever it was called.
        this.settings.set('dir', this.host.directory());
        void this.engine.moveStorage(this.host.openStorage(this.host.directory()));
      } catch (error) {
        this.problem ??= { name: 'dir', reason: reasonOf(error) };
        this.log.warning(`Can't chdir to '${effect.value}': ${(error as Error).message}`);
      }
    }
  }
}
