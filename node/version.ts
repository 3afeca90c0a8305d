// Which Kvasm this is, and which Redis it speaks like.
import { readFileSync } from 'node:fs';

/** The version of Redis whose behaviour is followed. */
export const kRedisVersion = '7.2.6';

/** The version in package.json. */
export function packageVersion(): string {
  const url = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version;
}

/** What a tool says of itself, if its one argument asks for that. */
export function answerAbout(tool: string, usage: string, argument: string): string | undefined {
  if (argument === '-h' || argument === '--help') return usage;
  if (argument !== '-v' && argument !== '--version') return undefined;
  return `${tool} ${kRedisVersion} (kvasm ${packageVersion()})\n`;
}
