/** SCAN and its kin as loops. */
import type { AsyncFace } from './database.js';
import { optionsOf } from './options.js';
import type { Bytes, Key, Reply } from './types.js';

/** What {@link Database.scanIterator} and its kin look for. */
export interface ScanOptions {
  /** A glob-style pattern: only names that match are given. */
  match?: string | Bytes;
  /** How much work one step does, in elements looked at: 10 unless told otherwise. */
  count?: number;
}

/**
 * Steps through a whole iteration, reply by reply. Steps that find nothing are left out.
 * @param start the command and, but for SCAN, the key
 * @throws TypeError at the first step if there is no such option: a misspelt `match` would find all
 */
export async function* scanAll<S extends string | Bytes>(
  face: AsyncFace<S>,
  start: readonly [command: string, ...key: Key[]],
  options: ScanOptions & { type?: string },
): AsyncGenerator<Reply<S>[], void, void> {
  const [command, ...key] = start;
  const rest: (string | number | Bytes)[] = [];
  const known = ['match', 'count', ...(command === 'scan' ? (['type'] as const) : [])] as const;
  for (const [name, value] of Object.entries(optionsOf(`${command}Iterator`, options, known))) {
    if (value !== undefined) rest.push(name, value);
  }
  let cursor: Reply<S> = '0';
  do {
    const reply = (await face.call(command, ...key, cursor as string, ...rest)) as Reply<S>[];
    cursor = reply[0];
    const found = reply[1] as Reply<S>[];
    if (found.length > 0) yield found;
  } while (String(cursor) !== '0');
}

/** `[a, 1, b, 2]` as `[[a, 1], [b, 2]]`; what comes in pairs stays. */
export function inPairs<S>(found: readonly S[]): [S, S][] {
  if (Array.isArray(found[0])) return found as unknown as [S, S][];
  const pairs: [S, S][] = [];
  for (let i = 0; i + 1 < found.length; i += 2) pairs.push([found[i], found[i + 1]]);
  return pairs;
}
