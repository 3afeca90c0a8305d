/** The directives of redis.conf that `open` is given. */
import type { Storage } from './storage.js';

type Directives = Readonly<Record<string, string | number | boolean | undefined>>;

const isYes = (value: unknown): boolean => value === true || /^yes$/i.test(String(value));

/**
 * What to set, in order: a database in files is to be durable unless it is told how.
 * @throws TypeError if something is asked for that the database could not obey
 */
export function directivesFor(
  storage: Storage | undefined,
  config: Directives = {},
): [name: string, value: string][] {
  const given = Object.entries(config).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) checkDirective(name.toLowerCase(), value, storage);
  const isTold = given.some(([name]) => /^(appendonly|save)$/i.test(name));
  const defaults = storage === undefined || isTold ? {} : { appendonly: 'yes', save: '' };
  const asText = (value: unknown): string =>
    typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
  return [
    ...Object.entries(defaults),
    ...given.map(([name, value]): [string, string] => [name, asText(value)]),
  ];
}

function checkDirective(name: string, value: unknown, storage: Storage | undefined): void {
  if (name === 'dir') {
    throw new TypeError(
      "The folder is what open's url names: 'file:./data', not the directive dir",
    );
  }
  const asksForFiles = (name === 'appendonly' && isYes(value)) || (name === 'save' && value !== '');
  if (storage !== undefined || !asksForFiles) return;
  throw new TypeError(`'memory:' keeps nothing, whatever ${name} says: open 'file:./data'`);
}
