// A storage that is locked when it is first written to: a server that saves nothing by itself
// shares its folder with others until somebody asks it to save.
import type { Storage } from '../bindings/js/storage.js';

const kWriting = ['append', 'truncate', 'rename', 'replace', 'remove'] as const;

/** The same storage; what writes waits for its lock first, or fails with why it cannot be had. */
export function lockedOnWrite(storage: Storage): Storage {
  let locked: Promise<void> | undefined;
  let isLocked = false;
  const lock = (): Promise<void> => {
    locked ??= storage.lock().then(
      () => {
        isLocked = true;
      },
      (error: unknown) => {
        locked = undefined;
        throw error;
      },
    );
    return locked;
  };
  return new Proxy(storage, {
    get(target, name) {
      // The synchronous forms cannot wait for a lock.
      if (!isLocked && typeof name === 'string' && name.endsWith('Sync')) return undefined;
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...args: unknown[]) => unknown;
      if (!(kWriting as readonly unknown[]).includes(name)) return call;
      return async (...args: unknown[]) => {
        await lock();
        return call(...args);
      };
    },
  });
}
