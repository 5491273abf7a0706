// Files that a reader chooses, or drops on the page.

import { h } from "./element.js";

/** The media types of the files that are samples, by the end of their names. @type {Record<string, string>} */
const MEDIA_TYPES = {
  csv: "text/csv",
  parquet: "application/vnd.apache.parquet",
  npz: "application/x-npz",
};
export const ACCEPTED = Object.keys(MEDIA_TYPES).map((end) => `.${end}`);

/**
 * The media type of a file by the end of its name.
 *
 * @param {string} name
 * @returns {string}
 * @throws {Error} it ends otherwise.
 */
export function mediaTypeOf(name) {
  const end = name.split(".").pop()?.toLowerCase() ?? "";
  if (!Object.hasOwn(MEDIA_TYPES, end)) {
    throw new Error(`file: expected a name that ends with one of ${ACCEPTED.join(", ")}, received ${name}`);
  }
  return MEDIA_TYPES[end];
}

/**
 * A place where files are dropped, with a button that chooses one.
 *
 * @param {string} words above the button.
 * @param {(file: File) => void} onFile
 * @param {{id: string, accept: string[]}} [options] the id of the input, and the ends of the names that it offers.
 */
export function dropZone(words, onFile, { id, accept } = { id: "file", accept: ACCEPTED }) {
  const input = h("input", { type: "file", id, accept: accept.join(","), onchange });
  const label = h("label", { for: id }, words);
  const element = h("div", { class: "drop", ondragover, ondragleave, ondrop }, label, input);

  function onchange() {
    const file = input.files?.[0];
    if (file) onFile(file);
    input.value = ""; // the same file may be chosen again
  }

  /** @param {DragEvent} event */
  function ondragover(event) {
    event.preventDefault();
    element.classList.add("over");
  }

  function ondragleave() {
    element.classList.remove("over");
  }

  /** @param {DragEvent} event */
  function ondrop(event) {
    event.preventDefault();
    ondragleave();
    const file = event.dataTransfer?.files[0];
    if (file) onFile(file);
  }

  return {
    element,
    /** @param {boolean} isBusy */
    wait(isBusy) {
      input.disabled = isBusy;
    },
  };
}
