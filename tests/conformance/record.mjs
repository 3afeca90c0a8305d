// Writes the replies that are still missing in a .resp file, as a real server gives them, to be
// reviewed before they are committed: a command line that ends in a bare `=>` is completed.
//
//   node tests/conformance/record.mjs tests/conformance/hash.resp
//
// KVASM_REDIS_SERVER names the judge (a 7.2 server); KVASM_OLDER_REDIS_SERVER, if set, an older
// one: replies in which it differs are marked with @since.
import { readFileSync, writeFileSync } from 'node:fs';

import { parse } from './format.mjs';
import { matches, show, unify } from './match.mjs';
import { play } from './play.mjs';
import { redisTarget } from './targets.mjs';

const kColumns = 100;
const kReplyColumn = 44;

const kSilence = ['timeout', 'closed'];

/** Commands whose array replies have no order of their own. */
const kUnordered = /^keys\b/i;

function notation(step, replies) {
  const heard = replies.get(step.line);
  if (!heard || Object.values(heard).some(({ reply }) => kSilence.includes(reply.t)))
    return undefined;
  const [two, three] = [heard[2] ?? heard[3], heard[3] ?? heard[2]];
  let text;
  if (two.spoken === three.spoken) text = show(three.reply);
  else text = unify(two.reply, three.reply) ?? `2: ${show(two.reply)}\n    3: ${show(three.reply)}`;
  if (kUnordered.test(step.text) && text.startsWith('[')) text = `unordered${text}`;
  return text;
}

/** Splits a long notation between elements into lines that fit. */
function wrap(text) {
  const out = [];
  let line = '';
  for (const [, blank, word] of text.matchAll(/(\s*)((?:"(?:\\.|[^"\\])*"|[^\s"])+)/g)) {
    if (line && line.length + blank.length + word.length + 4 > kColumns) {
      out.push(line);
      line = '';
    }
    line += (line ? blank : '') + word;
  }
  return line ? [...out, line] : out;
}

function layout(command, text) {
  const short = `${command.padEnd(kReplyColumn)} => ${text}`;
  if (!text.includes('\n') && short.length <= kColumns) return [short];
  if (/^[+-]/.test(text)) return [`${command} => ${text}`];
  const lines = text
    .split('\n')
    .flatMap((part) => (/^(2|3): [-+]/.test(part.trim()) ? [part.trim()] : wrap(part.trim())));
  return [`${command} =>`, ...lines.map((line) => `    ${line}`)];
}

async function listen(path, cases) {
  const target = await redisTarget({ path });
  const replies = new Map();
  for (const item of cases) {
    for (const proto of item.resp ? [item.resp] : [2, 3]) {
      await play(target, item, proto, (step, reply, spoken) => {
        if (!replies.has(step.line)) replies.set(step.line, {});
        replies.get(step.line)[proto] = { reply, spoken };
      });
    }
  }
  await target.stop();
  return replies;
}

const path = process.argv[2];
const source = readFileSync(path, 'utf8');
const cases = parse(source, path);
const replies = await listen(undefined, cases);
const lines = source.split('\n');
for (const step of cases.flatMap((item) => item.steps)) {
  if (!step.arrow || step.expect) continue;
  const text = notation(step, replies);
  if (text === undefined) console.error(`${path}:${step.line}: no reply to ${step.text}`);
  else lines[step.line - 1] = layout(step.text.replace(/\s*=>\s*$/, ''), text).join('\n');
}
let result = lines.join('\n');
if (process.env.KVASM_OLDER_REDIS_SERVER) {
  const done = parse(result, path);
  const older = await listen(process.env.KVASM_OLDER_REDIS_SERVER, done);
  const marked = result.split('\n');
  for (const item of done) {
    for (const step of item.since ? [] : item.steps) {
      const heard = older.get(step.line);
      if (!heard || step.since || !step.expect) continue;
      const differs = Object.values(heard).find(
        ({ reply, spoken }) => !matches(step.expect, reply, spoken),
      );
      if (differs)
        marked[step.line - 1] =
          `@since 7.2 before: ${show(differs.reply).slice(0, 70)}\n${marked[step.line - 1]}`;
    }
  }
  result = marked.join('\n');
}
writeFileSync(path, result);
