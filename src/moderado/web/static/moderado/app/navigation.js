/** The open room: which one it is, and which part of its messages is shown. */

import { attempt } from "./feedback.js";
import { batch } from "./html.js";
import * as layers from "./layers.js";
import { loadDetail, loadRooms } from "./room_data.js";
import * as store from "./store.js";
import { t } from "./strings.js";

const { client } = store;

/** Show a room; null shows the list. The URL changes too, so that "back" works on a phone. */
export function open(/** @type {string | null} */ id) {
  const hash = id ? `#/room/${id}` : "#/";
  if (location.hash === hash) show(id);
  else if (layers.isOpen()) {
    layers.replaceWith(hash); // "back" does not return to a panel of the room before
    show(id);
  } else location.hash = hash;
}

export function openFromAddress() {
  const id = location.hash.match(/^#\/room\/([0-9a-f-]{36})/)?.[1] ?? null;
  if (id !== store.openId.value) show(id);
}

function show(/** @type {string | null} */ id) {
  const before = store.openRoom.value;
  if (before && before.id !== id && !before.role) client.forget(before.id);
  batch(() => {
    store.openId.value = id;
    store.detail.value = null;
    store.roomState.value = id ? client.room(id) : null;
    store.history.value = { state: "loading", next: null, previous: null };
    store.shown.value = { oldest: null, newest: null };
    store.activeRow.value = null;
    store.firstUnread.value = null;
    store.pinned.value = true;
    store.answering.value = null;
    store.editing.value = null;
  });
  if (id) enter(id);
}

/** @returns {Promise<void>} */
export async function enter(/** @type {string} */ id) {
  const unread = store.rooms.value.find((room) => room.id === id)?.unread_count ?? 0;
  client.listen(id);
  loadDetail(id);
  try {
    const page = await client.loadPage(id);
    if (store.openId.value !== id) return;
    batch(() => {
      showPage(id, page);
      store.firstUnread.value = unreadFrom(unread);
    });
  } catch (error) {
    if (store.openId.value !== id) return;
    store.history.value = { state: "failed", next: null, previous: null };
    if (error.status === 404) lost();
  }
}

/** Show this page of history alone. */
function showPage(/** @type {string} */ id, /** @type {any} */ { next, previous, results }) {
  store.roomState.value = client.room(id);
  store.history.value = { state: "ready", next, previous };
  store.shown.value = { oldest: next && results.at(-1), newest: previous && results[0] };
}

/** The oldest of the last `unread` messages of others. @returns {string | null} */
function unreadFrom(/** @type {number} */ unread) {
  const others = store.messages.value.filter((message) => message.author.id !== store.me.id);
  return unread ? others.slice(-unread)[0]?.id ?? null : null;
}

export function lost() {
  store.notice.value = t("roomLost");
  open(null);
  loadRooms();
}

export function loadOlder() {
  return loadMore("next", ({ next, results }) => ({ oldest: next && (results.at(-1) ?? store.shown.value.oldest) }));
}

/** After a jump: load what follows, until the newest message is shown. */
export function loadNewer() {
  return loadMore("previous", ({ previous, results }) => ({ newest: previous && (results[0] ?? store.shown.value.newest) }));
}

async function loadMore(
  /** @type {"next" | "previous"} */ direction, /** @type {(page: any) => object} */ bound,
) {
  const before = store.history.value;
  const id = store.openId.value;
  if (before.state !== "ready" || !before[direction] || !id) return;
  store.history.value = { ...before, state: "more" };
  const page = await attempt(() => client.loadPage(id, before[direction]));
  if (store.openId.value !== id || store.history.value.state !== "more") return;
  batch(() => {
    store.history.value = { ...before, ...(page && { [direction]: page[direction] }) };
    if (page) store.shown.value = { ...store.shown.value, ...bound(page) };
  });
}

/** Show the newest messages. */
export function toNewest() {
  const id = store.openId.value;
  store.pinned.value = true;
  if (id && store.history.value.previous) enter(id);
}

/** Scroll to a message. If it is not among those shown, show the page of history around it. */
export async function jumpTo(/** @type {string} */ id) {
  const room = store.openId.value;
  const isShown = () => store.messages.value.some((message) => message.id === id);
  if (room && !isShown()) {
    const page = await client.loadPage(room, null, { around: id }).catch(() => null);
    if (store.openId.value !== room) return;
    if (page) batch(() => showPage(room, page));
  }
  if (!isShown()) {
    store.notice.value = t("quoteGone");
    return;
  }
  store.pinned.value = false;
  store.highlighted.value = id;
}
