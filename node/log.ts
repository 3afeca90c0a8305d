// The server's log, in redis-server's line format: tools that read its log read ours.
import { appendFileSync } from 'node:fs';

export type LogLevel = 'debug' | 'verbose' | 'notice' | 'warning';

const kRank: Record<string, number> = { debug: 0, verbose: 1, notice: 2, warning: 3, nothing: 4 };
const kMark: Record<LogLevel, string> = { debug: '.', verbose: '-', notice: '*', warning: '#' };
const kMonths = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
];

/** `<pid>:<role> 21 Nov 2026 07:30:47.123 * text`, in local time. Role M is a master. */
export function formatLogLine(
  pid: number,
  role: string,
  now: Date,
  level: LogLevel,
  text: string,
): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${two(now.getDate())} ${kMonths[now.getMonth()]} ${now.getFullYear()}`;
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  const millis = String(now.getMilliseconds()).padStart(3, '0');
  return `${pid}:${role} ${day} ${time}.${millis} ${kMark[level]} ${text}\n`;
}

/**
 * Writes lines to a file (opened for each line, so that it can be rotated) or, without one, to
 * `fallback`.
 */
export class Log {
  level = 'notice';
  file = '';
  role = 'M';

  constructor(
    private readonly pid: number,
    private readonly fallback: (line: string) => void,
  ) {}

  write(level: LogLevel, text: string): void {
    if (kRank[level]! < (kRank[this.level] ?? kRank.notice!)) return;
    const line = formatLogLine(this.pid, this.role, new Date(), level, text);
    if (this.file === '') {
      this.fallback(line);
      return;
    }
    try {
      appendFileSync(this.file, line);
    } catch {
      // A full disk must not take the server down; redis-server drops the line as well.
    }
  }

  /** Creates the file, if there is to be one. @throws the system's error if it cannot be had */
  open(): void {
    if (this.file !== '') appendFileSync(this.file, '');
  }

  notice(text: string): void {
    this.write('notice', text);
  }

  warning(text: string): void {
    this.write('warning', text);
  }
}
