// The dashboard: the page that is shown, its theme, and whether it is live.

import { compare } from "./pages/compare.js";
import { dataset } from "./pages/dataset.js";
import { datasets } from "./pages/datasets.js";
import { doctor } from "./pages/doctor.js";
import { editor } from "./pages/editor.js";
import { drawOn } from "./charts/canvas.js";
import { countAs } from "./shared/axis.js";
import { fill, h } from "./shared/element.js";
import { experiment } from "./pages/experiment.js";
import { experiments } from "./pages/experiments.js";
import { askForKey } from "./pages/key_form.js";
import { studies } from "./pages/studies.js";
import { study } from "./pages/study.js";
import { treatment } from "./pages/treatment.js";
import { treatments } from "./pages/treatments.js";
import { watchReadiness } from "./readiness.js";
import { heldKey, holdKey } from "./data/key.js";
import { askForKeyBy, isTaken, SERVICE } from "./data/service.js";
import { messageOf, readFrom } from "./data/source.js";
import { watchTheme } from "./theme.js";

/**
 * The pages by the first part of their address, each with its link in the head. A map: an address may be any word, and
 * every object has a `constructor`.
 *
 * @type {Map<string, {open: (options: PageOptions) => Promise<void>, link: string}>}
 */
const PAGES = new Map([
  ["", { open: experiments, link: "#/" }],
  ["experiment", { open: experiment, link: "#/" }],
  ["compare", { open: compare, link: "#/" }],
  ["new", { open: editor, link: "#/new" }],
  ["treatments", { open: treatments, link: "#/treatments" }],
  ["studies", { open: studies, link: "#/studies" }],
  ["study", { open: study, link: "#/studies" }],
  ["datasets", { open: datasets, link: "#/datasets" }],
  ["doctor", { open: doctor, link: "#/doctor" }],
  ["dataset", { open: dataset, link: "#/datasets" }],
  ["treatment", { open: treatment, link: "#/treatments" }],
]);

const page = part("page");
const connection = part("connection");
const forgetting = part("forget-key");
let leave = new AbortController();

/** @param {string} id @returns {HTMLElement} a part of index.html. */
function part(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`expected an element with the id ${id} in the page`);
  return element;
}

/** @type {Say} */
function say(state, words) {
  connection.dataset.state = state;
  if (connection.textContent !== words) connection.textContent = words;
}

/** Show the page of the address. */
async function show() {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  say("", "");
  countAs(null); // a page of one experiment names its own
  drawOn(signal);
  document.title = "Gradient Lab";
  fill(page, h("p", { class: "muted" }, "Reading …"));
  window.scrollTo(0, 0);
  try {
    const [name, ...parts] = namesOf(location.hash);
    const { open, link } = PAGES.get(name) ?? { open: experiments, link: "#/" };
    markCurrent(link);
    await open({ page, parts, signal, say });
  } catch (error) {
    if (signal.aborted) return;
    fill(
      page,
      h("h1", {}, "Nothing to show"),
      h("p", { class: "notice bad", role: "alert" }, messageOf(error)),
      h("p", {}, h("a", { href: "#/" }, "All experiments")),
    );
  }
}

/**
 * @param {string} hash of the address.
 * @returns {string[]} the page that it names, "" for the first one, and what follows.
 * @throws {Error} it is no address of a page.
 */
function namesOf(hash) {
  try {
    const path = hash.replace(/^#\/?/, "");
    return path.split("/").map(decodeURIComponent);
  } catch {
    throw new Error(`address: expected two hexadecimal digits behind each %, received ${hash}`);
  }
}

/** @param {string} address the link that leads to the page that is shown. */
function markCurrent(address) {
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === address) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** @type {import("./data/service.js").KeyPrompt} */
async function promptForKey(wasRefused) {
  say("", "");
  const key = await askForKey(page, wasRefused, isTaken);
  forgetting.hidden = false;
  return key;
}

/** Forget the key, and everything that was read with it. */
function forget() {
  holdKey(null);
  location.reload();
}

/** Go on behind the head of the page. The address, which names the page, stays. */
function skip(/** @type {Event} */ event) {
  event.preventDefault();
  /** @type {HTMLElement | null} */ (document.querySelector("main:not([hidden])"))?.focus();
}

readFrom(SERVICE);
askForKeyBy(promptForKey);
forgetting.hidden = heldKey() === null;
forgetting.addEventListener("click", forget);
part("skip").addEventListener("click", skip);
watchTheme(part("theme"));
window.addEventListener("hashchange", () => {
  show();
  page.focus({ preventScroll: true });
});
show();
watchReadiness(part("readiness"));
