/** The open cases of the open room, for its moderators: count, pages, rulings. */

import { complain } from "./feedback.js";
import { batch } from "./html.js";
import * as store from "./store.js";
import { t } from "./strings.js";

const { client } = store;
const PAGE_SIZE = 20;
const PAUSE = 500; // collects frames: one load for all

/** How many pages the panel shows. */
let pages = 1;
let pagesShown = 0;
let isLoading = false;
let isStale = false;
/** Cases that have ended: an answer to an older request still contains them. @type {Set<string>} */
const ended = new Set();

/** Load the cases that the panel shows; while it is closed, their count alone. */
export async function loadCases() {
  isStale = true;
  if (isLoading) return;
  isLoading = true;
  while (isStale) {
    isStale = false;
    await load();
  }
  isLoading = false;
}

/** @type {any} */
let timer = null;

/** Load the cases once for all frames of a while. */
export function loadSoon() {
  timer ??= setTimeout(() => {
    timer = null;
    loadCases();
  }, PAUSE);
}

async function load() {
  const room = store.openId.value;
  if (!room || !store.mayReview.value) return;
  const isShown = store.isReviewing.value;
  const isCurrent = () => store.openId.value === room && store.isReviewing.value === isShown;
  try {
    const found = await firstPages(room, isShown ? pages : 1, isShown ? PAGE_SIZE : 1);
    if (isCurrent()) show(found, isShown);
  } catch (error) {
    if (isShown && isCurrent()) failed(error);
  }
}

/** The first pages, read again from the start: numbered pages move when a case ends. */
async function firstPages(/** @type {string} */ room, /** @type {number} */ wanted, /** @type {number} */ size) {
  const found = new Map();
  let page = await client.rest.get("moderation/cases/", { state: "open", room, page_size: size });
  const { open: count } = page.counts;
  for (let number = 1; ; number += 1) {
    for (const one of page.results) found.set(one.id, one);
    if (!page.next || number === wanted) break;
    page = await client.rest.get(page.next);
  }
  return { count, results: [...found.values()], hasMore: Boolean(page.next) };
}

/** Keep the cards if the next load may succeed; complain only of what the user has asked for. */
function failed(/** @type {any} */ error) {
  const mayPass = error.status === 0 || error.status === 429 || error.status >= 500;
  const isKept = store.cases.value.state === "ready" && mayPass;
  if (isKept && pages === pagesShown) return;
  pages = Math.max(1, pagesShown);
  if (!isKept) store.cases.value = { ...store.cases.value, state: "failed" };
  complain(error);
}

function show(/** @type {any} */ { count, results, hasMore }, /** @type {boolean} */ isShown) {
  const open = results.filter((/** @type {any} */ one) => !ended.has(one.id));
  batch(() => {
    store.caseCount.value = count - (results.length - open.length);
    if (isShown) pagesShown = pages;
    if (isShown) store.cases.value = { state: "ready", results: open, hasMore };
  });
}

/** Show one more page. */
export function moreCases() {
  pages += 1;
  return loadCases();
}

/** Forget what is known of another room's cases. */
export function forgetCases() {
  pages = 1;
  pagesShown = 0;
  batch(() => {
    store.caseCount.value = 0;
    store.cases.value = { state: "loading", results: [], hasMore: false };
  });
}

/** Follow a frame that tells of a case: one that has ended disappears at once, or is open again. */
export function onCase(/** @type {any} */ { type, case: id, room }) {
  if (room !== store.openId.value) return;
  if (type === "case_opened") ended.delete(id);
  if (type === "case_decided" || type === "case_closed") end(id);
  loadSoon();
}

function end(/** @type {string} */ id) {
  if (ended.has(id)) return;
  ended.add(id);
  const { results } = store.cases.value;
  batch(() => {
    store.caseCount.value = Math.max(0, store.caseCount.value - 1);
    store.cases.value = { ...store.cases.value, results: results.filter((one) => one.id !== id) };
  });
}

/** Decide a case. A refusal is shown; the case disappears if there is nothing left to decide.
 *  @returns {Promise<boolean>} whether the ruling took effect */
export async function rule(/** @type {any} */ one, /** @type {"ALLOW" | "BLOCK"} */ outcome) {
  try {
    const category = outcome === "BLOCK" && one.categories[0]; // the author reads it
    const ruling = { outcome, reason: category || "moderator" };
    await client.rest.act(`case ${one.id}`, "POST", `moderation/cases/${one.id}/ruling/`, ruling);
  } catch (error) {
    const { code, status } = /** @type {any} */ (error);
    complain(error);
    if (status === 404 || code === "case_closed" || code === "case_superseded") end(one.id);
    loadCases();
    return false;
  }
  end(one.id);
  store.announcement.value = t("ruled");
  loadCases();
  return true;
}
