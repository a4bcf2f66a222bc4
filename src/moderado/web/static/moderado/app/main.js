/** The chat page. */

import { Conversation } from "./conversation.js";
import { CreateRoom } from "./create_room.js";
import { Question } from "./dialogs.js";
import { explained } from "./format.js";
import { html, render, useEffect } from "./html.js";
import { Icon } from "./icons.js";
import * as layers from "./layers.js";
import { followBrowser, followServer } from "./live.js";
import * as navigation from "./navigation.js";
import { Panel } from "./panels.js";
import * as roomData from "./room_data.js";
import { Rooms } from "./rooms.js";
import * as store from "./store.js";
import { t } from "./strings.js";

function Notice() {
  const text = store.notice.value;
  useEffect(() => {
    if (!text) return undefined;
    const timer = setTimeout(() => (store.notice.value = null), 8_000);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<div class="notice-place" role="alert">
    ${text && html`<div class="notice">
      <${Icon} name="warn" /><span>${explained(text)}</span>
      <button class="icon-button" aria-label=${t("close")} onClick=${() => (store.notice.value = null)}>
        <${Icon} name="close" />
      </button>
    </div>`}
  </div>`;
}

/** On a phone the list takes its place; what is unseen keeps the landmark for screen readers. */
function Nothing() {
  return html`<span class="unseen">${t("pickRoom")}</span>
    <section class="conversation nothing" aria-label=${t("pickRoom")}>
    <div class="placeholder">
      <${Icon} name="bubble" />
      <h2>${t("pickRoom")}</h2>
      <p>${t("pickRoomHint")}</p>
    </div>
  </section>`;
}

function Page() {
  const open = store.openId.value;
  const showsPanel = open && store.panel.value;
  return html`<div class=${`page ${open ? "in-room" : "in-list"} ${showsPanel ? "with-panel" : ""}`}>
    <${Rooms} />
    <main>${open ? html`<${Conversation} key=${open} />` : html`<${Nothing} />`}</main>
    ${showsPanel && html`<${Panel} key=${`${open} ${store.panel.value}`} />`}
    ${store.creating.value && html`<${CreateRoom} />`}
    ${store.question.value && html`<${Question} key=${store.question.value.text} />`}
    <${Notice} />
    <div class="unseen" role="log" aria-live="polite">${store.announcement.value}</div>
  </div>`;
}

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.textContent = "";
render(html`<${Page} />`, root);
followServer();
followBrowser();
navigation.openFromAddress();
layers.follow();
roomData.loadRooms();
store.client.start();
window.dispatchEvent(new Event("moderado:ready"));
