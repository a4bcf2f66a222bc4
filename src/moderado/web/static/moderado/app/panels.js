/** The right column: people, search, review. */

import * as actions from "./actions.js";
import { hue, initials, moment, time, day } from "./format.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import * as layers from "./layers.js";
import * as navigation from "./navigation.js";
import { Review } from "./review.js";
import * as roomData from "./room_data.js";
import { Answer, useAnswers } from "./search.js";
import * as store from "./store.js";
import { isolated, t } from "./strings.js";

const ROLES = ["ADMIN", "MODERATOR", "MEMBER"];

function Person({ user, there, role, children }) {
  return html`<li class="person">
    <span class=${`avatar ${hue(user.id)}`} aria-hidden="true">${initials(user.name)}
      ${there && html`<i class="dot" />`}</span>
    <span class="person-main"><span dir="auto">${user.name} ${user.id === store.me.id && html`<small>(${t("you")})</small>`}</span>
      ${there && html`<span class="unseen">${t("online")}</span>`}${role}</span>
    ${children}
  </li>`;
}

function AddPerson() {
  const [text, setText] = useState("");
  const answer = useAnswers(text, actions.searchPeople);
  const inside = new Set(store.detail.value?.participants?.map(({ user }) => user.id));
  const others = answer.results?.filter((/** @type {any} */ user) => !inside.has(user.id)) ?? [];
  return html`<div class="add-person">
    <div class="field"><label for="add-person">${t("addPerson")}</label>
      <input id="add-person" type="search" autocomplete="off" value=${text} onInput=${(event) => setText(event.target.value)} /></div>
    <ul>${others.map((/** @type {any} */ user) => html`<${Person} key=${user.id} user=${user}>
      <button class="button small" onClick=${() => actions.addPerson(user.id)}>${t("add")}<span class="unseen"> ${user.name}</span></button>
    <//>`)}</ul>
    <${Answer} answer=${{ ...answer, results: answer.results && others }} />
  </div>`;
}

function Role({ user, role }) {
  if (!store.isAdmin.value) return html`<small>${t(role)}</small>`;
  return html`<select aria-label=${`${t("role")}: ${isolated(user.name)}`} value=${role}
    onChange=${(event) => actions.changeRole(user.id, event.target.value)}>
    ${ROLES.map((one) => html`<option value=${one} selected=${one === role}>${t(one)}</option>`)}
  </select>`;
}

function People() {
  const room = store.detail.value;
  const there = store.present.value.get(store.openId.value ?? "") ?? new Set();
  useEffect(() => void roomData.loadDetail(/** @type {string} */ (store.openId.value)), []);
  if (!room) return html`<p class="hint" role="status">${t("loadingRooms")}</p>`;
  const people = [...room.participants].sort((a, b) =>
    Number(there.has(b.user.id)) - Number(there.has(a.user.id)) || a.user.name.localeCompare(b.user.name));
  return html`
    ${store.isAdmin.value && html`<${AddPerson} />`}
    <ul>${people.map(({ user, role }) => html`<${Person} key=${user.id} user=${user} there=${there.has(user.id)}
      role=${html`<${Role} user=${user} role=${role} />`}>
      ${store.isAdmin.value && user.id !== store.me.id && html`<button class="icon-button" title=${t("remove")}
        aria-label=${`${t("remove")}: ${user.name}`} onClick=${() => actions.removePerson(user)}><${Icon} name="close" /></button>`}
    <//>`)}</ul>
    ${store.role.value && html`<button class="button wide" onClick=${() => actions.leave(room.id)}>${t("leave")}</button>`}`;
}

function Search() {
  const [text, setText] = useState("");
  const answer = useAnswers(text, actions.searchMessages);
  return html`
    <div class="field"><label for="search">${t("searchIn")}</label>
      <input id="search" type="search" autocomplete="off" value=${text} onInput=${(event) => setText(event.target.value)} /></div>
    <ul>${answer.results?.map((/** @type {any} */ message) => html`<li key=${message.id}>
      <button class="found" onClick=${() => navigation.jumpTo(message.id)}>
        <span class="by"><strong dir="auto">${message.author.name}</strong>
          <time datetime=${message.created_at} title=${moment(message.created_at)}>${day(message.created_at)}, ${time(message.created_at)}</time></span>
        <span dir="auto">${message.content}</span>
      </button></li>`)}</ul>
    <${Answer} answer=${answer} />`;
}

const CONTENTS = { people: People, search: Search, review: Review };

export function Panel() {
  const name = /** @type {"people" | "search" | "review"} */ (store.panel.value);
  const box = useRef(/** @type {any} */ (null));
  // Before the first paint: otherwise a key press would reach the button that opened the panel.
  useLayoutEffect(() => {
    const opener = /** @type {HTMLElement | null} */ (document.activeElement);
    (box.current.querySelector("input") ?? box.current).focus();
    return () => opener?.focus();
  }, []);
  return html`<aside class="panel" ref=${box} tabindex="-1" aria-label=${t(name)}
    onKeyDown=${(event) => event.key === "Escape" && layers.close()}>
    <header class="head"><h2>${t(name)}</h2>
      <button class="icon-button" aria-label=${t("close")} onClick=${layers.close}><${Icon} name="close" /></button></header>
    <div class="panel-body"><${CONTENTS[name]} /></div>
  </aside>`;
}
