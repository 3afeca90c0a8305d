/** The shape of the instantiated WebAssembly module, as `bindings/*.cc` exports it. */

/** Settings an engine is made with; all of them have a sensible default in the engine. */
export interface EngineOptions {
  /** Bytes of data the engine may hold before it answers -OOM; 0 = the whole address space. */
  memoryLimitBytes?: number;
  /** What INFO reports as total_system_memory. */
  systemMemoryBytes?: number;
  /** What INFO reports as process_id. */
  processId?: number;
  /**
   * When a script ends with an error that nothing can suspend, because its caller wants the reply
   * at once (`db.sync`); 0, as without it: never. In milliseconds. It also bounds how long any
   * script may hold its host where Lua cannot suspend it (5 s without it).
   */
  scriptLimitMs?: number;
  /** Makes hashing, random commands and eviction repeatable; '' draws from the host's entropy. */
  seed?: string;
  /** `embedded` answers SHUTDOWN by closing the database; `standalone` is for a server process. */
  serverMode?: 'embedded' | 'standalone';
  /** What INFO reports as the path of the executable. */
  executable?: string;
  /** What INFO reports as the path of the configuration file. */
  configFile?: string;
  /** What INFO reports as tcp_port. */
  tcpPort?: number;
}

/** Something the engine asks of its host; it does no I/O of its own. */
export type Effect =
  /** All is saved: the program, or the database, is to end. */
  | { kind: 'shutdown' }
  | { kind: 'config'; name: string; value: string }
  /** To be answered with `endAclLoad`, `endAclSave` and `endConfigRewrite`. */
  | { kind: 'aclLoad'; session: number; file: string }
  | { kind: 'aclSave'; session: number; file: string; content: Uint8Array }
  | { kind: 'configRewrite'; session: number; file: string; content: Uint8Array }
  /**
   * To be answered with `endConfigSet`, even if nobody waits (session 0), once the `config` effects
   * before it have been acted on.
   */
  | { kind: 'configSet'; session: number }
  /** DEBUG SEGFAULT and its kin: the process is to end as if by this signal. */
  | { kind: 'crash'; signal: 'SIGSEGV' | 'SIGABRT'; reason: string }
  /** What was asked for with this id (`startStorage`, ...) has ended; `error`: '', or why. */
  | { kind: 'done'; session: number; error: string }
  | { kind: 'log'; level: 'debug' | 'verbose' | 'notice' | 'warning'; text: string };

/** The embind class of the control plane. */
export interface EngineControl {
  openSession(kind: number, address: string, localAddress: string): number;
  closeSession(session: number): void;
  /** Gives a session another's user, unless that is the program itself, and its database. */
  takeAfter(session: number, other: number, withDatabase: boolean): void;
  /** The database it has selected. */
  databaseOf(session: number): number;
  /** The name of its user; '' if it is the program itself. */
  userOf(session: number): string;
  /** '' or why its user may not run a command, by its number, without arguments. */
  refusalOf(session: number, command: number): string;
  /** As CLIENT TRACKING ON. */
  track(session: number): void;
  configGet(name: string): string | undefined;
  configSet(name: string, value: string): string;
  defineUser(words: readonly string[]): string;
  renameCommand(from: string, to: string): string;
  loadUsers(file: string, content: Uint8Array): string;
  endAclLoad(session: number, isRead: boolean, text: Uint8Array | string): void;
  endAclSave(session: number, isWritten: boolean): void;
  endConfigRewrite(session: number, reason: string): void;
  endConfigSet(session: number, name: string, reason: string): void;
  startStorage(id: number): void;
  loadFile(path: string, id: number): void;
  saveTo(path: string, id: number): void;
  whenSaved(id: number): void;
  whenRewritten(id: number): void;
  /** Makes all durable, to close the files. */
  endStorage(id: number): void;
  shutdown(save: '' | 'SAVE' | 'NOSAVE', force: boolean): void;
  killScript(session: number, kind: 'script' | 'function' | ''): string | undefined;
  scriptSha(script: string): string;
  /** Lines of names. */
  configNames(): string;
  commandNames(): string;
  takeEffects(): Effect[];
  stat(name: string): number;
  noteRejectedConnection(): void;
  noteNetwork(bytesIn: number, bytesOut: number): void;
  delete(): void;
}

/** The embind class of a check; see `file_check.ts`. */
export interface FileCheckControl<Report> {
  /** Address of room for so many bytes, 0 when memory is exhausted. */
  reserve(bytes: number): number;
  feed(bytes: number): boolean;
  finish(): Report;
  delete(): void;
}

/** The check of an RDB file, which speaks as it goes. */
export interface RdbCheckControl extends FileCheckControl<RdbReport> {
  /** Lines said since the last call. */
  takeLines(): string;
}

/** What is known of an RDB file once it has been checked. */
export interface RdbReport {
  isGood: boolean;
  /** Offset behind it, or of the fault. */
  end: number;
}

/** What is known of the commands of an append-only file. Offsets are those in the file. */
export interface AofReport {
  verdict: 'good' | 'faulty' | 'nestedMulti' | 'execWithout' | 'notATime' | 'pastTime';
  /** All is well before. */
  okUpTo: number;
  /** Lines passed. */
  lines: number;
  faultOffset: number;
  /** If `verdict` is `faulty`: what is wrong there. */
  fault:
    | 'mark'
    | 'number'
    | 'lineEnd'
    | 'annotation'
    | 'bytesCut'
    | 'transaction'
    | 'cutShort'
    | 'outOfMemory';
  /** `mark`: the byte that should be there. */
  expected: number;
  /** `mark`: the byte that is there; `lineEnd`: the two. As signed numbers. */
  first: number;
  second: number;
  /** `bytesCut`: how many bytes there should be, and how many there are. */
  wanted: number;
  present: number;
}

/** A file named in a manifest. */
export interface ManifestFile {
  name: string;
  seq: number;
}

/** What a manifest says. */
export interface ManifestFiles {
  base?: ManifestFile;
  increments: ManifestFile[];
}

/** Why a text is no manifest; `line` is 0 if it is not for what a line says. */
export interface ManifestFault {
  fault: string;
  line: number;
  lineText: string;
}

/** The module of the checks of files: embind alone. */
export interface ChecksModule {
  readonly HEAPU8: Uint8Array;
  readonly AofCheck: new (offset: number, untilSeconds: number) => FileCheckControl<AofReport>;
  readonly RdbCheck: new (
    name: string,
    nowMs: number,
    seed: number,
    moreSeed: number,
  ) => RdbCheckControl;
  parseManifest(text: Uint8Array): ManifestFiles | ManifestFault;
}

/** What the host gives the module: a clock, a way to wait, and entropy. */
export interface KvasmHost {
  /** Milliseconds since 1970, fractions allowed. */
  nowMs(): number;
  /** Microseconds of processor time this process has used, 0 where nobody knows. */
  cpuUs(isSystem: boolean): number;
  /** Blocks for about this many milliseconds (DEBUG SLEEP). */
  sleepMs(milliseconds: number): void;
  /** Fills memory with random bytes. */
  fillRandom(pointer: number, length: number): void;
}

/** The module: exported C functions of the data plane (u32 pointers and lengths) and embind. */
export interface KvasmModule {
  readonly HEAPU8: Uint8Array;
  readonly HEAPU32: Uint32Array;
  readonly HEAPF64: Float64Array;
  readonly Engine: new (options: Required<EngineOptions>) => EngineControl;
  _kv_frame(): number;
  _kv_reserve(bytes: number): number;
  _kv_call(session: number, command: number, argumentCount: number): number;
  _kv_end_wait(session: number): number;
  _kv_feed(session: number, length: number): number;
  _kv_output(session: number): number;
  _kv_consume(session: number, count: number): void;
  _kv_pushes(session: number): number;
  _kv_drop_pushes(session: number): void;
  _kv_next_ready(): number;
  _kv_storage_frame(): number;
  _kv_storage_begin(lane: number): number;
  _kv_storage_end(lane: number, status: number, size: number, inputBytes: number): number;
  _kv_tick(budgetUnits: number): number;
  _kv_effects_pending(): number;
}
