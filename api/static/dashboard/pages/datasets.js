// The page of uploaded datasets, newest first: a file that is dropped becomes one.

import { h } from "../shared/element.js";
import { dropZone } from "../shared/files.js";
import { ago, bytes } from "../shared/format.js";
import { noticeView } from "../charts/notice.js";
import { upload } from "../data/upload.js";
import { listPage } from "./list_page.js";

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

/** @param {PageOptions} options */
export async function datasets(options) {
  const notice = noticeView();
  const place = uploading(notice, options.signal);
  const above = h("section", { class: "panel stack", "aria-label": "Upload" }, place, notice.element);
  await listPage(options, {
    title: "Data",
    path: "/datasets",
    headings: HEADINGS,
    none: NONE,
    rowOf: datasetRow,
    above,
  });
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
