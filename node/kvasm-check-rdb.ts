#!/usr/bin/env node
// The executable `kvasm-check-rdb`, which takes the place of redis-check-rdb.
import { CheckEnd, processSurroundings } from './check_file.js';
import { checkRdb } from './check_rdb.js';
import { kRedisVersion, packageVersion } from './version.js';

const args = process.argv.slice(2);
const io = processSurroundings();
try {
  if (args.length !== 1) {
    process.stderr.write('Usage: kvasm-check-rdb <rdb-file-name>\n');
    throw new CheckEnd(1);
  }
  const [path] = args as [string];
  if (path === '-v' || path === '--version') {
    io.print(`kvasm-check-rdb ${kRedisVersion} (kvasm ${packageVersion()})\n`);
  } else {
    await checkRdb(path, io);
  }
} catch (error) {
  if (!(error instanceof CheckEnd)) throw error;
  process.exitCode = error.code;
}
