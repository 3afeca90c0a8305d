// One listening socket: a TCP address and port, or a unix socket.
import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { createServer, isIPv6, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Connection } from './connection.js';
import type { Network } from './network.js';

/** Where to listen: `path`, or `host` and `port` (0: any free one). */
export interface EndpointAddress {
  /** An IPv4 or IPv6 address or a name; `*` is every IPv4 address, `::` or `::*` every IPv6 one. */
  host?: string;
  port?: number;
  path?: string;
  /** Permissions of the unix socket, such as 0o700. */
  mode?: number | undefined;
  /** Connections the system may queue before they are accepted; 511 by default. */
  backlog?: number | undefined;
}

const kWildcards: Record<string, string> = { '*': '0.0.0.0', '::*': '::' };

/** A listening socket and the connections that came in by it. */
export class Endpoint {
  private readonly connections = new Set<Connection>();

  private constructor(
    private readonly network: Network,
    private readonly server: Server,
    readonly path: string | undefined,
  ) {
    server.on('connection', (socket) => this.accept(socket));
    // Errors of accepting (out of descriptors) pass; the socket keeps listening.
    server.on('error', () => {});
  }

  /**
   * Starts to listen. A unix socket that is left over at `path` is replaced.
   * @throws the system's error, with `code` such as EADDRINUSE
   */
  static async open(network: Network, address: EndpointAddress): Promise<Endpoint> {
    const { port = 0, path, mode, backlog = 511 } = address;
    const host = kWildcards[address.host ?? ''] ?? address.host ?? '127.0.0.1';
    if (path !== undefined) removeSocket(path);
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((listening, failed) => {
      server.once('error', failed);
      server.once('listening', () => {
        server.off('error', failed);
        listening();
      });
      if (path !== undefined) server.listen({ path, backlog });
      else server.listen({ port, host, backlog, ipv6Only: isIPv6(host) });
    });
    if (path !== undefined && mode !== undefined) chmodSync(path, mode);
    return new Endpoint(network, server, path);
  }

  /** The TCP port, 0 for a unix socket. */
  get port(): number {
    const address = this.server.address();
    return address === null || typeof address === 'string' ? 0 : (address as AddressInfo).port;
  }

  /** The TCP address, or the path of the unix socket. */
  get address(): string {
    const address = this.server.address();
    return address === null || typeof address === 'string' ? (this.path ?? '') : address.address;
  }

  /** Accepts no more connections (and removes the unix socket); those there are stay. */
  stop(): void {
    if (this.server.listening) this.server.close();
  }

  /** Stops, sends the connections what is pending and ends them, after `graceMs` by force. */
  async close(graceMs: number): Promise<void> {
    this.stop();
    await Promise.all([...this.connections].map((connection) => connection.end(graceMs)));
  }

  private accept(socket: Socket): void {
    const connection = this.network.accept(socket, this.path);
    if (connection === undefined) return;
    this.connections.add(connection);
    void connection.closed.then(() => this.connections.delete(connection));
  }
}

function removeSocket(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSocket()) rmSync(path, { force: true });
}
