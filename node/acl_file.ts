// The file of users (`aclfile`): the engine knows what is in it and asks for it to be read and
// written.
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import type { Effect, Engine } from '../bindings/js/engine.js';
import type { Log } from './log.js';

/** Why a file cannot be used, as the C library says it: "No such file or directory". */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  const text = known ?? message;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Reads the file at start-up. @returns '' or why it cannot be used */
export function loadUsersAtStart(engine: Pick<Engine, 'loadUsers'>, file: string): string {
  try {
    return engine.loadUsers(file, readFileSync(file)).replace(/^ERR /, '');
  } catch (error) {
    return `Error loading ACLs, opening file '${file}': ${reasonOf(error)}`;
  }
}

/** Replaces a file whole: whatever happens, either the old or the new content is there. */
function replaceFile(file: string, content: Uint8Array): void {
  const temporary = `${file}.tmp-${process.pid}-${Date.now()}`;
  const fd = openSync(temporary, 'w', 0o644);
  try {
    try {
      for (let at = 0; at < content.length;) at += writeSync(fd, content, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  // The new name, too, is to survive a loss of power.
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
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
