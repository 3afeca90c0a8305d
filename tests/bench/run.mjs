#!/usr/bin/env node
/**
 * npm run bench [-- part ...] [--quick] [--without kvasm,...]
 * Measures Kvasm and its peers side by side in one run; see README.md.
 */
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { bullmq } from './bullmq.mjs';
import { clients } from './clients.mjs';
import { inProcess } from './inprocess.mjs';
import { large } from './large.mjs';
import { memory } from './memory.mjs';
import { findExecutable, installPeers, npmPeers } from './peers.mjs';
import { persistence } from './persistence.mjs';
import { pubsub } from './pubsub.mjs';
import { Report } from './report.mjs';
import { scripts } from './scripts.mjs';
import { servers } from './server.mjs';
import { size } from './size.mjs';
import { startup } from './startup.mjs';
import { types } from './types.mjs';
import { bold, progress } from './terminal.mjs';

/**
 * @typedef {object} Context
 * @property {boolean} quick      fewer and shorter rounds
 * @property {Set<string>} without  contenders to leave out
 * @property {Report} report
 */

const parts = {
  inprocess: ['In process', inProcess],
  server: ['Servers, under redis-benchmark', servers],
  types: ['Data types, under redis-benchmark', types],
  scripts: ['Scripts, under redis-benchmark', scripts],
  bullmq: ['BullMQ', bullmq],
  pubsub: ['Publish and subscribe', pubsub],
  clients: ['Many clients at once', clients],
  startup: ['Start-up', startup],
  memory: ['Memory', memory],
  large: ['Removing large values', large],
  persistence: ['Persistence', persistence],
  size: ['Size of the download', size],
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    without: { type: 'string', default: '' },
    help: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !(name in parts));
if (options.help || unknown.length) {
  if (unknown.length) console.error(`unknown part: ${unknown.join(', ')}`);
  console.log('usage: npm run bench -- [part ...] [--quick] [--without name,name]');
  console.log(`parts: ${Object.keys(parts).join(' ')} (all of them unless named)`);
  process.exit(unknown.length ? 2 : 0);
}

progress('installing peers');
const hasPeers = installPeers();
progress('');
const [cpu] = cpus();
const ram = `${(totalmem() / 2 ** 30).toFixed(0)} GB`;
console.log(`Node ${process.version}, ${cpus().length} cores (${cpu?.model.trim()}), ${ram}`);

const report = new Report();
const without = new Set(options.without.split(',').filter(Boolean));
if (!hasPeers) {
  console.log(`left out, as npm could not install them: ${npmPeers.join(', ')}`);
  for (const name of npmPeers) without.add(name);
}
if (!findExecutable('redis-server')) console.log('left out, as not installed: redis-server');
const chosen = positionals.length ? positionals : Object.keys(parts);
for (const name of chosen) {
  const [title, run] = parts[name];
  console.log(`\n${bold(title)}`);
  await run({ quick: options.quick, without, report });
}
report.print();
