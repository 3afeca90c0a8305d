/** `open('file:...', { load })`: a data set gets a folder of its own. */
import type { Database } from './database.js';
import type { Engine, LoadProgress } from './engine.js';
import type { Storage } from './storage.js';

const kTaken =
  'there is data in it already, which would be mixed with what is to be loaded. It is left as it ' +
  'is: open it without load, or load into an empty folder';

/**
 * Starts the storage, which must hold no data, and loads an RDB file besides; when that is done it
 * is in the storage's files.
 * @returns '' or why it could not be: what was there is there still
 */
export async function loadInto(
  database: Database,
  engine: Engine,
  from: {
    storage: Storage;
    load: Uint8Array;
    onProgress: ((progress: LoadProgress) => void) | undefined;
  },
): Promise<string> {
  const hasMore = await hasUnread(engine, from.storage);
  const problem = await engine.startStorage(from.storage, from.onProgress);
  if (problem !== '') return problem;
  const { sync } = database;
  const isEmpty = !sync.info('keyspace').includes('keys=') && sync.functionList().length === 0;
  if (hasMore || !isEmpty) return kTaken;
  return (await engine.loadBytes(from.load, from.onProgress)) || store(database, engine);
}

/** Whether there are files of data that the engine, as it is configured, does not read. */
async function hasUnread(engine: Engine, storage: Storage): Promise<boolean> {
  const setting = (name: string): string => engine.configGet(name)!;
  const manifest = `${setting('appenddirname')}/${setting('appendfilename')}.manifest`;
  if ((await storage.size(manifest)) === undefined) return false;
  if (setting('appendonly') !== 'yes') return true;
  return (await storage.size(setting('dbfilename'))) !== undefined;
}

/** Until then what has been loaded is in memory alone. */
async function store(database: Database, engine: Engine): Promise<string> {
  const isLogged = engine.configGet('appendonly') === 'yes';
  try {
    await (isLogged ? database.bgrewriteaof() : database.bgsave('SCHEDULE'));
    return '';
  } catch (error) {
    return `what was loaded cannot be stored: ${(error as Error).message.replace(/^ERR /, '')}`;
  }
}
