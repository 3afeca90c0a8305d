// A reporter for `node --test` beside the usual one: after everything else it says what failed,
// so that the end of a long log is all one has to read.
import { relative } from 'node:path';

const longest = 40; // lines a failure may take

export default async function* failures(source) {
  const failed = [];
  for await (const { type, data } of source) {
    if (type !== 'test:fail' || data.todo !== undefined || data.skip !== undefined) continue;
    // A suite fails with its tests; those are named already.
    if (data.details.error?.failureType !== 'subtestsFailed') failed.push(data);
  }
  for (const { name, file, line, details } of failed) {
    const cause = details.error?.cause ?? details.error;
    const place = file === undefined ? '' : ` (${relative(process.cwd(), file)}:${line})`;
    const why = String(cause?.stack ?? cause).split('\n').slice(0, longest);
    yield `# FAILED: ${name}${place}\n${why.map((line) => `#   ${line}\n`).join('')}`;
  }
}
