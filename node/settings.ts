// Configuration of the server process: directives go to the engine, which knows and checks them;
// those only a process needs are kept here when the engine does not know them.
import type { Engine } from '../bindings/js/engine.js';
import { ConfigError, type Directive } from './config_file.js';

/** Directives of the process, with the values they have when nobody sets them. */
const kProcessDefaults: Record<string, string> = {
  'always-show-logo': 'no',
  bind: '* -::*',
  daemonize: 'no',
  dir: '',
  logfile: '',
  loglevel: 'notice',
  pidfile: '',
  port: '6379',
  'proc-title-template': '',
  'set-proc-title': 'yes',
  supervised: 'no',
  'tcp-backlog': '511',
  unixsocket: '',
  unixsocketperm: '0',
};

/** Directives with more than one argument; of the others a second one is a mistake. */
const kSeveralArguments = new Set([
  'bind',
  'client-output-buffer-limit',
  'latency-tracking-info-percentiles',
  'notify-keyspace-events',
  'oom-score-adj-values',
  'replicaof',
  'save',
  'shutdown-on-sigint',
  'shutdown-on-sigterm',
  'slaveof',
]);

/** Of these, those for which no argument at all is as good as an empty one. */
const kMayBeBare = new Set([
  'bind',
  'latency-tracking-info-percentiles',
  'save',
  'shutdown-on-sigint',
  'shutdown-on-sigterm',
]);

/** How CONFIG SET begins to say what is wrong; in a file the line says it better. */
const kConfigSetPrefix = /^ERR CONFIG SET failed \(possibly related to argument '[^']*'\) - /;

/** The engine's part of the settings. */
export type ConfigStore = Pick<
  Engine,
  'configGet' | 'configSet' | 'configNames' | 'defineUser' | 'renameCommand'
>;

/** All settings of a server, live: what CONFIG SET changes is seen here. */
export class Settings {
  private readonly own = new Map(Object.entries(kProcessDefaults));
  private readonly known: Set<string>;

  constructor(private readonly store: ConfigStore) {
    this.known = new Set(store.configNames());
  }

  /** The value of a directive, '' if there is none of that name. */
  get(name: string): string {
    return this.store.configGet(name) ?? this.own.get(name) ?? '';
  }

  /** Sets one directive. @returns '' or what is wrong with it */
  set(name: string, value: string): string {
    if (this.known.has(name)) return this.store.configSet(name, value);
    this.own.set(name, value);
    return '';
  }

  /**
   * Applies directives in their order: a later one wins (how lines of `save` add up is the engine's
   * business).
   * @returns the directives nobody knows
   * @throws ConfigError for a value that is not allowed
   */
  apply(directives: readonly Directive[]): Directive[] {
    const unknown: Directive[] = [];
    const users: Directive[] = [];
    for (const directive of directives) {
      const { name, args } = directive;
      if (name === 'user' && args.length > 0) {
        users.push(directive);
        continue;
      }
      if (name === 'rename-command' && args.length === 2) {
        const problem = this.store.renameCommand(args[0]!, args[1]!);
        if (problem !== '') throw new ConfigError(problem, directive);
        continue;
      }
      if (!this.known.has(name) && !this.own.has(name)) {
        // No directive goes without a value, none begins with a dash (`-p 6380`): this one is not
        // from another version, but a mistake.
        if (args.length === 0 || name.startsWith('-') || name === 'rename-command') {
          throw new ConfigError('Bad directive or wrong number of arguments', directive);
        }
        unknown.push(directive);
        continue;
      }
      const isBare = args.length === 0 && !kMayBeBare.has(name);
      if (isBare || (args.length > 1 && !kSeveralArguments.has(name))) {
        throw new ConfigError('wrong number of arguments', directive);
      }
      const problem = this.set(name, args.join(' '));
      if (problem !== '') throw new ConfigError(problem.replace(kConfigSetPrefix, ''), directive);
    }
    // After all others: `user default` comes after `requirepass`, whatever their order.
    for (const user of users) {
      const problem = this.store.defineUser(user.args);
      if (problem !== '') throw new ConfigError(problem, user);
    }
    return unknown;
  }
}

/** The last value a directive is given, before there is an engine to ask. */
export function lastValue(directives: readonly Directive[], name: string): string | undefined {
  const found = directives.filter((directive) => directive.name === name);
  return found[found.length - 1]?.args[0];
}

/** An address of `bind`. */
export interface BindAddress {
  host: string;
  /** Whether the server starts without it (it was written with a `-` in front). */
  isOptional: boolean;
}

/** Splits the value of `bind`. No address at all means no TCP. */
export function parseBind(value: string): BindAddress[] {
  const words = value.split(/\s+/).filter((word) => word !== '');
  return words.map((word) => {
    const isOptional = word.startsWith('-');
    return { host: isOptional ? word.slice(1) : word, isOptional };
  });
}
