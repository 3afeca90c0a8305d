// A bar for work on a long file, on a terminal; nothing where nobody watches.

/** Where a bar is drawn; `process.stderr` is one. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Work that is over sooner shows no bar. */
const kFirstAfterMs = 400;
const kEveryMs = 100;
const kWidthMax = 40;

/** Bytes as people read them: `12.5 MB`. */
function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** One bar; call `update` often, and `clear` before anything else is written and at the end. */
export class ProgressBar {
  private readonly startedMs = Date.now();
  private drawnMs = 0;

  /**
   * @param what a name in front of the bar
   * @param total bytes; Infinity if nobody knows, then there is no bar
   */
  constructor(
    private readonly terminal: Terminal,
    private readonly what: string,
    private readonly total: number,
  ) {}

  update(done: number): void {
    if (this.terminal.isTTY !== true || this.total === Infinity) return;
    const now = Date.now();
    const sinceMs = this.drawnMs === 0 ? kFirstAfterMs : kEveryMs;
    if (now - (this.drawnMs || this.startedMs) < sinceMs) return;
    this.drawnMs = now;
    const part = Math.min(done / Math.max(this.total, 1), 1);
    const percent = String(Math.floor(part * 100)).padStart(3);
    const speed = `${sizeText((done * 1000) / Math.max(now - this.startedMs, 1))}/s`;
    const numbers = `${percent}% of ${sizeText(this.total)}, ${speed}`;
    const width = Math.min(
      kWidthMax,
      (this.terminal.columns ?? 80) - this.what.length - numbers.length - 6,
    );
    const filled = Math.max(Math.floor(part * width), 0);
    const bar = width > 4 ? `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ` : '';
    this.terminal.write(`\r${this.what} ${bar}${numbers}\x1b[K`);
  }

  clear(): void {
    if (this.drawnMs === 0) return;
    this.terminal.write('\r\x1b[K');
    this.drawnMs = 0;
  }
}
