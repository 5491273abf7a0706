// The page of a study: its progress, its map, the cell that was chosen, its table; live while it runs.

import { readCatalogue } from "../data/catalogue.js";
import { get, post } from "../data/source.js";
import { noticeView } from "../charts/notice.js";
import { isChanged } from "../shared/changed.js";
import { askToConfirm } from "../shared/dialogs.js";
import { fill, h } from "../shared/element.js";
import { ago, elapsed, number, seconds } from "../shared/format.js";
import { nameOf } from "../shared/spec_words.js";
import { facts } from "../shared/table.js";
import { pointWords } from "./study_axes.js";
import { studyField } from "./study_field.js";
import { bestOf, liveStudy } from "./study_live.js";
import { progressView, trainingsWords } from "./study_progress.js";
import { studyRows } from "./study_rows.js";

/** @typedef {"pause" | "continue" | "cancel"} Step */
/** @type {Record<Step, string>} */
const STEPS = { pause: "Pause", continue: "Continue", cancel: "Cancel" };
/** @type {Record<StudyStatus, Step[]>} */
const OFFERED = {
  running: ["pause", "cancel"],
  paused: ["continue", "cancel"],
  cancelled: ["continue"],
  failed: ["continue"],
  completed: [],
};

/** @param {PageOptions} options */
export async function study({ page, parts: [id], signal, say }) {
  const path = `/studies/${encodeURIComponent(id)}`;
  const [first, catalogue] = await Promise.all([get(path, { signal }), readCatalogue()]);
  const notice = noticeView();
  const head = studyHead((step) => notice.attempt(() => act(step), signal));
  const field = studyField(first, catalogue, signal);
  const rows = studyRows(first.id);
  const titles = new Map(
    catalogue.rules.map((/** @type {{name: string, title: string}} */ rule) => [rule.name, rule.title]),
  );
  const live = liveStudy(first, { show, fail }, { signal, say });
  document.title = "Study · Gradient Lab";
  fill(page, head.element, notice.element, field.element, rows.element);

  /** @param {Study} next @param {StudyTable} table */
  function show(next, table) {
    head.show(next, bestOf(table, next.spec.objective));
    field.show(table, titles);
    rows.show(table, titles);
  }

  /** @param {unknown} error is shown, unless the page was left. */
  function fail(error) {
    if (!signal.aborted) notice.show(error);
  }

  /** @param {Step} step */
  async function act(step) {
    const question = "Cancel this study? Finished cells are kept, and it can be continued.";
    if (step === "cancel" && !(await askToConfirm(question, "Cancel it", signal))) return;
    await live.update(await post(`${path}/${step}`));
  }

  head.show(first, first.best);
  await live.follow();
}

/** @param {(step: Step) => void} act */
function studyHead(act) {
  const element = h("header", { class: "stack" });
  const progress = progressView();
  const isNew = isChanged();
  return {
    element,
    /** @param {Study} study @param {StudyCell | null} best */
    show(study, best) {
      const { status, error, progress: done, stopped } = study;
      if (!isNew([status, error, done, best, stopped])) return;
      progress.show(done);
      fill(
        element,
        titleOf(study, act),
        factsOf(study, best),
        progress.element,
        error && h("p", { class: "notice bad" }, error),
      );
    },
  };
}

/** @param {Study} study @param {(step: Step) => void} act */
function titleOf(study, act) {
  const { status } = study;
  const buttons = OFFERED[status].map((step) =>
    h("button", { type: "button", id: step, onclick: () => act(step) }, STEPS[step]),
  );
  const tag = h("span", { class: "tag", "data-kind": status, id: "status" }, status);
  const title = h("div", { class: "row" }, h("h1", {}, nameOf(study)), tag);
  return h("div", { class: "head" }, title, h("div", { class: "row" }, buttons));
}

/** @param {Study} study @param {StudyCell | null} best */
function factsOf({ progress, metric, created_at: created, finished_at: end, stopped }, best) {
  const link = best?.experiment_ids[0] ? `#/experiment/${best.experiment_ids[0]}` : null;
  const words = best && `${pointWords(best)}${best.metric ? `: ${number(best.metric.median)}` : ""}`;
  return facts(
    ["trainings", trainingsWords(progress)],
    progress.cells_reused > 0 && ["cells trained before", String(progress.cells_reused)],
    ["trained for", seconds(progress.seconds)],
    words ? [`best ${metric.replaceAll("_", " ")}`, link ? h("a", { href: link }, words) : words] : null,
    ["begun", ago(created)],
    end ? ["took", elapsed(created, end)] : null,
    stopped && stopped !== "all cells" ? ["ended by", stopped] : null,
  );
}
