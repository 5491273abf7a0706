// The page of one uploaded dataset: why it was refused, or what its profile shows.

import { fill, h } from "../shared/element.js";
import { copyButton } from "../shared/copy.js";
import { askToConfirm } from "../shared/dialogs.js";
import { bytes } from "../shared/format.js";
import { noticeView } from "../charts/notice.js";
import { scatterPlot } from "../charts/scatter.js";
import { repeat } from "../data/repeat.js";
import { facts } from "../shared/table.js";
import { get, send } from "../data/source.js";
import { KINDS } from "./datasets.js";
import { columnsTable, proposalFacts, spanPlane, warningsList } from "./profile_parts.js";
import { refreshed } from "./refreshed.js";

const REFRESH_MILLISECONDS = 500;

/** @param {PageOptions} options */
export async function dataset({ page, parts: [id], signal, say }) {
  const path = `/datasets/${encodeURIComponent(id)}`;
  const body = h("div", { class: "stack" });
  const head = h("div", { class: "stack" });
  fill(page, head, body);

  /** @returns {Promise<boolean>} false once nothing follows. */
  async function read() {
    /** @type {UploadedDataset} */
    const answer = await get(path, { signal });
    document.title = `${answer.name} · Gradient Lab`;
    fill(head, ...headOf(answer, path, signal));
    say("live", "live");
    if (answer.status === "ready") await showProfile(answer);
    else if (answer.status === "refused") fill(body, refusal(answer));
    else fill(body, h("p", { class: "panel muted", role: "status" }, "It is read and profiled …"));
    return answer.status === "checking";
  }

  /** @param {UploadedDataset} answer */
  async function showProfile(answer) {
    const profile = await get(`${path}/profile`, { signal });
    const points = spanPlane(profile) ? await get(`${path}/points`, { signal }) : null;
    fill(body, ...profileParts(profile, points, answer));
  }

  if (await read()) repeat(() => refreshed(read, { signal, say }), REFRESH_MILLISECONDS, signal);
}

/** @param {UploadedDataset} answer @param {string} path @param {AbortSignal} signal */
function headOf({ id, name, status, format, bytes: size, rows, validation_rows: beside }, path, signal) {
  const notice = noticeView();
  const remove = () =>
    notice.attempt(async () => {
      if (!(await askToConfirm(`Delete ${name}? Its bytes are deleted, too.`, "Delete it", signal))) return;
      await send(path, { method: "DELETE" });
      location.hash = "#/datasets";
    }, signal);
  return [
    h(
      "div",
      { class: "head" },
      h("div", { class: "row" }, h("h1", {}, name), h("span", { class: "tag", "data-kind": KINDS[status] }, status)),
      h(
        "div",
        { class: "row" },
        copyButton(() => id),
        h("button", { type: "button", class: "danger", onclick: remove }, "Delete"),
      ),
    ),
    notice.element,
    facts(
      rows !== null && ["rows", String(rows)],
      beside !== null && ["validation rows", String(beside)],
      ["file", `${format}, ${bytes(size)}`],
      ["id", h("span", { class: "wrap" }, id)],
    ),
  ];
}

/** @param {UploadedDataset} answer */
const refusal = ({ problem }) =>
  h(
    "section",
    { class: "panel stack", "aria-label": "Refused" },
    h("h2", {}, "The file was refused"),
    h("p", { class: "notice bad" }, problem?.detail ?? ""),
    h("p", { class: "muted" }, "Nothing of it is kept. Mend it, and send it again."),
  );

/** @param {DataProfile} profile @param {DataPoints | null} points @param {UploadedDataset} answer */
function profileParts(profile, points, { validation_rows: beside }) {
  const title = beside === null ? "Columns" : "Columns, validation among them";
  const proposal = h(
    "section",
    { class: "panel stack", "aria-label": "Proposal" },
    h("h2", {}, "How it may be trained on"),
    proposalFacts(profile.proposal),
  );
  const plot =
    points &&
    h("section", { class: "panel stack", "aria-label": "Points" }, h("h2", {}, "Its rows"), scatterPlot(points));
  return [
    profile.warnings.length > 0 &&
      h(
        "section",
        { class: "panel stack", "aria-label": "Warnings" },
        h("h2", {}, "What breaks trainings"),
        warningsList(profile),
      ),
    h("div", { class: plot ? "two" : "stack" }, plot, proposal),
    h("section", { class: "panel stack", "aria-label": "Columns" }, h("h2", {}, title), columnsTable(profile)),
  ];
}
