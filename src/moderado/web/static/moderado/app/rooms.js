/** The left column: account and rooms. */

import * as actions from "./actions.js";
import { forgetDrafts } from "./drafts.js";
import { counted, hue, initials } from "./format.js";
import { html, signal, useState } from "./html.js";
import { Icon } from "./icons.js";
import * as layers from "./layers.js";
import * as roomData from "./room_data.js";
import { Answer, useAnswers } from "./search.js";
import * as store from "./store.js";
import { language, t } from "./strings.js";

const ICON = new URL("../icon.svg", import.meta.url).pathname;
const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
const dark = signal((document.documentElement.dataset.theme ?? (systemIsDark ? "dark" : "light")) === "dark");

function toggleTheme() {
  dark.value = !dark.value;
  const theme = dark.value ? "dark" : "light";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("moderado.theme", theme);
  } catch {
    // Storage is forbidden: keep the choice until the page is closed.
  }
}

/** A form instead of a request, because both answers are new pages. */
function Post({ action, fields, children, ...rest }) {
  const values = { csrfmiddlewaretoken: store.auth.csrf(), ...fields };
  return html`<form method="post" action=${action} ...${rest}>
    ${Object.entries(values).map(([name, value]) => html`<input type="hidden" name=${name} value=${value} />`)}
    ${children}
  </form>`;
}

/** Remove the user's texts from a shared machine when they sign out. */
function forgetAll() {
  store.client.outbox.clear();
  forgetDrafts();
}

function Account() {
  const other = language.startsWith("pt") ? "en" : "pt-br";
  return html`<footer class="account">
    <span class=${`avatar ${hue(store.me.id)}`} aria-hidden="true">${initials(store.name.value)}</span>
    <a class="account-name" href=${store.page.account}>${store.name.value}</a>
    <button class="icon-button" onClick=${toggleTheme} title=${t(dark.value ? "light" : "dark")}
      aria-label=${t(dark.value ? "light" : "dark")}><${Icon} name=${dark.value ? "sun" : "moon"} /></button>
    <${Post} action=${store.page.languageUrl} fields=${{ language: other, next: `/${window.location.hash}` }}
      key=${store.openId.value}>
      <button class="icon-button" title=${t("language")} aria-label=${t("language")} lang=${other}>
        <${Icon} name="globe" /></button>
    <//>
    ${store.page.admin && html`<a class="icon-button" href=${store.page.admin} title=${t("administration")}
      aria-label=${t("administration")}><${Icon} name="sliders" /></a>`}
    <${Post} action=${store.page.signOut} onSubmit=${forgetAll}>
      <button class="icon-button" title=${t("signOut")} aria-label=${t("signOut")}><${Icon} name="signOut" /></button>
    <//>
  </footer>`;
}

function Unread({ count }) {
  if (!count) return null;
  return html`<span class="badge"><span aria-hidden="true">${counted(count)}</span>
    <span class="unseen">${t("unread", counted(count))}</span></span>`;
}

/** The beginning of the newest message, or for a room of others how many people are in it. */
function Below({ room }) {
  const { last_message: last } = room;
  if (!room.role) return html`<span class="room-count">${t("members", room.participants_count)}</span>`;
  return last && html`<span class="room-count" dir="auto"><bdi>${last.author.name}</bdi>: <bdi>${last.content}</bdi></span>`;
}

function RoomLink({ room }) {
  const isOpen = room.id === store.openId.value;
  return html`<li>
    <a class=${`room ${isOpen ? "open" : ""} ${room.role && room.unread_count ? "unread" : ""}`}
      href=${`#/room/${room.id}`} aria-current=${isOpen ? "page" : undefined}>
      <span class="room-icon"><${Icon} name=${room.is_private ? "lock" : "hash"} /></span>
      <span class="room-text"><span class="room-name" dir="auto">${room.name}</span>
        <${Below} room=${room} /></span>
      ${room.is_private && html`<span class="unseen">${t("private")}</span>`}
      ${room.role && html`<${Unread} count=${room.unread_count} />`}
    </a>
    ${!room.role && html`<button class="button small" onClick=${() => actions.join(room)}>${t("join")}
      <span class="unseen">${room.name}</span></button>`}
  </li>`;
}

/** The most active first; they are all loaded. */
function byActivity(/** @type {any} */ a, /** @type {any} */ b) {
  return (b.last_activity_at ?? "").localeCompare(a.last_activity_at ?? "");
}

/** Public rooms, found by name. Without a name the most active ones are found. */
function PublicRooms() {
  const [text, setText] = useState("");
  const [isUsed, setUsed] = useState(false);
  const own = store.rooms.value.filter((room) => room.role);
  const visited = store.rooms.value.filter((room) => !room.role);
  const answer = useAnswers(text, roomData.findRooms, { always: isUsed || !own.length });
  const known = new Set(store.rooms.value.map((room) => room.id));
  const found = answer.results?.filter((/** @type {any} */ room) => !known.has(room.id)) ?? [];
  return html`<h2 id="public-rooms">${t("publicRooms")}</h2>
    <div class="find-rooms" role="search"><input type="search" autocomplete="off" placeholder=${t("findRooms")}
      aria-label=${t("findRooms")} maxlength="80" value=${text} onFocus=${() => setUsed(true)}
      onInput=${(/** @type {any} */ event) => setText(event.target.value)} /></div>
    <ul aria-labelledby="public-rooms">${[...visited, ...found].map((room) =>
      html`<${RoomLink} key=${room.id} room=${room} />`)}</ul>
    <${Answer} answer=${{ ...answer, results: answer.results && [...visited, ...found] }} />`;
}

function List() {
  const own = store.rooms.value.filter((room) => room.role).sort(byActivity);
  if (store.roomsState.value === "loading") {
    return html`<div class="skeletons" role="status"><span class="unseen">${t("loadingRooms")}</span>
      <i /><i /><i /><i /></div>`;
  }
  if (store.roomsState.value === "failed") {
    return html`<div class="list-note" role="alert"><p>${t("roomsFailed")}</p>
      <button class="button" onClick=${roomData.loadRooms}>${t("retry")}</button></div>`;
  }
  return html`
    <h2 id="own-rooms">${t("yourRooms")}</h2>
    ${own.length ? html`<ul aria-labelledby="own-rooms">${own.map((room) => html`<${RoomLink} key=${room.id} room=${room} />`)}</ul>`
      : html`<p class="list-note">${t("noOwnRooms")}</p>`}
    <${PublicRooms} />`;
}

export function Rooms() {
  // The name of the open room is the heading of the page; without one, the product's.
  const Brand = store.openId.value ? "p" : "h1";
  return html`<nav class="rooms" aria-label=${t("rooms")}>
    <header class="rooms-head">
      <${Brand} class="brand"><img src=${ICON} alt="" width="30" height="30" /><span>Chat Moderado</span><//>
      <button class="icon-button filled" title=${t("newRoom")} aria-label=${t("newRoom")}
        onClick=${() => layers.open("creating")}><${Icon} name="plus" /></button>
    </header>
    <div class="rooms-list"><${List} /></div>
    <${Account} />
  </nav>`;
}
