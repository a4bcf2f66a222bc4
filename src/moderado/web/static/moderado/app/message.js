/** One message: author, text, time and, for its author, status and reason. */

import * as actions from "./actions.js";
import { dateAndTime, day, hue, initials, linked, moment, time } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import * as navigation from "./navigation.js";
import * as store from "./store.js";
import { categoryName, t } from "./strings.js";

const ICONS = { PENDING: "clock", APPROVED: "check", REJECTED: "cross", HELD: "eye", REMOVED: "bin" };
/** From here on, "shown at" stands beside the time of writing: a person decided. */
const LATE_MILLISECONDS = 60_000;

function State({ message }) {
  const shown = wordOf(message);
  return html`<span class=${`state ${message.status.toLowerCase()}`}><${Icon} name=${ICONS[shown]} />${t(shown)}</span>`;
}

/** The word for a status: a ruling that hides what others had seen has removed it. */
function wordOf(/** @type {Message} */ { status, reason }) {
  return status === "REJECTED" && reason === "removed" ? "REMOVED" : status;
}

/** The explanation from the server, or the categories if there is none. */
function Why({ about }) {
  const categories = (about.categories ?? []).map(categoryName).join(", ");
  const text = about.explanation || categories;
  const rule = about.categories?.[0] ? `#${about.categories[0]}` : "";
  return html`${text && html`<p class=${`why ${about.status.toLowerCase()}`}>${text}${" "}
      <a href=${`${store.page.guidelines}${rule}`} target="_blank" rel="noopener">${t("guidelines")}</a></p>`}
    ${about.resources && html`<${Help} lines=${about.resources} />`}`;
}

/** Where the author of a text about self-harm finds help. */
function Help({ lines }) {
  return html`<div class="why" role="note"><p>${t("helpTitle")}</p><ul>
    ${lines.map((line) => html`<li key=${line.code}><a href=${line.url} rel="noopener noreferrer" target="_blank">${line.name}</a>
      ${line.phone && html` · <a href=${`tel:${line.phone.replaceAll(" ", "")}`}>${line.phone}</a>`}</li>`)}
  </ul></div>`;
}

function Draft({ edit }) {
  const title = { PENDING: "editWaits", HELD: "editHeld", REJECTED: "editRejected" }[edit.status];
  if (!title) return null;
  return html`<div class="draft">
    <p class=${`draft-title ${edit.status.toLowerCase()}`}><${Icon} name=${ICONS[edit.status]} />${t(title)} · ${t("onlyYou")}</p>
    <p class="text" dir="auto">${linked(edit.content, -1)}</p>
    ${edit.status !== "PENDING" && html`<${Why} about=${edit} />`}
  </div>`;
}

function Quote({ id }) {
  const message = store.roomState.value?.messages.get(id);
  const known = message && message.status !== "REMOVED";
  return html`<button class="quote" tabindex="-1" aria-label=${t("jumpTo")} onClick=${() => navigation.jumpTo(id)}>
    ${known && html`<strong dir="auto">${message.author.name}</strong>`}
    <span dir="auto">${known ? message.content : t("quoteGone")}</span></button>`;
}

/** When it was written; and since when others see it, since it stands in that place. */
function When({ message }) {
  const { created_at: at, published_at: shown } = message;
  const isLate = shown && new Date(shown).getTime() - new Date(at).getTime() >= LATE_MILLISECONDS;
  const since = isLate && (day(at) === day(shown) ? t("shownAt", time(shown)) : t("shownOn", dateAndTime(shown)));
  return html`<time datetime=${at} title=${moment(at)}>${time(at)}</time>
    ${since && html`<time class="shown-at" datetime=${shown} title=${moment(shown)}>${since}</time>`}`;
}

function Actions({ message, isOwn }) {
  const mayRemove = isOwn || (store.mayModerate.value && message.published_at);
  return html`<div class="actions">
    ${message.published_at && html`<button class="icon-button" tabindex="-1" title=${t("reply")} aria-label=${t("reply")}
      onClick=${() => answer(message)}><${Icon} name="reply" /></button>`}
    ${isOwn && html`<button class="icon-button" tabindex="-1" title=${t("edit")} aria-label=${t("edit")}
      onClick=${() => change(message)}><${Icon} name="pen" /></button>`}
    ${mayRemove && html`<button class="icon-button" tabindex="-1" title=${t("delete")} aria-label=${t("delete")}
      onClick=${() => actions.remove(message)}><${Icon} name="bin" /></button>`}
  </div>`;
}

function answer(/** @type {any} */ message) {
  store.editing.value = null;
  store.answering.value = message;
}

function change(/** @type {any} */ message) {
  store.answering.value = null;
  store.editing.value = message;
}

/** Move the focus to another row, or to another control of the same one.
 *
 *  The timeline is one stop of the Tab key: up, down, Home and End move between its rows, left and
 *  right between the links and buttons of a row. */
function move(/** @type {KeyboardEvent} */ event) {
  const row = /** @type {HTMLElement} */ (event.currentTarget);
  const vertical = ["ArrowUp", "ArrowDown", "Home", "End"].includes(event.key);
  const places = vertical
    ? [...(row.parentElement?.querySelectorAll(".message") ?? [])]
    : [row, ...row.querySelectorAll("a, button")];
  const now = places.indexOf(vertical ? row : /** @type {HTMLElement} */ (event.target));
  const then = { ArrowUp: now - 1, ArrowLeft: now - 1, ArrowDown: now + 1, ArrowRight: now + 1, Home: 0, End: places.length - 1 }[event.key];
  if (then === undefined) return;
  /** @type {HTMLElement | undefined} */ (places[then])?.focus();
  event.preventDefault();
}

/** Keys beside those of `move`: R replies, E edits, Delete deletes, Escape goes back. */
function press(/** @type {KeyboardEvent} */ event, /** @type {any} */ message, /** @type {boolean} */ isOwn) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const row = /** @type {HTMLElement} */ (event.currentTarget);
  move(event);
  if (event.key === "Escape") (event.target === row ? document.getElementById("compose") : row)?.focus();
  if (event.target !== row || !message) return;
  if (event.key === "r" && message.published_at) answer(message);
  if (event.key === "e" && isOwn) change(message);
  if (event.key === "Delete" && isOwn) actions.remove(message);
  if (event.key === "r" || event.key === "e") event.preventDefault();
}

/** What makes a row of the timeline reachable by keys. */
function keys(/** @type {string} */ id, /** @type {boolean} */ isActive, /** @type {any} */ message, /** @type {boolean} */ isOwn) {
  return {
    tabindex: isActive ? 0 : -1,
    onFocusIn: () => (store.activeRow.value = id),
    onKeyDown: (/** @type {KeyboardEvent} */ event) => press(event, message, isOwn),
  };
}

/** The role of an author in the room, which a name can only claim. */
function Badge({ role }) {
  return role === "ADMIN" || role === "MODERATOR" ? html`<span class="role-badge">${t(role)}</span>` : null;
}

export function Message({ message, follows, readBy, isHighlighted, isActive }) {
  const { author, status } = message;
  const isOwn = author.id === store.me.id;
  const isRemoved = status === "REMOVED"; // by a moderator: its author sees why
  // The status is an attribute of the coloured element: Chromium may miss a change on an ancestor.
  const state = isOwn ? status.toLowerCase() : "";
  return html`<li class=${`message ${isOwn ? "own" : ""} ${follows ? "follows" : ""} ${isHighlighted ? "highlighted" : ""}`}
    data-id=${message.id} data-status=${status} ...${keys(message.id, isActive, isRemoved ? null : message, isOwn)}>
    <span class=${`avatar ${hue(author.id)}`} aria-hidden="true">${initials(author.name)}</span>
    <div class=${`bubble ${state}`}>
      ${isOwn ? html`<p class="unseen">${t("you")}</p>`
        : html`<p class="by"><strong dir="auto">${author.name}</strong><${Badge} role=${author.role} /><${When} message=${message} /></p>`}
      ${message.reply_to && html`<${Quote} id=${message.reply_to} />`}
      ${!isRemoved && html`<p class="text" dir="auto">${linked(message.content, -1)}</p>`}
      ${isOwn && ["REJECTED", "HELD", "REMOVED"].includes(status) && html`<${Why} about=${message} />`}
      ${message.edit && html`<${Draft} edit=${message.edit} />`}
      <p class="below">
        ${isOwn && html`<${When} message=${message} />`}
        ${message.edited_at && html`<span class="edited">${t("edited")}</span>`}
        ${isOwn && html`<${State} message=${message} />`}
        ${isOwn && status !== "APPROVED" && html`<span class="only-you">${t("onlyYou")}</span>`}
        ${readBy && html`<span class="read-by">${t("readBy", readBy.join(", "))}</span>`}
      </p>
    </div>
    ${!isRemoved && html`<${Actions} message=${message} isOwn=${isOwn} />`}
  </li>`;
}

/** A message that the server has not acknowledged, or has refused. */
export function Leaving({ entry, isActive }) {
  const refused = entry.state === "refused";
  const offline = store.connection.value.status !== "online";
  return html`<li class="message own" data-status=${refused ? "REFUSED" : "SENDING"}
    ...${keys(entry.client_id, isActive, null, true)}>
    <span class=${`avatar ${hue(store.me.id)}`} aria-hidden="true">${initials(store.name.value)}</span>
    <div class=${`bubble ${refused ? "refused" : "leaving"}`}>
      ${entry.reply_to && html`<${Quote} id=${entry.reply_to} />`}
      <p class="text" dir="auto">${linked(entry.text, -1)}</p>
      <p class="below" role="status">
        ${refused ? html`<span class="state rejected"><${Icon} name="warn" />${t("notSent")}</span>
          <span class="why">${entry.error?.message}</span>`
          : html`<span class="state pending"><${Icon} name="clock" />${t(offline ? "waitingNetwork" : "sending")}</span>`}
        ${(refused || offline) && html`
          <button class="link" tabindex="-1" onClick=${() => { store.client.reconnect(); store.client.retry(entry.client_id); }}>${t("retry")}</button>
          <button class="link" tabindex="-1" onClick=${() => store.client.discard(entry.client_id)}>${t("discard")}</button>`}
      </p>
    </div>
  </li>`;
}
