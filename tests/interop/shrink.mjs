// Delta debugging: the shortest list that still fails.

/**
 * Removes elements from `list` as long as `fails(shorter)` stays true, in halves first, one by one
 * last. `fails` is asynchronous and is never asked about the whole list.
 */
export async function shrink(list, fails) {
  let current = [...list];
  for (let size = Math.ceil(current.length / 2); size >= 1;) {
    let removed = false;
    for (let at = 0; at < current.length;) {
      const shorter = [...current.slice(0, at), ...current.slice(at + size)];
      if (shorter.length < current.length && shorter.length > 0 && (await fails(shorter))) {
        current = shorter;
        removed = true;
      } else at += size;
    }
    if (size === 1 && !removed) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  return current;
}
