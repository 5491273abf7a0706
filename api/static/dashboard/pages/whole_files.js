// The files that hold all series of an experiment, and its networks.

import { fileLink } from "../charts/frame.js";
import { h } from "../shared/element.js";
import { isGoing } from "../shared/spec_words.js";

const MAX_NETWORKS = 8; // that are offered; the command exports any

const SERIES = [
  { label: "TensorBoard", name: "tensorboard.zip" },
  { label: "Parquet", name: "series.parquet" },
  { label: "NPZ", name: "series.npz" },
];

/** @param {Experiment} experiment */
export function wholeFiles(experiment) {
  const networks = networkFiles(experiment);
  return h(
    "section",
    { class: "panel stack", id: "whole-files", "aria-label": "Files" },
    row("All series", SERIES.map(fileOf(experiment.id))),
    networks.length > 0 && row("Networks for Keras", networks.map(fileOf(experiment.id))),
  );
}

/** @param {Experiment} experiment @returns {{label: string, name: string}[]} none before it has ended. */
export function networkFiles(experiment) {
  if (isGoing(experiment) || experiment.source === "external") return [];
  const ended = experiment.runs.filter(({ epochs_done: epochs }) => epochs > 0).slice(0, MAX_NETWORKS);
  return ended.map(({ seed }) => ({ label: `seed ${seed}`, name: `runs/${seed}/model.keras` }));
}

/** @param {string} id @returns {(file: {label: string, name: string}) => FileLink} */
const fileOf =
  (id) =>
  ({ label, name }) => ({
    label,
    path: `/experiments/${id}/${name}`,
    accept: "*/*",
    name: `${id}-${name.replaceAll("/", "-")}`,
  });

/** @param {string} title @param {FileLink[]} files */
const row = (title, files) =>
  h("div", { class: "row" }, h("span", {}, title), h("div", { class: "files" }, files.map(fileLink)));
