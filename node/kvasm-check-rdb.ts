#!/usr/bin/env node
// The executable `kvasm-check-rdb`, which takes the place of redis-check-rdb.
import { CheckEnd, processSurroundings } from './check_file.js';
import { checkRdb } from './check_rdb.js';
import { answerAbout } from './version.js';

const kUsage = 'Usage: kvasm-check-rdb <rdb-file-name>\n';

const args = process.argv.slice(2);
const io = processSurroundings();
try {
  if (args.length !== 1) {
    process.stderr.write(kUsage);
    throw new CheckEnd(1);
  }
  const [path] = args as [string];
  const answer = answerAbout('kvasm-check-rdb', kUsage, path);
  if (answer !== undefined) io.print(answer);
  else await checkRdb(path, io);
} catch (error) {
  if (!(error instanceof CheckEnd)) throw error;
  process.exitCode = error.code;
}
