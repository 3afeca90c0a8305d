/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Half the distance between the quartiles, relative to the median: how noisy the rounds were. */
export function spread(values) {
  if (values.length < 3) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  return (at(0.75) - at(0.25)) / 2 / median(values);
}

/**
 * Runs every contender once a round, for several rounds (A B C, A B C, ...), so that a slow moment
 * of the machine hits all of them, and returns each one's measurements.
 * @template T
 * @param {string[]} names @param {number} rounds
 * @param {(name: string, round: number) => Promise<T>} measure
 * @returns {Promise<Map<string, T[]>>}
 */
export async function interleave(names, rounds, measure) {
  const results = new Map(names.map((name) => [name, /** @type {T[]} */ ([])]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) results.get(name)?.push(await measure(name, round));
  }
  return results;
}
