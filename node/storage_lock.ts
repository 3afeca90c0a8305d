// A folder that belongs to one database at a time.
//
// The lock is the file kvasm.lock; it says who holds it. A holder that ends without giving it back
// leaves it behind. Whoever finds it and knows the holder to be gone may take its place, and of
// several who try at once only one must succeed. Each lock has an id of its own, and the successor
// of X is whoever creates the file kvasm.lock.X, which the system lets only one do. A successor
// that ends at once has its own successor, and so on: a chain, whose last one holds the lock.
//
//     kvasm.lock (X, gone)  ->  kvasm.lock.X (Y, gone)  ->  kvasm.lock.Y (Z, alive: holds it)
//
// The holder then renames its file to kvasm.lock, which in one step makes it the first of the chain
// and makes everything before it history. A process that was slow may still create kvasm.lock.X
// afterwards; so everyone who has created a file walks the chain again, and does not hold the lock
// unless the chain ends with itself. Ids are never used twice, so history does not come back.
//
// Whether a holder is gone the system tells, by the number of its process. Where that means
// nothing, on another machine or in another container, its silence does: a holder touches the file
// now and then, and one that has not for long is taken for gone. If it was only held up, it notices
// when it runs again, before it writes anything more.
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError, StorageLockedError, kLockName } from '../bindings/js/storage.js';
import { codeOf, makeFolder, unless } from './file_steps.js';
import { reasonOf } from './replace_file.js';

/** What the lock's file says, as JSON. */
interface Holder {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** When the lock was asked for: milliseconds since 1970. */
  readonly sinceMs: number;
  /** The machine's run, from its start to its end; '' where the system does not tell. */
  readonly boot: string;
  /** What numbers processes; containers have their own. '' where the system does not tell. */
  readonly pidSpace: string;
  /** What another process of this number would differ in; '' where the system does not tell. */
  readonly started: string;
}

/** How often a lock that says nothing is looked at; then it is what a power cut has left. */
const kUnreadableLooks = 20;
const kUnreadablePauseMs = 50;

/** How a holder shows that it is alive. */
export interface Beat {
  /** How often it touches the file. */
  readonly everyMs: number;
  /** How long it must have been silent to be taken for gone. */
  readonly silenceMs: number;
}

/** Locks of this process that are given back, though their files could not be removed. */
const kGivenBack = new Set<string>();

export const kBeat: Beat = { everyMs: 2000, silenceMs: 15_000 };

/** The lock of a folder. */
export class FolderLock {
  private held: { readonly id: string; readonly path: string } | undefined;
  private beating: NodeJS.Timeout | undefined;
  /** When it was last seen to be its own: milliseconds of the monotonic clock. */
  private confirmedMs = 0;

  /**
   * @param folder its path
   * @param name the storage's, for messages
   */
  constructor(
    private readonly folder: string,
    private readonly name: string,
    private readonly beat: Beat = kBeat,
  ) {}

  /**
   * Takes the lock, or does nothing if it has it. The folder is made if there is none.
   * @throws StorageLockedError when somebody else has it
   * @throws StorageError when the folder cannot be made or written to
   */
  async take(): Promise<void> {
    if (this.held !== undefined) return;
    const own = thisProcess();
    const draft = this.makeDraft(own);
    try {
      for (let looks = 0; ; looks++) {
        const { last, end } = this.walk();
        if (last === 'unreadable' && looks < kUnreadableLooks) {
          await sleep(kUnreadablePauseMs);
        } else if (typeof last === 'object' && !(await this.isGone(last, own))) {
          throw this.refusal(last, own);
        } else if (this.claim(own, end, draft)) {
          return;
        }
      }
    } finally {
      fs.rmSync(draft, { force: true });
    }
  }

  /** As `take`, for who cannot wait: a holder who may be gone is taken for being there. */
  takeNow(): void {
    if (this.held !== undefined) return;
    const own = thisProcess();
    const draft = this.makeDraft(own);
    try {
      for (;;) {
        const { last, at, end } = this.walk();
        if (typeof last === 'object' && hasEnded(last, own) !== true) {
          throw this.refusal(last, own);
        }
        if (last === 'unreadable' && isFresh(at)) throw new StorageError('lock', '', 'ELOCKED');
        if (this.claim(own, end, draft)) return;
      }
    } finally {
      fs.rmSync(draft, { force: true });
    }
  }

  /** The file of the lock, by another name. */
  private makeDraft(own: Holder): string {
    const draft = this.pathAfter(`${own.id}.new`);
    try {
      makeFolder(this.folder);
      fs.writeFileSync(draft, `${JSON.stringify(own)}\n`, { flag: 'wx', mode: 0o644 });
    } catch (error) {
      const reason = reasonOf(error);
      const message = `Cannot lock ${this.name}: ${reason}`;
      throw new StorageError('lock', '', codeOf(error), reason, { message, cause: error });
    }
    return draft;
  }

  /** Becomes the last of the chain. @returns whether it has the lock by that */
  private claim(own: Holder, end: string, draft: string): boolean {
    if (!create(end, draft)) return false;
    const { last, processes } = this.walk();
    if (typeof last === 'object' && last.id === own.id) {
      this.removeUnfinished(processes);
      this.begin(own.id, end);
      return true;
    }
    fs.rmSync(end, { force: true });
    return false;
  }

  /**
   * Whether it still has the lock, if it had. It is lost if the process was held up for so long, or
   * the file removed by hand, that somebody else has taken it.
   */
  isLost(): boolean {
    if (this.held === undefined) return false;
    if (performance.now() - this.confirmedMs > this.beat.silenceMs / 2) this.confirm();
    return this.confirmedMs < 0;
  }

  /** Looks whether it still has the lock, and shows that it is alive. */
  private confirm(): void {
    const { id, path } = this.held!;
    try {
      const found = read(path);
      const isOwn = typeof found === 'object' && found.id === id;
      this.confirmedMs = isOwn ? performance.now() : -1;
      if (isOwn) fs.utimesSync(path, new Date(), new Date());
      else clearInterval(this.beating);
    } catch {
      // It cannot be seen whether it is lost: that will be looked at again.
    }
  }

  /** Gives it back, if it has it. */
  release(): void {
    clearInterval(this.beating);
    if (this.held === undefined) return;
    const { id, path } = this.held;
    this.held = undefined;
    try {
      const found = read(path);
      if (typeof found === 'object' && found.id === id) fs.rmSync(path, { force: true });
    } catch {
      // In a folder that cannot be written to any more it stays, as that of who was killed.
      kGivenBack.add(id);
    }
  }

  /** The lock is had: makes its file the first of the chain, and removes what others left. */
  private begin(id: string, end: string): void {
    const first = join(this.folder, kLockName);
    this.held = { id, path: end };
    if (end !== first) {
      fs.renameSync(end, first);
      this.held = { id, path: first };
    }
    this.confirmedMs = performance.now();
    this.beating = setInterval(() => this.confirm(), this.beat.everyMs).unref();
    for (const name of fs.readdirSync(this.folder)) {
      if (!name.startsWith(`${kLockName}.`)) continue;
      const path = join(this.folder, name);
      const found = read(path);
      if (typeof found === 'object' && hasEnded(found, thisProcess()))
        fs.rmSync(path, { force: true });
    }
  }

  /** Removes the snapshots and bases that those before it were writing when they were killed. */
  private removeUnfinished(processes: number[]): void {
    for (const pid of processes) {
      for (const name of [`temp-${pid}.rdb`, `temp-rewriteaof-bg-${pid}.aof`]) {
        try {
          fs.rmSync(join(this.folder, name), { force: true });
        } catch {
          // It takes room, and does no other harm.
        }
      }
    }
  }

  /** The last of the chain, its path, the path of who comes after, and the processes of all. */
  private walk(): {
    last: Holder | 'unreadable' | 'absent';
    at: string;
    end: string;
    processes: number[];
  } {
    let last: Holder | 'unreadable' | 'absent' = 'absent';
    let at = '';
    let end = join(this.folder, kLockName);
    const processes: number[] = [];
    for (;;) {
      const found = read(end);
      if (found === 'absent') return { last, at, end, processes };
      if (found !== 'unreadable') processes.push(found.pid);
      last = found;
      at = end;
      end = found === 'unreadable' ? this.pathAfter(nameless(end)) : this.pathAfter(found.id);
    }
  }

  private pathAfter(id: string): string {
    return join(this.folder, `${kLockName}.${id}`);
  }

  /** Whether a holder is gone: the system says so, or it is silent for long where no system can. */
  private async isGone(holder: Holder, own: Holder): Promise<boolean> {
    const hasIt = hasEnded(holder, own);
    if (hasIt !== undefined) return hasIt;
    // Clocks differ from machine to machine: what counts is that the time changes, not what it is.
    const seen = this.touched(holder);
    const pauseMs = Math.min(this.beat.everyMs, this.beat.silenceMs) / 4;
    for (const began = performance.now(); performance.now() - began < this.beat.silenceMs;) {
      await sleep(pauseMs);
      if (this.touched(holder) !== seen) return false;
    }
    return true;
  }

  /** When a holder has touched its file, as a text that differs once it is not the holder. */
  private touched(holder: Holder): string {
    const { last, at } = this.walk();
    if (typeof last !== 'object' || last.id !== holder.id) return 'by another';
    return String(fs.statSync(at, { throwIfNoEntry: false })?.mtimeMs);
  }

  private refusal({ pid, host, sinceMs, ...rest }: Holder, own: Holder): StorageLockedError {
    const isHere = isSameSpace({ pid, host, sinceMs, ...rest }, own);
    const hint =
      isHere && pid === own.pid
        ? 'That is this process: close that database first, or use another folder.'
        : 'Stop it, or use another folder.';
    return new StorageLockedError(this.name, { pid, host, sinceMs }, hint);
  }
}

/** Creates the file with the content of another, unless it is there. */
function create(path: string, draft: string): boolean {
  try {
    fs.linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
  }
  // Some file systems have no links. Here the file is there for a moment before it says anything.
  try {
    fs.writeFileSync(path, fs.readFileSync(draft), { flag: 'wx', mode: 0o644 });
    return true;
  } catch (error) {
    unless('EEXIST')(error);
    return false;
  }
}

/** What a lock's file says. */
function read(path: string): Holder | 'unreadable' | 'absent' {
  try {
    const said = (JSON.parse(fs.readFileSync(path, 'utf8')) ?? {}) as Holder;
    const { id, pid, host, sinceMs, boot, pidSpace, started } = said;
    const isWhole =
      [id, host, boot, pidSpace, started].every((text) => typeof text === 'string') &&
      [pid, sinceMs].every(Number.isSafeInteger) &&
      /^\w+$/.test(id);
    return isWhole ? { id, pid, host, sinceMs, boot, pidSpace, started } : 'unreadable';
  } catch (error) {
    if (error instanceof SyntaxError) return 'unreadable';
    unless('ENOENT')(error);
    return 'absent';
  }
}

/** Whether somebody may be writing a file at this moment. */
function isFresh(path: string): boolean {
  const stats = fs.statSync(path, { throwIfNoEntry: false });
  const ageMs = Date.now() - (stats?.mtimeMs ?? 0);
  return ageMs >= 0 && ageMs < kUnreadableLooks * kUnreadablePauseMs;
}

/** An id for a file that does not say its own. */
function nameless(path: string): string {
  const stats = fs.statSync(path, { throwIfNoEntry: false });
  return `unreadable_${stats?.ino ?? 0}_${Math.trunc(stats?.mtimeMs ?? 0)}`;
}

/** What can be read of /proc; '' elsewhere. */
function tell(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return '';
  }
}

function thisProcess(): Holder {
  return {
    id: randomBytes(12).toString('hex'),
    pid: process.pid,
    host: hostname(),
    sinceMs: Date.now(),
    boot: tell(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    pidSpace: tell(() => fs.readlinkSync('/proc/self/ns/pid')),
    started: processState(process.pid).started,
  };
}

/** What Linux says of a process; '' where it says nothing. */
function processState(pid: number): { state: string; started: string } {
  const text = tell(() => fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the program's name in brackets, and may hold anything.
  const [state = '', ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state, started: rest[18] ?? '' };
}

/** Whether the number of the one's process means the same to the other. */
function isSameSpace(a: Holder, b: Holder): boolean {
  if (a.boot !== '' && b.boot !== '') return a.boot === b.boot && a.pidSpace === b.pidSpace;
  return a.host === b.host;
}

/** Whether a holder's process has ended; undefined when the system cannot tell. */
function hasEnded(holder: Holder, own: Holder): boolean | undefined {
  if (kGivenBack.has(holder.id)) return true;
  if (!isSameSpace(holder, own)) {
    const isRestarted = holder.host === own.host && holder.boot !== own.boot;
    return isRestarted ? true : undefined;
  }
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
  const { state, started } = processState(holder.pid);
  if (state === 'Z' || state === 'X') return true; // dead, though nobody has asked how it ended
  return started !== '' && holder.started !== '' && started !== holder.started;
}
