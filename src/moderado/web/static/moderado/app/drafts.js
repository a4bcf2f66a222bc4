/** Unsent text of each room. It survives a reload and a new sign-in in this tab; another account never
 *  sees it. */

import { me } from "./store.js";

const PREFIX = `moderado.draft.${me.id}.`;

/** Drafts of this page; used alone if storage is forbidden. @type {Map<string, string>} */
const drafts = new Map();

function withStorage(/** @type {(storage: Storage) => string | null | void} */ act) {
  try {
    return act(window.sessionStorage);
  } catch {
    return null; // forbidden or full: keep it in memory
  }
}

/** @returns {string} */
export function draftOf(/** @type {string} */ room) {
  return drafts.get(room) ?? withStorage((storage) => storage.getItem(PREFIX + room)) ?? "";
}

export function keepDraft(/** @type {string} */ room, /** @type {string} */ text) {
  drafts.set(room, text);
  withStorage((storage) => (text ? storage.setItem(PREFIX + room, text) : storage.removeItem(PREFIX + room)));
}

/** Remove all drafts when the user signs out. */
export function forgetDrafts() {
  drafts.clear();
  withStorage((storage) => {
    for (const key of Object.keys(storage)) if (key.startsWith(PREFIX)) storage.removeItem(key);
  });
}
