// The form that asks for the service's key, in place of the page until the service takes one.

import { fill, h } from "../shared/element.js";
import { messageOf } from "../data/source.js";

const STAYS =
  "The key stays in this tab until the tab is closed or you forget it. A tab that is reopened may have it again: " +
  "forget the key on a shared machine. It is sent to this service alone, in a header, and stands in no address and " +
  "no cookie.";
const WRONG = "This is not the service's key. Capital and small letters differ.";
const CHANGED = "The service does not take the key of this tab any more: it has been given another one.";

/** @typedef {(key: string) => Promise<boolean>} KeyCheck true if the service takes the key. */

/**
 * Ask for the key. The page is hidden meanwhile, and afterwards stands where it stood.
 *
 * @param {HTMLElement} page
 * @param {boolean} wasRefused true if a key was held that the service does not take.
 * @param {KeyCheck} isTaken
 * @returns {Promise<string>} a key that the service takes.
 */
export async function askForKey(page, wasRefused, isTaken) {
  const [top, focused] = [window.scrollY, document.activeElement];
  const place = h("main", { id: "key-page", tabindex: -1 });
  page.hidden = true;
  page.before(place);
  const key = await entered(place, wasRefused ? CHANGED : "", isTaken);
  place.remove();
  page.hidden = false;
  window.scrollTo(0, top);
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return key;
}

/**
 * @param {HTMLElement} place of the form.
 * @param {string} first what the form says at first.
 * @param {KeyCheck} isTaken
 * @returns {Promise<string>}
 */
function entered(place, first, isTaken) {
  return new Promise((resolve) => {
    const said = h("p", { id: "key-said", class: "notice bad", role: "alert", hidden: !first }, first);
    const described = { "aria-describedby": "key-said", autocomplete: "off", spellcheck: "false" };
    const field = h("input", { id: "key", type: "password", required: true, ...described });
    const open = h("button", { class: "primary" }, "Open");

    async function submit(/** @type {Event} */ event) {
      event.preventDefault();
      open.disabled = true;
      const key = field.value.trim();
      const refusal = await refusalOf(key, isTaken);
      open.disabled = false;
      if (!refusal) {
        resolve(key);
        return;
      }
      fill(said, refusal).hidden = false;
      field.setAttribute("aria-invalid", "true");
      field.select();
    }

    const label = h("label", { for: "key" }, "Key");
    const form = h("form", { onsubmit: submit }, label, field, said, h("div", { class: "row end" }, open));
    const title = h("h1", {}, "This service has a key");
    const words = [title, h("p", {}, sourceWords()), form, h("p", { class: "muted" }, STAYS)];
    fill(place, h("section", { class: "panel stack narrow" }, words));
    field.focus();
  });
}

/** @returns {Child[]} where the key comes from. */
const sourceWords = () => [
  "Whoever started this service gave it a key: the value of ",
  h("code", {}, "GRADLAB_API_KEY"),
  " in the service's environment, or in the file ",
  h("code", {}, ".env"),
  " of its folder. Look there, or ask them for it.",
];

/** @param {string} key @param {KeyCheck} isTaken @returns {Promise<string>} "" if the service takes it. */
async function refusalOf(key, isTaken) {
  try {
    return (await isTaken(key)) ? "" : WRONG;
  } catch (error) {
    return messageOf(error);
  }
}
