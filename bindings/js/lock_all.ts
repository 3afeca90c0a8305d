/** What of a storage a database takes for itself before it reads it. */
import type { Engine } from './engine.js';
import type { Storage } from './storage.js';

/**
 * Locks the storage, and besides the folder of the append-only file, if there is to be one: that
 * is all that a server locks which saves no snapshots.
 * @throws StorageLockedError, StorageError; nothing is locked then
 */
export async function lockAll(storage: Storage, engine: Engine): Promise<void> {
  try {
    await storage.lock();
    const hasLog = engine.configGet('appendonly') === 'yes';
    if (hasLog) await storage.lock(engine.configGet('appenddirname')!);
  } catch (error) {
    await storage.close();
    throw error;
  }
}
