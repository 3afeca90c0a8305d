// A seeded generator of pseudo-random numbers (xoshiro128**): the same seed, the same commands.

export class Random {
  #s;

  /** Seeds from a text of any length. */
  constructor(seed) {
    let h = 1779033703;
    for (const c of String(seed)) h = Math.imul(h ^ c.codePointAt(0), 3432918353) + 0x9e3779b9;
    this.#s = Array.from({ length: 4 }, () => {
      h = Math.imul(h ^ (h >>> 16), 2246822507);
      h = Math.imul(h ^ (h >>> 13), 3266489909);
      return (h ^= h >>> 16) >>> 0;
    });
    for (let i = 0; i < 8; i++) this.#next();
  }

  #next() {
    const s = this.#s;
    const x = Math.imul(s[1], 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** A whole number in [low, high]. */
  int(low, high) {
    return low + (this.#next() % (high - low + 1));
  }
  /** True once in `times`. */
  once(times) {
    return this.#next() % times === 0;
  }
  pick(list) {
    return list[this.#next() % list.length];
  }
  /** Between `low` and `high` results of make(). */
  many(low, high, make) {
    return Array.from({ length: this.int(low, high) }, make);
  }
}
