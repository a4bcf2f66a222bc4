/** Unsent text of each room. It survives a reload and a new sign-in in this tab; another account never
 *  sees it. */

import { me } from "./store.js";

const PREFIX = `moderado.draft.${me.id}.`;

/** As long as the page lives, also where storage is forbidden. @type {Map<string, string>} */
const begun = new Map();

function stored(/** @type {(storage: Storage) => string | null | void} */ act) {
  try {
    return act(window.sessionStorage);
  } catch {
    return null; // forbidden or full: keep it in memory
  }
}

/** @returns {string} */
export function draftOf(/** @type {string} */ room) {
  return begun.get(room) ?? stored((storage) => storage.getItem(PREFIX + room)) ?? "";
}

export function keepDraft(/** @type {string} */ room, /** @type {string} */ text) {
  begun.set(room, text);
  stored((storage) => (text ? storage.setItem(PREFIX + room, text) : storage.removeItem(PREFIX + room)));
}

/** Remove all drafts when the user signs out. */
export function forgetDrafts() {
  begun.clear();
  stored((storage) => {
    for (const key of Object.keys(storage)) if (key.startsWith(PREFIX)) storage.removeItem(key);
  });
}
