/**
 * Client of Chat Moderado: REST, WebSocket, resume, outbox. It has no dependencies and no build step.
 *
 *     import { ChatClient, TokenAuth } from "/static/moderado/client.js";
 *
 *     const client = new ChatClient({ user, auth: new TokenAuth(tokens), storage: localStorage });
 *     client.addEventListener("room", ({ detail }) => draw(timeline(detail.state)));
 *     client.start();
 *     client.listen(roomId);
 *     await client.loadHistory(roomId);
 *     client.send(roomId, "Olá!");
 *
 * It dispatches these CustomEvents:
 *
 * - `status` `{status, retryAt}`: the connection changed.
 * - `room` `{room, state, frame}`: the known state of a room changed.
 * - `outbox` `{entries}`: the unacknowledged messages changed.
 * - `frame`: a frame arrived.
 * - `me` `{profile, rooms, left_rooms}`: what changed of the account while the device was away; `profile`
 *   is null if it did not. If `reset` is true, load the account and its rooms anew instead.
 * - `refused`: an `error` frame that belongs to no message.
 * - `room_lost` `{room, code}`: the room can no longer be read; if `room` is null, reload the list.
 * - `signed_out`: the session has ended.
 *
 * @import {Frame, Message, Person, RoomState, Entry} from "./client/types.js"
 */

import { Connection } from "./client/connection.js";
import { newId, Outbox } from "./client/outbox.js";
import { ApiError, CookieAuth, Rest } from "./client/rest.js";
import { apply, emptyRoom, unsettled } from "./client/state.js";

export { CLOSE_CODES } from "./client/close_codes.js";
export { backoff, Connection } from "./client/connection.js";
export { newId, Outbox } from "./client/outbox.js";
export { ApiError, CookieAuth, Rest, TokenAuth } from "./client/rest.js";
export { folds } from "./client/folds.js";
export { apply, emptyRoom, timeline, unsettled } from "./client/state.js";

const RESEND_AFTER = 10_000;
/** Keeps what a reconnect must repeat short, and finds notices that were lost on their way. */
const SYNC_ME_EVERY = 300_000;
/** Error codes after which a later attempt may succeed. */
const TRANSIENT = new Set(["rate_limited", "unavailable", "going_away", "internal", "flooding"]);
/** Frames that must be repeated after a failure: the room is not subscribed without them. */
const RESUMING = new Set(["subscribe", "sync"]);
const RESUME_AFTER = 1_000;
const ROOM_GONE = new Set(["no_such_room", "not_a_participant", "not_a_member", "not_found"]);

export class ChatClient extends EventTarget {
  /**
   * @param {object} options
   * @param {Person} options.user the signed-in user
   * @param {import("./client/rest.js").TokenAuth | CookieAuth} options.auth
   * @param {string} [options.origin] of the server; default: that of the page
   * @param {string} [options.language]
   * @param {Storage | null} [options.storage] where the outbox survives a reload
   * @param {typeof fetch} [options.fetch]
   * @param {typeof WebSocket} [options.WebSocket]
   */
  constructor({ user, auth, origin = "", language, storage = null, fetch, WebSocket }) {
    super();
    this.user = user;
    this.origin = origin || globalThis.location?.origin || "";
    this.rest = new Rest({ auth, base: `${origin}/api/`, language, fetch });
    this.outbox = new Outbox({ owner: user.id, storage });
    this.connection = new Connection({
      address: () => `${this.origin.replace(/^http/, "ws")}/ws/chat/`,
      ticket: async () => (await this.rest.post("auth/ws-ticket/")).ticket,
      WebSocket,
    });
    /** @type {Map<string, RoomState>} */
    this.rooms = new Map();
    /** When each message of the outbox is due, in milliseconds since 1970. @type {Map<string, number>} */
    this.due = new Map();
    /** Rooms with a scheduled resubscription. @type {Set<string>} */
    this.resubscribing = new Set();
    /** How far the changes of this user's own messages are known. @type {string | null} */
    this.cursor = null;
    /** Own messages, and rooms, that frames named since the last `sync_me`. @type {Set<string>} */
    this.named = new Set();
    /** @type {any} */
    this.resender = null;
    /** @type {any} */
    this.syncer = null;
    this.typed = 0;
    /** Edits without an answer, by message. @type {Map<string, {content: string, client_id: string}>} */
    this.edits = new Map();
    this.#listenToConnection();
  }

  /** Connect and reconnect until `stop`. */
  start() {
    this.connection.connect();
    clearInterval(this.resender);
    clearInterval(this.syncer);
    this.resender = setInterval(() => this.#flush(), 1_000);
    this.syncer = setInterval(() => this.#syncMe(), SYNC_ME_EVERY);
    this.#dispatch("outbox", { entries: this.outbox.all() });
  }

  stop() {
    clearInterval(this.resender);
    clearInterval(this.syncer);
    this.connection.close();
  }

  /** Connect at once instead of waiting for the next attempt. */
  reconnect() {
    this.connection.connect();
  }

  /** The known state of a room. @returns {RoomState} */
  room(/** @type {string} */ room) {
    return this.rooms.get(room) ?? emptyRoom(room);
  }

  /** Subscribe to a room, now and after every reconnect. At most 128 at a time. */
  listen(/** @type {string} */ room) {
    if (this.rooms.has(room)) return;
    this.rooms.set(room, emptyRoom(room));
    this.connection.send({ type: "subscribe", room });
  }

  /** Unsubscribe from a room and drop its state. */
  forget(/** @type {string} */ room) {
    if (this.rooms.delete(room)) this.connection.send({ type: "unsubscribe", room });
  }

  /**
   * Fetch a page of history, newest first, and merge it into the state of a subscribed room.
   * @param {string} room
   * @param {string | null} [next] `next` of the previous page
   * @returns {Promise<string | null>} `next` of this page, which is older
   */
  async loadHistory(room, next = null) {
    return (await this.loadPage(room, next)).next;
  }

  /**
   * Fetch a page of history, newest first, and merge it into the state of a subscribed room.
   * @param {string} room
   * @param {string | null} [link] `next` or `previous` of another page
   * @param {{around?: string}} [query] without a link: the message in the middle of the page
   * @returns {Promise<{next: string | null, previous: string | null, results: Message[]}>}
   */
  async loadPage(room, link = null, query = {}) {
    await this.#ensureCursor();
    const path = link ?? `chat/rooms/${room}/messages/`;
    const page = await this.rest.get(path, link ? {} : { page_size: 50, ...query });
    this.#apply(room, { type: "history", results: page.results, folds: page.folds });
    return page;
  }

  /**
   * Send a message. It is sent again until the server acknowledges it, also after a reload.
   * @returns {Entry} its `client_id` becomes the message's
   */
  send(/** @type {string} */ room, /** @type {string} */ text, /** @type {string | null} */ replyTo = null) {
    const entry = this.outbox.add({ room, text, reply_to: replyTo });
    this.typed = 0;
    this.#flush();
    this.#outboxChanged();
    return entry;
  }

  retry(/** @type {string} */ clientId) {
    this.due.delete(clientId);
    this.outbox.retry(clientId);
    this.#flush();
    this.#outboxChanged();
  }

  discard(/** @type {string} */ clientId) {
    this.due.delete(clientId);
    if (this.outbox.drop(clientId)) this.#outboxChanged();
  }

  /** Read the outbox again after another tab changed it. */
  outboxStored() {
    this.outbox.reload();
    this.#outboxChanged();
  }

  /** Edit a message. The same text again, after a lost answer, is the same edit for the server. */
  async edit(/** @type {Message} */ { room, id }, /** @type {string} */ content) {
    const unanswered = this.edits.get(id);
    const edit = unanswered?.content === content ? unanswered : { content, client_id: newId() };
    this.edits.set(id, edit);
    const message = await this.rest.patch(`chat/rooms/${room}/messages/${id}/`, edit).catch((error) => {
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) this.edits.delete(id);
      throw error;
    });
    this.edits.delete(id);
    this.#apply(room, { type: "history", results: [message] });
  }

  /**
   * @param {Message} message
   * @param {string} [category] why, by a moderator: the author reads it
   */
  async remove({ room, id }, category) {
    const why = category ? `?category=${encodeURIComponent(category)}` : "";
    const message = await this.rest.delete(`chat/rooms/${room}/messages/${id}/${why}`);
    const known = this.room(room).messages.get(id);
    const gone = message ?? (known && { ...known, status: "REMOVED", content: "" });
    if (gone) this.#apply(room, { type: "message_removed", seq: 0, message: gone });
  }

  /** @returns {boolean} whether the frame was sent */
  markRead(/** @type {string} */ room, /** @type {number} */ seq) {
    return this.connection.send({ type: "mark_read", room, seq });
  }

  /** Sends at most one frame every three seconds. */
  typing(/** @type {string} */ room) {
    if (Date.now() - this.typed < 3_000) return;
    if (this.connection.send({ type: "typing", room })) this.typed = Date.now();
  }

  #listenToConnection() {
    const { connection } = this;
    connection.addEventListener("open", (event) => this.#onOpen(/** @type {any} */ (event).detail));
    connection.addEventListener("frame", (event) => this.#onFrame(/** @type {any} */ (event).detail));
    for (const type of ["status", "signed_out"]) {
      connection.addEventListener(type, (event) => this.#dispatch(type, /** @type {any} */ (event).detail));
    }
    connection.addEventListener("room_lost", (event) => {
      this.#dispatch("room_lost", { room: null, code: /** @type {any} */ (event).detail.code });
    });
  }

  /** If another tab signed in another user, the cookie is that user's: do not send this user's outbox. */
  #onOpen(/** @type {Frame} */ { user, me }) {
    if (user && user.id !== this.user.id) this.connection.signedOut();
    else this.#resume(me);
  }

  /** After every connect: resume each room and one's own messages, then send what was not
   *  acknowledged. */
  #resume(/** @type {{cursor: string} | undefined} */ me) {
    for (const room of this.rooms.keys()) this.#subscribe(room);
    if (this.cursor) this.#syncMe();
    else this.cursor = me?.cursor ?? null;
    this.due.clear();
    this.#flush();
  }

  /** Subscribe to a room after its last `seq`. */
  #subscribe(/** @type {string} */ room) {
    const state = this.rooms.get(room);
    if (!state) return; // unsubscribed in the meantime
    const known = state.epoch === null ? {} : { after: state.seq, epoch: state.epoch };
    this.connection.send({ type: "subscribe", room, ...known });
    if (unsettled(state, this.user.id).length) this.#sync(state);
  }

  /** Schedule one resubscription, however many frames of the room failed. */
  #resubscribeLater(/** @type {string} */ room, /** @type {number} */ wait) {
    if (this.resubscribing.has(room)) return;
    this.resubscribing.add(room);
    setTimeout(() => {
      this.resubscribing.delete(room);
      this.#subscribe(room);
    }, wait);
  }

  #sync(/** @type {RoomState} */ { room, seq, epoch, messages, ...rest }) {
    const pending = unsettled({ room, seq, epoch, messages, ...rest }, this.user.id);
    this.connection.send({ type: "sync", room, after: seq, epoch, pending });
  }

  /** Have a cursor from before a page is loaded: what changes later is found by `sync_me`. */
  async #ensureCursor() {
    if (this.cursor) return;
    const { me } = await this.rest.get("chat/me/changes/");
    this.cursor ??= me.cursor; // unless the socket was faster
  }

  /** Ask what changed of one's own messages, account and rooms, of which only this user learns. */
  #syncMe() {
    this.named.clear();
    this.connection.send({ type: "sync_me", after: this.cursor });
  }

  /** A message or room that changed while the answer was on its way may be newer here: ask again. */
  #onSyncedMe(/** @type {Frame} */ { me, reset, more, messages, profile = null, rooms = [], left_rooms = [] }) {
    this.cursor = me.cursor;
    if (reset || profile || rooms.length || left_rooms.length) {
      this.#dispatch("me", { reset, profile, rooms, left_rooms });
    }
    const isOvertaken = rooms.some((/** @type {{id: string}} */ { id }) => this.named.has(id));
    const known = messages.filter((/** @type {Message} */ { id }) => !this.named.has(id));
    for (const room of this.rooms.keys()) {
      const mine = known.filter((/** @type {Message} */ message) => message.room === room);
      if (reset || mine.length) this.#apply(room, { type: "synced_me", reset, messages: mine });
    }
    if (more || isOvertaken || known.length < messages.length) this.#syncMe();
  }

  /** A late confirmation, or a ruling was undone and the text waits anew: only `sync_me` tells. */
  #onQueued(/** @type {Message} */ { id, room, status, edit }) {
    const known = this.room(room).messages.get(id);
    const [told, last] = [edit?.status ?? status, known?.edit?.status ?? known?.status];
    if (told === "PENDING" && (last === "REJECTED" || last === "HELD")) this.#syncMe();
  }

  #onFrame(/** @type {Frame} */ frame) {
    this.#dispatch("frame", frame);
    if (frame.type === "error") return this.#onError(frame);
    this.#acknowledged(frame.type === "synced_me" ? frame.messages : [frame.message]);
    if (frame.type === "synced_me") return this.#onSyncedMe(frame);
    if (frame.message?.author?.id === this.user.id) this.named.add(frame.message.id);
    if (frame.type === "room_changed") this.named.add(frame.room);
    const room = frame.room ?? frame.message?.room;
    if (room && this.rooms.has(room)) this.#apply(room, frame);
    if (frame.type === "message_queued") this.#onQueued(frame.message);
  }

  #apply(/** @type {string} */ room, /** @type {Frame} */ frame) {
    const before = this.rooms.get(room);
    if (!before) return; // dropped while the answer was on its way
    const state = apply(before, frame);
    if (state === before) return;
    this.rooms.set(room, state);
    this.#dispatch("room", { room, state, frame });
    if (state.stale && (frame.more || frame.seq > before.seq + 1)) this.#sync(state);
    if (frame.reset || (state.stale && before.epoch !== null && state.epoch !== before.epoch)) {
      this.#reload(room);
    }
  }

  /** The history was rebuilt: fetch it again. */
  async #reload(/** @type {string} */ room) {
    try {
      await this.loadHistory(room);
      const state = this.rooms.get(room);
      if (state) this.rooms.set(room, { ...state, stale: false });
    } catch {
      // The room stays stale, so the next reconnect fetches it again.
    }
  }

  #onError(/** @type {Frame} */ frame) {
    const { code, message, client_id: clientId } = frame;
    if (clientId && this.outbox.entries.has(clientId)) {
      if (TRANSIENT.has(code)) {
        this.due.set(clientId, Date.now() + (frame.retry_after ?? 5) * 1_000);
      } else {
        this.outbox.refuse(clientId, { code, message });
        this.#outboxChanged();
      }
      return;
    }
    if (RESUMING.has(frame.frame) && TRANSIENT.has(code)) {
      const wait = frame.retry_after ? frame.retry_after * 1_000 : RESUME_AFTER;
      return this.#resubscribeLater(frame.room, wait);
    }
    if (frame.frame === "sync_me" && TRANSIENT.has(code)) {
      setTimeout(() => this.#syncMe(), (frame.retry_after ?? 1) * 1_000);
      return;
    }
    if (frame.room && ROOM_GONE.has(code) && (!frame.frame || RESUMING.has(frame.frame))) {
      this.rooms.delete(frame.room);
      this.#dispatch("room_lost", { room: frame.room, code });
    }
    this.#dispatch("refused", frame);
  }

  /** Send what is due. A message without an acknowledgement after ten seconds is sent again; its
   *  client_id makes that safe. */
  #flush() {
    if (!this.connection.online) return;
    const now = Date.now();
    for (const { client_id, room, text, reply_to } of this.outbox.waiting()) {
      if ((this.due.get(client_id) ?? 0) > now) continue;
      const reply = reply_to ? { reply_to } : {};
      const frame = { type: "chat_message", room, message: text, client_id, ...reply };
      if (this.connection.send(frame)) this.due.set(client_id, now + RESEND_AFTER);
    }
  }

  /** Drop from the outbox what the server has stored. */
  #acknowledged(/** @type {(Message | undefined)[]} */ messages) {
    const mine = messages.filter((message) => message?.author?.id === this.user.id);
    const dropped = mine.filter((message) => this.outbox.drop(message?.client_id));
    if (dropped.length) this.#outboxChanged();
  }

  #outboxChanged() {
    this.#dispatch("outbox", { entries: this.outbox.all() });
  }

  #dispatch(/** @type {string} */ type, /** @type {any} */ detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
