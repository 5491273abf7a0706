// Texts that a tab keeps through a reload of its page.

// sessionStorage: it belongs to its tab. Two tabs do not overwrite each other's, a tab that is reloaded has its own,
// and one that is reopened may have it again.

/**
 * The text that is kept under a name.
 *
 * @param {string} name
 * @param {() => Pick<Storage, "getItem" | "setItem" | "removeItem">} [storage] keeps it; reading it throws where the
 *   browser blocks it.
 */
export function keptInTab(name, storage = () => sessionStorage) {
  return {
    /** @returns {string | null} the text; null if there is none, or nothing is kept here. */
    read() {
      try {
        return storage().getItem(name);
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
        if (text === null) storage().removeItem(name);
        else storage().setItem(name, text);
        return true;
      } catch {
        return false; // the storage is full, or the browser keeps nothing
      }
    },
  };
}
