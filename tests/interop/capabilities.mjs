// What a server does not know yet, as the reason to skip a test. A test of such a thing stands
// here already and starts to run by itself once the command is there.

/**
 * Resolves to a function `(...names)` that gives false if the server knows all the commands
 * (`monitor`, `client|tracking`), else the reason to skip.
 * @param call sends a command by name and arguments and resolves to its reply
 */
export async function capabilities(call) {
  const known = new Set();
  for (const info of await call('COMMAND')) {
    known.add(String(info[0]));
    for (const sub of info[9] ?? []) known.add(String(sub[0]));
  }
  return (...names) => {
    const missing = names.filter((name) => !known.has(name));
    if (missing.length === 0) return false;
    const list = missing.map((name) => name.toUpperCase().replace('|', ' ')).join(', ');
    return `the server does not know ${list} yet`;
  };
}

/** Declares tests that never run, each with its reason. `test` is that of node:test. */
export function leaveOut(test, reasons) {
  for (const [what, reason] of Object.entries(reasons)) test(what, { skip: reason }, () => {});
}

/** Waits until `condition()` is truthy; gives it. Fails after twenty seconds. */
export async function until(condition, what = 'the condition') {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`${what} has not come about`);
    await new Promise((done) => setTimeout(done, 2));
  }
}
