/**
 * The known state of one room, as a pure function of the received frames.
 *
 * `apply(state, frame)` does not change its input, is idempotent, and ignores frames that are older
 * than the state. Frames, history pages and syncs may therefore come in any order; the result equals
 * a fresh load.
 *
 * @import {Fold, Frame, Message, RoomState, Status} from "./types.js"
 */

import { merged } from "./folds.js";

/** @returns {RoomState} */
export function emptyRoom(/** @type {string} */ room) {
  return {
    room, seq: 0, epoch: null, mode: null, stale: false, messages: new Map(), folds: [],
    reads: new Map(),
  };
}

/**
 * @param {RoomState} state
 * @param {Frame} frame from the server, or `{type: "history", results, folds?}` for a page from REST
 * @returns {RoomState}
 */
export function apply(state, frame) {
  switch (frame.type) {
    case "subscribed":
      return subscribed(state, frame);
    case "synced":
      return synced(state, frame);
    case "synced_me":
      return syncedMe(state, frame);
    case "history":
      return withFolds(withMessages(state, frame.results), frame.folds ?? []);
    case "chat_message":
    case "message_updated":
      return withSeq(withMessages(state, [frame.message]), frame.seq);
    case "message_removed":
      if (frame.seq === 0) return withoutMessage(state, frame.message);
      return withSeq(withMessages(state, [frame.message]), frame.seq);
    case "message_queued":
      return withMessages(state, [frame.message]);
    case "message_rejected":
    case "message_held":
      return withOwn(state, frame.message);
    case "read":
      return withRead(state, frame);
    default:
      return state;
  }
}

/**
 * The visible messages, oldest first: by position, then id. A message that a moderator removed stays
 * for its author, without text and with the reason; `folds` has what was removed among many.
 * @param {RoomState} state
 * @returns {Message[]}
 */
export function timeline(state) {
  return [...state.messages.values()]
    .filter((message) => message.status !== "REMOVED" || (isExplained(message) && !message.sweep))
    .sort(inOrder);
}

/**
 * The client_ids of own messages that may have been judged while the client was disconnected.
 * @param {RoomState} state
 * @param {string} userId
 * @returns {string[]} at most 100, newest first
 */
export function unsettled(state, userId) {
  return [...state.messages.values()]
    .filter((message) => message.author.id === userId && message.client_id && isPending(message))
    .sort((a, b) => -inOrder(a, b))
    .slice(0, 100)
    .map((message) => /** @type {string} */ (message.client_id));
}

/** The author's view of a message that a moderator removed. @returns {boolean} */
function isExplained(/** @type {Message} */ message) {
  return message.status === "REMOVED" && message.reason === "removed";
}

/** @returns {boolean} */
function isPending(/** @type {Message} */ message) {
  const status = message.edit ? message.edit.status : message.status;
  return status === "PENDING" || status === "HELD";
}

/** @returns {number} */
function inOrder(/** @type {Message} */ a, /** @type {Message} */ b) {
  return a.position - b.position || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** @returns {RoomState} */
function subscribed(/** @type {RoomState} */ state, /** @type {Frame} */ frame) {
  const rebuilt = state.epoch !== null && state.epoch !== frame.epoch;
  if (rebuilt || frame.seq < state.seq) return reset(state, frame);
  const fresh = state.epoch === null;
  return {
    ...state,
    seq: fresh ? frame.seq : state.seq,
    epoch: frame.epoch,
    mode: frame.moderation_mode ?? state.mode,
    stale: fresh ? state.stale : frame.seq > state.seq,
  };
}

/** @returns {RoomState} */
function synced(/** @type {RoomState} */ state, /** @type {Frame} */ frame) {
  if (frame.reset) return reset(state, frame);
  const pending = Object.values(frame.pending ?? {}).filter(Boolean);
  const next = withMessages(state, [...frame.messages, ...pending]);
  return {
    ...next,
    seq: Math.max(state.seq, frame.seq),
    epoch: frame.epoch,
    stale: Boolean(frame.more),
  };
}

/** The present state of the user's own messages. @returns {RoomState} */
function syncedMe(/** @type {RoomState} */ state, /** @type {Frame} */ frame) {
  if (frame.reset) return reset(state, { ...frame, seq: state.seq, epoch: state.epoch });
  return frame.messages.reduce(
    (/** @type {RoomState} */ next, /** @type {Message} */ message) =>
      message.status === "REMOVED" ? withoutMessage(next, message) : withOwn(next, message),
    state,
  );
}

/**
 * Replace an own message by the view that only its author receives. A ruling that is undone or
 * overturned leads back to an earlier status of the same revision: the later notice counts.
 * @returns {RoomState}
 */
function withOwn(/** @type {RoomState} */ state, /** @type {Message} */ received) {
  const known = state.messages.get(received.id);
  const message = placed(received, known);
  if (!message || (known && isOlder(message, known))) return state;
  return { ...state, messages: new Map(state.messages).set(message.id, message) };
}

/** Whether a notice says less than what is known. What its author deleted before it was public is
 *  final: the notice was on its way. @returns {boolean} */
function isOlder(/** @type {Message} */ notice, /** @type {Message} */ known) {
  if (notice.seq !== known.seq) return notice.seq < known.seq;
  const isDeleted = known.status === "REMOVED" && known.seq === 0 && !isExplained(known);
  return isDeleted || revisionOf(notice) < revisionOf(known);
}

/** Discards the state. @returns {RoomState} */
function reset(/** @type {RoomState} */ state, /** @type {Frame} */ frame) {
  return {
    ...emptyRoom(state.room),
    seq: frame.seq,
    epoch: frame.epoch,
    mode: frame.moderation_mode ?? state.mode,
    stale: true,
  };
}

/** Advance `seq`; set `stale` instead if changes before it are missing.
 *  @returns {RoomState} */
function withSeq(/** @type {RoomState} */ state, /** @type {number} */ seq) {
  if (seq <= state.seq) return state;
  if (seq > state.seq + 1) return { ...state, stale: true };
  return { ...state, seq };
}

/** @returns {RoomState} */
function withFolds(/** @type {RoomState} */ state, /** @type {Fold[]} */ page) {
  return page.length ? { ...state, folds: merged(state.folds, page) } : state;
}

/** @returns {RoomState} */
function withMessages(/** @type {RoomState} */ state, /** @type {Message[]} */ incoming) {
  let messages = null;
  for (const received of incoming) {
    const known = (messages ?? state.messages).get(received.id);
    const message = placed(received, known);
    if (!message || (known && !replaces(message, known))) continue;
    messages ??= new Map(state.messages);
    messages.set(message.id, keepingDraft(message, known));
  }
  return messages ? { ...state, messages } : state;
}

/**
 * The author's view of a public message in a room that they may not read at present has no place:
 * the known one is kept. An unknown message comes with the room's `sync`, once it may be read again.
 * @returns {Message | null}
 */
function placed(/** @type {Message} */ message, /** @type {Message | undefined} */ known) {
  if (message.seq !== 0 || !message.published_at) return message;
  return known ? { ...message, seq: known.seq, position: known.position } : null;
}

/** A removal that only the author receives (`seq` 0), also of messages blocked after publication.
 *  @returns {RoomState} */
function withoutMessage(/** @type {RoomState} */ state, /** @type {Message} */ message) {
  const known = state.messages.get(message.id);
  if (!known || (isExplained(known) && !isExplained(message))) return state;
  return { ...state, messages: new Map(state.messages).set(message.id, message) };
}

/** @returns {RoomState} */
function withRead(/** @type {RoomState} */ state, /** @type {Frame} */ frame) {
  const user = typeof frame.user === "string" ? frame.user : frame.user.id;
  if ((state.reads.get(user) ?? 0) >= frame.seq) return state;
  return { ...state, reads: new Map(state.reads).set(user, frame.seq) };
}

/**
 * Whether `incoming` is newer. The last public change decides; for the same change, the higher
 * revision; for the same revision, the later status.
 * @param {Message} incoming
 * @param {Message} known
 */
function replaces(incoming, known) {
  if (incoming.seq !== known.seq) return incoming.seq > known.seq;
  const [next, last] = [revisionOf(incoming), revisionOf(known)];
  if (next !== last) return next > last || incoming.status === "REMOVED";
  if (rank(incoming) !== rank(known)) return rank(incoming) > rank(known);
  return draftRank(incoming) >= draftRank(known);
}

/** Keep the author's draft, which public frames do not contain.
 *  @returns {Message} */
function keepingDraft(/** @type {Message} */ message, /** @type {Message | undefined} */ known) {
  const draft = known?.edit;
  const lost = draft && !message.edit && draft.revision > message.revision;
  return lost && message.status === "APPROVED" ? { ...message, edit: draft } : message;
}

/** @returns {number} */
function revisionOf(/** @type {Message} */ message) {
  return Math.max(message.revision, message.edit?.revision ?? 0);
}

/** @type {Record<Status, number>} */
const RANK = { PENDING: 0, HELD: 1, APPROVED: 2, REJECTED: 2, REMOVED: 3 };
const TOMBSTONE = RANK.REMOVED;
/** @type {ReadonlySet<Status>} */
const HIDDEN = new Set(["PENDING", "HELD", "REJECTED"]);

/** For a message that was public and is hidden, the author's view ranks above the tombstone.
 *  @returns {number} */
function rank(/** @type {Message} */ message) {
  const own = RANK[message.status] ?? 0;
  if (isExplained(message)) return own + TOMBSTONE;
  return message.seq > 0 && HIDDEN.has(message.status) ? own + TOMBSTONE + 1 : own;
}

/** @returns {number} */
function draftRank(/** @type {Message} */ message) {
  return message.edit ? 1 + (RANK[message.edit.status] ?? 0) : 0;
}
