// What failed, said after everything else, so that the end of a long log is all one has to read:
// a reporter for `node --test` beside the usual one, and a reader of what ctest found.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const longest = 40; // lines a failure may take

const failure = (title, lines) =>
  [`# FAILED: ${title}`, ...lines.slice(0, longest).map((line) => `#   ${line}`), ''].join('\n');

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
    yield failure(`${name}${place}`, String(cause?.stack ?? cause).split('\n'));
  }
}

const entities = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** The failures in a JUnit file of ctest, as text. */
export function nativeFailures(path) {
  if (!existsSync(path)) return failure('ctest', ['it told nothing']);
  const texts = [];
  for (const [, head, body] of readFileSync(path, 'utf8').matchAll(
    /<testcase ([^>]*)>(.*?)<\/testcase>/gs,
  )) {
    const [name, status] = ['name', 'status'].map(
      (key) => head.match(`\\b${key}="([^"]*)"`)?.[1],
    );
    if (status === 'run') continue;
    const [, output = ''] = body.match(/<system-out>(.*)<\/system-out>/s) ?? [];
    const lines = output.replace(/&(\w+);/g, (all, of) => entities[of] ?? all).split('\n');
    // GoogleTest and node --test mark what failed; of anything else the end tells most.
    const first = lines.findIndex((line) => /: Failure$|^ *not ok /.test(line));
    texts.push(failure(name, lines.slice(first < 0 ? -longest : first)));
  }
  return texts.join('');
}
