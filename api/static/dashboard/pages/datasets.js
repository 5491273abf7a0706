// The page of uploaded datasets, newest first: a file that is dropped becomes one.

import { isChanged } from "../shared/changed.js";
import { fill, h } from "../shared/element.js";
import { dropZone } from "../shared/files.js";
import { ago, bytes } from "../shared/format.js";
import { noticeView } from "../charts/notice.js";
import { repeat } from "../data/repeat.js";
import { scrolling, table } from "../shared/table.js";
import { get } from "../data/source.js";
import { upload } from "../data/upload.js";
import { pageButtons } from "./page_buttons.js";
import { refreshed } from "./refreshed.js";

const REFRESH_MILLISECONDS = 2000;
const HEADINGS = [
  { name: "name" },
  { name: "status" },
  { name: "rows", class: "right" },
  { name: "columns", class: "right" },
  { name: "size", class: "right" },
  { name: "uploaded" },
];
const NONE = "None yet. A CSV, Parquet or NPZ file of samples becomes one.";
const DROP = "Drop a CSV, Parquet or NPZ file of samples here, or choose one:";

/** The colours of the states, by those of experiments. */
export const KINDS = { checking: "running", ready: "completed", refused: "failed" };

/** @typedef {{datasets: DatasetSummary[], next: string | null}} DatasetsPage */

/** @param {PageOptions} options */
export async function datasets({ page, signal, say }) {
  const body = h("tbody");
  const pages = pageButtons(turnTo, ["Newest", "Older"]);
  const notice = noticeView();
  const isNew = isChanged();
  /** @type {string | null} */
  let path = null; // of an older page; null for the newest
  document.title = "Data · Gradient Lab";

  /** @param {DatasetsPage} answer */
  function show(answer) {
    if (!isNew(answer)) return;
    const empty = h("tr", {}, h("td", { colspan: HEADINGS.length, class: "muted" }, NONE));
    fill(body, answer.datasets.length ? answer.datasets.map(datasetRow) : empty);
    pages.show(answer.next, path !== null);
  }

  async function read() {
    show(await get(path ?? "/datasets", { signal }));
    say("live", "live");
  }

  /** @param {string | null} next */
  function turnTo(next) {
    path = next;
    refreshed(read, { signal, say });
  }

  const rows = scrolling(table(HEADINGS, [body]));
  fill(
    page,
    h("h1", {}, "Data"),
    h("section", { class: "panel stack", "aria-label": "Upload" }, uploading(notice, signal), notice.element),
    h("section", { class: "panel", "aria-label": "Datasets" }, rows, pages.element),
  );
  await refreshed(read, { signal, say }, notice);
  repeat(() => refreshed(read, { signal, say }), REFRESH_MILLISECONDS, signal);
}

/**
 * The place for a file. It is sent when it is there, and its page is opened.
 *
 * @param {ReturnType<typeof noticeView>} notice says why it was refused.
 * @param {AbortSignal} signal of the page.
 */
function uploading(notice, signal) {
  const sending = h("p", { class: "muted small", role: "status" });
  const zone = dropZone(DROP, (file) => notice.attempt(() => sendAndOpen(file), signal));

  /** @param {File} file */
  async function sendAndOpen(file) {
    zone.wait(true);
    sending.textContent = `Sending ${file.name}, ${bytes(file.size)} …`;
    try {
      const dataset = await upload(file, signal);
      if (!signal.aborted) location.hash = `#/dataset/${dataset.id}`;
    } finally {
      zone.wait(false);
      sending.textContent = "";
    }
  }

  return h("div", { class: "stack" }, zone.element, sending);
}

/** @param {DatasetSummary} dataset */
function datasetRow({ id, name, status, rows, validation_rows: beside, column_count: columns, bytes: size, ...more }) {
  const counted = rows === null ? "" : `${rows}${beside === null ? "" : ` + ${beside}`}`;
  return h(
    "tr",
    { "data-id": id },
    h("td", {}, h("a", { href: `#/dataset/${id}` }, name)),
    h("td", {}, h("span", { class: "tag", "data-kind": KINDS[status] }, status)),
    h("td", { class: "right figures" }, counted),
    h("td", { class: "right figures" }, columns === null ? "" : String(columns)),
    h("td", { class: "right figures" }, bytes(size)),
    h("td", { class: "muted small" }, ago(more.created_at)),
  );
}
