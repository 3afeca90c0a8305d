/** What has been done when the promise of a command that begins or ends something resolves. */
import { ClosedError } from './errors.js';
import type { LocalSession } from './session.js';

/** The reply to what begins some work, when that has ended; it is watched from its beginning. */
export async function withEnd<T>(started: Promise<T>, isLater: boolean, end: () => Promise<void>) {
  const ended = isLater ? undefined : end();
  ended?.catch(() => {});
  const reply = await started;
  await (ended ?? end());
  return reply;
}

/** The reply to QUIT; with the last session the files are closed by then. */
export async function untilClosed<T>({ engine }: LocalSession, quitting: Promise<T>) {
  const reply = await quitting;
  await engine.closed;
  return reply;
}

/**
 * The reply to SHUTDOWN, null when the database has been shut down. That all sessions end, and
 * this one with them, is what was asked for.
 */
export async function untilShutDown<T>(session: LocalSession, begin: () => Promise<T>) {
  const { engine, isClosed } = session;
  let reply: T | null = null;
  try {
    reply = await begin();
  } catch (error) {
    const isEnd = error instanceof ClosedError && engine.isShutDown && engine.fatal === undefined;
    if (isClosed || !isEnd) throw error;
  }
  await engine.closed;
  return reply;
}
