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
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError, StorageLockedError, kLockName } from '../bindings/js/storage.js';
import { codeOf, unless } from './file_steps.js';
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

/** The lock of a folder. */
export class FolderLock {
  private held: { readonly id: string; readonly path: string } | undefined;

  /**
   * @param folder its path
   * @param name the storage's, for messages
   */
  constructor(
    private readonly folder: string,
    private readonly name: string,
  ) {}

  /**
   * Takes the lock, or does nothing if it has it.
   * @throws StorageLockedError when somebody else has it
   * @throws StorageError when the folder cannot be written to
   */
  async take(): Promise<void> {
    if (this.held !== undefined) return;
    const own = thisProcess();
    const draft = this.pathAfter(`${own.id}.new`);
    try {
      fs.writeFileSync(draft, `${JSON.stringify(own)}\n`, { flag: 'wx', mode: 0o644 });
    } catch (error) {
      const reason = reasonOf(error);
      const message = `Cannot lock ${this.name}: ${reason}`;
      throw new StorageError('lock', '', codeOf(error), reason, { message, cause: error });
    }
    try {
      for (let looks = 0; ; looks++) {
        const { last, end } = this.walk();
        if (last === 'unreadable' && looks < kUnreadableLooks) {
          await sleep(kUnreadablePauseMs);
        } else if (typeof last === 'object' && !isGone(last, own)) {
          throw this.refusal(last, own);
        } else if (create(end, draft)) {
          const { last: holder } = this.walk();
          if (typeof holder === 'object' && holder.id === own.id) return this.begin(own.id, end);
          fs.rmSync(end, { force: true });
        }
      }
    } finally {
      fs.rmSync(draft, { force: true });
    }
  }

  /** Gives it back, if it has it. */
  release(): void {
    if (this.held === undefined) return;
    const { id, path } = this.held;
    this.held = undefined;
    const found = read(path);
    if (typeof found === 'object' && found.id === id) fs.rmSync(path, { force: true });
  }

  /** The lock is had: makes its file the first of the chain, and removes what others left. */
  private begin(id: string, end: string): void {
    const first = join(this.folder, kLockName);
    this.held = { id, path: end };
    if (end !== first) {
      fs.renameSync(end, first);
      this.held = { id, path: first };
    }
    for (const name of fs.readdirSync(this.folder)) {
      if (!name.startsWith(`${kLockName}.`)) continue;
      const path = join(this.folder, name);
      const found = read(path);
      if (typeof found === 'object' && isGone(found, thisProcess()))
        fs.rmSync(path, { force: true });
    }
  }

  /** The last of the chain, and the path of who comes after. */
  private walk(): { last: Holder | 'unreadable' | 'absent'; end: string } {
    let last: Holder | 'unreadable' | 'absent' = 'absent';
    let end = join(this.folder, kLockName);
    for (;;) {
      const found = read(end);
      if (found === 'absent') return { last, end };
      last = found;
      end = found === 'unreadable' ? this.pathAfter(nameless(end)) : this.pathAfter(found.id);
    }
  }

  private pathAfter(id: string): string {
    return join(this.folder, `${kLockName}.${id}`);
  }

  private refusal(holder: Holder, own: Holder): StorageLockedError {
    const hint =
      holder.pid === own.pid && isSameSpace(holder, own)
        ? 'That is this process: close that database first, or use another folder.'
        : isSameSpace(holder, own)
          ? 'Stop it, or use another folder.'
          : `If it runs no more, remove ${join(this.folder, kLockName)}; else use another folder.`;
    return new StorageLockedError(this.name, holder, hint);
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
    const { id, pid, host, sinceMs, boot, pidSpace, started } = JSON.parse(
      fs.readFileSync(path, 'utf8'),
    );
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

/** Whether a holder is known to be gone, as far as this process can see. */
function isGone(holder: Holder, own: Holder): boolean {
  if (!isSameSpace(holder, own)) {
    // The same machine has been started anew.
    return holder.host === own.host && holder.boot !== own.boot;
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
