// The name that a misspelt one is nearest to.

// Longer names are not misspelt ones, and the time of a comparison grows with the square of their length.
const MAX_LENGTH = 100;
// Of the longer name's letters, how many may differ: a third, as in `rel` for `relu` or `circels` for `circles`.
const MAX_SHARE = 1 / 3;

/**
 * @param {string} name
 * @param {string[]} names
 * @returns {string | null} null if none is near.
 */
export function nearest(name, names) {
  if (name.length > MAX_LENGTH) return null;
  const near = names.map((each) => ({ each, share: distance(name, each) / Math.max(name.length, each.length, 1) }));
  near.sort((a, b) => a.share - b.share);
  return near.length && near[0].share <= MAX_SHARE ? near[0].each : null;
}

/** @param {string} a @param {string} b @returns {number} letters to insert, remove or replace (Levenshtein 1966). */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const other = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, other));
    }
    row = next;
  }
  return row[b.length];
}
