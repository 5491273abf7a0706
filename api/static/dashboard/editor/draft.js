// The draft of a spec, which survives a reload of the page.

import { keptInTab } from "../shared/tab_storage.js";

const PREFIX = "gradlab-draft ";

/**
 * The draft that was begun from one place: a recipe, an experiment, or nothing.
 *
 * @param {string} start names where it was begun.
 * @param {Parameters<typeof keptInTab>[1]} [storage] keeps it.
 */
export const draftOf = (start, storage) => keptInTab(PREFIX + start, storage);
