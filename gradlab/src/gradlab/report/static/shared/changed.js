// Views are replaced only where something is new: whoever is on a button, or reads, is not disturbed.

/**
 * Tell whether a value is another than the last one that was asked about.
 *
 * @returns {(value: unknown) => boolean} true for the first value, and for one whose JSON differs from the one before.
 */
export function isChanged() {
  let last = "";
  return (value) => {
    const next = JSON.stringify(value);
    if (next === last) return false;
    last = next;
    return true;
  };
}
