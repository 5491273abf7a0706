// The page of all experiments: a list that keeps itself up to date.

import { cancelExperiment, deleteExperiment } from "./actions.js";
import { fill, h } from "../shared/element.js";
import { experimentRow } from "./experiment_row.js";
import { foldedTrials } from "./folded_trials.js";
import { readRuleNames } from "../data/catalogue.js";
import { get } from "../data/source.js";
import { noticeView } from "../charts/notice.js";
import { afterPause, TYPING_MILLISECONDS } from "../shared/pause.js";
import { nameOf } from "../shared/spec_words.js";
import { pageButtons } from "./page_buttons.js";
import { refreshed } from "./refreshed.js";
import { repeat } from "../data/repeat.js";
import { emptyStart } from "./start.js";
import { replaceRows, table } from "../shared/table.js";
import { trainTutorial } from "./tutorial.js";

const REFRESH_MILLISECONDS = 1500; // an answer that has not changed costs next to nothing
const PAGE_LENGTH = "50";
const [MIN_COMPARED, MAX_COMPARED] = [2, 6];
const STATUSES = ["queued", "running", "completed", "cancelled", "failed"];
const VERDICTS = ["ill", "at risk", "undecided", "healthy"];
const HEADINGS = [
  { name: "Choose", isUnseen: true },
  { name: "Verdict" },
  { name: "Experiment" },
  { name: "Status" },
  { name: "Progress" },
  { name: "Curve" },
  { name: "Loss", class: "right" },
  { name: "Accuracy", class: "right" },
  { name: "Submitted" },
  { name: "Actions", isUnseen: true },
];

/** @typedef {{experiments: Experiment[], next: string | null}} ListPage */
/** @typedef {ReturnType<typeof experimentRow>} Row */

/**
 * @typedef {object} ListListeners
 * @property {(path: string | null) => void} onPage called with the path of another page; null for the newest.
 * @property {() => void} onChange called when the list is to be read again.
 * @property {(act: () => Promise<unknown>) => Promise<void>} attempt acts, and shows why it failed.
 */

/** @param {PageOptions} options */
export async function experiments({ page, signal, say }) {
  const query = queryControls(() => refresh(null));
  const [lost, refused] = [noticeView(), noticeView()];
  /** @param {() => Promise<unknown>} act */
  const attempt = (act) => refused.attempt(act, signal);
  const list = listView(signal, { onPage: refresh, onChange: () => refresh(path), attempt });
  const start = emptyStart(signal);
  /** @type {string | null} */
  let path = null; // of an older page; null for the newest

  /** @param {string | null} next */
  async function refresh(next) {
    if (signal.aborted) return;
    path = next;
    await refreshed(read, { signal, say }, lost);
  }

  async function read() {
    const answer = /** @type {ListPage} */ (await get(path ?? query.path(), { signal }));
    say("live", "live");
    await list.show(answer, path !== null, query.isFiltered());
    const isEmpty = !answer.experiments.length && path === null && !query.isFiltered();
    start.toggle(isEmpty);
    controls.hidden = list.element.hidden = isEmpty;
    if (!isEmpty) query.offerCauses();
  }

  const controls = h("div", { class: "row" }, query.elements, list.compareButton);
  controls.hidden = list.element.hidden = true;
  const head = pageHead(() => attempt(() => trainTutorial(signal)));
  fill(page, head, controls, lost.element, refused.element, start.element, list.element);
  await refresh(null);
  repeat(() => refresh(path), REFRESH_MILLISECONDS, signal);
}

/** @param {() => void} onTutorial */
function pageHead(onTutorial) {
  const tutorial = { type: "button", id: "tutorial", onclick: onTutorial };
  return h(
    "div",
    { class: "head" },
    h("h1", {}, "Experiments"),
    h(
      "div",
      { class: "row" },
      h("button", tutorial, "Tutorial: tanh against relu"),
      h("a", { class: "button primary", href: "#/new" }, "New experiment"),
    ),
  );
}

/** @param {() => void} onQuery called when something else is searched for. */
function queryControls(onQuery) {
  const oninput = afterPause(onQuery, TYPING_MILLISECONDS);
  const search = h("input", { type: "search", id: "search", placeholder: "Name contains …", oninput });
  const verdict = choice("verdict", "any verdict", VERDICTS, onQuery);
  const status = choice("status", "any status", STATUSES, onQuery);
  const cause = choice("root-cause", "any root cause", [], onQuery);
  const sort = orderChoice(onQuery);
  let isOffered = false;
  const chosen = () => ({ verdict: verdict.value, root_cause: cause.value, status: status.value });
  return {
    elements: [
      ...[h("label", { for: "search" }, "Search"), search],
      ...[h("label", { for: "verdict" }, "Verdict"), verdict],
      ...[h("label", { for: "root-cause" }, "Root cause"), cause],
      ...[h("label", { for: "status" }, "Status"), status],
      ...[h("label", { for: "sort" }, "Order"), sort],
    ],
    path: () => foldedPath({ ...chosen(), search: search.value.trim(), sort: sort.value }),
    /** Offer the root causes, once the service has answered. */
    async offerCauses() {
      if (isOffered) return;
      isOffered = true;
      try {
        const names = await readRuleNames();
        cause.append(...names.map((name) => h("option", { value: name }, name)));
      } catch {
        isOffered = false; // the next answer tries it again
      }
    },
    isFiltered: () => Boolean(search.value) || Object.values(chosen()).some(Boolean),
  };
}

/**
 * @param {string} id
 * @param {string} any the words for all of them.
 * @param {string[]} names
 * @param {() => void} onchange
 */
function choice(id, any, names, onchange) {
  const options = [h("option", { value: "" }, any), ...names.map((name) => h("option", { value: name }, name))];
  return h("select", { id, onchange }, options);
}

/** @param {() => void} onchange */
function orderChoice(onchange) {
  const orders = { "": "newest first", verdict: "worst verdict first", root_cause: "by root cause" };
  const options = Object.entries(orders).map(([value, words]) => h("option", { value }, words));
  return h("select", { id: "sort", onchange }, options);
}

/** @param {Record<string, string>} filters @returns {string} trials are left out unless something is filtered. */
const foldedPath = ({ sort, ...filters }) =>
  listPath({ ...filters, sort, trial: Object.values(filters).some(Boolean) ? "" : "false" });

/** @param {Record<string, string>} filters "" is left out of the query. @returns {string} */
export function listPath(filters) {
  const query = new URLSearchParams({ limit: PAGE_LENGTH });
  for (const [name, value] of Object.entries(filters)) if (value) query.set(name, value);
  return `/experiments?${query}`;
}

/**
 * The table, and the choice of experiments to compare.
 *
 * @param {AbortSignal} signal ends it.
 * @param {ListListeners} listeners
 */
function listView(signal, { onPage, onChange, attempt }) {
  const body = h("tbody");
  const pages = pageButtons(onPage, ["First page", "Next page"]);
  const compare = compareChoice();
  /** @type {Map<string, Row>} */
  const rows = new Map();
  /** @type {Set<string>} */
  const deleted = new Set(); // an answer that was asked for before a deletion still lists the experiment
  const trials = foldedTrials(onChange, signal);
  const onCancel = (/** @type {Experiment} */ experiment) => attempt(() => cancel(experiment));
  const onRemove = (/** @type {Experiment} */ experiment) => attempt(() => remove(experiment));
  const listeners = { onChoice: compare.choose, onCancel, onRemove, trials };

  /** @param {Experiment} experiment */
  async function cancel(experiment) {
    await cancelExperiment(experiment.id, cancelQuestion(experiment), signal);
    onChange();
  }

  /** @param {Experiment} experiment */
  async function remove(experiment) {
    if (!(await deleteExperiment(experiment.id, deleteQuestion(experiment), signal))) return;
    deleted.add(experiment.id);
    rows.delete(experiment.id);
    compare.choose(experiment.id, false);
    onChange();
  }

  /** @param {Experiment} experiment */
  function rowOf(experiment) {
    const row = rows.get(experiment.id) ?? experimentRow(experiment.id, signal, listeners);
    rows.set(experiment.id, row);
    row.update(experiment);
    return row.element;
  }

  const label = { class: "panel rows", "aria-label": "Experiments" };
  return {
    element: h("section", label, table(HEADINGS, [body]), pages.element),
    compareButton: compare.button,
    /** @param {ListPage} answer @param {boolean} isOlder @param {boolean} isFiltered */
    async show({ experiments: listed, next }, isOlder, isFiltered) {
      await trials.read(listed);
      const shown = trials.arrange(listed).filter(({ id }) => !deleted.has(id));
      replaceRows(body, shown.length ? shown.map(rowOf) : [emptyRow(isFiltered)]);
      pages.show(next, isOlder);
    },
  };
}

/** @param {Experiment} experiment */
const cancelQuestion = (experiment) => `Cancel “${nameOf(experiment)}”? What was measured is kept.`;

/** @param {Experiment} experiment */
const deleteQuestion = (experiment) => `Delete “${nameOf(experiment)}” with all that was measured?`;

/** @param {boolean} isFiltered */
function emptyRow(isFiltered) {
  const words = isFiltered
    ? "None fits."
    : "None yet. Begin with a recipe: “New experiment”, or the tutorial's two networks side by side.";
  return h("tr", {}, h("td", { colspan: HEADINGS.length, class: "muted" }, words));
}

/** @param {number} count of experiments that are ticked. @returns {string} */
export function compareWords(count) {
  if (count > MAX_COMPARED) return `${count} chosen, at most ${MAX_COMPARED} are compared`;
  return count > 1 ? `Compare ${count}` : "Compare";
}

/** The button that compares the experiments that are ticked. */
function compareChoice() {
  /** @type {Set<string>} */
  const chosen = new Set();
  const onclick = () => {
    location.hash = `#/compare/${[...chosen].join(",")}`;
  };
  const button = h("button", { type: "button", disabled: true, onclick }, "Compare");
  /** @param {string} id @param {boolean} isChosen false also for an experiment that was deleted. */
  function choose(id, isChosen) {
    if (isChosen) chosen.add(id);
    else chosen.delete(id);
    button.disabled = chosen.size < MIN_COMPARED || chosen.size > MAX_COMPARED;
    button.textContent = compareWords(chosen.size);
  }
  return { button, choose };
}
