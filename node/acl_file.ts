// The file of users (`aclfile`): the engine knows what is in it and asks for it to be read and
// written.
import { readFileSync } from 'node:fs';
import type { Effect, Engine } from '../bindings/js/engine.js';
import type { Log } from './log.js';
import { reasonOf, replaceFile } from './replace_file.js';

/** Reads the file at start-up. @returns '' or why it cannot be used */
export function loadUsersAtStart(engine: Pick<Engine, 'loadUsers'>, file: string): string {
  try {
    return engine.loadUsers(file, readFileSync(file)).replace(/^ERR /, '');
  } catch (error) {
    return `Error loading ACLs, opening file '${file}': ${reasonOf(error)}`;
  }
}

/** Does what ACL LOAD and ACL SAVE ask for, and answers. */
export function answerAclEffect(
  engine: Pick<Engine, 'endAclLoad' | 'endAclSave'>,
  effect: Extract<Effect, { kind: 'aclLoad' | 'aclSave' }>,
  log: Pick<Log, 'warning'>,
): void {
  const { session, file } = effect;
  if (effect.kind === 'aclLoad') {
    let content: Uint8Array | undefined;
    let reason = '';
    try {
      content = readFileSync(file);
    } catch (error) {
      reason = reasonOf(error);
    }
    engine.endAclLoad(session, content !== undefined, content ?? reason);
    return;
  }
  let isWritten = true;
  try {
    replaceFile(file, effect.content);
  } catch (error) {
    log.warning(`Writing ACL file for ACL SAVE: ${reasonOf(error)}`);
    isWritten = false;
  }
  engine.endAclSave(session, isWritten);
}
