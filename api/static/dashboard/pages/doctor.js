// The doctor: two files are dropped, and the root cause with a proved cure is the answer.

import { fill, h } from "../shared/element.js";
import { ACCEPTED, dropZone } from "../shared/files.js";
import { configurationOf } from "../shared/keras_file.js";
import { noticeView } from "../charts/notice.js";
import { doctorView } from "./doctor_parts.js";
import { examine, outcomeWords } from "./examining.js";

const WORDS =
  "Drop the Keras model that does not learn, and the samples that it should learn. The model is translated, trained " +
  "on five seeds, diagnosed, and treated: the answer is the root cause, and the smallest change that is proved to " +
  "cure it.";
const KEEP_OPEN = "The parts follow one another from this page: keep it open. What has been begun goes on without it.";
const MODEL = "The model, a .keras file or the text of model.to_json():";
const SAMPLES = "The samples, a CSV, Parquet or NPZ file:";

/** @param {PageOptions} options */
export async function doctor({ page, signal, say }) {
  document.title = "Doctor · Gradient Lab";
  const notice = noticeView();
  const answer = h("div", { class: "stack" });
  const form = filesForm((files) => notice.attempt(() => run(files), signal));

  /** @param {Files} files */
  async function run({ model, data, choices }) {
    const view = doctorView(signal);
    fill(answer, view.element);
    form.wait(true);
    say("live", "live");
    try {
      const configuration = await configurationOf(model);
      const name = model.name.replace(/\.\w+$/, "").slice(0, 200);
      view.end(outcomeWords(await examine({ configuration, name, data, choices }, view.show, signal)));
    } finally {
      form.wait(false);
      view.stop();
      if (!signal.aborted) say("over", "");
    }
  }

  fill(
    page,
    h("h1", {}, "Doctor"),
    h("p", {}, WORDS),
    form.element,
    notice.element,
    h("p", { class: "muted small" }, KEEP_OPEN),
    answer,
  );
}

/** @typedef {{model: File, data: File, choices: Record<string, unknown>}} Files */

/**
 * The places for both files, and what may be chosen beside them.
 *
 * @param {(files: Files) => void} examineThem
 */
function filesForm(examineThem) {
  const model = place(MODEL, "model", [".keras", ".json"], allow);
  const data = place(SAMPLES, "data", ACCEPTED, allow);
  const target = h("input", { type: "text", id: "target", placeholder: "the one that looks like it" });
  const epochs = h("input", { type: "number", id: "epochs", min: "1", placeholder: "by estimate" });
  const start = h("button", { type: "submit", class: "primary", disabled: true }, "Examine");

  function allow() {
    start.disabled = !model.file() || !data.file();
  }

  /** @param {Event} event */
  function onsubmit(event) {
    event.preventDefault();
    const [network, samples] = [model.file(), data.file()];
    const choices = choicesOf(target.value, epochs.value);
    if (network && samples) examineThem({ model: network, data: samples, choices });
  }

  const labels = [h("label", { for: "target" }, "Column to predict"), h("label", { for: "epochs" }, "Epochs")];
  const fields = h("div", { class: "row" }, labels[0], target, labels[1], epochs, start);
  const both = h("div", { class: "two" }, model.element, data.element);
  return {
    element: h("form", { class: "panel stack", "aria-label": "Files", onsubmit }, both, fields),
    /** @param {boolean} isBusy */
    wait(isBusy) {
      for (const each of [model, data]) each.wait(isBusy);
      start.disabled = isBusy;
    },
  };
}

/** @param {string} words @param {string} id @param {string[]} accept @param {() => void} onChosen */
function place(words, id, accept, onChosen) {
  /** @type {File | null} */
  let file = null;
  const name = h("span", { class: "muted small", role: "status" });
  const zone = dropZone(words, choose, { id, accept });
  /** @param {File} next */
  function choose(next) {
    file = next;
    name.textContent = next.name;
    onChosen();
  }
  return { element: h("div", { class: "stack" }, zone.element, name), file: () => file, wait: zone.wait };
}

/** @param {string} target names of columns, with commas between. @param {string} epochs */
function choicesOf(target, epochs) {
  const names = target.split(",").map((name) => name.trim());
  const [first, ...more] = names.filter(Boolean);
  return {
    ...(first && { target: more.length ? [first, ...more] : first }),
    ...(epochs && { epochs: Number(epochs) }),
  };
}
