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

/**
 * Letters to insert, remove or replace, and neighbours to exchange (optimal string alignment, Damerau 1964).
 *
 * @param {string} a
 * @param {string} b
 */
function distance(a, b) {
  /** @type {number[][]} */
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isExchange = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const exchanged = isExchange ? rows[i - 2][j - 2] + 1 : Infinity;
      rows[i].push(Math.min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced, exchanged));
    }
  }
  return rows[a.length][b.length];
}
