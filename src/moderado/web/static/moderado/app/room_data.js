/** Reads the rooms of the user, and the details of one, into the store. */

import { batch } from "./html.js";
import * as store from "./store.js";

const { client } = store;

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
    listenToOwnRooms();
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
function listenToOwnRooms() {
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
  listenToOwnRooms();
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

/** Number of the latest request for each room's detail. @type {Map<string, number>} */
const detailsAsked = new Map();

export function askDetail(/** @type {string} */ id) {
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
