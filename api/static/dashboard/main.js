// The dashboard: the page that is shown, its theme, and whether it is live.

import { drawOn } from "./charts/canvas.js";
import { countAs } from "./shared/axis.js";
import { fill, h } from "./shared/element.js";
import { askForKey } from "./pages/key_form.js";
import { watchReadiness } from "./readiness.js";
import { heldKey, holdKey } from "./data/key.js";
import { askForKeyBy, isTaken, requestAhead, SERVICE } from "./data/service.js";
import { messageOf, readFrom } from "./data/source.js";
import { watchTheme } from "./theme.js";

/** @typedef {(options: PageOptions) => Promise<void>} OpenPage */
/** @typedef {{load: () => Promise<OpenPage>, link: string}} Entry */

/**
 * The pages by the first part of their address, each with its link in the head. A page's modules are loaded when it is
 * first opened: all pages together have three times those of one. A map: an address may be any word, and every object
 * has a `constructor`. One line for each: the service reads from them which modules a page has.
 *
 * @type {Map<string, Entry>}
 */
const PAGES = new Map([
  ["", { load: async () => (await import("./pages/experiments.js")).experiments, link: "#/" }],
  ["experiment", { load: async () => (await import("./pages/experiment.js")).experiment, link: "#/" }],
  ["compare", { load: async () => (await import("./pages/compare.js")).compare, link: "#/" }],
  ["new", { load: async () => (await import("./pages/editor.js")).editor, link: "#/new" }],
  ["treatments", { load: async () => (await import("./pages/treatments.js")).treatments, link: "#/treatments" }],
  ["studies", { load: async () => (await import("./pages/studies.js")).studies, link: "#/studies" }],
  ["study", { load: async () => (await import("./pages/study.js")).study, link: "#/studies" }],
  ["datasets", { load: async () => (await import("./pages/datasets.js")).datasets, link: "#/datasets" }],
  ["doctor", { load: async () => (await import("./pages/doctor.js")).doctor, link: "#/doctor" }],
  ["dataset", { load: async () => (await import("./pages/dataset.js")).dataset, link: "#/datasets" }],
  ["treatment", { load: async () => (await import("./pages/treatment.js")).treatment, link: "#/treatments" }],
]);

/** The collections whose member a page shows, by the page's name: the service is asked for it before anything else. */
const COLLECTIONS = new Map([
  ["experiment", "experiments"],
  ["study", "studies"],
]);

const FIRST = /** @type {Entry} */ (PAGES.get(""));

const page = part("page");
/**
 * The modules of each page that were not loaded ahead yet. A browser may have kept index.html of a version without it.
 *
 * @type {Map<string, string[]>}
 */
const modules = new Map(Object.entries(JSON.parse(document.getElementById("modules")?.textContent ?? "{}")));
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
    const { load, link } = PAGES.get(name) ?? FIRST;
    const collection = COLLECTIONS.get(name);
    if (collection && parts[0]) requestAhead(`/${collection}/${encodeURIComponent(parts[0])}`, signal);
    loadAhead(name);
    markCurrent(link);
    const open = await load().catch(explain);
    if (!signal.aborted) await open({ page, parts, signal, say });
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

/** Load all modules of a page at once: the browser would find them import by import. */
function loadAhead(/** @type {string} */ name) {
  for (const href of modules.get(name) ?? []) document.head.append(h("link", { rel: "modulepreload", href }));
  modules.delete(name);
}

/** @param {unknown} error of modules that could not be loaded. @returns {never} */
function explain(error) {
  throw error instanceof TypeError ? new Error("The service does not answer. Reload the page when it does.") : error;
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
