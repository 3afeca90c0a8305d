// Files that are replaced whole, and why one cannot be used.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { getSystemErrorMap } from 'node:util';

/** What Node words otherwise than the C library. */
const kOwnWords: Readonly<Record<string, string>> = {
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
};

/** Why a file cannot be used, as the C library says it: "No such file or directory". */
export function reasonOf(error: unknown): string {
  const { code = '', errno, message } = error as NodeJS.ErrnoException;
  const named = kOwnWords[code];
  if (named !== undefined) return named;
  const known = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  const text = known ?? message;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Replaces a file: whatever happens, either the old or the new content is there. */
export function replaceFile(file: string, content: Uint8Array): void {
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
