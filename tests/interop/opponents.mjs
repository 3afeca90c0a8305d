// Whom the tests compare that play the same random commands to a real redis-server and to ours.
//
//   KVASM_DIFF_SEED=7  instead of the fixed seed      KVASM_REDIS_SERVER=/path  the judge
//   KVASM_TARGETS=native  only one of tcp, wasm, native
import { after, before } from 'node:test';

import { nativePath, redisTarget, targets } from '../conformance/targets.mjs';
import { redisServerPath } from './server.mjs';

const shares = { tcp: 0.5, wasm: 0.4, native: 0.1 };
const chosen = (process.env.KVASM_TARGETS?.split(',') ?? Object.keys(shares)).filter(
  (name) => name in shares && (name !== 'native' || nativePath()),
);
const whole = chosen.reduce((sum, name) => sum + shares[name], 0);

export const seed = process.env.KVASM_DIFF_SEED ?? 'kvasm';

/** Why there is nothing to compare with, or false. */
export const skip = redisServerPath() ? false : 'no redis-server found';

/**
 * Ours, in each of the ways it is reached.
 * @param count of commands, for all of them together
 * @returns [{name, start, count}]: `start()` gives the target, `count` is its share
 */
export function opponents(count) {
  return chosen.map((name) => ({
    name,
    start: targets[name],
    count: Math.ceil((count * shares[name]) / whole),
  }));
}

/** Two real servers, `judge` and `twin`, while the tests of the suite that calls this run. */
export function realServers() {
  const servers = {};
  before(async () => {
    servers.judge = await redisTarget();
    servers.twin = await redisTarget();
  });
  after(async () => {
    await servers.judge?.stop();
    await servers.twin?.stop();
  });
  return servers;
}

/** Prints the known differences that were met, each with how often. */
export function tellKnown(t, counts) {
  for (const [{ where, before: was, then }, times] of counts) {
    t.diagnostic(`${times} times: ${where}: ${was}; then: ${then}`);
  }
}
