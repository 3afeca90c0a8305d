// `db.listen(...)`: lets clients of other processes use the database of this one. Touches nothing
// of the process.
import type { Effect, Engine } from '../bindings/js/engine.js';
import { optionsOf } from '../bindings/js/options.js';
import { Endpoint } from './endpoint.js';
import { Network } from './network.js';

/**
 * Where to listen. Limits (`maxclients`, `requirepass`, ...) are set with CONFIG SET; `bind` and
 * `port` are kvasm-server's alone.
 */
export interface ListenOptions {
  /** TCP port; 0 takes any free one. Without it and with `path` there is no TCP. */
  port?: number;
  /** TCP addresses; 127.0.0.1 by default. `*` is every IPv4 address, `::` every IPv6 one. */
  host?: string | readonly string[];
  /** Path of a unix socket. */
  path?: string;
  /** Permissions of the unix socket, such as 0o700. */
  mode?: number;
  /** Connections the system may queue before they are accepted; 511 by default. */
  backlog?: number;
}

/** What `listen` answers. */
export interface Listener {
  /** The TCP port, 0 when there is only a unix socket. */
  readonly port: number;
  /** The (first) TCP address, or the path of the unix socket. */
  readonly address: string;
  /** Stops listening, sends pending replies and ends the connections that came in here. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const kGraceMs = 1000;
const networks = new WeakMap<Engine, { network: Network; uses: number }>();

/**
 * Starts to listen.
 * @throws the system's error when an address cannot be had, with `code` such as EADDRINUSE; nothing
 * listens then; a TypeError for an option there is not, and for `listen(6380)`, which would be any
 * free port
 */
export async function listen(engine: Engine, options: ListenOptions = {}): Promise<Listener> {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('listen takes an object of options, such as { port: 6380 }');
  }
  const known = ['port', 'host', 'path', 'mode', 'backlog'] as const;
  const { port, host = '127.0.0.1', path, mode, backlog } = optionsOf('listen', options, known);
  const network = acquire(engine);
  const endpoints: Endpoint[] = [];
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    await Promise.all(endpoints.map((endpoint) => endpoint.close(kGraceMs)));
    await release(engine);
  };
  try {
    if (path === undefined || port !== undefined) {
      let actual = port ?? 0;
      for (const name of typeof host === 'string' ? [host] : host) {
        endpoints.push(await Endpoint.open(network, { host: name, port: actual, backlog }));
        actual = endpoints[0]!.port;
      }
    }
    if (path !== undefined) endpoints.push(await Endpoint.open(network, { path, mode, backlog }));
  } catch (error) {
    await close();
    throw error;
  }
  const { port: actualPort, address } = endpoints[0]!;
  return { port: actualPort, address, close, [Symbol.asyncDispose]: close };
}

/** The network of an engine; its listeners share one, which alone takes the engine's output. */
function acquire(engine: Engine): Network {
  let entry = networks.get(engine);
  if (entry === undefined) {
    const onEffect = (effect: Effect): void => {
      if (effect.kind === 'shutdown') engine.onShutdown();
    };
    entry = { network: new Network(engine, onEffect), uses: 0 };
    networks.set(engine, entry);
    engine.retain();
  }
  entry.uses++;
  return entry.network;
}

async function release(engine: Engine): Promise<void> {
  const entry = networks.get(engine);
  if (entry === undefined || --entry.uses > 0) return;
  networks.delete(engine);
  await entry.network.close(kGraceMs);
  engine.release();
}
