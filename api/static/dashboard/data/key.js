// The service's key. It stays in this tab, in no address and no cookie. A tab that is reopened may have it again:
// forget the key on a shared machine.

import { keptInTab } from "../shared/tab_storage.js";

const stored = keptInTab("gradlab-key");
/** @type {string | null} the key where the browser stores nothing for the page: it is gone with the page. */
let unstored = null;

/** @returns {string | null} the key that was entered in this tab; null if there is none. */
export function heldKey() {
  return stored.read() ?? unstored;
}

/** @param {string | null} key null forgets it. */
export function holdKey(key) {
  unstored = key;
  stored.keep(key);
}

/**
 * The key as the service reads it from a header.
 *
 * @param {string} key
 * @returns {string} the bytes of its UTF-8 as letters: a header takes no others.
 */
export const inHeader = (key) => String.fromCharCode(...new TextEncoder().encode(key));
