// The connections of one engine. Knows no configuration file and no process.
import type { Socket } from 'node:net';
import type { Effect, Engine } from '../bindings/js/engine.js';
import { Connection } from './connection.js';

/** What the network needs of an engine (`bindings/js/engine.ts`). */
export type NetworkEngine = Pick<
  Engine,
  | 'openSession'
  | 'closeSession'
  | 'feed'
  | 'output'
  | 'consume'
  | 'resume'
  | 'fatal'
  | 'nextReady'
  | 'effectsPending'
  | 'takeEffects'
  | 'configGet'
  | 'configSet'
  | 'stat'
  | 'noteRejectedConnection'
  | 'onWork'
  | 'driver'
>;

const kTurnMs = 1000;
/** How long a client may take to read the last replies of a connection that is being ended. */
const kLingerTurns = 30;
const kTooMany = '-ERR max number of clients reached\r\n';
// Clients tell this state by its first words, which are Redis's; the advice is ours.
const kProtected =
  '-DENIED Redis is running in protected mode because protected mode is enabled and no password ' +
  'is set for the default user. In this mode connections are only accepted from the loopback ' +
  "interface. To connect from other computers set a password for the default user ('requirepass'" +
  "), or, where nobody else can reach this port, send 'CONFIG SET protected-mode no' from the " +
  "same host or start the server with '--protected-mode no'.\r\n";

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}

function joinAddress(host: string, port: number | undefined): string {
  return host.includes(':') ? `[${host}]:${port ?? 0}` : `${host}:${port ?? 0}`;
}

/**
 * All connections of one engine, whichever socket they came in by. It alone asks the engine for
 * sessions that have something to send.
 */
export class Network {
  /** Seconds this network has been up; a clock cheap enough to be read for every chunk. */
  turn = 0;
  private readonly connections = new Map<number, Connection>();
  /** Connections whose last bytes are still to be taken, with the turn in which they ended. */
  private readonly lingering = new Map<Connection, number>();
  private readonly clock: NodeJS.Timeout;
  /** Connections that were fed in this turn. */
  private readonly queued: Connection[] = [];
  private isAwake = false;
  private readonly runTurn = (): void => {
    this.isAwake = false;
    this.settle();
  };
  private holds = 0;
  private maxClients = 10000;
  private timeoutS = 0;
  private keepAliveS = 300;

  /**
   * @param onEffect told of every effect, after the network has taken what concerns itself
   */
  constructor(
    readonly engine: NetworkEngine,
    private readonly onEffect: (effect: Effect) => void,
  ) {
    for (const name of ['maxclients', 'timeout', 'tcp-keepalive']) {
      const value = engine.configGet(name);
      if (value !== undefined) this.configure(name, value);
    }
    engine.onWork = () => this.wake();
    this.clock = setInterval(() => this.advance(), kTurnMs);
    this.clock.unref();
  }

  /** Whether replies are being held back. */
  get isHolding(): boolean {
    return this.holds > 0;
  }

  get size(): number {
    return this.connections.size;
  }

  /** Takes over a socket that has just been accepted. */
  accept(socket: Socket, path: string | undefined): Connection | undefined {
    if (this.engine.fatal !== undefined) {
      socket.destroy();
      return undefined;
    }
    const refusal = this.refusal(socket, path);
    if (refusal !== '') {
      this.engine.noteRejectedConnection();
      socket.on('error', () => {});
      socket.resume();
      socket.write(refusal);
      socket.destroySoon();
      return undefined;
    }
    let address = `${path}:0`;
    let localAddress = address;
    if (path === undefined) {
      if (this.keepAliveS > 0) socket.setKeepAlive(true, this.keepAliveS * 1000);
      // One who has gone already, by a reset, is nobody: in particular not of this machine.
      address = joinAddress(socket.remoteAddress ?? '?', socket.remotePort);
      localAddress = joinAddress(socket.localAddress ?? '?', socket.localPort);
    }
    const session = this.engine.openSession('network', address, localAddress);
    const connection = new Connection(this, socket, session);
    this.connections.set(session, connection);
    return connection;
  }

  /** Called by a connection that is being ended. */
  linger(connection: Connection): void {
    this.lingering.set(connection, this.turn);
  }

  /** Called by a connection whose socket is gone. */
  remove(connection: Connection): void {
    this.lingering.delete(connection);
    if (!this.connections.delete(connection.session)) return;
    this.engine.closeSession(connection.session);
    this.wake();
  }

  /**
   * Has a connection flushed before the turn of the event loop ends: one write a connection and
   * turn, however many chunks and other clients' commands had a part in it.
   */
  queue(connection: Connection): void {
    if (connection.isQueued) return;
    connection.isQueued = true;
    this.queued.push(connection);
    this.wake();
  }

  /** To be called after every call into the engine: its effects are acted on in this turn, too. */
  wake(): void {
    if (this.isAwake) return;
    this.isAwake = true;
    setImmediate(this.runTurn);
  }

  /** What the turn does, now: acts on effects, then sends what connections have. */
  settle(): void {
    const { engine, queued } = this;
    if (engine.fatal !== undefined) {
      for (const connection of this.connections.values()) connection.destroy();
      return;
    }
    if (engine.effectsPending() > 0) this.takeEffects();
    engine.driver?.pump();
    for (let i = 0; i < queued.length; i++) {
      queued[i]!.isQueued = false;
      queued[i]!.flush();
    }
    queued.length = 0;
    // Sessions that have something because of what others did.
    for (let session = engine.nextReady(); session >= 0; session = engine.nextReady()) {
      this.connections.get(session)?.flush();
    }
  }

  /** Keeps every reply back until `work` has finished: it decides whether they will be true. */
  async hold(work: Promise<unknown>): Promise<void> {
    this.holds++;
    try {
      await work;
    } finally {
      this.holds--;
      if (this.holds === 0)
        for (const connection of [...this.connections.values()]) connection.release();
    }
  }

  /** Sends what is pending and ends all connections, after `graceMs` by force. */
  async close(graceMs: number): Promise<void> {
    clearInterval(this.clock);
    this.engine.onWork = undefined;
    await Promise.all([...this.connections.values()].map((connection) => connection.end(graceMs)));
  }

  private takeEffects(): void {
    for (const effect of this.engine.takeEffects()) {
      if (effect.kind === 'config') this.configure(effect.name, effect.value);
      this.onEffect(effect);
    }
  }

  private configure(name: string, value: string): void {
    if (name === 'maxclients') this.maxClients = Number(value);
    else if (name === 'timeout') this.timeoutS = Number(value);
    else if (name === 'tcp-keepalive') this.keepAliveS = Number(value);
  }

  /** The line to send a client that may not connect, or ''. */
  private refusal(socket: Socket, path: string | undefined): string {
    if (this.connections.size >= this.maxClients) return kTooMany;
    if (path !== undefined || isLoopback(socket.remoteAddress ?? '')) return '';
    const { engine } = this;
    const isOpen =
      engine.configGet('protected-mode') === 'no' || engine.stat('default_user_nopass') === 0;
    return isOpen ? '' : kProtected;
  }

  private advance(): void {
    this.turn++;
    for (const [connection, turn] of this.lingering) {
      if (this.turn - turn > kLingerTurns) connection.destroy();
    }
    if (this.timeoutS <= 0) return;
    for (const connection of [...this.connections.values()]) {
      if (this.turn - connection.activeTurn > this.timeoutS) connection.expire();
    }
  }
}
