// The text of bindings/js/commands.gen.ts.
import { camelCase, overloadsOf } from './signatures.mjs';

/** Members of Database and its kin: commands of these names are reached by `call` only. */
const kTaken = new Set(
  (
    'bytes call close closed connect constructor discard duplicate exec length listen ' +
    'live monitor multi pipeline psubscribe punsubscribe ssubscribe subscribe sunsubscribe ' +
    'sync unsubscribe watch'
  ).split(' '),
);

function comment(docs, name, indent) {
  const lines = [docs.summary ?? `${name.toUpperCase().replace('|', ' ')}.`];
  if (docs.complexity) lines.push('', `Complexity: ${docs.complexity}.`.replace(/\.\.$/, '.'));
  if (docs.since) lines.push('', `@since Redis ${docs.since}`);
  const body = lines.map((line) => `${indent} * ${line.replaceAll('*/', '*\\/')}`.trimEnd());
  return [`${indent}/**`, ...body, `${indent} */`].join('\n');
}

function signatures(method, overloads) {
  return overloads.map(([parameters, reply, variable]) => {
    const variables = variable === undefined ? '' : `<${variable}>`;
    return `  ${method}${variables}(${parameters}): Result<F, ${reply}>;`;
  });
}

/** The methods of one command as members of the interface. */
function declare({ name, arity, docs }) {
  const method = camelCase(name);
  const subcommands = Object.entries(docs.subcommands ?? {});
  const members = [comment(docs, name, '  ')];
  const overloads = [];
  for (const [full, sub] of subcommands) {
    const word = full.slice(full.indexOf('|') + 1).toUpperCase();
    for (const [parameters, reply] of overloadsOf(full, sub.arguments ?? [])) {
      overloads.push([[`subcommand: '${word}'`, parameters].filter(Boolean).join(', '), reply]);
    }
  }
  if (subcommands.length > 0) {
    const words = subcommands.map(
      ([full]) => `'${full.slice(full.indexOf('|') + 1).toUpperCase()}'`,
    );
    overloads.push([`subcommand: Token<${words.join(' | ')}>, ...args: Argument[]`, 'Reply<S>']);
  }
  if (name === 'command' || subcommands.length === 0) {
    overloads.unshift(...overloadsOf(name, docs.arguments ?? [], arity));
  }
  members.push(...signatures(method, overloads));
  for (const [full, sub] of subcommands) {
    members.push(comment(sub, full, '  '));
    members.push(...signatures(camelCase(full), overloadsOf(full, sub.arguments ?? [])));
  }
  return members.join('\n');
}

/**
 * The methods of one command as code. The number of arguments it is usually called with takes a
 * path that makes no array; any other number is for the engine to accept or refuse.
 */
function implement({ name, id, arity, waits, docs }, face) {
  const many = waits && face === 'Async' ? 'runWaiting' : 'runMany';
  const usual = Math.abs(arity) - 1;
  const method = camelCase(name);
  const lines = [];
  if (usual <= 3) {
    const names = ['a', 'b', 'c'].slice(0, usual);
    const parameters = names.map((each) => `${each}?: unknown`).join(', ');
    lines.push(
      `  ${method}(${parameters}) {`,
      `    if (arguments.length !== ${usual}) return this.${many}(${id}, arguments);`,
      `    return this.run${usual}(${[id, ...names].join(', ')});`,
      '  }',
    );
  } else {
    lines.push(`  ${method}() {`, `      return this.${many}(${id}, arguments);`, '    }');
  }
  for (const full of Object.keys(docs.subcommands ?? {})) {
    const word = full.slice(full.indexOf('|') + 1).toUpperCase();
    lines.push(
      `  ${camelCase(full)}(...args: unknown[]) {`,
      `    return this.runMany(${id}, ['${word}', ...args]);`,
      '  }',
    );
  }
  return lines.join('\n');
}

const kTypeNames = (
  'Argument Bytes ChainFace Double Face Fields IfGiven Integer Key Many Pairs Reply Token Value ' +
  'WaitOptions Word'
).split(' ');

/** The first lines; of the types those that `body` mentions. */
function headOf(body) {
  const used = kTypeNames.filter((name) => new RegExp(`\\b${name}\\b`).test(body));
  return `// Written by bindings/codegen/ from the engine's COMMAND DOCS: do not edit.
import { AsyncBase, ChainBase, SyncBase } from './faces.js';
import type { Pipeline } from './pipeline.js';
import type { LocalSession } from './session.js';
import type { Transaction } from './transaction.js';
import type { ${used.join(', ')} } from './types.js';
`;
}

const result = `/** How a method of the face \`F\` gives the reply \`T\`. */
export type Result<F extends Face, T> = F extends 'sync'
  ? T
  : F extends 'async'
    ? Promise<T>
    : F extends 'pipeline'
      ? Pipeline
      : Transaction;
`;

/** The ways to run commands: base class, and what is known of the class made on top of it. */
const faces = [
  {
    face: 'Sync',
    says: 'All commands, answering at once.',
    type: `new <S extends string | Bytes>(
  session: LocalSession,
  raw: boolean,
) => SyncBase & CommandMethods<S, 'sync'>`,
  },
  {
    face: 'Async',
    says: 'All commands, answering by promise.',
    type: `new <S extends string | Bytes>(
  session: LocalSession,
  raw: boolean,
) => AsyncBase & CommandMethods<S, 'async'> & WaitingMethods<S>`,
  },
  {
    face: 'Chain',
    says: 'All commands, as links of a chain.',
    type: `abstract new <F extends ChainFace>(
  session: LocalSession,
) => ChainBase & CommandMethods<string, F>`,
  },
];

function nameTable(names) {
  const list = names.map((name) => `  '${name}',`).join('\n');
  return `/** The engine's commands by number. */
export const commandNames: readonly string[] = [
${list}
];

/** The numbers of commands that are no subcommands, by lower-case name. */
export const commandIds: ReadonlyMap<string, number> = new Map(
  commandNames.flatMap((name, id) => (name.includes('|') ? [] : [[name, id] as const])),
);
`;
}

function interfaceOf(commands) {
  const names = commands.map(({ name }) => `'${name}'`).join(' | ');
  return `/** Names of the commands that are methods. */
export type CommandName = ${names};

/**
 * A method for every command and subcommand.
 *
 * \`S\` is what bulk strings of replies become, \`F\` how methods give their reply.
 */
export interface CommandMethods<S extends string | Bytes, F extends Face> {
${commands.map(declare).join('\n')}
}
`;
}

/** The parameters of an overload with options behind them. */
function withOptions(parameters) {
  const [, fixed, name, type] = /^(.*?)(?:\.\.\.(\w+): (.*))?$/.exec(parameters);
  if (name !== undefined) return `${fixed}...${name}: [...${type}, options: WaitOptions]`;
  return [fixed, 'options: WaitOptions'].filter(Boolean).join(', ');
}

/** The commands that may wait, with options. */
function waitingInterfaceOf(commands) {
  const members = commands
    .filter(({ waits }) => waits)
    .flatMap(({ name, arity, docs }) =>
      overloadsOf(name, docs.arguments ?? [], arity).map(
        ([parameters, reply]) =>
          `  ${camelCase(name)}(${withOptions(parameters)}): Promise<${reply}>;`,
      ),
    );
  return `/** The commands that may wait for something, with options: aborting ends the wait. */
export interface WaitingMethods<S extends string | Bytes> {
${members.join('\n')}
}
`;
}

/** What the commands that read keys take and reply, overload by overload. */
function liveInterfaceOf(commands) {
  const members = commands
    .filter(({ reads }) => reads)
    .map(({ name, arity, docs }) => {
      const overloads = overloadsOf(name, docs.arguments ?? [], arity, true).map(
        ([parameters, reply]) => `{ args: [${parameters}]; value: ${reply} }`,
      );
      return `  ${camelCase(name)}: [${overloads.join(', ')}];`;
    });
  return `/** What the commands that read keys take and reply, overload by overload. */
export interface LiveReads<S extends string | Bytes> {
${members.join('\n')}
}
`;
}

/**
 * A class for each face. They are written out, not made by one function: V8 keeps what it learns of
 * a method per place in the source; shared methods are 5 % (sync) to 13 % (awaited) slower.
 */
function classesOf(commands) {
  const methodsOf = (face) => commands.map((command) => implement(command, face)).join('\n');
  return faces
    .map(
      ({
        face,
        says,
        type,
      }) => `${face === 'Chain' ? 'abstract ' : ''}class ${face}Methods extends ${face}Base {
${methodsOf(face)}
}

/** ${says} */
export const ${face}Commands = ${face}Methods as unknown as ${type};
`,
    )
    .join('\n');
}

/**
 * The whole file.
 * @param names the engine's command names by number
 * @param commands `{ name, id, arity, waits, reads, docs }` of those that become methods, `docs` as
 * COMMAND DOCS
 */
export function render({ names, commands }) {
  const kept = commands.filter(({ name }) => !kTaken.has(name));
  const live = commands.filter(({ reads }) => reads).map(({ id }) => id);
  const waiting = commands.filter(({ waits }) => waits).map(({ id }) => id);
  const parts = [
    nameTable(names),
    `/** The numbers of commands that may wait for something. */
export const waitingCommands: ReadonlySet<number> = new Set([${waiting.join(', ')}]);

/** The numbers of commands that read keys and do not wait. */
export const liveCommands: ReadonlySet<number> = new Set([${live.join(', ')}]);
`,
    result,
    interfaceOf(kept),
    waitingInterfaceOf(kept),
    liveInterfaceOf(kept),
    classesOf(kept),
  ];
  const body = parts.join('\n');
  return `${headOf(body)}\n${body}`;
}
