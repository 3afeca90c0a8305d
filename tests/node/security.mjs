// What the tests of a server's security share: clients, and every command there is.
import { Decoder } from '../conformance/resp.mjs';
import { connect, request } from './server_client.mjs';

/** A client whose replies may be of any form: `say` gives them as text and arrays. */
export async function open(target) {
  const raw = await connect(target);
  const decoder = new Decoder();
  const queue = [];
  const pump = async () => {
    for (;;) {
      const reply = decoder.next();
      if (reply !== undefined) return plain(reply);
      decoder.push(await raw.bytes(Math.max(raw.received, 1)));
    }
  };
  const plain = ({ t, v }) => {
    if (Array.isArray(v)) return v.map(plain);
    if (Buffer.isBuffer(v)) return v.toString('latin1');
    return t === '-' ? `-${v}` : t === ':' ? Number(v) : t.startsWith('nil') ? null : v;
  };
  const say = (...args) => {
    raw.send(request(...args));
    const reply = (queue.at(-1) ?? Promise.resolve()).then(pump);
    queue.splice(
      0,
      queue.length,
      reply.catch(() => {}),
    );
    return reply;
  };
  return { say, raw, next: pump, close: () => raw.close() };
}

/** Every command a server has, as it is called with few arguments, all of them '1'. */
export async function everyCommand(client) {
  const commands = [];
  const collect = (specs) => {
    for (const spec of specs) {
      const [name, arity, flags] = spec;
      const subcommands = spec[9];
      if (subcommands.length > 0) collect(subcommands);
      else {
        const words = name.split('|');
        const count = Math.max(Math.abs(arity) - words.length, 0);
        // Scripts could do with one less: they have a key then.
        const more = /^(eval|fcall)/.test(name) ? 1 : 0;
        const args = [...words, ...Array(count + more).fill('1')];
        // Redis asks for its own directive first.
        if (name.startsWith('module|')) continue;
        commands.push({ name, args, flags: new Set(flags) });
      }
    }
  };
  collect(await client.say('COMMAND'));
  return commands;
}

/** What who may not run a command is told. */
export function denied(user, command) {
  return `NOPERM User ${user} has no permissions to run the '${command}' command`;
}

/** How a refusal looks: EXEC says that nothing comes of the transaction, whatever the reason. */
export function answerTo(command, refusal) {
  return command === 'exec'
    ? `-EXECABORT Transaction discarded because of: ${refusal}`
    : `-${refusal}`;
}
