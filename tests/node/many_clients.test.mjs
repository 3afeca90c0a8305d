// Many clients at once: none is dropped, each gets what is meant for it. `npm run bench -- clients`
// does the same with 10,000.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionsMax, measure } from '../bench/clients.mjs';

const kClients = 1000;
const kPings = 2000;

test(`${kClients} clients, a tenth blocked, a tenth subscribed`, async (t) => {
  const allowed = connectionsMax();
  if (allowed < kClients) return t.skip(`ulimit -n allows only ${allowed} connections`);
  // Throws if one is dropped, or an element or a message is missing.
  const { dropped, p99, used } = await measure('kvasm', kClients, kPings);
  assert.equal(dropped, 0);
  assert.ok(p99 > 0);
  // What a client takes in the database, in bytes; a real server's takes about as much.
  assert.ok(used > 0 && used < 16_384, `${used}`);
  return undefined;
});
