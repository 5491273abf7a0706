// The draft of a spec, which survives a reload of the page.

// sessionStorage: a draft belongs to its tab. Two tabs with two specs do not overwrite each other's, a tab that is
// reloaded has its own, and one that is reopened may have it again.

const PREFIX = "gradlab-draft ";

/**
 * The draft that was begun from one place: a recipe, an experiment, or nothing.
 *
 * @param {string} start names where it was begun.
 * @param {() => Pick<Storage, "getItem" | "setItem" | "removeItem">} [storage] keeps it; reading it throws where the
 *   browser blocks it.
 */
export function draftOf(start, storage = () => sessionStorage) {
  const key = PREFIX + start;
  return {
    /** @returns {string | null} the text; null if there is none, or nothing is kept here. */
    read() {
      try {
        return storage().getItem(key);
      } catch {
        return null;
      }
    },
    /**
     * Keep a text, or forget it.
     *
     * @param {string | null} text
     * @returns {boolean} false if it could not be kept.
     */
    keep(text) {
      try {
        if (text === null) storage().removeItem(key);
        else storage().setItem(key, text);
        return true;
      } catch {
        return false; // the storage is full, or the browser keeps nothing
      }
    },
  };
}
