// Plays one case of a .resp file against a target and hands each reply to a visitor.
//
// A target has name, version (of a real server, else undefined), open() -> session, advance(ms).
// A session has send(bytes), next(timeout_ms) -> reply | {t:'closed'} | {t:'timeout'}, close().
import { encode } from './resp.mjs';

const kReplyTimeoutMs = 5_000;

/** Asks on the control session and gives the reply. */
async function ask(session, ...args) {
  session.send(encode(args));
  const reply = await session.next(kReplyTimeoutMs);
  if (reply.t === '-' || reply.t === 'closed' || reply.t === 'timeout') {
    throw new Error(`${args.join(' ')}: ${reply.v ?? reply.t}`);
  }
  return reply;
}

/** Names of the parameters a case changes with CONFIG SET. */
function changedParameters(item) {
  const names = new Set();
  for (const { args } of item.steps) {
    if (args?.length > 3 && /^config$/i.test(args[0]) && /^set$/i.test(args[1])) {
      for (let i = 2; i < args.length; i += 2) names.add(args[i].toString('latin1').toLowerCase());
    }
  }
  return [...names];
}

/** Sets parameters back to saved name, value, ... where a case really changed them. */
async function restore(control, saved) {
  for (let i = 0; i < saved.length; i += 2) {
    const { v } = await ask(control, 'CONFIG', 'GET', saved[i]);
    if (!v[1].v.equals(saved[i + 1])) await ask(control, 'CONFIG', 'SET', saved[i], saved[i + 1]);
  }
}

/**
 * Plays a case under a protocol. visit(step, reply, proto) is called for every step that expects a
 * reply, with the protocol its session spoke when the reply came.
 */
export async function play(target, item, proto, visit) {
  const control = await target.open();
  const sessions = new Map();
  const saved = [];
  const session = async (name) => {
    if (!sessions.has(name)) {
      const opened = { link: await target.open(), proto: 2 };
      if (proto === 3) {
        await ask(opened.link, 'HELLO', '3');
        opened.proto = 3;
      }
      sessions.set(name, opened);
    }
    return sessions.get(name);
  };
  try {
    await ask(control, 'FLUSHALL');
    for (const name of changedParameters(item)) {
      const { v } = await ask(control, 'CONFIG', 'GET', name);
      if (v.length === 2) saved.push(v[0].v, v[1].v);
    }
    let current = await session('main');
    for (const step of item.steps) {
      if (step.do === 'session') current = await session(step.argument);
      else if (step.do === 'sleep') await target.advance(step.ms);
      else if (step.do === 'closed') {
        visit(step, await current.link.next(kReplyTimeoutMs), current.proto);
      } else {
        if (step.args) current.link.send(encode(step.args));
        if (step.bytes) current.link.send(step.bytes);
        if (!step.arrow || step.expect?.k === 'none') continue;
        const reply = await current.link.next(kReplyTimeoutMs);
        followProtocol(current, step, reply);
        visit(step, reply, current.proto);
        if (reply.t === 'timeout') break;
      }
    }
    for (const { link } of sessions.values()) {
      const stray = await link.next(0);
      if (!['timeout', 'closed'].includes(stray.t)) {
        visit({ text: '(end of case)', line: item.line, do: 'end' }, stray, proto);
      }
    }
  } finally {
    for (const { link } of sessions.values()) link.close();
    await restore(control, saved);
    if (item.steps.some(({ args }) => args && /^set-active-expire$/i.test(args[1] ?? ''))) {
      await ask(control, 'DEBUG', 'SET-ACTIVE-EXPIRE', '1');
    }
    control.close();
  }
}

function followProtocol(current, step, reply) {
  const command = step.args?.[0].toString('latin1').toLowerCase();
  if (command === 'hello' && reply.t !== '-' && step.args.length > 1) {
    current.proto = Number(step.args[1]);
  } else if (command === 'reset' && reply.t === '+') current.proto = 2;
}
