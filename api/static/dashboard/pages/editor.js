// The page of a new experiment: a recipe to begin with, a spec that is checked while it is written.

import { specCheck } from "../editor/check.js";
import { draftOf } from "../editor/draft.js";
import { printed } from "../editor/print.js";
import { specField } from "../editor/spec_field.js";
import { fill, h } from "../shared/element.js";
import { RECIPES } from "./recipes.js";
import { get, post } from "../data/source.js";

const TYPING_MILLISECONDS = 250; // without a key before the spec is checked

/** @typedef {(typeof RECIPES)[number]} Recipe */

/** @param {PageOptions} options */
export async function editor({ page, parts: [first, id], signal, say }) {
  const spec = first === "from" && id ? (await get(`/experiments/${id}`, { signal })).spec : recipeOf(first).spec;
  const draft = keptDraft([first, id].join("/"), printed(spec), () => field);
  const field = specField(draft.text, changed, signal);
  const attributes = { type: "button", class: "primary", id: "submit", disabled: true, onclick: submit };
  const train = h("button", attributes, "Train it");
  const answer = specCheck(() => field, signal, say);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const head = h("div", { class: "head" }, h("h1", {}, "New experiment"), train);
  const text = h("div", { class: "stack" }, draft.element, field.element);
  fill(page, head, recipes(choose), h("div", { class: "editor" }, text, answer.element));

  /** @param {string} next */
  function changed(next) {
    draft.keep(next);
    train.disabled = true;
    clearTimeout(timer);
    timer = setTimeout(() => check(next), TYPING_MILLISECONDS);
  }

  /** @param {string} next */
  async function check(next) {
    const validation = await answer.check(next);
    if (validation !== undefined) train.disabled = !validation;
  }

  /** @param {Recipe} recipe */
  function choose(recipe) {
    field.replace(printed(recipe.spec));
    field.focus();
  }

  async function submit() {
    train.disabled = true;
    const key = crypto.randomUUID?.() ?? `${Date.now()} ${Math.random()}`;
    const text = field.text();
    try {
      const created = await post("/experiments", JSON.parse(text), { "Idempotency-Key": key });
      draft.forget();
      location.hash = `#/experiment/${created.id}`;
    } catch (error) {
      await answer.refuse("It was not taken", text, error);
    }
  }

  await check(field.text());
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

/** @param {(recipe: Recipe) => void} onChoice */
function recipes(onChoice) {
  const buttons = RECIPES.map((recipe) => {
    const attributes = { type: "button", "data-recipe": recipe.key, onclick: () => onChoice(recipe) };
    return h("button", attributes, h("strong", {}, recipe.title), h("span", { class: "muted small" }, recipe.about));
  });
  const title = h("h2", {}, "Begin with a recipe");
  return h("section", { class: "stack", "aria-label": "Recipes" }, title, h("div", { class: "recipes" }, buttons));
}
