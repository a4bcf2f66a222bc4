/** One message: author, text, time and, for its author, status and reason. */

import * as actions from "./actions.js";
import { hue, initials, linked, moment, time } from "./format.js";
import { html } from "./html.js";
import { Icon } from "./icons.js";
import * as store from "./store.js";
import { t } from "./strings.js";

const ICONS = { PENDING: "clock", APPROVED: "check", REJECTED: "cross", HELD: "eye" };

function State({ status }) {
  return html`<span class=${`state ${status.toLowerCase()}`}><${Icon} name=${ICONS[status]} />${t(status)}</span>`;
}

/** The explanation from the server, or the categories if there is none. */
function Why({ about }) {
  const categories = (about.categories ?? []).map((category) => t(category)).join(", ");
  const text = about.explanation || categories;
  return text ? html`<p class=${`why ${about.status.toLowerCase()}`}>${text}</p>` : null;
}

function Draft({ edit }) {
  const title = { PENDING: "editWaits", HELD: "editHeld", REJECTED: "editRejected" }[edit.status];
  if (!title) return null;
  return html`<div class="draft">
    <p class=${`draft-title ${edit.status.toLowerCase()}`}><${Icon} name=${ICONS[edit.status]} />${t(title)} · ${t("onlyYou")}</p>
    <p class="text" dir="auto">${linked(edit.content)}</p>
    ${edit.status !== "PENDING" && html`<${Why} about=${edit} />`}
  </div>`;
}

function Quote({ id }) {
  const message = store.roomState.value?.messages.get(id);
  const known = message && message.status !== "REMOVED";
  return html`<button class="quote" aria-label=${t("jumpTo")} onClick=${() => actions.jumpTo(id)}>
    ${known && html`<strong>${message.author.name}</strong>`}
    <span dir="auto">${known ? message.content : t("quoteGone")}</span></button>`;
}

function When({ message }) {
  const { created_at: at } = message;
  return html`<time datetime=${at} title=${moment(at)}>${time(at)}</time>`;
}

function Actions({ message, isOwn }) {
  const mayRemove = isOwn || (store.mayModerate.value && message.published_at);
  return html`<div class="actions">
    ${message.published_at && html`<button class="icon-button" title=${t("reply")} aria-label=${t("reply")}
      onClick=${() => answer(message)}><${Icon} name="reply" /></button>`}
    ${isOwn && html`<button class="icon-button" title=${t("edit")} aria-label=${t("edit")}
      onClick=${() => change(message)}><${Icon} name="pen" /></button>`}
    ${mayRemove && html`<button class="icon-button" title=${t("delete")} aria-label=${t("delete")}
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

/** Keys: up and down move between messages, R replies, E edits, Delete deletes. */
function press(/** @type {KeyboardEvent} */ event, /** @type {any} */ message, /** @type {boolean} */ isOwn) {
  const row = /** @type {HTMLElement} */ (event.currentTarget);
  if (event.target !== row || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowUp: "previousElementSibling", ArrowDown: "nextElementSibling" }[event.key];
  if (step) {
    let next = row[step];
    while (next && !next.classList.contains("message")) next = next[step];
    next?.focus();
    event.preventDefault();
  }
  if (event.key === "r" && message.published_at) answer(message);
  if (event.key === "e" && isOwn) change(message);
  if (event.key === "Delete" && isOwn) actions.remove(message);
  if (event.key === "Escape") document.getElementById("compose")?.focus();
  if (event.key === "r" || event.key === "e") event.preventDefault();
}

export function Message({ message, follows, readBy, isHighlighted }) {
  const { author, status } = message;
  const isOwn = author.id === store.me.id;
  // The status is an attribute of the coloured element: Chromium may miss a change on an ancestor.
  const state = isOwn ? status.toLowerCase() : "";
  return html`<li class=${`message ${isOwn ? "own" : ""} ${follows ? "follows" : ""} ${isHighlighted ? "highlighted" : ""}`}
    data-id=${message.id} data-status=${status} tabindex="0" onKeyDown=${(event) => press(event, message, isOwn)}>
    <span class=${`avatar ${hue(author.id)}`} aria-hidden="true">${initials(author.name)}</span>
    <div class=${`bubble ${state}`}>
      ${isOwn ? html`<p class="unseen">${t("you")}</p>`
        : html`<p class="by"><strong dir="auto">${author.name}</strong><${When} message=${message} /></p>`}
      ${message.reply_to && html`<${Quote} id=${message.reply_to} />`}
      <p class="text" dir="auto">${linked(message.content)}</p>
      ${isOwn && (status === "REJECTED" || status === "HELD") && html`<${Why} about=${message} />`}
      ${message.edit && html`<${Draft} edit=${message.edit} />`}
      <p class="below">
        ${isOwn && html`<${When} message=${message} />`}
        ${message.edited_at && html`<span class="edited">${t("edited")}</span>`}
        ${isOwn && html`<${State} status=${status} />`}
        ${isOwn && status !== "APPROVED" && html`<span class="only-you">${t("onlyYou")}</span>`}
        ${readBy && html`<span class="read-by">${t("readBy", readBy.join(", "))}</span>`}
      </p>
    </div>
    <${Actions} message=${message} isOwn=${isOwn} />
  </li>`;
}

/** A message that the server has not acknowledged, or has refused. */
export function Leaving({ entry }) {
  const refused = entry.state === "refused";
  const offline = store.connection.value.status !== "online";
  return html`<li class="message own" data-status=${refused ? "REFUSED" : "SENDING"}>
    <span class=${`avatar ${hue(store.me.id)}`} aria-hidden="true">${initials(store.me.name)}</span>
    <div class=${`bubble ${refused ? "refused" : "leaving"}`}>
      ${entry.reply_to && html`<${Quote} id=${entry.reply_to} />`}
      <p class="text" dir="auto">${linked(entry.text)}</p>
      <p class="below" role="status">
        ${refused ? html`<span class="state rejected"><${Icon} name="warn" />${t("notSent")}</span>
          <span class="why">${entry.error?.message}</span>`
          : html`<span class="state pending"><${Icon} name="clock" />${t(offline ? "waitingNetwork" : "sending")}</span>`}
        ${(refused || offline) && html`
          <button class="link" onClick=${() => { store.client.reconnect(); store.client.retry(entry.client_id); }}>${t("retry")}</button>
          <button class="link" onClick=${() => store.client.discard(entry.client_id)}>${t("discard")}</button>`}
      </p>
    </div>
  </li>`;
}
