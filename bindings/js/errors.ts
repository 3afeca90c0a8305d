/**
 * The errors the package throws or rejects with. Arguments that cannot be sent are plain
 * `TypeError`s and are thrown before the engine has seen anything of the command.
 */

/**
 * The engine answered with an error reply, for example
 * `WRONGTYPE Operation against a key holding the wrong kind of value`.
 * `message` is the whole text of the reply as Redis 7.2 words it.
 */
export class ReplyError extends Error {
  static {
    ReplyError.prototype.name = 'ReplyError';
  }

  /** First word of the reply: `ERR`, `WRONGTYPE`, `NOAUTH`, `OOM`, ... */
  readonly code: string;

  /** The command that was answered, in lower case; undefined for an error inside an array. */
  command: string | undefined;

  /** @param message the text of the error reply, without the leading `-` and the line end */
  constructor(message: string) {
    super(message);
    const space = message.indexOf(' ');
    this.code = space < 0 ? message : message.slice(0, space);
  }
}

/**
 * The database (or its session) is closed: by `close()`, by QUIT, or by the engine. If the engine
 * itself has failed, `cause` is the reason.
 */
export class ClosedError extends Error {
  static {
    ClosedError.prototype.name = 'ClosedError';
  }

  /** Always `CLOSED`. */
  readonly code = 'CLOSED';

  /** @param options the error that has ended it, as `cause` */
  constructor(message = 'The database is closed', options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * A command came on the synchronous face, which cannot wait, while an earlier one of the same
 * session waits for its reply (a blocking pop, for instance). Use another session:
 * `db.duplicate()`.
 */
export class WouldBlockError extends Error {
  static {
    WouldBlockError.prototype.name = 'WouldBlockError';
  }

  /** Always `WOULDBLOCK`. */
  readonly code = 'WOULDBLOCK';

  constructor(message = 'An earlier command of this session still waits for its reply') {
    super(message);
  }
}

/** A subscription that is read as an iterator was not read for too long: messages piled up. */
export class SlowSubscriberError extends Error {
  static {
    SlowSubscriberError.prototype.name = 'SlowSubscriberError';
  }

  /** Always `SLOW`. */
  readonly code = 'SLOW';

  /** @param count how many messages had not been read */
  constructor(count: number) {
    super(`${count} messages were not read: the subscription has ended`);
  }
}

/** The keys of {@link Database.watch} have changed each time its transaction was to be executed. */
export class WatchError extends Error {
  static {
    WatchError.prototype.name = 'WatchError';
  }

  /** Always `WATCH`. */
  readonly code = 'WATCH';

  /** @param attempts how often it was tried */
  constructor(attempts: number) {
    super(`The watched keys have changed in each of ${attempts} attempts`);
  }
}
