// `kvasm/ioredis`: the real ioredis on a database of this process, without a socket.
import type { Database } from '../bindings/js/index.js';
import { describe } from '../bindings/js/options.js';
import type { MemoryConnection } from './memory_connection.js';

/**
 * What ioredis takes as its option `Connector`. Its type is ioredis's own, which this package does
 * not depend on: hence `any`.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Connector = new (options: unknown) => any;

/**
 * A connector that connects ioredis to `db`. All options but those of the address hold; so do
 * `duplicate()`, pipelines, transactions, blocking commands and subscriptions. `quit()` and
 * `disconnect()` end the connection, not the database; closing the database ends the connections.
 * Each begins with the rights that `db` has then.
 * @throws TypeError if it is no database
 *
 * @example
 * import Redis from 'ioredis';
 * import { open } from 'kvasm';
 * import { connectorTo } from 'kvasm/ioredis';
 *
 * const db = await open('memory:');
 * const redis = new Redis({ Connector: connectorTo(db) });
 * await redis.set('greeting', 'hello');
 */
export function connectorTo(db: Database): Connector {
  if (typeof (db as Partial<Database> | undefined)?.connect !== 'function') {
    throw new TypeError(`connectorTo takes a database that is open, not ${describe(db)}`);
  }
  return class {
    connecting = false;
    private stream: MemoryConnection | undefined;

    /** Every connection will do: there are no roles to tell apart. */
    check(): boolean {
      return true;
    }

    async connect(): Promise<MemoryConnection> {
      this.connecting = true;
      const stream = (await db.connect()) as MemoryConnection;
      if (!this.connecting) {
        stream.destroy();
        throw new Error('Connection is closed.');
      }
      this.stream = stream;
      return stream;
    }

    disconnect(): void {
      this.connecting = false;
      this.stream?.end();
      this.stream = undefined;
    }
  };
}
