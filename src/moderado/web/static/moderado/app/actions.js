/** The user's actions. Each one sends a request and shows the answer. */

import { batch } from "./html.js";
import * as layers from "./layers.js";
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

/** Version of each room's details: an answer to an older request is dropped. */
let changes = 0;

/** All rooms of the user. They are read again if a detail changed meanwhile. */
async function ownRooms() {
  let rooms = /** @type {any[]} */ ([]);
  for (let tries = 0, before = -1; before !== changes && tries < 3; tries += 1) {
    before = changes;
    rooms = [];
    let page = { next: "chat/rooms/?scope=mine&page_size=100", results: [] };
    while (page.next) {
      page = await client.rest.get(page.next);
      rooms.push(...page.results);
    }
  }
  return rooms;
}

export async function loadRooms() {
  try {
    const own = await ownRooms();
    const listed = new Set(own.map((room) => room.id));
    const visited = store.rooms.value.filter((room) => room.id === store.openId.value && !listed.has(room.id));
    batch(() => {
      store.rooms.value = [...own, ...visited];
      store.roomsState.value = "ready";
    });
    hearOwnRooms();
  } catch {
    if (store.roomsState.value !== "ready") store.roomsState.value = "failed";
  }
}

/** What keeps this user from writing: a mute or a ban. Failing leaves the server's answer to a message. */
export async function loadSilences() {
  const page = await client.rest.get("me/sanctions/", { page_size: 100 }).catch(() => null);
  if (!page) return;
  store.silences.value = page.results.filter((/** @type {any} */ one) =>
    one.state === "active" && (one.kind === "mute" || one.kind === "ban"));
}

/** Public rooms whose names contain `text`, the most active first. @returns {Promise<any>} a page */
export function findRooms(/** @type {string} */ text) {
  return client.rest.get("chat/rooms/", { scope: "public", order: "activity", search: text });
}

/** @returns {Promise<any>} the page that follows another one */
export function nextPage(/** @type {string} */ link) {
  return client.rest.get(link);
}

/** Subscribe to own rooms always, for the badges, and to a public room while it is open. */
function hearOwnRooms() {
  for (const room of store.rooms.value.filter((one) => one.role).slice(0, 100)) client.listen(room.id);
}

export function patchRoom(/** @type {string} */ id, /** @type {object} */ news) {
  changes += 1;
  store.rooms.value = store.rooms.value.map((room) => (room.id === id ? { ...room, ...news } : room));
}

/** Replace what changed while the device was away: own rooms, and rooms that are own no more.
 *  @param {any[]} rooms as the list has them
 *  @param {{id: string}[]} left */
export function mergeRooms(rooms, left) {
  const [fresh, gone] = [new Map(rooms.map((room) => [room.id, room])), new Set(left.map(({ id }) => id))];
  const openId = store.openId.value;
  const before = store.openRoom.value;
  changes += 1;
  const kept = store.rooms.value.filter((room) => !gone.has(room.id) || room.id === openId).map((room) => {
    const news = gone.has(room.id) ? { role: null } : fresh.get(room.id);
    fresh.delete(room.id);
    return news ? newer(room, news) : room;
  });
  store.rooms.value = [...fresh.values(), ...kept];
  for (const id of gone) if (id !== openId) client.forget(id);
  hearOwnRooms();
  const after = store.openRoom.value;
  const isChanged = ["role", "name", "participants_count"].some((field) => before?.[field] !== after?.[field]);
  if (openId && isChanged) loadDetail(openId);
}

/** A message that was shown while the answer was on its way is newer than the answer. */
function newer(/** @type {any} */ room, /** @type {any} */ news) {
  const isOvertaken = news.last_activity_at < room.last_activity_at;
  const { last_activity_at, last_message, unread_count } = room;
  return { ...room, ...news, ...(isOvertaken && { last_activity_at, last_message, unread_count }) };
}

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
  else {
    const { name, is_private, role, participants_count, ...rest } = room;
    const { frozen_until, newcomers_wait_until, newcomers_after, slow_mode } = rest;
    patchRoom(id, { name, is_private, role, participants_count, frozen_until, newcomers_wait_until, newcomers_after, slow_mode });
  }
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

export function send(/** @type {string} */ text) {
  const id = store.openId.value;
  if (!id) return;
  toNewest();
  client.send(id, text, store.answering.value?.id ?? null);
  store.answering.value = null;
}

export async function saveEdit(/** @type {any} */ message, /** @type {string} */ text) {
  const unchanged = text === (message.edit?.content ?? message.content);
  const saved = unchanged || (await attempt(async () => (await client.edit(message, text), true)));
  if (saved) store.editing.value = null;
  return Boolean(saved);
}

export async function remove(/** @type {any} */ message) {
  if (await ask({ text: t("deleteSure"), action: t("delete") })) await attempt(() => client.remove(message));
}

export function createRoom(/** @type {object} */ wanted) {
  return client.rest.post("chat/rooms/", wanted).then((room) => {
    store.rooms.value = [{ unread_count: 0, participants_count: 1, role: "ADMIN", ...room }, ...store.rooms.value];
    open(room.id);
  });
}

export function join(/** @type {any} */ room) {
  return attempt(async () => {
    await client.rest.post(`chat/rooms/${room.id}/join/`);
    if (!store.rooms.value.some((one) => one.id === room.id)) store.rooms.value = [room, ...store.rooms.value];
    await becameMember(room.id);
  });
}

export async function becameMember(/** @type {string} */ id) {
  const known = store.rooms.value.find((room) => room.id === id);
  askDetail(id); // a pending answer does not include this change
  patchRoom(id, { role: "MEMBER", participants_count: (known?.participants_count ?? 0) + 1 });
  client.listen(id);
  if (store.openId.value === id) await loadDetail(id);
}

/** Leave a room. Its last administrator names a successor; the last member closes it. */
export async function leave(/** @type {string} */ id) {
  const room = await attempt(() => client.rest.get(`chat/rooms/${id}/`)); // who is in it now
  if (!room) return;
  const others = room.participants.filter((/** @type {any} */ one) => one.user.id !== store.me.id);
  const isLast = room.role === "ADMIN" && !others.some((/** @type {any} */ one) => one.role === "ADMIN");
  const sure = await ask({ text: t(others.length ? "leaveSure" : "leaveCloses"), action: t("leave") });
  if (!sure) return;
  const left = isLast && others.length ? "last_admin" : await leaveNow(id, {});
  if (left !== "last_admin") return;
  const successor = await ask({
    text: t("leaveSuccessor"),
    action: t("leave"),
    label: t("successor"),
    choices: others.map((/** @type {any} */ one) => one.user),
  });
  if (successor) await leaveNow(id, { successor_id: successor });
}

/** @returns {Promise<string | undefined>} the code of a refusal */
async function leaveNow(/** @type {string} */ id, /** @type {object} */ body) {
  try {
    await client.rest.post(`chat/rooms/${id}/leave/`, body);
  } catch (error) {
    const { code } = /** @type {any} */ (error);
    if (code !== "last_admin") complain(error);
    return code;
  }
  client.forget(id);
  store.rooms.value = store.rooms.value.filter((room) => room.id !== id);
  open(null);
  await loadRooms();
  return undefined;
}

/** @returns {Promise<any>} a page */
export function searchPeople(/** @type {string} */ text) {
  return client.rest.get("auth/users/", { search: text });
}

export function addPerson(/** @type {string} */ userId) {
  return changePeople((path) => client.rest.post(path, { user_id: userId }));
}

export function changeRole(/** @type {string} */ userId, /** @type {string} */ role) {
  return changePeople((path) => client.rest.patch(`${path}${userId}/`, { role }));
}

export async function removePerson(/** @type {any} */ user) {
  if (!(await ask({ text: t("removeSure", user.name), action: t("remove") }))) return undefined;
  return changePeople((path) => client.rest.delete(`${path}${user.id}/`));
}

function changePeople(/** @type {(path: string) => Promise<any>} */ change) {
  const id = /** @type {string} */ (store.openId.value);
  return attempt(async () => {
    await change(`chat/rooms/${id}/participants/`);
    await loadDetail(id);
  });
}

/** @returns {Promise<any>} a page */
export function searchMessages(/** @type {string} */ text) {
  return client.rest.get(`chat/rooms/${store.openId.value}/search/`, { q: text });
}
