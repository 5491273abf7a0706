// The page of a new experiment: a recipe to begin with, a spec that is checked while it is written.

import { specCheck } from "../editor/check.js";
import { draftOf } from "../editor/draft.js";
import { idempotencyKeys } from "../editor/idempotency.js";
import { printed } from "../editor/print.js";
import { seedEdits, withFive } from "../editor/seeds.js";
import { specField } from "../editor/spec_field.js";
import { tidied } from "../editor/tidy.js";
import { triageView } from "../editor/triage.js";
import { readVocabulary } from "../editor/vocabulary.js";
import { fill, h } from "../shared/element.js";
import { RECIPES } from "./recipes.js";
import { afterPause, TYPING_MILLISECONDS } from "../shared/pause.js";
import { get, post } from "../data/source.js";

/** @typedef {(typeof RECIPES)[number]} Recipe */

/** @param {PageOptions} options */
export async function editor({ page, parts: [first, id], signal, say }) {
  const spec = first === "from" && id ? await specOf(id, signal) : withFive(recipeOf(first).spec);
  const draft = keptDraft([first, id].join("/"), printed(spec), () => field);
  const field = specField(draft.text, changed, signal);
  const check = () => checked(field.text());
  const checkSoon = afterPause(check, TYPING_MILLISECONDS);
  const answer = specCheck(() => field, signal, say, check);
  const onRefusal = (/** @type {string} */ text, /** @type {unknown} */ error) =>
    answer.refuse("It was not taken", text, error);
  const train = trainButton(() => field.text(), submission(draft.forget, signal), onRefusal);
  const triage = triageView(() => field, signal);
  const fiveSeeds = h("input", { type: "checkbox", id: "five-seeds", onchange: () => field.change(seedsOf) });

  const head = h("div", { class: "head" }, h("h1", {}, "New experiment"), train);
  const left = h("div", { class: "stack" }, draft.element, field.element);
  const right = h("div", { class: "stack" }, answer.element, triage.element);
  fill(page, head, recipes(choose, fiveSeeds), h("div", { class: "editor" }, left, right));

  /** @param {string} next */
  function changed(next) {
    draft.keep(next);
    train.disabled = true;
    checkSoon();
  }

  /** @param {string} next */
  async function checked(next) {
    if (signal.aborted) return;
    const validation = await answer.check(next);
    if (validation === undefined || field.text() !== next) return;
    train.disabled = !validation;
    if (validation) fiveSeeds.checked = validation.spec.seeds.length >= 5;
    triage.show(validation && { text: next, spec: validation.spec });
  }

  /** @param {string} text @returns {import("../editor/spec_field.js").Edit[]} */
  const seedsOf = (text) => seedEdits(text, fiveSeeds.checked);

  /** @param {Recipe} recipe */
  function choose(recipe) {
    field.replace(printed(fiveSeeds.checked ? withFive(recipe.spec) : recipe.spec));
    field.focus();
  }

  await check();
}

/**
 * @param {() => string} text that is submitted, as it is when the button is pressed.
 * @param {(text: string) => Promise<void>} submit
 * @param {(text: string, error: unknown) => Promise<void>} onRefusal called where it failed.
 */
function trainButton(text, submit, onRefusal) {
  const button = h("button", { type: "button", class: "primary", id: "submit", disabled: true, onclick }, "Train it");
  async function onclick() {
    button.disabled = true; // one click is one experiment
    const submitted = text();
    try {
      await submit(submitted);
    } catch (error) {
      await onRefusal(submitted, error);
      if (text() === submitted) button.disabled = false; // another text is checked first
    }
  }
  return button;
}

/**
 * The function that submits specs, and opens the page of their experiment.
 *
 * @param {() => void} forget the draft.
 * @param {AbortSignal} signal of the page: a reader who has gone elsewhere meanwhile stays there.
 */
function submission(forget, signal) {
  const keyOf = idempotencyKeys();
  return async (/** @type {string} */ text) => {
    const spec = JSON.parse(text);
    const created = await post("/experiments", spec, { "Idempotency-Key": keyOf(spec) });
    forget();
    if (!signal.aborted) location.hash = `#/experiment/${created.id}`;
  };
}

/**
 * The draft of a page with a line that says what became of it.
 *
 * @param {string} name of the page.
 * @param {string} start the text without a draft.
 * @param {() => {replace: (text: string) => void, focus: () => void}} field that holds the text.
 */
function keptDraft(name, start, field) {
  const draft = draftOf(name);
  const kept = draft.read();
  const beginAnew = () => {
    field().replace(start);
    field().focus();
  };
  const words = h("span", { role: "status" }, kept === null ? "" : "Your draft is back.");
  const again = h("button", { type: "button", hidden: kept === null, onclick: beginAnew }, "Begin anew");
  const element = h("p", { id: "draft", class: "row muted small" }, words, again);
  return {
    element,
    text: kept ?? start,
    forget: () => draft.keep(null),
    /** @param {string} text */
    keep(text) {
      const isDraft = text !== start;
      const state = draft.keep(isDraft ? text : null) ? "A draft, kept in this tab." : "A draft that a reload loses.";
      again.hidden = !isDraft;
      fill(words, isDraft && state);
    },
  };
}

/** @param {string | undefined} key @returns {Recipe} the third where there is none of that name. */
const recipeOf = (key) => RECIPES.find((recipe) => recipe.key === key) ?? RECIPES[2];

/** @param {string} id of an experiment. @param {AbortSignal} signal @returns {Promise<Spec>} as a person writes it. */
async function specOf(id, signal) {
  const { spec } = await get(`/experiments/${id}`, { signal });
  return tidied(await readVocabulary(), spec);
}

/** @param {(recipe: Recipe) => void} onChoice @param {HTMLInputElement} fiveSeeds */
function recipes(onChoice, fiveSeeds) {
  const buttons = RECIPES.map((recipe) => {
    const attributes = { type: "button", "data-recipe": recipe.key, onclick: () => onChoice(recipe) };
    return h("button", attributes, h("strong", {}, recipe.title), h("span", { class: "muted small" }, recipe.about));
  });
  const words = "Five seeds: one alone may be luck";
  const seeds = h("label", { class: "row" }, fiveSeeds, words);
  const head = h("div", { class: "head" }, h("h2", {}, "Begin with a recipe"), seeds);
  return h("section", { class: "stack", "aria-label": "Recipes" }, head, h("div", { class: "recipes" }, buttons));
}
