// Puts like next to like. A compressor writes a repetition the shorter the nearer it is, so the
// sequence of things that lie in any order anyhow decides how small they get together.
//
// The way is recursive bisection (Dhulipala et al. 2016, "Compressing Graphs and Indexes with
// Recursive Graph Bisection"): the things are halved, and pairs change sides as long as that brings
// more of the features that they share onto one side. Then each half is treated likewise.

const kRunBytes = 4;
const kRounds = 40;
const kSmallest = 8; // things not worth halving
const kCommonest = 0.5; // a feature of more of the things says nothing

/** Every run of kRunBytes bytes in a thing, as a number, once each. */
function runsOf(bytes) {
  const runs = new Set();
  for (let at = 0; at + kRunBytes <= bytes.length; at++) {
    let hash = 0;
    for (let i = at; i < at + kRunBytes; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    runs.add(hash >>> 0);
  }
  return runs;
}

/** For each thing the runs it shares with others, its features, numbered from 0. */
function sharedFeatures(things) {
  const sets = things.map(runsOf);
  const owners = new Map();
  for (const set of sets) for (const run of set) owners.set(run, (owners.get(run) ?? 0) + 1);
  const numbers = new Map();
  for (const [run, count] of owners) {
    if (count > 1 && count <= things.length * kCommonest) numbers.set(run, numbers.size);
  }
  const features = sets.map((set) => {
    const shared = [...set].filter((run) => numbers.has(run));
    return Int32Array.from(shared, (run) => numbers.get(run));
  });
  return { features, count: numbers.size };
}

/** Indices of `things` (arrays of bytes) in an order in which like ones are near. */
export function orderByLikeness(things) {
  const { features, count } = sharedFeatures(things);
  // How many of the things at hand on each side have a feature.
  const counts = [new Int32Array(count), new Int32Array(count)];
  // What a feature is worth that so many on one side have: the more together the better.
  const worth = Float64Array.from({ length: things.length + 2 }, (_, n) => n * Math.log2(n + 1));
  const countIn = (side, indices, by) => {
    for (const index of indices) for (const feature of features[index]) counts[side][feature] += by;
  };
  const gain = (index, from, to) => {
    let sum = 0;
    for (const feature of features[index]) {
      const here = from[feature];
      const there = to[feature];
      sum += worth[here - 1] + worth[there + 1] - worth[here] - worth[there];
    }
    return sum;
  };
  const ranked = (side, indices) =>
    indices
      .map((index) => ({ index, gain: gain(index, counts[side], counts[1 - side]) }))
      .sort((a, b) => b.gain - a.gain);

  /** Lets pairs change sides; false when none gains from it. */
  const exchange = (sides) => {
    const left = ranked(0, sides[0]);
    const right = ranked(1, sides[1]);
    const movers = new Set();
    for (let i = 0; i < left.length && left[i].gain + right[i].gain > 0; i++) {
      movers.add(left[i].index).add(right[i].index);
    }
    const swap = [0, 1].map((side) => sides[side].filter((index) => movers.has(index)));
    for (const side of [0, 1]) {
      countIn(side, swap[side], -1);
      countIn(1 - side, swap[side], 1);
      sides[side] = [...sides[side].filter((index) => !movers.has(index)), ...swap[1 - side]];
    }
    return movers.size > 0;
  };

  const order = (indices) => {
    if (indices.length <= kSmallest) return indices;
    const half = indices.length >> 1;
    const sides = [indices.slice(0, half), indices.slice(half)];
    for (const side of [0, 1]) countIn(side, sides[side], 1);
    for (let round = 0; round < kRounds && exchange(sides); round++);
    for (const side of [0, 1]) countIn(side, sides[side], -1);
    return sides.flatMap(order);
  };
  return order(things.map((_, index) => index));
}
