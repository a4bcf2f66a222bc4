// The bundled client's pure parts. Run by tests/unit/web/test_client.py, or by `node --test`.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  apply, backoff, ChatClient, emptyRoom, folds, Outbox, timeline, TokenAuth, unsettled,
} from "../../../src/moderado/web/static/moderado/client.js";

const ROOM = "r1";
const EPOCH = "e1";
const ANA = { id: "ana", name: "Ana" };

const message = (id, fields = {}) => ({
  id, room: ROOM, client_id: `c-${id}`, author: ANA, content: `text ${id}`, status: "APPROVED",
  revision: 1, position: 1, seq: 1, reply_to: null, created_at: "", edited_at: null,
  published_at: "", ...fields,
});
const shown = (seq, id, fields) => ({
  type: "chat_message", room: ROOM, seq, message: message(id, { seq, position: seq, ...fields }),
});
const subscribed = (seq, epoch = EPOCH) => ({ type: "subscribed", room: ROOM, seq, epoch, moderation_mode: "pre" });
const synced = (fields) => ({
  type: "synced", room: ROOM, epoch: EPOCH, reset: false, more: false, messages: [], pending: {}, ...fields,
});
const after = (...frames) => frames.reduce(apply, emptyRoom(ROOM));
const ids = (state) => timeline(state).map(({ id }) => id);

test("timeline is ordered by position, then id, in any order of arrival", () => {
  const page = { type: "history", results: [message("b", { position: 0 }), message("a", { position: 0 })] };
  assert.deepEqual(ids(after(subscribed(0), shown(1, "z"), page, shown(2, "y"))), ["a", "b", "z", "y"]);
});

test("applying a frame twice changes nothing", () => {
  const once = after(subscribed(0), shown(1, "a"));
  assert.deepEqual(apply(once, shown(1, "a")), once);
});

test("apply does not mutate the previous state", () => {
  const before = after(subscribed(0));
  apply(before, shown(1, "a"));
  assert.equal(before.messages.size, 0);
});

test("an older frame does not overwrite a newer one", () => {
  const edited = { type: "message_updated", room: ROOM, seq: 2, message: message("a", { seq: 2, revision: 2, content: "new" }) };
  const state = after(subscribed(0), shown(1, "a"), edited, shown(1, "a"));
  assert.equal(state.messages.get("a").content, "new");
  assert.equal(state.seq, 2);
});

test("an acknowledgement after the verdict does not reset the status", () => {
  const queued = { type: "message_queued", message: message("a", { status: "PENDING", seq: 0 }) };
  const rejected = { type: "message_rejected", message: message("a", { status: "REJECTED", seq: 0, reason: "policy" }) };
  assert.equal(after(queued, rejected, queued).messages.get("a").status, "REJECTED");
});

test("an edit of a rejected message is pending again", () => {
  const rejected = { type: "message_rejected", message: message("a", { status: "REJECTED", seq: 0 }) };
  const again = { type: "message_queued", message: message("a", { status: "PENDING", seq: 0, revision: 2 }) };
  assert.equal(after(rejected, again).messages.get("a").status, "PENDING");
});

test("the author keeps a rejected edit beside the visible text", () => {
  const edit = { revision: 2, content: "bad", status: "REJECTED", reason: "policy" };
  const told = { type: "message_rejected", message: message("a", { edit }) };
  const state = after(subscribed(0), shown(1, "a"), told, shown(1, "a"));
  assert.equal(state.messages.get("a").edit.status, "REJECTED");
  assert.equal(state.messages.get("a").content, "text a");
});

test("an older page does not restore a removed message", () => {
  const removed = { type: "message_removed", room: ROOM, seq: 2, message: message("a", { seq: 2, status: "REMOVED", content: "" }) };
  const page = { type: "history", results: [message("a")] };
  assert.deepEqual(ids(after(subscribed(0), shown(1, "a"), removed, page)), []);
});

test("the author keeps the reason of a message blocked after publication, in either order", () => {
  const removed = { type: "message_removed", room: ROOM, seq: 2, message: message("a", { seq: 2, status: "REMOVED", content: "" }) };
  const told = { type: "message_rejected", message: message("a", { seq: 2, status: "REJECTED", reason: "policy" }) };
  for (const frames of [[removed, told], [told, removed]]) {
    assert.equal(after(subscribed(0), shown(1, "a"), ...frames).messages.get("a").reason, "policy");
  }
});

test("a blocked message disappears when its author deletes it", () => {
  const told = { type: "message_rejected", message: message("a", { seq: 2, status: "REJECTED", reason: "policy" }) };
  const gone = { type: "message_removed", room: ROOM, seq: 0, message: message("a", { seq: 2, status: "REMOVED", content: "" }) };
  const state = after(subscribed(2), told, gone);
  assert.deepEqual([ids(state), state.seq], [[], 2]);
});

test("a gap in the changes is detected and closed by a sync", () => {
  const holed = after(subscribed(0), shown(1, "a"), shown(3, "c"));
  assert.equal(holed.stale, true);
  assert.equal(holed.seq, 1);
  const healed = apply(holed, synced({ seq: 3, messages: [message("b", { seq: 2, position: 2 })] }));
  assert.deepEqual(ids(healed), ["a", "b", "c"]);
  assert.deepEqual([healed.seq, healed.stale], [3, false]);
});

test("a new epoch resets the room", () => {
  for (const frame of [subscribed(9, "e2"), synced({ seq: 9, epoch: "e2", reset: true })]) {
    const state = apply(after(subscribed(0), shown(1, "a")), frame);
    assert.deepEqual([ids(state), state.epoch, state.stale], [[], "e2", true]);
  }
});

test("a sync settles pending messages", () => {
  const queued = { type: "message_queued", message: message("a", { status: "PENDING", seq: 0 }) };
  const waiting = after(subscribed(0), queued);
  assert.deepEqual(unsettled(waiting, ANA.id), ["c-a"]);
  const verdict = message("a", { status: "REJECTED", seq: 0 });
  const state = apply(waiting, synced({ seq: 0, pending: { "c-a": verdict, "c-x": null } }));
  assert.deepEqual(unsettled(state, ANA.id), []);
});

test("own changes replace what the device missed, and deletions are final", () => {
  const mine = (...messages) => ({ type: "synced_me", reset: false, messages });
  const queued = { type: "message_queued", message: message("a", { status: "PENDING", seq: 0 }) };
  const waiting = after(subscribed(0), queued, shown(1, "b"));
  const edit = { revision: 2, content: "bad", status: "REJECTED" };
  const state = apply(waiting, mine(
    message("a", { status: "HELD", seq: 0 }), message("b", { edit }), message("c", { status: "REJECTED", seq: 0 }),
  ));
  const undone = mine(message("c", { status: "HELD", seq: 0 }), message("a", { status: "REJECTED", seq: 0 }));
  assert.deepEqual(["a", "c"].map((id) => apply(state, undone).messages.get(id).status), ["REJECTED", "HELD"]);
  assert.deepEqual(timeline(state).map(({ id, status }) => [id, status]), [
    ["a", "HELD"], ["b", "APPROVED"], ["c", "REJECTED"],
  ]);
  assert.equal(state.messages.get("b").edit.status, "REJECTED");
  assert.equal(state.seq, 1);
  assert.deepEqual(apply(state, mine(message("a", { status: "HELD", seq: 0 }))).messages, state.messages);
  const gone = mine(message("a", { status: "REMOVED", seq: 0, content: "" }), message("d", { status: "REMOVED" }));
  assert.deepEqual(ids(apply(state, gone)), ["b", "c"]);
  const blocked = { type: "message_rejected", message: message("b", { status: "REJECTED", seq: 2, revision: 2 }) };
  const deleted = mine(message("b", { status: "REMOVED", seq: 2, revision: 2, content: "" }));
  assert.deepEqual(ids(after(subscribed(2), blocked, deleted)), []);
});

test("a ruling that is undone leads back to what was, in every order", () => {
  const told = (type, id, fields) => ({ type, message: message(id, { seq: 0, ...fields }) });
  const held = told("message_held", "a", { status: "HELD", reason: "review" });
  const rejected = told("message_rejected", "a", { status: "REJECTED", reason: "moderator" });
  const statuses = [held, rejected, held, rejected, held].reduce(
    ([state, found], frame) => {
      const next = apply(state, frame);
      return [next, [...found, next.messages.get("a").status]];
    }, [after(subscribed(0)), []],
  )[1];
  assert.deepEqual(statuses, ["HELD", "REJECTED", "HELD", "REJECTED", "HELD"]);
  assert.equal(after(subscribed(0), held, rejected, shown(1, "a")).messages.get("a").status, "APPROVED");

  const removed = { type: "message_removed", room: ROOM, seq: 2, message: message("a", { seq: 2, status: "REMOVED", content: "" }) };
  const again = told("message_held", "a", { status: "HELD", seq: 2 });
  for (const frames of [[removed, again], [again, removed]]) {
    assert.equal(after(subscribed(0), shown(1, "a"), ...frames).messages.get("a").status, "HELD");
  }
  const purged = told("message_rejected", "a", { status: "REMOVED", content: "", reason: "removed" });
  assert.equal(after(subscribed(0), held, purged, held).messages.get("a").status, "HELD");
});

test("a ruling on an edit that is undone leads back to the draft, a late notice not to a deleted text", () => {
  const about = (type, status) => ({ type, message: message("a", { edit: { revision: 2, content: "b", status } }) });
  const state = after(subscribed(0), shown(1, "a"), about("message_rejected", "REJECTED"), about("message_held", "HELD"));
  assert.equal(state.messages.get("a").edit.status, "HELD");
  const gone = { type: "synced_me", reset: false, messages: [message("a")] };
  assert.equal(apply(state, { type: "message_held", message: message("a", { seq: 0 }) }), state);
  assert.equal(apply(after(subscribed(0), shown(1, "a")), gone).messages.get("a").edit, undefined);

  const held = { type: "message_held", message: message("c", { status: "HELD", seq: 0 }) };
  const deleted = { type: "message_removed", room: ROOM, seq: 0, message: message("c", { status: "REMOVED", seq: 0, content: "" }) };
  assert.deepEqual(ids(after(subscribed(0), held, deleted, held)), []);
});

test("own changes in a room that may not be read keep their place", () => {
  const outside = (id, fields) => message(id, { seq: 0, position: 0, published_at: "2026-01-01", ...fields });
  const edit = { revision: 2, content: "bad", status: "REJECTED" };
  const state = apply(after(subscribed(0), shown(1, "a"), shown(2, "b")), {
    type: "synced_me", reset: false, messages: [outside("b", { edit }), outside("unknown")],
  });
  assert.deepEqual(timeline(state).map(({ id, position, seq }) => [id, position, seq]), [["a", 1, 1], ["b", 2, 2]]);
  assert.equal(state.messages.get("b").edit.status, "REJECTED");
});

test("a reset of own changes discards the room's messages", () => {
  const state = apply(after(subscribed(0), shown(1, "a")), { type: "synced_me", reset: true, messages: [] });
  assert.deepEqual([ids(state), state.seq, state.epoch, state.stale], [[], 1, EPOCH, true]);
});

class Memory {
  getItem(key) { return Object.hasOwn(this, key) ? this[key] : null; }
  setItem(key, value) { this[key] = value; }
  removeItem(key) { delete this[key]; }
}

test("the outbox survives a reload, in order, until acknowledged", () => {
  const storage = new Memory();
  let now = 0;
  const options = { owner: "ana", storage, now: () => ++now };
  const first = new Outbox(options).add({ room: ROOM, text: "one" });
  new Outbox(options).add({ room: ROOM, text: "two" });
  assert.deepEqual(new Outbox(options).waiting().map(({ text }) => text), ["one", "two"]);
  new Outbox(options).drop(first.client_id);
  assert.deepEqual(new Outbox(options).waiting().map(({ text }) => text), ["two"]);
  assert.deepEqual(new Outbox({ ...options, owner: "bia" }).all(), []);
});

test("a refused message stays until it is retried; a conflict is retried under another id", () => {
  const outbox = new Outbox({ owner: "ana", storage: new Memory() });
  const { client_id: id } = outbox.add({ room: ROOM, text: "one" });
  outbox.refuse(id, { code: "invalid", message: "no" });
  assert.deepEqual(outbox.waiting(), []);
  assert.equal(outbox.retry(id).client_id, id);
  outbox.refuse(id, { code: "conflict", message: "no" });
  assert.notEqual(outbox.retry(id).client_id, id);
  assert.equal(outbox.all().length, 1);
});

test("the outbox uses memory without storage or with a broken one", () => {
  const broken = new Memory();
  Object.defineProperty(broken, "setItem", { enumerable: false, value: () => { throw new Error("full"); } });
  for (const storage of [null, broken]) {
    const outbox = new Outbox({ owner: "ana", storage });
    outbox.add({ room: ROOM, text: "one" });
    assert.equal(outbox.waiting().length, 1);
  }
});

test("reconnect delays are random and grow to thirty seconds", () => {
  assert.deepEqual([backoff(0, 0), backoff(9, 0)], [500, 500]);
  assert.ok(backoff(20, 0.999) <= 30_000 && backoff(20, 0.999) > 29_000);
});

test("concurrent requests share one token refresh", async () => {
  let asked = 0;
  const fetch = async () => { asked += 1; return { ok: true, json: async () => ({ access: "new", refresh: "new" }) }; };
  const auth = new TokenAuth({ access: "old", refresh: "old" }, { fetch });
  await Promise.all([auth.renew(), auth.renew()]);
  assert.equal(asked, 1);
  assert.equal(auth.headers().Authorization, "Bearer new");
});

class Socket {
  static all = [];
  constructor(address) { this.address = address; this.readyState = 1; this.sent = []; Socket.all.push(this); }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.readyState = 3; }
  hear(frame) { this.onmessage({ data: JSON.stringify(frame) }); }
  dropped(code) { this.readyState = 3; this.onclose({ code }); }
}

async function connected(storage = null) {
  Socket.all = [];
  let tickets = 0;
  const fetch = async () => new Response(JSON.stringify({ ticket: `t${++tickets}` }));
  const auth = new TokenAuth({ access: "a", refresh: "r" }, { fetch });
  const client = new ChatClient({ user: ANA, auth, origin: "http://chat", storage, fetch, WebSocket: Socket });
  client.start();
  return { client, socket: await welcomed(1) };
}

async function welcomed(count) {
  while (Socket.all.length < count) await new Promise(setImmediate);
  const socket = Socket.all[count - 1];
  socket.hear({ type: "connection_established", user: ANA, heartbeat: 25, me: { cursor: `m${count}` } });
  return socket;
}

test("each connection uses a new ticket and resumes each room", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { client, socket } = await connected();
  client.listen(ROOM);
  assert.deepEqual(socket.sent, [{ type: "subscribe", room: ROOM }]);
  socket.hear(subscribed(4));
  socket.dropped(1012);
  t.mock.timers.tick(30_000);
  const again = await welcomed(2);
  assert.notEqual(again.address, socket.address);
  assert.deepEqual(again.sent[0], { type: "subscribe", room: ROOM, after: 4, epoch: EPOCH });
  client.stop();
});

const syncedMe = (cursor, fields) => ({ type: "synced_me", me: { cursor }, reset: false, more: false, messages: [], ...fields });
const cursors = ({ sent }) => sent.filter(({ type }) => type === "sync_me").map(({ after }) => after);

test("after a reconnect the device reads its own changes from its cursor to the end", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { client, socket } = await connected();
  client.listen(ROOM);
  socket.hear(subscribed(0));
  assert.deepEqual(cursors(socket), []);
  const { client_id: id } = client.send(ROOM, "hello");
  socket.dropped(1006);
  t.mock.timers.tick(30_000);
  const again = await welcomed(2);
  assert.deepEqual(cursors(again), ["m1"]);
  again.hear(syncedMe("m5", { more: true, messages: [message("a", { client_id: id, status: "HELD", seq: 0 })] }));
  again.hear({ type: "error", code: "unavailable", message: "later", frame: "sync_me" });
  t.mock.timers.tick(1_000);
  again.hear(syncedMe("m6", { messages: [message("b", { room: "elsewhere" })] }));
  assert.deepEqual(cursors(again), ["m1", "m5", "m5"]);
  assert.deepEqual(ids(client.room(ROOM)), ["a"]);
  assert.equal(client.outbox.all().length, 0);
  again.dropped(1012);
  t.mock.timers.tick(30_000);
  assert.deepEqual(cursors(await welcomed(3)), ["m6"]);
  client.stop();
});

test("a change during `sync_me`, and a text that waits anew, are asked for again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { client, socket } = await connected();
  client.listen(ROOM);
  socket.hear(subscribed(0));
  const one = (type, status) => ({ type, message: message("a", { status, seq: 0 }) });
  socket.hear(one("message_rejected", "REJECTED"));
  socket.hear(one("message_queued", "PENDING"));
  assert.equal(client.room(ROOM).messages.get("a").status, "REJECTED");
  assert.deepEqual(cursors(socket), ["m1"]);
  socket.hear(one("message_held", "HELD"));
  socket.hear(syncedMe("m2", { messages: [message("a", { status: "REJECTED", seq: 0 })] }));
  assert.equal(client.room(ROOM).messages.get("a").status, "HELD");
  assert.deepEqual(cursors(socket), ["m1", "m2"]);
  socket.hear(syncedMe("m3", { messages: [message("a", { status: "PENDING", seq: 0 })] }));
  assert.equal(client.room(ROOM).messages.get("a").status, "PENDING");
  assert.deepEqual(cursors(socket), ["m1", "m2"]);
  client.stop();
});

test("what changed of the account and its rooms is handed on, and asked again if it was overtaken", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { client, socket } = await connected();
  const heard = [];
  client.addEventListener("me", ({ detail }) => heard.push(detail));
  const news = { profile: { name: "Ana Lima" }, rooms: [{ id: ROOM, name: "old" }], left_rooms: [{ id: "left" }] };
  socket.hear({ type: "room_changed", room: ROOM, name: "new" });
  socket.hear(syncedMe("m2", news));
  socket.hear(syncedMe("m3", { rooms: [{ id: ROOM, name: "new" }] }));
  socket.hear(syncedMe("m4"));
  assert.deepEqual(heard, [
    { reset: false, ...news },
    { reset: false, profile: null, rooms: [{ id: ROOM, name: "new" }], left_rooms: [] },
  ]);
  assert.deepEqual(cursors(socket), ["m2"]);
  client.stop();
});

test("a device that stays connected reads its own changes from time to time", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { client, socket } = await connected();
  for (let waited = 0; waited < 300; waited += 25) {
    t.mock.timers.tick(25_000);
    socket.hear({ type: "pong", n: 1 });
  }
  assert.deepEqual(cursors(socket), ["m1"]);
  client.stop();
});

test("a reset of own changes loads each room anew", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { client, socket } = await connected();
  client.listen(ROOM);
  socket.hear(subscribed(1));
  socket.hear({ type: "message_held", message: message("old", { status: "HELD", seq: 0 }) });
  const loaded = new Promise((resolve) => {
    client.rest.fetch = async () => {
      setImmediate(resolve);
      return new Response(JSON.stringify({ next: null, results: [message("a")] }));
    };
  });
  socket.hear(syncedMe("m9", { reset: true }));
  await loaded;
  assert.deepEqual(ids(client.room(ROOM)), ["a"]);
  client.stop();
});

test("a history that is loaded before the first connection has a cursor from before it", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  Socket.all = [];
  const asked = [];
  const fetch = async (address) => {
    asked.push(new URL(address).pathname);
    return new Response(JSON.stringify({ ticket: "t", me: { cursor: "m0" }, next: null, results: [] }));
  };
  const auth = new TokenAuth({ access: "a", refresh: "r" }, { fetch });
  const client = new ChatClient({ user: ANA, auth, origin: "http://chat", fetch, WebSocket: Socket });
  client.listen(ROOM);
  await client.loadHistory(ROOM);
  client.start();
  const socket = await welcomed(1);
  assert.deepEqual(asked.slice(0, 2), ["/api/chat/me/changes/", `/api/chat/rooms/${ROOM}/messages/`]);
  assert.deepEqual(cursors(socket), ["m0"]);
  client.stop();
});

test("a failed subscription is repeated once, however many frames failed", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { client, socket } = await connected();
  client.listen(ROOM);
  socket.hear(subscribed(4));
  for (const frame of ["subscribe", "sync"]) {
    socket.hear({ type: "error", code: "unavailable", message: "later", frame, room: ROOM });
  }
  assert.equal(socket.sent.length, 1);
  t.mock.timers.tick(1_000);
  assert.deepEqual(socket.sent.slice(1), [{ type: "subscribe", room: ROOM, after: 4, epoch: EPOCH }]);
  client.stop();
});

test("a missing room is lost, but not after a premature frame", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { client, socket } = await connected();
  const lost = [];
  client.addEventListener("room_lost", ({ detail }) => lost.push(detail.room));
  client.listen(ROOM);
  socket.hear({ type: "error", code: "no_such_room", message: "no", frame: "typing", room: ROOM });
  assert.deepEqual(lost, []);
  socket.hear({ type: "error", code: "no_such_room", message: "no", frame: "subscribe", room: ROOM });
  assert.deepEqual(lost, [ROOM]);
  client.stop();
});

test("a late response does not restore an unsubscribed room", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { client, socket } = await connected();
  client.listen(ROOM);
  client.rest.fetch = async () => new Response(JSON.stringify({ next: null, results: [message("a")] }));
  const late = client.loadHistory(ROOM);
  client.forget(ROOM);
  await late;
  client.listen(ROOM);
  const asked = socket.sent.map(({ type }) => type);
  assert.deepEqual(asked, ["subscribe", "unsubscribe", "subscribe"]);
  client.stop();
});

test("a message is resent with its client_id until acknowledged", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const storage = new Memory();
  const { client, socket } = await connected(storage);
  const { client_id: id } = client.send(ROOM, "hello");
  t.mock.timers.tick(11_000);
  const sent = socket.sent.filter(({ type }) => type === "chat_message");
  assert.deepEqual(sent.map(({ client_id }) => client_id), [id, id]);
  socket.hear({ type: "message_queued", message: message("a", { client_id: id, status: "PENDING", seq: 0 }) });
  assert.deepEqual(Object.keys(storage), []);
  client.stop();
});

test("a transient error is retried, any other is shown", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  const { client, socket } = await connected();
  const { client_id: id } = client.send(ROOM, "hello");
  socket.hear({ type: "error", code: "rate_limited", message: "slow", client_id: id, retry_after: 3 });
  assert.equal(client.outbox.waiting().length, 1);
  socket.hear({ type: "error", code: "not_a_member", message: "no", client_id: id });
  assert.deepEqual(client.outbox.all().map(({ state, error }) => [state, error.code]), [["refused", "not_a_member"]]);
  client.stop();
});

test("a second 4001 requires a new sign-in", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { client, socket } = await connected();
  let told = 0;
  client.addEventListener("signed_out", () => (told += 1));
  socket.dropped(4001);
  assert.equal(told, 0);
  t.mock.timers.tick(30_000);
  while (Socket.all.length < 2) await new Promise(setImmediate);
  Socket.all[1].dropped(4001);
  assert.equal(told, 1);
  assert.equal(client.connection.status, "signed_out");
  client.stop();
});

test("the outbox is not sent after another user signed in", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const storage = new Memory();
  const { client, socket } = await connected(storage);
  const heard = [];
  client.addEventListener("signed_out", () => heard.push("signed_out"));
  socket.dropped(1006);
  client.send(ROOM, "mine");
  t.mock.timers.tick(30_000);
  while (Socket.all.length < 2) await new Promise(setImmediate);
  client.addEventListener("frame", ({ detail }) => heard.push(detail.type));
  Socket.all[1].hear({ type: "connection_established", user: { id: "bia", name: "Bia" }, heartbeat: 25 });
  t.mock.timers.tick(30_000);
  assert.deepEqual(Socket.all[1].sent, []);
  assert.deepEqual(heard, ["signed_out"]);
  assert.equal(Object.keys(storage).length, 1);
  client.stop();
});

test("a peer without a pong is abandoned", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { client, socket } = await connected();
  t.mock.timers.tick(25_000);
  assert.equal(socket.sent.at(-1).type, "ping");
  t.mock.timers.tick(10_000);
  assert.equal(socket.readyState, 3);
  client.stop();
});

test("a message that a moderator removed stays for its author with the reason", () => {
  const tombstone = { seq: 2, status: "REMOVED", content: "" };
  const own = { ...tombstone, reason: "removed", explanation: "A moderator removed this message." };
  const removed = { type: "message_removed", room: ROOM, seq: 2, message: message("a", tombstone) };
  const told = { type: "message_rejected", reason: "removed", message: message("a", own) };
  const alone = { type: "message_removed", room: ROOM, seq: 0, message: message("a", tombstone) };
  for (const frames of [[removed, told], [told, removed], [told, alone], [alone, told]]) {
    const state = after(subscribed(0), shown(1, "a"), ...frames);
    assert.deepEqual(timeline(state).map(({ reason }) => reason), ["removed"]);
  }
  assert.deepEqual(ids(after(subscribed(0), shown(1, "a"), removed)), []);
});

test("removed neighbours of one sweep are one line, known from the page and from frames", () => {
  const removed = (seq, id, position, sweep = "s1") => ({
    type: "message_removed", room: ROOM, seq,
    message: message(id, { status: "REMOVED", content: "", seq, position, sweep }),
  });
  const page = {
    type: "history",
    results: [message("z", { position: 9, seq: 9 }), message("d", { position: 8, seq: 8 }), message("a", { position: 2, seq: 2 })],
    folds: [{ sweep: "s1", count: 3, first_position: 3, last_position: 5, last_seq: 20 }],
  };
  const state = after(subscribed(20), page, removed(21, "d", 8), removed(22, "b", 7, "s2"), removed(21, "d", 8));
  const lines = folds(state, timeline(state));
  assert.deepEqual(ids(state), ["a", "z"]);
  assert.deepEqual(lines.map(({ sweep, count }) => [sweep, count]), [["s2", 1], ["s1", 4]]);

  const back = { type: "message_updated", room: ROOM, seq: 23, message: message("c", { position: 4, seq: 23 }) };
  const restored = apply(apply(state, back), page);
  assert.deepEqual(ids(restored), ["a", "c", "z"]);
  assert.equal(folds(restored, timeline(restored)).reduce((sum, line) => sum + line.count, 0), 4);
});

test("an edit without an answer is sent again under the same id, another one under a new id", async () => {
  const sent = [];
  const answers = [null, 503, 200, 200, 409, 200];
  const fetch = async (_address, { body }) => {
    sent.push(JSON.parse(body));
    const status = answers.shift();
    if (status === null) throw new TypeError("network");
    return new Response(JSON.stringify(status === 200 ? message("a") : { code: "x" }), { status });
  };
  const client = new ChatClient({ user: ANA, auth: new TokenAuth({ access: "a", refresh: "r" }, { fetch }), origin: "http://chat", fetch });
  for (const text of ["new", "new", "new", "new", "newer", "newer"]) await client.edit(message("a"), text).catch(() => {});
  const keys = sent.map((body) => body.client_id);
  assert.equal(keys[0], keys[1]);
  assert.equal(keys[1], keys[2]);
  assert.equal(new Set(keys).size, 4);
  assert.ok(keys.every(Boolean));
});

test("an act whose answer is lost is sent again with the same client_id", async () => {
  const client = new ChatClient({ auth: new TokenAuth({ access: "a", refresh: "r" }), user: ANA });
  const sent = [];
  let answer = () => { throw new TypeError("lost"); };
  client.rest.fetch = async (path, { body }) => {
    sent.push(body ? JSON.parse(body).client_id : new URL(path, "http://x").searchParams.get("client_id"));
    return answer();
  };
  const join = () => client.rest.act("membership r1", "POST", "chat/rooms/r1/join/").catch(() => null);
  const leave = () => client.rest.act("membership r1", "DELETE", "chat/rooms/r1/").catch(() => null);

  await join();
  await join();
  answer = () => new Response("{}");
  await join();
  await join(); // after an answer, it is a new wish
  answer = () => { throw new TypeError("lost"); };
  await join();
  await leave();
  await join(); // and after another act

  assert.equal(sent.length, 7);
  assert.equal(new Set(sent.slice(0, 3)).size, 1);
  assert.equal(new Set(sent).size, 5);
});
