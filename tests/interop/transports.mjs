// The ways in which packages that stand on ioredis reach a server: over TCP, and without a socket.
import { Redis } from 'ioredis';
import { open } from 'kvasm';
import { connectorTo } from 'kvasm/ioredis';
import { startTested } from './server.mjs';

/**
 * Each starts something to connect to and resolves to `{ options, close() }`: what ioredis takes to
 * connect there.
 */
export const transports = {
  async 'over TCP'() {
    const server = await startTested();
    const options = { host: server.host, port: server.port };
    return { options, close: () => server.stop() };
  },
  async 'in memory'() {
    const db = await open('memory:');
    return { options: { Connector: connectorTo(db) }, close: () => db.close() };
  },
};

/** Makes clients of `options`, and disconnects them all. */
export class Clients {
  #made = [];

  make(options) {
    const client = new Redis({ ...options, maxRetriesPerRequest: null });
    client.on('error', () => {});
    this.#made.push(client);
    return client;
  }

  end() {
    for (const client of this.#made.splice(0)) client.disconnect();
  }
}
