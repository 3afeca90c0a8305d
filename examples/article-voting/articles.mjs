// @ts-check
/**
 * Article voting: post, vote, list, group. Everything is kept in Redis structures:
 *
 *   article:              string   the last article id (INCR)
 *   article:<id>          hash     title, link, poster, time, up, down
 *   voted:<id>            set      users who have voted (each may vote once), gone after a week
 *   up:<id>  down:<id>    sets     the same users by the direction of their vote, gone after a week
 *   time:                 zset     article:<id> by time of posting
 *   score:                zset     article:<id> by time of posting + 432 points a vote (- if down)
 *   group:<name>          set      article:<id> of the group
 *   score:<name> time:<name>  zset the group's articles in that order, a cache of 60 seconds
 *
 * 432 points are 86,400 seconds / 200: 200 votes keep an article on top for another day.
 *
 * The code asks for nothing but an object whose methods are Redis commands in lower case. Kvasm's
 * `Database` is one, an `ioredis` client is another. They differ in one thing only: scores are
 * numbers for the former and numeric strings for the latter, hence `Number()` around ZSCORE.
 */

export const SECONDS_OF_VOTING = 7 * 86_400;
export const POINTS_PER_VOTE = 432;
export const SECONDS_OF_GROUP_CACHE = 60;
export const ARTICLES_PER_PAGE = 25;

/**
 * The commands used, as both Kvasm's `Database` and ioredis offer them.
 * @typedef {object} Commands
 * @property {(key: string) => Promise<number>} incr
 * @property {(key: string, ...fieldsAndValues: (string | number)[]) => Promise<number>} hset
 * @property {(key: string, field: string, by: number) => Promise<number>} hincrby
 * @property {(key: string) => Promise<Record<string, string>>} hgetall
 * @property {(key: string, ...members: string[]) => Promise<number>} sadd
 * @property {(key: string, ...members: string[]) => Promise<number>} srem
 * @property {(from: string, to: string, member: string) => Promise<number>} smove
 * @property {(key: string, score: number, member: string) => Promise<number>} zadd
 * @property {(key: string, by: number, member: string) => Promise<number | string>} zincrby
 * @property {(key: string, member: string) => Promise<number | string | null>} zscore
 * @property {(key: string, start: number, stop: number) => Promise<string[]>} zrevrange
 * @property {(target: string, count: number, ...rest: (string | number)[]) => Promise<number>}
 *   zinterstore
 * @property {(key: string, seconds: number) => Promise<number>} expire
 * @property {(...keys: string[]) => Promise<number>} exists
 *
 * @typedef {'score' | 'time'} Order
 * @typedef {'up' | 'down'} Direction
 * @typedef {'counted' | 'switched' | 'repeated' | 'closed' | 'unknown'} VoteResult
 * @typedef {object} Article
 * @property {number} id
 * @property {string} title
 * @property {string} link
 * @property {string} poster
 * @property {number} time    seconds since 1970
 * @property {number} up      votes
 * @property {number} down    votes
 * @property {number} score
 */

export class Articles {
  /**
   * @param {Commands} db
   * @param {() => number} now  seconds since 1970
   */
  constructor(db, now = () => Math.floor(Date.now() / 1000)) {
    this.db = db;
    this.now = now;
  }

  /**
   * Posts an article; the poster's own vote is its first.
   * @param {string} user @param {string} title @param {string} link
   * @param {string[]} groups
   * @returns {Promise<number>} the article's id
   */
  async post(user, title, link, groups = []) {
    const { db } = this;
    const time = this.now();
    const id = await db.incr('article:');
    const article = `article:${id}`;
    await Promise.all([
      db.sadd(`voted:${id}`, user),
      db.expire(`voted:${id}`, SECONDS_OF_VOTING),
      db.sadd(`up:${id}`, user),
      db.expire(`up:${id}`, SECONDS_OF_VOTING),
      db.hset(
        article,
        'title',
        title,
        'link',
        link,
        'poster',
        user,
        'time',
        time,
        'up',
        1,
        'down',
        0,
      ),
      db.zadd('time:', time, article),
      db.zadd('score:', time + POINTS_PER_VOTE, article),
      ...groups.map((group) => db.sadd(`group:${group}`, article)),
    ]);
    return id;
  }

  /**
   * Votes, or turns the user's earlier vote round. Safe when the same user votes twice at once:
   * SADD lets one of the calls be the first vote, SMOVE one of them be the switch.
   * @param {string} user @param {number} id @param {Direction} direction
   * @returns {Promise<VoteResult>}
   */
  async vote(user, id, direction) {
    const { db } = this;
    const posted = await db.zscore('time:', `article:${id}`);
    if (posted === null) return 'unknown';
    if (this.now() - Number(posted) >= SECONDS_OF_VOTING) return 'closed';

    const opposite = direction === 'up' ? 'down' : 'up';
    const points = direction === 'up' ? POINTS_PER_VOTE : -POINTS_PER_VOTE;
    // An emptied set loses its expiry and may be born again by this vote: each vote sets it.
    if (await db.sadd(`voted:${id}`, user)) {
      await Promise.all([
        db.sadd(`${direction}:${id}`, user),
        db.expire(`${direction}:${id}`, SECONDS_OF_VOTING),
        db.zincrby('score:', points, `article:${id}`),
        db.hincrby(`article:${id}`, direction, 1),
      ]);
      return 'counted';
    }
    if (await db.smove(`${opposite}:${id}`, `${direction}:${id}`, user)) {
      await Promise.all([
        db.expire(`${direction}:${id}`, SECONDS_OF_VOTING),
        db.zincrby('score:', 2 * points, `article:${id}`),
        db.hincrby(`article:${id}`, direction, 1),
        db.hincrby(`article:${id}`, opposite, -1),
      ]);
      return 'switched';
    }
    return 'repeated';
  }

  /**
   * One page, best or newest first.
   * @param {number} page  from 1
   * @param {Order} order
   * @param {string} group  '' for all articles
   * @returns {Promise<Article[]>}
   */
  async page(page, order = 'score', group = '') {
    const index = group ? await this.#groupIndex(order, group) : `${order}:`;
    const start = (page - 1) * ARTICLES_PER_PAGE;
    const keys = await this.db.zrevrange(index, start, start + ARTICLES_PER_PAGE - 1);
    return Promise.all(keys.map((key) => this.#read(key)));
  }

  /** @param {number} id @param {string[]} add @param {string[]} remove */
  async regroup(id, add, remove = []) {
    await Promise.all([
      ...add.map((group) => this.db.sadd(`group:${group}`, `article:${id}`)),
      ...remove.map((group) => this.db.srem(`group:${group}`, `article:${id}`)),
    ]);
  }

  /**
   * The sorted set of a group: the intersection of its members with all articles in that order,
   * computed at most once a minute. MAX because members of a plain set count as score 1.
   * @param {Order} order @param {string} group
   */
  async #groupIndex(order, group) {
    const index = `${order}:${group}`;
    if (!(await this.db.exists(index))) {
      await this.db.zinterstore(index, 2, `group:${group}`, `${order}:`, 'AGGREGATE', 'MAX');
      await this.db.expire(index, SECONDS_OF_GROUP_CACHE);
    }
    return index;
  }

  /** @param {string} key @returns {Promise<Article>} */
  async #read(key) {
    const [fields, score] = await Promise.all([
      this.db.hgetall(key),
      this.db.zscore('score:', key),
    ]);
    return {
      id: Number(key.slice('article:'.length)),
      title: fields.title,
      link: fields.link,
      poster: fields.poster,
      time: Number(fields.time),
      up: Number(fields.up),
      down: Number(fields.down),
      score: Number(score),
    };
  }
}
