import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FileStorage } from '../../dist/node/storage_files.js';
import { seeded } from './random.mjs';
import { contentOf, lineOf } from './writing.mjs';

const kKills = 25;
const writer = fileURLToPath(new URL('writer.mjs', import.meta.url));

/** Starts a writer and kills it after a while; what it told last of each thing it does. */
async function runAndKill(folder, first, ms) {
  const child = spawn(process.execPath, [writer, folder, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  let told = '';
  for await (const chunk of child.stdout) {
    if (told === '') setTimeout(() => child.kill('SIGKILL'), ms);
    told += chunk;
  }
  assert.equal((await exit)[1], 'SIGKILL');
  const last = { append: first - 1, replace: -1, rename: -1 };
  for (const [, what, number] of told.matchAll(/(\w+) (\d+)\n/g)) last[what] = Number(number);
  return last;
}

/** How many lines of the log are there, whole; the rest must be the beginning of the next. */
function linesIn(log) {
  let at = 0;
  for (let i = 0; ; i++) {
    const line = lineOf(i);
    const found = log.subarray(at, at + line.length);
    assert.equal(Buffer.compare(found, line.subarray(0, found.length)), 0, `line ${i}`);
    if (found.length < line.length) return { count: i, bytes: at };
    at += line.length;
  }
}

const whole = async (storage, file) => {
  const size = await storage.size(file);
  return size === undefined ? undefined : Buffer.from(await storage.read(file, 0, size));
};

/** Which of the contents a replaced file has; -1 for none. It must have it whole. */
async function versionOf(storage, file) {
  const bytes = await whole(storage, file);
  if (bytes === undefined) return -1;
  const version = bytes.readUInt32BE(0);
  assert.equal(Buffer.compare(bytes, contentOf(version)), 0, `${file} is not whole`);
  return version;
}

test(`what was done is there after each of ${kKills} kills`, { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kvasm-kill-'));
  const { below } = seeded(Date.now());
  const reached = { append: 0, replace: -1, rename: -1 };
  try {
    for (let i = 0, first = 0; i < kKills; i++) {
      const told = await runAndKill(folder, first, below(60));
      const storage = new FileStorage(folder);
      await storage.lock();
      const { count, bytes } = linesIn((await whole(storage, 'd/log')) ?? Buffer.alloc(0));
      const found = {
        append: count - 1,
        replace: await versionOf(storage, 'state'),
        rename: await versionOf(storage, 'dump'),
      };
      for (const what of ['append', 'replace', 'rename']) {
        const least = Math.max(told[what], what === 'append' ? first - 1 : reached[what]);
        assert.ok(found[what] >= least, `kill ${i}: ${what} ${least} is lost: ${found[what]}`);
        assert.ok(found[what] <= found.append, `${what} ${found[what]} came before its time`);
        reached[what] = found[what];
      }
      if (bytes > 0) await storage.truncate('d/log', bytes);
      first = count;
      await storage.close();
    }
    assert.ok(Math.min(...Object.values(reached)) > 0, JSON.stringify(reached));
  } finally {
    await rm(folder, { recursive: true });
  }
});
