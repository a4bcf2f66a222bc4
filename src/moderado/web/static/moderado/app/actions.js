/** The user's actions. Each one sends a request and shows the answer. */

import { batch } from "./html.js";
import * as store from "./store.js";
import { t } from "./strings.js";

const { client } = store;

/** Show what went wrong. */
export function complain(/** @type {any} */ error) {
  const fields = Object.values(error.fields ?? {}).join(" ");
  store.notice.value = fields || error.message || t(error.code === "unreachable" ? "unreachable" : "failed");
}

/** @template T @returns {Promise<T | undefined>} */
async function attempt(/** @type {() => Promise<T>} */ act) {
  try {
    return await act();
  } catch (error) {
    complain(error);
    return undefined;
  }
}

/** Version of each room's details: an answer to an older request is dropped. */
let changes = 0;

async function freshRooms() {
  let answer = null;
  for (let tries = 0, before = -1; before !== changes && tries < 3; tries += 1) {
    before = changes;
    answer = await client.rest.get("chat/rooms/");
  }
  return answer;
}

export async function loadRooms() {
  try {
    const answer = await freshRooms();
    batch(() => {
      const further = store.rooms.value.slice(answer.results.length);
      const isLonger = answer.next && further.length > 0; // keep the pages that were loaded
      const listed = new Set(answer.results.map((/** @type {any} */ room) => room.id));
      const kept = isLonger ? further.filter((room) => !listed.has(room.id)) : [];
      store.rooms.value = [...answer.results, ...kept];
      if (!isLonger) store.moreRooms.value = answer.next;
      store.roomsState.value = "ready";
    });
    hearOwnRooms();
  } catch {
    if (store.roomsState.value !== "ready") store.roomsState.value = "failed";
  }
}

export function loadMoreRooms() {
  return attempt(async () => {
    const answer = await client.rest.get(/** @type {string} */ (store.moreRooms.value));
    const known = new Set(store.rooms.value.map((room) => room.id));
    store.rooms.value = [...store.rooms.value, ...answer.results.filter((room) => !known.has(room.id))];
    store.moreRooms.value = answer.next;
    hearOwnRooms();
  });
}

/** Subscribe to own rooms always, for the badges, and to a public room while it is open. */
function hearOwnRooms() {
  for (const room of store.rooms.value.filter((one) => one.role).slice(0, 100)) client.listen(room.id);
}

export function patchRoom(/** @type {string} */ id, /** @type {object} */ news) {
  changes += 1;
  store.rooms.value = store.rooms.value.map((room) => (room.id === id ? { ...room, ...news } : room));
}

/** Show a room; null shows the list. The URL changes too, so that "back" works on a phone. */
export function open(/** @type {string | null} */ id) {
  const hash = id ? `#/room/${id}` : "#/";
  if (location.hash === hash) show(id);
  else location.hash = hash;
}

export function openFromAddress() {
  show(location.hash.match(/^#\/room\/([0-9a-f-]{36})/)?.[1] ?? null);
}

function show(/** @type {string | null} */ id) {
  const before = store.openRoom.value;
  if (before && before.id !== id && !before.role) client.forget(before.id);
  batch(() => {
    store.openId.value = id;
    store.detail.value = null;
    store.roomState.value = id ? client.room(id) : null;
    store.history.value = { state: "loading", next: null };
    store.firstUnread.value = null;
    store.pinned.value = true;
    store.panel.value = null;
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
    const next = await client.loadHistory(id);
    if (store.openId.value !== id) return;
    batch(() => {
      store.roomState.value = client.room(id);
      store.history.value = { state: "ready", next };
      store.firstUnread.value = unreadFrom(unread);
    });
  } catch (error) {
    if (store.openId.value !== id) return;
    store.history.value = { state: "failed", next: null };
    if (error.status === 404) lost();
  }
}

/** The oldest of the last `unread` messages of others. @returns {string | null} */
function unreadFrom(/** @type {number} */ unread) {
  const others = store.messages.value.filter((message) => message.author.id !== store.me.id);
  return unread ? others.slice(-unread)[0]?.id ?? null : null;
}

/** Number of the latest request for each room's detail. @type {Map<string, number>} */
const detailsAsked = new Map();

function askDetail(/** @type {string} */ id) {
  const turn = (detailsAsked.get(id) ?? 0) + 1;
  detailsAsked.set(id, turn);
  return turn;
}

export async function loadDetail(/** @type {string} */ id) {
  const turn = askDetail(id);
  const room = await client.rest.get(`chat/rooms/${id}/`).catch(() => null);
  if (!room || turn !== detailsAsked.get(id) || store.openId.value !== id) return;
  store.detail.value = room;
  if (!store.rooms.value.some((one) => one.id === id)) store.rooms.value = [room, ...store.rooms.value];
  else patchRoom(id, { role: room.role, participants_count: room.participants_count });
}

export function lost() {
  store.notice.value = t("roomLost");
  open(null);
  loadRooms();
}

export async function loadOlder() {
  const { state, next } = store.history.value;
  const id = store.openId.value;
  if (state !== "ready" || !next || !id) return;
  store.history.value = { state: "more", next };
  const older = await attempt(() => client.loadHistory(id, next));
  if (store.openId.value !== id) return;
  store.history.value = { state: "ready", next: older === undefined ? next : older };
}

/** Scroll to a message, loading older pages until it is found. */
export async function jumpTo(/** @type {string} */ id) {
  for (let pages = 0; pages < 20 && store.history.value.next; pages += 1) {
    if (store.messages.value.some((message) => message.id === id)) break;
    await loadOlder();
  }
  if (!store.messages.value.some((message) => message.id === id)) {
    store.notice.value = t("quoteGone");
    return;
  }
  store.pinned.value = false;
  store.highlighted.value = id;
}

export function send(/** @type {string} */ text) {
  const id = store.openId.value;
  if (!id) return;
  store.pinned.value = true;
  client.send(id, text, store.answering.value?.id ?? null);
  store.answering.value = null;
}

export async function saveEdit(/** @type {any} */ message, /** @type {string} */ text) {
  const unchanged = text === (message.edit?.content ?? message.content);
  const saved = unchanged || (await attempt(async () => (await client.edit(message, text), true)));
  if (saved) store.editing.value = null;
  return Boolean(saved);
}

export function remove(/** @type {any} */ message) {
  if (window.confirm(t("deleteSure"))) attempt(() => client.remove(message));
}

export function createRoom(/** @type {object} */ wanted) {
  return client.rest.post("chat/rooms/", wanted).then((room) => {
    store.rooms.value = [{ unread_count: 0, participants_count: 1, role: "ADMIN", ...room }, ...store.rooms.value];
    store.creating.value = false;
    open(room.id);
  });
}

export function join(/** @type {string} */ id) {
  return attempt(async () => {
    await client.rest.post(`chat/rooms/${id}/join/`);
    await becameMember(id);
  });
}

export async function becameMember(/** @type {string} */ id) {
  const known = store.rooms.value.find((room) => room.id === id);
  askDetail(id); // a pending answer does not include this change
  patchRoom(id, { role: "MEMBER", participants_count: (known?.participants_count ?? 0) + 1 });
  client.listen(id);
  if (store.openId.value === id) await loadDetail(id);
}

export function leave(/** @type {string} */ id) {
  if (!window.confirm(t("leaveSure"))) return;
  attempt(async () => {
    await client.rest.post(`chat/rooms/${id}/leave/`);
    client.forget(id);
    open(null);
    await loadRooms();
  });
}

export function searchPeople(/** @type {string} */ text) {
  return client.rest.get("auth/users/", { search: text }).then((answer) => answer.results);
}

export function addPerson(/** @type {string} */ userId) {
  return changePeople((path) => client.rest.post(path, { user_id: userId }));
}

export function changeRole(/** @type {string} */ userId, /** @type {string} */ role) {
  return changePeople((path) => client.rest.patch(`${path}${userId}/`, { role }));
}

export function removePerson(/** @type {any} */ user) {
  if (!window.confirm(t("removeSure", user.name))) return undefined;
  return changePeople((path) => client.rest.delete(`${path}${user.id}/`));
}

function changePeople(/** @type {(path: string) => Promise<any>} */ change) {
  const id = /** @type {string} */ (store.openId.value);
  return attempt(async () => {
    await change(`chat/rooms/${id}/participants/`);
    await loadDetail(id);
  });
}

export function searchMessages(/** @type {string} */ text) {
  return client.rest.get(`chat/rooms/${store.openId.value}/search/`, { q: text }).then((answer) => answer.results);
}

export async function openCases() {
  const id = store.openId.value;
  const answer = await client.rest.get("moderation/cases/", { state: "open", page_size: 100 });
  return answer.results.filter((/** @type {any} */ one) => one.room === id);
}

/** @returns {Promise<boolean>} */
export async function rule(/** @type {any} */ one, /** @type {"ALLOW" | "BLOCK"} */ outcome) {
  const done = await attempt(async () => {
    await client.rest.post(`moderation/cases/${one.id}/claim/`);
    await client.rest.post(`moderation/cases/${one.id}/ruling/`, { outcome, reason: "moderator" });
    return true;
  });
  return Boolean(done);
}
