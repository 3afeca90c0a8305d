// A process that writes is killed at random moments, again and again, with rewriting and snapshots
// under way. What each loads is compared with what those before had been told.
//
// KVASM_CRASHES: how often, for each policy.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeFolder } from './folders.mjs';
import { makeRandom } from './server_client.mjs';

const kCrashes = Number(process.env.KVASM_CRASHES ?? 200);
/** Folders that are worked on at the same time. */
const kLanes = 2;
const kWriter = fileURLToPath(new URL('crash_writer.mjs', import.meta.url));
const kWritesWithinMs = 100;
const kStartMs = 150;
const kLongestMs = 20_000;

/**
 * Starts a writer and kills it: some time after it has loaded, or `duringStart`, before.
 * @returns `loaded`, undefined if it did not come to that; the lines; when it was killed
 */
async function crash({ folder, policy, seed, afterMs, duringStart }) {
  const child = spawn(process.execPath, [kWriter, folder, policy, `${seed}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  let errors = '';
  let killedMs;
  const kill = () => {
    killedMs ??= Date.now();
    child.kill('SIGKILL');
  };
  const limit = setTimeout(kill, kLongestMs);
  let timer = duringStart ? setTimeout(kill, afterMs) : undefined;
  child.stdout.on('data', (chunk) => {
    text += chunk;
    if (timer === undefined) timer = setTimeout(kill, afterMs);
  });
  child.stderr.on('data', (chunk) => (errors += chunk));
  const signal = await new Promise((done) => child.once('close', (_, how) => done(how)));
  clearTimeout(limit);
  clearTimeout(timer);
  assert.equal(signal, 'SIGKILL', `the writer ended by itself: ${errors}`);
  const lines = text.split('\n').slice(0, -1);
  const loaded = lines[0]?.startsWith('loaded ') ? JSON.parse(lines[0].slice(7)) : undefined;
  assert.ok(loaded !== undefined || duringStart, `nothing loaded within ${kLongestMs} ms`);
  return { loaded, lines, killedMs };
}

/** What must be there after a crash, and the most that may be. */
function boundsAfter({ loaded, lines, killedMs }, policy) {
  const least = { ...loaded };
  const most = { ...loaded };
  for (const line of lines) {
    const [kind, what, number, ms] = line.split(' ');
    if (kind === 'done') {
      most[what] = Number(number);
      if (policy === 'always' || Number(ms) < killedMs - 1000) least[what] = Number(number);
    } else if (kind === 'safe') {
      Object.assign(least, JSON.parse(what));
    }
  }
  // Of each writer one may have been under way.
  for (const name of Object.keys(most)) ++most[name];
  return { least, most };
}

async function crashAgainAndAgain(test, policy, crashes, seed) {
  const folder = makeFolder(test);
  const random = makeRandom(seed);
  let bounds;
  let writes = 0;
  for (let i = 0; i <= crashes; ++i) {
    // The last one only looks.
    const duringStart = i < crashes && random(8) === 0;
    const isLong = random(25) === 0;
    const afterMs = random(duringStart ? kStartMs : isLong ? 1500 : kWritesWithinMs);
    const seen = await crash({ folder, policy, seed: random(2 ** 31), afterMs, duringStart });
    const { loaded } = seen;
    if (loaded === undefined) continue;
    if (bounds !== undefined) {
      for (const [name, number] of Object.entries(loaded)) {
        const what = `${name}: ${number} after crash ${i} (seed ${seed})`;
        assert.ok(number >= bounds.least[name], `${what}, ${bounds.least[name]} was promised`);
        assert.ok(number <= bounds.most[name], `${what}, ${bounds.most[name]} is the most written`);
      }
    }
    bounds = boundsAfter(seen, policy);
    for (const name of Object.keys(loaded)) writes += bounds.least[name] - loaded[name];
  }
  return { folder, writes };
}

describe(`a process killed ${kCrashes} times`, () => {
  const lanes = Array.from({ length: kLanes }, (_, i) => i);
  for (const policy of ['always', 'everysec']) {
    const promise = policy === 'always' ? 'nothing acknowledged' : "at most a second's writes";
    it(`loses ${promise} with appendfsync ${policy}`, async (test) => {
      const crashes = Math.ceil(kCrashes / kLanes);
      const lives = await Promise.all(
        lanes.map((lane) => crashAgainAndAgain(test, policy, crashes, 1 + lane)),
      );
      for (const { folder, writes } of lives) {
        assert.ok(writes > 0, `${writes} writes were promised to last`);
        // What the killed have left half-done does not pile up.
        const files = readdirSync(folder, { recursive: true });
        assert.ok(files.length < 60, `${files.length} files are left: ${files}`);
      }
      test.diagnostic(`${lives.map(({ writes }) => writes)} writes were promised to last`);
    });
  }
});
