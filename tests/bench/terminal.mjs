/** What the bench writes to the terminal: a progress line on stderr, tables and bars on stdout. */

const isTerminal = Boolean(process.stderr.isTTY);
const useColour = Boolean(process.stdout.isTTY) && !process.env.NO_COLOR;

/** Shows what is being measured, in one line that is rewritten; nothing without a terminal. */
export function progress(text) {
  if (isTerminal) process.stderr.write(`\r\x1b[K${text ? `  ${text}` : ''}`);
}

const colour = (code, text) => (useColour ? `\x1b[${code}m${text}\x1b[0m` : text);
export const bold = (text) => colour('1', text);
export const green = (text) => colour('32', text);
export const red = (text) => colour('31', text);
export const dim = (text) => colour('2', text);

/** 1234567 -> '1.23 M', 42100 -> '42.1 k'. */
export function rate(perSecond) {
  if (perSecond >= 1e6) return `${(perSecond / 1e6).toFixed(2)} M`;
  if (perSecond >= 1e3) return `${(perSecond / 1e3).toFixed(1)} k`;
  return perSecond.toFixed(0);
}

export const ratio = (value) => `${value.toFixed(2)}x`;
export const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
export const milliseconds = (ms) => `${ms.toFixed(1)} ms`;

const visibleLength = (text) => text.replace(/\x1b\[\d+m/g, '').length;
const pad = (text, width, right) => {
  const fill = ' '.repeat(Math.max(0, width - visibleLength(text)));
  return right ? fill + text : text + fill;
};

/** Prints rows of strings in aligned columns; the first column left, the others right. */
export function table(header, rows) {
  const all = [header.map(dim), ...rows];
  const widths = header.map((_, i) => Math.max(...all.map((row) => visibleLength(row[i] ?? ''))));
  for (const row of all) {
    console.log(
      '  ' +
        widths
          .map((width, i) => pad(row[i] ?? '', width, i > 0))
          .join('  ')
          .trimEnd(),
    );
  }
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A horizontal bar of `value` where `max` fills `width` characters. */
export function bar(value, max, width = 30) {
  const eighths = max > 0 ? Math.round((value / max) * width * 8) : 0;
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7];
}

/** Prints one labelled bar a row: [label, value, text]. */
export function bars(title, rows) {
  console.log(`\n  ${bold(title)}`);
  const max = Math.max(...rows.map(([, value]) => value));
  const labelWidth = Math.max(...rows.map(([label]) => label.length));
  const textWidth = Math.max(...rows.map(([, , text]) => text.length));
  for (const [label, value, text] of rows) {
    console.log(`    ${label.padEnd(labelWidth)}  ${text.padStart(textWidth)}  ${bar(value, max)}`);
  }
}
