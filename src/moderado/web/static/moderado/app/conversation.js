/** The middle column: header, timeline and message field of a room. */

import * as actions from "./actions.js";
import { Composer } from "./composer.js";
import { counted } from "./format.js";
import { html, useEffect, useState } from "./html.js";
import { Icon } from "./icons.js";
import * as layers from "./layers.js";
import * as navigation from "./navigation.js";
import * as store from "./store.js";
import { t } from "./strings.js";
import { Timeline } from "./timeline.js";

function PanelButton({ name, icon, count = 0 }) {
  const isOpen = store.panel.value === name;
  const label = count ? `${t(name)}: ${t("openCases", count)}` : t(name);
  return html`<button class=${`icon-button ${isOpen ? "on" : ""}`} title=${label} aria-label=${label}
    aria-expanded=${isOpen} onClick=${() => (isOpen ? layers.close() : layers.open(name))}>
    <${Icon} name=${icon} />${count > 0 && html`<b class="count">${counted(count)}</b>`}</button>`;
}

function Head() {
  const room = store.openRoom.value;
  if (!room) return html`<header class="head"><${Back} /></header>`;
  const there = store.present.value.get(room.id)?.size ?? 0;
  return html`<header class="head">
    <${Back} />
    <div class="head-name">
      <h1 dir="auto">${room.name}</h1>
      <${NameChange} />
      <p><${Icon} name=${room.is_private ? "lock" : "hash"} />
        <span>${t(room.is_private ? "private" : "public")} · ${t("members", room.participants_count)}</span>
        ${there > 0 && html`<span class="there"><i class="dot" />${there} <span>${t("online")}</span></span>`}</p>
    </div>
    ${!room.role && html`<button class="button primary" onClick=${() => actions.join(room)}>${t("join")}</button>`}
    ${store.mayReview.value && html`<${PanelButton} name="review" icon="shield" count=${store.caseCount.value} />`}
    <${PanelButton} name="search" icon="search" />
    <${PanelButton} name="people" icon="people" />
  </header>`;
}

/** What became of the room's latest name, which only its moderators see before it is approved. */
function NameChange() {
  const { name_change: change, shown_name: shown } = store.detail.value ?? {};
  if (!change) return null;
  const waits = change.status === "PENDING" || change.status === "HELD";
  return html`<p class="name-change" role="status">${waits ? t("nameWaits", shown)
    : `${t("nameRefused", change.name)} ${change.explanation ?? ""}`}</p>`;
}

function Back() {
  return html`<button class="icon-button back" aria-label=${t("back")} onClick=${() => navigation.open(null)}>
    <${Icon} name="back" /></button>`;
}

function Banner() {
  const { status, retryAt } = store.connection.value;
  const [, tick] = useState(0);
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (status !== "waiting") return undefined;
    const timer = setInterval(() => tick(Date.now()), 500);
    return () => clearInterval(timer);
  }, [status, retryAt]);
  useEffect(() => {
    // Show no banner for a connection that is established within a moment.
    setLate(false);
    const timer = setTimeout(() => setLate(true), 1_200);
    return () => clearTimeout(timer);
  }, [status === "online"]);

  if (store.offline.value) return html`<div class="banner" role="status"><span>${t("offline")}</span></div>`;
  if (status === "signed_out") {
    const next = encodeURIComponent(`/${location.hash}`);
    return html`<div class="banner bad" role="alert"><span>${t("signedOut")}</span>
      <a class="button small" href=${`${store.page.signIn}?next=${next}`}>${t("signIn")}</a></div>`;
  }
  if (status === "online" || !late) return html`<div role="status" />`;
  const seconds = retryAt ? Math.max(0, Math.ceil((retryAt - Date.now()) / 1_000)) : 0;
  return html`<div class="banner" role="status">
    <span>${seconds > 1 ? t("reconnectIn", seconds) : t("reconnecting")}</span>
    <button class="button small" onClick=${() => store.client.reconnect()}>${t("reconnectNow")}</button></div>`;
}

function Typing() {
  const people = [...(store.typing.value.get(store.openId.value ?? "")?.values() ?? [])];
  const names = people.map(({ name }) => name);
  const text = names.length > 2 ? t("typingMany") : names.length === 2 ? t("typing2", ...names)
    : names.length === 1 ? t("typing1", names[0]) : "";
  return html`<p class=${`typing ${text ? "some" : ""}`}>${text && html`<i class="typing-dots"><b /><b /><b /></i>`}${text}</p>`;
}

export function Conversation() {
  return html`<section class="conversation" aria-label=${store.openRoom.value?.name ?? ""}>
    <${Head} />
    <${Banner} />
    <${Timeline} />
    <${Typing} />
    <${Composer} />
  </section>`;
}
