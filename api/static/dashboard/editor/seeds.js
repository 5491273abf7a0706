// The seeds of a spec: five show whether a network learns, or had luck.

import { insertions, replacement } from "./edits.js";
import { entryOf } from "./json_places.js";
import { parsed } from "./json_text.js";

const FIVE = [0, 1, 2, 3, 4];

/** @template {{seeds: number[]}} Seeded @param {Seeded} spec @returns {Seeded} */
export const withFive = (spec) => ({ ...spec, seeds: FIVE });

/**
 * The edits that give a text five seeds, or one.
 *
 * @param {string} text
 * @param {boolean} isFive
 * @returns {import("./spec_field.js").Edit[]} none where the text is not an object.
 */
export function seedEdits(text, isFive) {
  const { root, fault } = parsed(text);
  if (fault || root?.sort !== "object") return [];
  const seeds = isFive ? FIVE : [0];
  const present = entryOf(root, "seeds")?.node;
  return present ? [replacement(text, present, seeds)] : insertions(text, root, [["seeds", seeds]]);
}
