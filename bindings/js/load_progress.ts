/** What whoever opens a database is told of its loading. */

/** How far loading has got. */
export interface LoadProgress {
  /** Bytes read of the files, and how many there are. */
  loadedBytes: number;
  totalBytes: number;
}

/** Tells a listener how far loading has got, until it throws. */
export class ProgressTeller {
  private last: LoadProgress | undefined;
  private thrown: { error: unknown } | undefined;

  constructor(private readonly listener: (progress: LoadProgress) => void) {}

  tell(loadedBytes: number, totalBytes: number): void {
    if (totalBytes === 0 || this.thrown !== undefined) return;
    this.last = { loadedBytes, totalBytes };
    try {
      this.listener({ loadedBytes, totalBytes });
    } catch (error) {
      this.thrown = { error };
    }
  }

  /** @throws what the listener has thrown */
  end(isLoaded: boolean): void {
    // The last piece of a snapshot has been taken when all is over.
    const { last } = this;
    if (isLoaded && last !== undefined && last.loadedBytes < last.totalBytes) {
      this.tell(last.totalBytes, last.totalBytes);
    }
    if (this.thrown !== undefined) throw this.thrown.error;
  }
}
