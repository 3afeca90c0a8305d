#!/usr/bin/env node
// The executable `kvasm-check-aof`, which takes the place of redis-check-aof.
import { checkAof, type AofCheckOptions } from './check_aof.js';
import { CheckEnd, processSurroundings } from './check_file.js';
import { answerAbout } from './version.js';

const kUsage =
  'Usage: kvasm-check-aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>\n';

/** What the arguments ask for; a text says what is wrong with them. */
function readArguments(args: readonly string[]): (AofCheckOptions & { path: string }) | string {
  if (args.length === 1) return { fix: false, path: args[0]! };
  if (args.length === 2 && args[0] === '--fix') return { fix: true, path: args[1]! };
  if (args.length !== 3 || args[0] !== '--truncate-to-timestamp') return kUsage;
  if (!/^\s*[-+]?\d{1,18}$/.test(args[1]!)) return 'Invalid timestamp, aborting...\n';
  const until = BigInt(args[1]!.trim().replace(/^\+/, ''));
  return { fix: false, path: args[2]!, until: until === 0n ? undefined : until };
}

const io = processSurroundings();
try {
  const asked = readArguments(process.argv.slice(2));
  if (typeof asked === 'string') {
    io.print(asked);
    throw new CheckEnd(1);
  }
  const answer = asked.fix ? undefined : answerAbout('kvasm-check-aof', kUsage, asked.path);
  if (answer !== undefined) io.print(answer);
  else await checkAof(asked.path, asked, io);
} catch (error) {
  if (!(error instanceof CheckEnd)) throw error;
  process.exitCode = error.code;
}
