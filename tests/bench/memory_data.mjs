/** The two data sets of the memory part, the same for every contender. */

const digits = (i, width) => String(i).padStart(width, '0');

/** A string: 10-byte key, 10-byte value that is not an integer. */
export const pairOf = (i) => /** @type {const} */ ([`key${digits(i, 7)}`, `v${digits(i, 9)}`]);

/** A hash: 9-byte key and 10 fields of 2-byte names and 8-byte values. */
export function hashOf(i) {
  const args = [`hash${digits(i, 5)}`];
  for (let field = 0; field < 10; field++) args.push(`f${field}`, `v${digits(i * 10 + field, 7)}`);
  return args;
}

/** One command as RESP. @param {readonly string[]} args */
export function resp(args) {
  let text = `*${args.length}\r\n`;
  for (const arg of args) text += `$${arg.length}\r\n${arg}\r\n`;
  return text;
}
