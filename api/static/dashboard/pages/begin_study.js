// The form that begins a study: a recipe, what of it is changed, and what it is going to take.

import { buttonOnce, noticeView } from "../charts/notice.js";
import { post, Problem } from "../data/source.js";
import { idempotencyKeys } from "../editor/idempotency.js";
import { problemsOf } from "../editor/answer.js";
import { fill, h } from "../shared/element.js";
import { seconds } from "../shared/format.js";
import { afterPause, TYPING_MILLISECONDS } from "../shared/pause.js";
import { facts } from "../shared/table.js";
import { choicesOf, countOf, requestOf } from "./study_request.js";

/**
 * @param {StudyRecipe[]} recipes
 * @param {AbortSignal} signal of the page.
 */
export function beginStudy(recipes, signal) {
  const form = h("div", { class: "panel stack", id: "begin", hidden: true });
  const buttons = recipes.map((recipe) => {
    const attributes = {
      type: "button",
      "data-recipe": recipe.name,
      "aria-pressed": "false",
      onclick: () => choose(recipe),
    };
    return h("button", attributes, h("strong", {}, recipe.title), h("span", { class: "muted small" }, recipe.question));
  });

  /** @param {StudyRecipe} recipe */
  function choose(recipe) {
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.recipe === recipe.name));
    }
    fill(form, recipeForm(recipe, signal)).hidden = false;
  }

  const title = h("h2", {}, "Begin with a recipe");
  return h(
    "section",
    { class: "stack", "aria-label": "Recipes" },
    title,
    h("div", { class: "recipes" }, buttons),
    form,
  );
}

/** @param {StudyRecipe} recipe @param {AbortSignal} signal @returns {Child[]} */
function recipeForm(recipe, signal) {
  const own = choicesOf(recipe);
  const rewriteSoon = afterPause(() => rewrite(), TYPING_MILLISECONDS);
  const activations = Object.keys(recipe.studies).map((name) => h("option", { value: name }, name));
  const activation = h("select", { id: "activation", onchange: () => rewrite() }, activations);
  const seeds = numberField("seeds", own.seeds, rewriteSoon);
  const epochs = numberField("epochs", own.epochs, rewriteSoon);
  const check = studyCheck(signal);
  const checkSoon = afterPause(() => check.check(text.value), TYPING_MILLISECONDS);
  const text = h("textarea", {
    id: "study",
    rows: 18,
    spellcheck: "false",
    "aria-label": "The study",
    oninput: checkSoon,
  });
  const keyOf = idempotencyKeys();
  const [begin, problem] = buttonOnce({ class: "primary", id: "begin-study" }, "Begin it", async () => {
    const study = JSON.parse(text.value);
    const begun = await post("/studies", study, { "Idempotency-Key": keyOf(study) });
    if (!signal.aborted) location.hash = `#/study/${begun.id}`;
  });

  function rewrite() {
    check.attempt(async () => {
      const chosen = {
        activation: activation.value,
        seeds: countOf(seeds.value, "seeds"),
        epochs: countOf(epochs.value, "epochs"),
      };
      text.value = JSON.stringify(requestOf(recipe, chosen), null, 1);
      await check.check(text.value);
    });
  }

  rewrite();
  const chosen = [
    activations.length > 1 && h("label", {}, "Activation", activation),
    h("label", {}, "Seeds of each cell", seeds),
    h("label", {}, "Epochs", epochs),
    begin,
    problem,
  ];
  return [
    h("h2", {}, recipe.title),
    h("p", {}, recipe.question),
    h("div", { class: "choices" }, chosen),
    check.element,
    h("details", {}, h("summary", {}, "The whole study, to be changed at will"), text),
  ];
}

/** @param {string} id @param {number | null} value @param {() => void} oninput */
const numberField = (id, value, oninput) =>
  h("input", { id, type: "number", min: 1, step: 1, value: String(value), oninput });

/** @param {AbortSignal} signal of the page. */
function studyCheck(signal) {
  const notice = noticeView();
  const answer = h("div", { id: "study-check", role: "status" });
  let checked = "";

  /** @param {string} text @returns {Promise<void>} */
  async function check(text) {
    checked = text;
    await attempt(async () => {
      const validation = await post("/studies/validate", JSON.parse(text));
      if (checked === text) fill(answer, validationFacts(validation));
    });
  }

  /** @param {() => Promise<unknown>} act */
  const attempt = (act) =>
    notice.attempt(async () => {
      try {
        await act();
      } catch (error) {
        fill(answer);
        throw error instanceof Problem ? new Error(problemsOf(error).map(problemWords).join("; ")) : error;
      }
    }, signal);

  return { element: h("div", { class: "stack" }, notice.element, answer), check, attempt };
}

/** @param {FieldProblem} problem */
const problemWords = ({ field, expected, received }) =>
  `${field ? `${field}: expected ` : ""}${expected}${received ? `, received ${received}` : ""}`;

/** @param {StudyValidation} validation */
function validationFacts({ cells, trainings, seconds: time, seconds_interval: between }) {
  return facts(
    ["cells", cells.toLocaleString("en")],
    ["trainings", trainings.toLocaleString("en")],
    ["time of one worker, about", `${seconds(time)} (${between.map(seconds).join(" to ")})`],
  );
}
