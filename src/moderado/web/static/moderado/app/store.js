/** The state of the page, as signals. What the server says is stored by modules without components. */

import { CookieAuth, ChatClient, folds, timeline } from "../client.js";
import { computed, signal } from "./html.js";
import { language } from "./strings.js";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));

export const page = /** @type {Record<string, string>} */ (root.dataset);
export const me = Object.freeze({ id: page.userId, name: page.userName });
/** The user's latest name, which another device may change. */
export const name = signal(page.userName);
export const maxLength = Number(page.maxLength);

function csrf() {
  // The cookie is newer than the page if the user signed in again in another tab.
  return document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]*)/)?.[1] ?? page.csrf;
}

function storage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

export const auth = new CookieAuth(csrf);
export const client = new ChatClient({ user: me, auth, language, storage: storage() });

/** All rooms of the user, and the open one. @type {import("../vendor/signals.js").Signal<any[]>} */
export const rooms = signal([]);
/** @type {import("../vendor/signals.js").Signal<"loading" | "ready" | "failed">} */
export const roomsState = signal("loading");

/** Id of the open room. */
export const openId = signal(/** @type {string | null} */ (null));
export const roomState = signal(/** @type {any} */ (null));
export const detail = signal(/** @type {any} */ (null));
/** History of the open room: loaded, more available, loading; links to older and newer pages. */
export const history = signal({
  state: "loading", next: /** @type {string | null} */ (null), previous: /** @type {string | null} */ (null),
});
/** The oldest and the newest message that are shown, or null for no bound: between them nothing is
 *  missing. */
export const shown = signal({ oldest: /** @type {any} */ (null), newest: /** @type {any} */ (null) });
/** Id of the message after the "new messages" line. */
export const firstUnread = signal(/** @type {string | null} */ (null));
export const pinned = signal(true);

export const outbox = signal(/** @type {any[]} */ ([]));
export const connection = signal({ status: "idle", retryAt: /** @type {number | null} */ (null) });

/** By room: users who are writing (id → {name, until}) and users who are online (set of ids). */
export const typing = signal(/** @type {Map<string, Map<string, any>>} */ (new Map()));
export const present = signal(/** @type {Map<string, Set<string>>} */ (new Map()));

/** Id of the row of the timeline that the Tab key reaches; the last one unless set. */
export const activeRow = signal(/** @type {string | null} */ (null));
/** The browser knows that there is no network. */
export const offline = signal(!navigator.onLine);
/** A question to the user, as `feedback.ask` puts it. */
export const question = signal(/** @type {any} */ (null));

/** Only `layers.js` changes these two. */
export const panel = signal(/** @type {null | "people" | "search" | "review"} */ (null));
export const creating = signal(false);
/** How many cases of the open room wait for a moderator. */
export const caseCount = signal(0);
/** Those that the panel shows. */
export const cases = signal({ state: "loading", results: /** @type {any[]} */ ([]), hasMore: false });
export const answering = signal(/** @type {any} */ (null));
export const editing = signal(/** @type {any} */ (null));
export const highlighted = signal(/** @type {string | null} */ (null));
export const notice = signal(/** @type {string | null} */ (null));
/** Text that is announced to assistive technology. */
export const announcement = signal("");

/** Compares two messages by their place in the timeline. @returns {number} */
function inOrder(/** @type {any} */ a, /** @type {any} */ b) {
  return a.position - b.position || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

export const openRoom = computed(() => rooms.value.find((room) => room.id === openId.value) ?? detail.value);
export const messages = computed(() => {
  if (!roomState.value) return [];
  const { oldest, newest } = shown.value;
  return timeline(roomState.value).filter((message) =>
    (!oldest || inOrder(oldest, message) <= 0) && (!newest || inOrder(message, newest) <= 0));
});
export const folded = computed(() => {
  const { oldest, newest } = shown.value;
  const range = { from: oldest?.position, to: newest?.position };
  return roomState.value ? folds(roomState.value, messages.value, range) : [];
});
export const leaving = computed(() => outbox.value.filter((entry) => entry.room === openId.value));

export const role = computed(() => openRoom.value?.role ?? null);
export const isAdmin = computed(() => role.value === "ADMIN");
export const isModerator = computed(() => role.value === "ADMIN" || role.value === "MODERATOR");
export const mayModerate = computed(() => isModerator.value || Boolean(page.staff));
export const mayReview = computed(() => isModerator.value || Boolean(page.reviews));
export const isReviewing = computed(() => panel.value === "review" && openId.value !== null);

/** The mutes and bans of this user that are in force, as `me/sanctions/` shows them. */
export const silences = signal(/** @type {any[]} */ ([]));
/** What keeps this user from writing in the open room: a code, and what the sentence about it says.
 *  The server decides; this only saves the user the attempt. */
export const silence = computed(() => {
  const room = openRoom.value;
  if (!room) return null;
  const own = silences.value.find((one) => (one.room === null || one.room === room.id) && !isOver(one.ends_at));
  if (own) return { code: "sanction", text: own.explanation };
  if (isModerator.value) return null;
  if (room.frozen_until && !isOver(room.frozen_until)) return { code: "frozen", until: room.frozen_until };
  const joined = detail.value?.participants?.find((one) => one.user.id === me.id)?.created_at;
  const isNew = !joined || joined > room.newcomers_after;
  return room.newcomers_wait_until && !isOver(room.newcomers_wait_until) && isNew
    ? { code: "newcomersWait", until: room.newcomers_wait_until } : null;
});

function isOver(/** @type {string | null} */ until) {
  return until !== null && Date.parse(until) <= Date.now();
}

/** @returns {string | null} */
export function nameOf(/** @type {string} */ userId) {
  const known = detail.value?.participants?.find((one) => one.user.id === userId)?.user
    ?? messages.value.find((message) => message.author.id === userId)?.author;
  return known?.name ?? null;
}
