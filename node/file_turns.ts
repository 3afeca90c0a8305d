// The order of operations on files: on one file one after the other, as they were asked for.

/** An append that is under way or waits to be. */
export class PendingAppend {
  /** How many of the bytes are in the file. */
  bytesDone = 0;
  /** Counts how often somebody else has written some of the bytes meanwhile. */
  takeovers = 0;

  constructor(readonly bytes: Uint8Array) {}
}

/** One operation that is under way or waits to be. */
export interface Turn {
  /** Whether it leaves the bytes that are in the file, and its name, as they are. */
  readonly isHarmless: boolean;
  readonly append?: PendingAppend;
}

interface QueuedTurn extends Turn {
  settled: Promise<void>;
}

/** The operations under way, by file. */
export class FileTurns {
  private readonly queues = new Map<string, QueuedTurn[]>();

  /** Runs a task once all those on the same files have ended, however they did. */
  async run<T>(files: readonly string[], turn: Turn, task: () => Promise<T>): Promise<T> {
    const before = files.flatMap((file) => this.queues.get(file)?.at(-1)?.settled ?? []);
    let end = () => {};
    const queued = { ...turn, settled: new Promise<void>((resolve) => (end = resolve)) };
    for (const file of files) {
      const queue = this.queues.get(file);
      if (queue) queue.push(queued);
      else this.queues.set(file, [queued]);
    }
    try {
      if (before.length > 0) await Promise.all(before);
      return await task();
    } finally {
      for (const file of files) {
        const queue = this.queues.get(file)!;
        queue.splice(queue.indexOf(queued), 1);
        if (queue.length === 0) this.queues.delete(file);
      }
      end();
    }
  }

  /** What is under way on a file, or waits to be, in order. */
  of(file: string): readonly Turn[] {
    return this.queues.get(file) ?? [];
  }

  /** Waits until nothing is under way. */
  async drain(): Promise<void> {
    while (this.queues.size > 0) {
      await Promise.all([...this.queues.values()].flat().map((turn) => turn.settled));
    }
  }
}
