/** Updates the page from the client's events. */

import { effect } from "./html.js";
import * as actions from "./actions.js";
import { forgetCases, loadCases, loadSoon, onCase } from "./cases.js";
import * as layers from "./layers.js";
import * as navigation from "./navigation.js";
import * as roomData from "./room_data.js";
import * as store from "./store.js";
import { isolated, t } from "./strings.js";

const { client, me } = store;
const TYPING_TIMEOUT = 5_000;
const ROOMS_INTERVAL = 30_000; // no frame announces new rooms

export function followServer() {
  const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ act) =>
    client.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
  on("status", (status) => (store.connection.value = status));
  on("outbox", ({ entries }) => (store.outbox.value = entries));
  on("room", ({ room, state }) => {
    if (room === store.openId.value) store.roomState.value = state;
  });
  on("frame", onFrame);
  on("me", ({ reset, profile, rooms, left_rooms }) => {
    if (profile) store.name.value = profile.name;
    if (reset) roomData.loadRooms();
    else roomData.mergeRooms(rooms, left_rooms);
  });
  on("room_lost", ({ room }) => (room === null || room === store.openId.value ? navigation.lost() : roomData.loadRooms()));
  on("refused", (frame) => {
    if (frame.frame !== "typing" && frame.frame !== "mark_read") store.notice.value = frame.message;
  });
}

/** Events outside of the page: network, other tabs, URL, visibility. */
export function followBrowser() {
  window.addEventListener("popstate", () => {
    store.question.value?.answer(false);
    navigation.openFromAddress();
    layers.follow();
  });
  window.addEventListener("offline", () => (store.offline.value = true));
  window.addEventListener("online", () => {
    store.offline.value = false;
    client.reconnect();
  });
  window.addEventListener("storage", ({ key }) => {
    if (key === null || key.startsWith(client.outbox.prefix)) client.outboxStored();
  });
  document.addEventListener("visibilitychange", markRead);
  window.addEventListener("focus", markRead);
  effect(() => {
    void [store.roomState.value, store.pinned.value, store.history.value, store.connection.value];
    queueMicrotask(markRead);
  });
  effect(() => {
    const unread = store.rooms.value.some((room) => room.role && room.unread_count > 0);
    const name = store.openRoom.value?.name;
    document.title = `${unread ? "• " : ""}${name ? `${isolated(name)} · ` : ""}Chat Moderado`;
  });
  effect(() => {
    void store.openId.value;
    forgetCases();
  });
  effect(() => {
    void [store.openId.value, store.mayReview.value, store.isReviewing.value];
    queueMicrotask(loadCases);
  });
  setInterval(forgetTyping, 1_000);
  setInterval(() => {
    if (document.visibilityState !== "visible" || !client.connection.online) return;
    roomData.loadRooms();
    loadCases(); // claims expire, and frames about cases may be lost
  }, ROOMS_INTERVAL);
}

function onFrame(/** @type {any} */ frame) {
  switch (frame.type) {
    case "connection_established":
      roomData.loadRooms();
      roomData.loadSilences();
      loadCases();
      if (store.history.value.state === "failed" && store.openId.value) navigation.enter(store.openId.value);
      break;
    case "subscribed":
      setPresent(frame.room, new Set(frame.present));
      if (frame.room === store.openId.value) roomData.loadDetail(frame.room); // changes before it are not repeated
      break;
    case "room_changed":
      roomData.patchRoom(frame.room, {
        name: frame.name, is_private: frame.is_private, frozen_until: frame.frozen_until, slow_mode: frame.slow_mode,
        newcomers_wait_until: frame.newcomers_wait_until, newcomers_after: frame.newcomers_after,
      });
      if (frame.room === store.openId.value) roomData.loadDetail(frame.room);
      break;
    case "presence":
      setPresent(frame.room, changed(frame));
      loadUnknownMember(frame.room, frame.user.id);
      break;
    case "read":
      loadUnknownMember(frame.room, frame.user.id);
      break;
    case "typing":
      if (frame.user.id !== me.id) setTyping(frame.room, frame.user, Date.now() + TYPING_TIMEOUT);
      break;
    case "chat_message":
      onMessage(frame);
      break;
    case "message_updated":
    case "message_removed":
      onChanged(frame);
      break;
    case "message_queued":
      onFirstMessage(frame.message);
      break;
    case "case_opened":
    case "case_claimed":
    case "case_decided":
    case "case_closed":
    case "case_changed":
      onCase(frame);
      break;
    case "case_access_changed":
      loadSoon();
      break;
    case "sanction_applied":
    case "sanction_changed":
    case "sanction_lifted":
      store.notice.value = frame.type === "sanction_lifted" ? null : frame.sanction.explanation;
      roomData.loadSilences();
      break;
    case "synced_me":
      if (frame.sanctions?.length) roomData.loadSilences(); // its frame may have been lost
      break;
    case "message_rejected":
    case "message_held":
      store.announcement.value = told(frame);
      break;
  }
}

/** What is announced of a decision on an own text: on an edit beside it, or on the message. */
function told(/** @type {any} */ { type, message }) {
  if (message.reason === "removed") return message.explanation;
  if (message.status !== "APPROVED") return t("verdictTold", t(message.status));
  return t(type === "message_held" ? "editHeld" : "editRejected");
}

/** @returns {Set<string>} */
function changed(/** @type {any} */ frame) {
  const users = new Set(store.present.value.get(frame.room));
  if (frame.present) users.add(frame.user.id);
  else users.delete(frame.user.id);
  return users;
}

function setPresent(/** @type {string} */ room, /** @type {Set<string>} */ users) {
  store.present.value = new Map(store.present.value).set(room, users);
}

function onMessage(/** @type {any} */ { room, message }) {
  setTyping(room, message.author, 0);
  roomData.patchRoom(room, { last_activity_at: message.published_at, last_message: message });
  loadUnknownMember(room, message.author.id);
  if (message.author.id === me.id) {
    store.announcement.value = t("verdictTold", t("APPROVED"));
    return;
  }
  if (room === store.openId.value) {
    store.announcement.value = t("said", message.author.name, message.content);
    if (isSeen()) return;
    if (!store.firstUnread.value) store.firstUnread.value = message.id;
  }
  const unread = store.rooms.value.find((one) => one.id === room)?.unread_count ?? 0;
  roomData.patchRoom(room, { unread_count: unread + 1 });
}

/** The list of rooms shows the newest message: it never shows what is gone. */
function onChanged(/** @type {any} */ { type, room, message }) {
  if (store.rooms.value.find((one) => one.id === room)?.last_message?.id !== message.id) return;
  const isGone = type === "message_removed";
  roomData.patchRoom(room, { last_message: isGone ? null : message });
  if (isGone) roomData.loadRooms();
}

/** No frame announces new members: reload them when an unknown user appears in the open room. */
function loadUnknownMember(/** @type {string} */ room, /** @type {string} */ userId) {
  const people = room === store.openId.value && store.detail.value?.participants;
  if (people && !people.some((/** @type {any} */ one) => one.user.id === userId)) roomData.loadDetail(room);
}

/** The first message in a public room makes its author a member. */
function onFirstMessage(/** @type {any} */ message) {
  const room = store.rooms.value.find((one) => one.id === message.room);
  if (room && !room.role) actions.becameMember(room.id);
}

function setTyping(/** @type {string} */ room, /** @type {any} */ user, /** @type {number} */ until) {
  const people = new Map(store.typing.value.get(room));
  if (until) people.set(user.id, { name: user.name, until });
  else if (!people.delete(user.id)) return;
  store.typing.value = new Map(store.typing.value).set(room, people);
}

function forgetTyping() {
  for (const [room, people] of store.typing.value) {
    for (const [id, { until }] of people) if (until < Date.now()) setTyping(room, { id }, 0);
  }
}

function isSeen() {
  return document.visibilityState === "visible" && document.hasFocus() && store.pinned.value;
}

/** @type {Map<string, number>} */
const markedRead = new Map();

/** Mark visible messages as read while the page is visible. */
function markRead() {
  const state = store.roomState.value;
  const room = store.openRoom.value;
  if (!state || !room || !isSeen() || store.history.value.state !== "ready") return;
  if (room.unread_count) roomData.patchRoom(room.id, { unread_count: 0 });
  if (!room.role || (markedRead.get(room.id) ?? 0) >= state.seq) return;
  if (client.markRead(room.id, state.seq)) markedRead.set(room.id, state.seq);
}
