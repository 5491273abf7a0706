// The request of a study, made from a recipe and what the reader changes of it.

/** The most that the service takes; a list of more seeds could take all memory of the page. */
const MOST = { seeds: 10_000, epochs: 10_000_000 };

/** @typedef {{activation: string, seeds: number, epochs: number | null}} Choices epochs null for the recipe's own. */

/**
 * The study of a recipe with the reader's choices.
 *
 * @param {StudyRecipe} recipe
 * @param {Choices} choices
 * @returns {StudySpec}
 */
export function requestOf(recipe, { activation, seeds, epochs }) {
  const study = structuredClone(recipe.studies[activation] ?? Object.values(recipe.studies)[0]);
  study.seeds = Array.from({ length: seeds }, (_, i) => i);
  if (epochs !== null) study.base.training.epochs = epochs;
  // A measure at an epoch that is not reached would be refused.
  const { epochs: last } = study.base.training;
  study.measures = study.measures.filter(({ epoch }) => epoch === "last" || epoch <= last);
  return study;
}

/** @param {StudyRecipe} recipe @returns {Choices} its own. */
export function choicesOf({ studies, seeds }) {
  const [[activation, study]] = Object.entries(studies);
  return { activation, seeds, epochs: study.base.training.epochs };
}

/**
 * A count that was typed.
 *
 * @param {string} text
 * @param {keyof typeof MOST} field its name.
 * @returns {number}
 * @throws {Error} it is no whole number from 1 to the most that a spec may have.
 */
export function countOf(text, field) {
  const count = Number(text);
  const most = MOST[field];
  if (!Number.isInteger(count) || count < 1 || count > most) {
    const range = `from 1 to ${most.toLocaleString("en")}`;
    throw new Error(`${field}: expected a whole number ${range}, received ${text || "nothing"}`);
  }
  return count;
}
