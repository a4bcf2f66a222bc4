/** Shows the user what went wrong, and asks questions. */

import * as store from "./store.js";
import { t } from "./strings.js";

/** Show what went wrong. */
export function complain(/** @type {any} */ error) {
  const fields = Object.values(error.fields ?? {}).join(" ");
  store.notice.value = fields || error.message || t(error.code === "unreachable" ? "unreachable" : "failed");
}

/** Act; if that fails, show why. @template T @returns {Promise<T | undefined>} */
export async function attempt(/** @type {() => Promise<T>} */ act) {
  try {
    return await act();
  } catch (error) {
    complain(error);
    return undefined;
  }
}

/** Ask the user in a dialog.
 *  @param {{text: string, action: string, choices?: any[], label?: string}} what `choices` of
 *    `{id, name}`, of which the user picks one
 *  @returns {Promise<any>} false if the user cancels; otherwise the id of the choice, or true */
export function ask(what) {
  store.question.value?.answer(false);
  return new Promise((resolve) => {
    const answer = (/** @type {any} */ value) => {
      store.question.value = null;
      resolve(value);
    };
    store.question.value = { ...what, answer };
  });
}
