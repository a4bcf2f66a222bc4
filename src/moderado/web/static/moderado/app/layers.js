/** Panels and the dialog for a new room are entries of the browser's history: "back" closes them. */

import { batch } from "./html.js";
import * as store from "./store.js";

/** @typedef {"people" | "search" | "review" | "creating"} Layer */

/** A layer to open once the browser has gone back from the one that closes. @type {Layer | null} */
let waiting = null;
let isClosing = false;

/** @returns {Layer | null} */
function current() {
  return window.history.state?.layer ?? null;
}

export function isOpen() {
  return current() !== null;
}

export function open(/** @type {Layer} */ layer) {
  if (isClosing) {
    waiting = layer;
    return;
  }
  if (isOpen()) window.history.replaceState({ layer }, "");
  else window.history.pushState({ layer }, "");
  follow();
}

/** Close the open layer, as "back" does. */
export function close() {
  if (isClosing) return;
  if (isOpen()) {
    isClosing = true;
    window.history.back();
  }
  show(null);
}

/** Change the address in place of the open layer. */
export function replaceWith(/** @type {string} */ hash) {
  window.history.replaceState(null, "", hash);
  follow();
}

/** Show what the history says: called after each move in it. */
export function follow() {
  isClosing = false;
  show(current());
  if (waiting) {
    const layer = waiting;
    waiting = null;
    open(layer);
  }
}

function show(/** @type {Layer | null} */ layer) {
  batch(() => {
    store.creating.value = layer === "creating";
    store.panel.value = layer === "creating" ? null : layer;
  });
}
