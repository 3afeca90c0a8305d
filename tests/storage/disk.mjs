// A disk that can lose its power: a storage in memory which knows what is safe by the promises of
// bindings/js/storage.ts, and takes them at their word: what they do not promise is up to chance.
import { MemoryStorage } from '../../dist/bindings/js/storage_memory.js';
import { seeded } from './random.mjs';

const copy = (file) => file.read(0, file.size);

/**
 * The files, and what is known of them. `open()` gives a storage on it; several may be opened, one
 * after the other or at once. After a crash `powerCut()` says what is on the disk when it runs
 * again; it may be asked as often as one likes.
 */
export class Disk {
  shelf = { files: new Map(), holder: undefined, sinceMs: 0 };
  /** For each file what it may be after a power cut besides itself, and how much of it is safe. */
  #contents = new Map();
  /** For each name the files it may stand for, undefined for none; the present one is the last. */
  #names = new Map();

  open() {
    return new DiskStorage(this);
  }

  /**
   * The disk after a power cut, on which everything is safe. Where anything may be, chance decides,
   * or the caller:
   * @param {{ seed?: number,
   *   keep?: (name: string, safe: number, size: number) => number,
   *   pick?: (name: string, count: number) => number }} how
   *   keep: how many bytes of a file are there, between those that are safe and all
   *   pick: which of the files that a name may stand for, the last being the present one
   */
  powerCut({ seed = 0, keep, pick } = {}) {
    const { below } = seeded(seed);
    pick ??= (_name, count) => below(count);
    const after = new Disk();
    for (const [name, candidates] of this.#names) {
      const file = candidates[pick(name, candidates.length)];
      if (file === undefined) continue;
      after.shelf.files.set(name, file);
      const bytes = this.#remains(name, file, keep, below);
      after.shelf.files.delete(name);
      after.open().replaceSync(name, bytes);
    }
    return after;
  }

  #remains(name, file, keep, below) {
    const { safe, others } = this.#contents.get(file);
    if (keep) return file.read(0, keep(name, safe, file.size));
    const states = [{ safe, bytes: copy(file) }, ...others];
    const state = states[below(states.length)];
    // The ends are as likely as all between them.
    const lengths = [state.safe, state.bytes.length];
    const between = state.safe + below(state.bytes.length - state.safe + 1);
    return state.bytes.subarray(0, [...lengths, between, between][below(4)]);
  }

  /** A name stands for what it stands for now, or may still be what it was. */
  named(name) {
    const now = this.shelf.files.get(name);
    const candidates = this.#names.get(name) ?? [undefined];
    if (now !== candidates.at(-1)) candidates.push(now);
    this.#names.set(name, candidates);
    if (now && !this.#contents.has(now)) this.#contents.set(now, { safe: 0, others: [] });
  }

  /** A file is to be cut off: it may still be what it was. */
  cutting(name, size) {
    const file = this.shelf.files.get(name);
    const content = this.#contents.get(file);
    content.others.push({ safe: content.safe, bytes: copy(file) });
    content.safe = Math.min(content.safe, size);
  }

  /** All bytes of a file are safe, and that the name stands for it. */
  safe(name) {
    const file = this.shelf.files.get(name);
    this.#contents.set(file, { safe: file.size, others: [] });
    this.#names.set(name, [file]);
  }
}

class DiskStorage extends MemoryStorage {
  #disk;

  constructor(disk) {
    super();
    this.shelf = disk.shelf;
    this.#disk = disk;
    this.name = 'disk:';
  }

  appendSync(file, bytes) {
    super.appendSync(file, bytes);
    this.#disk.named(file);
  }

  syncSync(file) {
    super.syncSync(file);
    this.#disk.safe(file);
  }

  truncateSync(file, size) {
    const sizeNow = this.shelf.files.get(file)?.size ?? 0;
    if (size < sizeNow) this.#disk.cutting(file, size);
    super.truncateSync(file, size);
  }

  renameSync(from, to) {
    super.renameSync(from, to);
    this.#disk.named(from);
    this.#disk.safe(to);
  }

  replaceSync(file, bytes) {
    super.replaceSync(file, bytes);
    this.#disk.safe(file);
  }

  removeSync(file) {
    super.removeSync(file);
    this.#disk.named(file);
  }
}
