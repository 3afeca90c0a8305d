// A storage around a storage, in which things go wrong as they are told to.
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError, isSynchronous } from '../../dist/bindings/js/storage.js';
import { FileTurns } from '../../dist/node/file_turns.js';
import { seeded } from './random.mjs';

const kOperations = [
  ...['lock', 'list', 'size', 'read', 'append', 'sync', 'truncate', 'rename', 'replace', 'remove'],
];
const kWords = {
  EACCES: 'Permission denied',
  ECRASHED: 'The machine has stopped',
  EIO: 'Input/output error',
  ENOSPC: 'No space left on device',
  EROFS: 'Read-only file system',
};

/**
 * Passes operations on, and counts and remembers them (`log`), except where it was told otherwise:
 *
 * - `fail({ operation: 'append', code: 'ENOSPC', bytes: 10 })`: the operation is refused, after ten
 *   bytes of it were written (a short write). More: `file`, a text or a RegExp; `skip`, how many
 *   such operations go well before; `times`, how many fail, then it heals. Returns what heals it.
 * - `delayMs`, a number or a function of the operation's entry in the log: it takes that long
 *   before it is passed on. Operations on one file keep their order. With it there are no
 *   synchronous forms.
 * - `crashAt: n`: at the nth operation, from 0, or when `crash()` is called, the machine stops:
 *   that operation is not carried out, or is, or a part of it (chance decides, from `seed`), and it
 *   and whatever is asked for or under way is refused with ECRASHED. Then open the inner storage
 *   anew: the process was killed; or, if that is a Disk's, `disk.powerCut()`.
 */
export class FaultyStorage {
  /** What was asked for: { operation, file, to?, offset?, length?, isSynchronous }. */
  log = [];
  isCrashed = false;
  #inner;
  #faults = new Set();
  #turns = new FileTurns();
  #random;
  #stop;
  /** Never resolves; rejects when the machine stops. */
  #stopped = new Promise((_, reject) => (this.#stop = reject));

  constructor(inner, { crashAt = Infinity, delayMs, seed = 1 } = {}) {
    this.#inner = inner;
    this.name = inner.name;
    this.crashAt = crashAt;
    this.delayMs = delayMs;
    this.#random = seeded(seed);
    this.#stopped.catch(() => {});
    for (const operation of kOperations) {
      this[operation] = async (...args) => this.#do(operation, args);
      if (delayMs !== undefined || !isSynchronous(inner)) continue;
      if (operation === 'lock' || operation === 'list') continue;
      this[`${operation}Sync`] = (...args) => this.#doSync(operation, args);
    }
  }

  /** How many operations there were. */
  get count() {
    return this.log.length;
  }

  fail(fault) {
    const entry = { skip: 0, times: Infinity, ...fault };
    this.#faults.add(entry);
    return () => this.#faults.delete(entry);
  }

  crash() {
    this.isCrashed = true;
    this.#stop();
  }

  async close() {
    if (!this.isCrashed) await this.#turns.drain();
    await this.#inner.close();
  }

  async #do(operation, args) {
    const entry = this.#enter(operation, args, false);
    const run = async () => {
      const { steps, error } = this.#plan(entry, args);
      let result;
      for (const [name, ...rest] of steps) result = await this.#inner[name](...rest);
      if (error) throw error;
      return result;
    };
    try {
      return await Promise.race([
        this.delayMs === undefined ? run() : this.#later(entry, run),
        this.#stopped,
      ]);
    } catch (error) {
      throw this.isCrashed ? this.#error(entry, 'ECRASHED') : error;
    }
  }

  #doSync(operation, args) {
    const entry = this.#enter(operation, args, true);
    const { steps, error } = this.#plan(entry, args);
    let result;
    for (const [name, ...rest] of steps) result = this.#inner[`${name}Sync`](...rest);
    if (error) throw error;
    return result;
  }

  #later(entry, run) {
    const files = [entry.file ?? '', ...(entry.to === undefined ? [] : [entry.to])];
    return this.#turns.run(files, { isHarmless: true }, async () => {
      const { delayMs } = this;
      await sleep(typeof delayMs === 'function' ? delayMs(entry) : delayMs);
      return run();
    });
  }

  #enter(operation, [file, a, b], isSynchronous) {
    const entry = { operation, isSynchronous };
    if (file !== undefined) entry.file = file;
    if (operation === 'rename') entry.to = a;
    if (operation === 'read') Object.assign(entry, { offset: a, length: b });
    if (operation === 'truncate') entry.length = a;
    if (operation === 'append' || operation === 'replace') entry.length = a.length;
    if (this.isCrashed) throw this.#error(entry, 'ECRASHED');
    entry.index = this.log.push(entry) - 1;
    return entry;
  }

  /** What is to be done, and the error then. */
  #plan(entry, args) {
    if (this.isCrashed) return { steps: [], error: this.#error(entry, 'ECRASHED') };
    const { operation, file } = entry;
    if (entry.index >= this.crashAt) {
      this.crash();
      const choices = this.#choices(entry, args);
      const steps = choices[this.#random.below(choices.length)];
      return { steps, error: this.#error(entry, 'ECRASHED') };
    }
    for (const fault of this.#faults) {
      if (fault.operation !== operation || !matches(fault.file, file)) continue;
      if (fault.skip-- > 0 || fault.times-- <= 0) continue;
      const bytes = operation === 'append' ? args[1].subarray(0, fault.bytes ?? 0) : [];
      const steps = bytes.length > 0 ? [['append', file, bytes]] : [];
      return { steps, error: this.#error(entry, fault.code) };
    }
    return { steps: [[operation, ...args]] };
  }

  /** What the machine may have done of an operation when it stops. */
  #choices({ operation, file }, args) {
    const part = (bytes) => bytes.subarray(0, this.#random.below(bytes.length + 1));
    const choices = [[], [[operation, ...args]]];
    if (operation === 'append') choices.push([['append', file, part(args[1])]]);
    if (operation === 'rename') choices.push([['sync', file]]);
    if (operation === 'replace') {
      const temporary = file.replace(/[^/]*$/, 'temp-$&');
      choices.push([
        ['remove', temporary],
        ['append', temporary, part(args[1])],
      ]);
    }
    return choices;
  }

  #error({ operation, file }, code) {
    return new StorageError(operation, file ?? '', code, kWords[code]);
  }
}

function matches(pattern, file) {
  return pattern === undefined || (pattern.test ? pattern.test(file) : pattern === file);
}
