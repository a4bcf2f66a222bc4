/** What the user does with messages, rooms and their members. Each action sends a request and shows the answer. */

import { ask, attempt, complain } from "./feedback.js";
import { open, toNewest } from "./navigation.js";
import { askDetail, loadDetail, loadRooms, patchRoom } from "./room_data.js";
import * as store from "./store.js";
import { categories, t } from "./strings.js";

const { client } = store;

/** Why a moderator deletes a message; the first names no category. */
const CATEGORIES = [
  { id: "", name: t("otherCategory") },
  ...Object.entries(categories).map(([id, name]) => ({ id, name })),
];

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
  const question = { text: t("deleteSure"), action: t("delete") };
  const isOwn = message.author.id === store.me.id;
  const answer = await ask(isOwn ? question : { ...question, label: t("deleteWhy"), choices: CATEGORIES });
  if (answer !== false) await attempt(() => client.remove(message, isOwn ? undefined : answer));
}

export function createRoom(/** @type {object} */ wanted) {
  return client.rest.post("chat/rooms/", wanted).then((room) => {
    store.rooms.value = [{ unread_count: 0, participants_count: 1, role: "ADMIN", ...room }, ...store.rooms.value];
    open(room.id);
  });
}

export function join(/** @type {any} */ room) {
  return attempt(async () => {
    await client.rest.act(`membership ${room.id}`, "POST", `chat/rooms/${room.id}/join/`);
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
    await client.rest.act(`membership ${id}`, "POST", `chat/rooms/${id}/leave/`, body);
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
  return changePeople((path) => client.rest.act(path + userId, "POST", path, { user_id: userId }));
}

export function changeRole(/** @type {string} */ userId, /** @type {string} */ role) {
  return changePeople((path) => client.rest.act(path + userId, "PATCH", `${path}${userId}/`, { role }));
}

export async function removePerson(/** @type {any} */ user) {
  if (!(await ask({ text: t("removeSure", user.name), action: t("remove") }))) return undefined;
  return changePeople((path) => client.rest.act(path + user.id, "DELETE", `${path}${user.id}/`));
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
