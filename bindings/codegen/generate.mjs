// Writes bindings/js/commands.gen.ts: a method for every command the built engine knows, typed and
// documented from what the engine itself answers to COMMAND INFO and COMMAND DOCS.
//
//     node bindings/codegen/generate.mjs [folder of kvasm.js and kvasm.wasm, build/wasm by default]
//     node bindings/codegen/generate.mjs --check     (only says whether the file is up to date)
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { render } from './render.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const sources = join(root, 'bindings/js');
const target = join(sources, 'commands.gen.ts');
const isCheck = process.argv[2] === '--check';
const wasm = (isCheck ? undefined : process.argv[2]) ?? join(root, 'build/wasm');

/**
 * The package's own engine and decoder, compiled next to the module. They do not depend on the file
 * that is made here.
 */
async function openEngine() {
  const scratch = join(root, 'build/codegen');
  mkdirSync(join(scratch, 'bindings/js'), { recursive: true });
  for (const file of ['kvasm.js', 'kvasm.wasm'])
    copyFileSync(join(wasm, file), join(scratch, file));
  writeFileSync(join(scratch, 'package.json'), '{"type":"module"}\n');
  for (const file of readdirSync(sources).filter((name) => /(?<!\.d)\.ts$/.test(name))) {
    const { outputText } = ts.transpileModule(readFileSync(join(sources, file), 'utf8'), {
      compilerOptions: { target: 'ES2022', module: 'ESNext', verbatimModuleSyntax: true },
    });
    writeFileSync(join(scratch, 'bindings/js', file.replace(/\.ts$/, '.js')), outputText);
  }
  const load = (name) => import(pathToFileURL(join(scratch, 'bindings/js', name)));
  const { Engine } = await load('engine.js');
  const { LocalSession, kByName } = await load('session.js');
  const engine = await Engine.create();
  const names = engine.commandNames();
  const session = LocalSession.open(engine, names);
  const call = (...parts) => session.callMany(kByName, parts, false);
  return { names, call, close: () => session.close() };
}

/** Commands that wait for replicas: these, and scripts, wait, too; COMMAND INFO does not say so. */
const kWaitForReplicas = ['wait', 'waitaof'];

function describe(name, id, info, docs = {}) {
  const [, arity, flagList, firstKey] = info;
  const flags = [...flagList];
  const isScript = /^(eval|fcall)/.test(name);
  const waits = flags.includes('blocking') || kWaitForReplicas.includes(name) || isScript;
  const hasKeys = firstKey > 0 || flags.includes('movablekeys');
  const reads = flags.includes('readonly') && hasKeys && !waits && !isScript && !docs.subcommands;
  return { name, id, arity, waits, reads, docs };
}

/** The commands in the engine's order: `{ name, id, arity, waits, reads, docs }`. */
async function readCommands() {
  const { names, call, close } = await openEngine();
  const docs = call('COMMAND', 'DOCS');
  const infos = new Map(call('COMMAND').map((info) => [info[0], info]));
  close();
  const commands = names.flatMap((name, id) =>
    infos.has(name) ? [describe(name, id, infos.get(name), docs[name])] : [],
  );
  if (commands.length === 0) throw new Error('the engine names no commands');
  return { names, commands };
}

const text = render(await readCommands());
if (isCheck) {
  const isSame = existsSync(target) && readFileSync(target, 'utf8') === text;
  if (!isSame) console.error('bindings/js/commands.gen.ts is out of date: npm run build');
  process.exitCode = isSame ? 0 : 1;
} else {
  writeFileSync(target, text);
  console.log(`bindings/js/commands.gen.ts: ${text.split('\n').length} lines`);
}
