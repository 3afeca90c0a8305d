// Which Kvasm this is, and which Redis it speaks like.
import { readFileSync } from 'node:fs';

/** The version of Redis whose behaviour is followed. */
export const kRedisVersion = '7.2.6';

/** The version in package.json. */
export function packageVersion(): string {
  const url = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version;
}
