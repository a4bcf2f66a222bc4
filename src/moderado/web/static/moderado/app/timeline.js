/** Messages, oldest first. Scrolling up loads older pages. */

import { day } from "./format.js";
import { html, useEffect, useLayoutEffect, useRef } from "./html.js";
import { Icon } from "./icons.js";
import { Leaving, Message } from "./message.js";
import * as navigation from "./navigation.js";
import * as store from "./store.js";
import { isolated, t } from "./strings.js";

const GROUP_INTERVAL = 5 * 60_000; // messages of one author within this time share a header

/** Names of the members whose read marker is at a message, by message id. */
function readers() {
  const names = new Map();
  const shown = store.messages.value.filter((message) => message.published_at && message.status !== "REMOVED");
  for (const [user, seq] of store.roomState.value?.reads ?? []) {
    const last = user === store.me.id ? null : shown.findLast((message) => message.position <= seq);
    const name = last && store.nameOf(user);
    if (name && last.author.id !== user) names.set(last.id, [...(names.get(last.id) ?? []), isolated(name)]);
  }
  return names;
}

/** Id of the row that the Tab key reaches. */
function activeRow() {
  const rows = [...store.messages.value.map(({ id }) => id), ...store.leaving.value.map((entry) => entry.client_id)];
  const active = store.activeRow.value;
  return active && rows.includes(active) ? active : rows.at(-1);
}

function rows(/** @type {string | undefined} */ active) {
  const list = [];
  const readBy = readers();
  const lines = [...store.folded.value];
  let before = null;
  let shownDay = "";
  for (const message of store.messages.value) {
    while (lines.length && lines[0].position < message.position) {
      list.push(folded(lines.shift()));
      before = null;
    }
    const date = day(message.created_at);
    if (date !== shownDay) {
      list.push(html`<li class="day" key=${`day ${date}`}><span>${date}</span></li>`);
      before = null;
      shownDay = date;
    }
    if (message.id === store.firstUnread.value) {
      list.push(html`<li class="new" key="new"><span>${t("newMessages")}</span></li>`);
      before = null;
    }
    const follows = before?.author.id === message.author.id && !message.reply_to
      && Math.abs(Date.parse(message.created_at) - Date.parse(before.created_at)) < GROUP_INTERVAL;
    list.push(html`<${Message} key=${message.id} message=${message} follows=${follows}
      readBy=${readBy.get(message.id)} isHighlighted=${store.highlighted.value === message.id}
      isActive=${message.id === active} />`);
    before = message;
  }
  return [...list, ...lines.map(folded)];
}

/** Adjacent messages that were removed together. */
function folded(/** @type {any} */ { sweep, count, position }) {
  return html`<li class="day" key=${`fold ${sweep} ${position}`}><span>${t("removedTogether", count)}</span></li>`;
}

function Beginning() {
  const { state, next } = store.history.value;
  if (state === "more") return html`<p class="timeline-note" role="status">${t("loadingMessages")}</p>`;
  return !next && store.messages.value.length > 0 && html`<p class="timeline-note">${t("beginning")}</p>`;
}

function Placeholder() {
  const { state } = store.history.value;
  if (state === "loading") {
    return html`<div class="placeholder skeletons wide" role="status">
      <span class="unseen">${t("loadingMessages")}</span><i /><i /><i /></div>`;
  }
  if (state === "failed") {
    return html`<div class="placeholder" role="alert"><${Icon} name="warn" /><p>${t("messagesFailed")}</p>
      <button class="button" onClick=${() => navigation.enter(store.openId.value)}>${t("retry")}</button></div>`;
  }
  return html`<div class="placeholder"><${Icon} name="bubble" /><h3>${t("emptyRoom")}</h3><p>${t("emptyRoomHint")}</p></div>`;
}

export function Timeline() {
  const box = useRef(/** @type {any} */ (null));
  const seen = useRef({ first: "", height: 0, top: 0 });
  const { messages, leaving, pinned, highlighted, history } = store;
  const active = activeRow();
  const isEmpty = !messages.value.length && !leaving.value.length;

  useLayoutEffect(() => {
    const { current } = box;
    const first = messages.value[0]?.id ?? "";
    if (pinned.value) current.scrollTop = current.scrollHeight;
    else if (first !== seen.current.first) {
      current.scrollTop = seen.current.top + current.scrollHeight - seen.current.height;
    }
    seen.current = { first, height: current.scrollHeight, top: current.scrollTop };
  });
  useEffect(() => {
    // Keep the end visible when the field grows or the phone's keyboard opens.
    const watcher = new ResizeObserver(() => {
      if (box.current && store.pinned.value) box.current.scrollTop = box.current.scrollHeight;
    });
    watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  useEffect(() => {
    const { current } = box;
    const { state, next } = history.value;
    if (state !== "ready" || current.scrollHeight > current.clientHeight) return;
    if (next) navigation.loadOlder();
    else navigation.loadNewer();
  }, [history.value]);
  useEffect(() => {
    if (!highlighted.value) return undefined;
    const row = box.current.querySelector(`[data-id="${highlighted.value}"]`);
    row?.scrollIntoView({ block: "center" });
    row?.focus({ preventScroll: true });
    const timer = setTimeout(() => (highlighted.value = null), 2_000);
    return () => clearTimeout(timer);
  }, [highlighted.value]);

  function scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    seen.current = { ...seen.current, top: scrollTop, height: scrollHeight };
    const below = scrollHeight - scrollTop - clientHeight;
    pinned.value = below < 40 && !history.value.previous;
    if (scrollTop < 300) navigation.loadOlder();
    else if (below < 300) navigation.loadNewer();
  }

  return html`<div class="timeline-place">
    <div class="timeline" ref=${box} onScroll=${scrolled}>
      ${isEmpty ? html`<${Placeholder} />` : html`
        <${Beginning} />
        <ol aria-label=${store.openRoom.value?.name ?? ""} aria-describedby="timeline-keys">
          ${rows(active)}
          ${leaving.value.map((entry) => html`<${Leaving} key=${entry.client_id} entry=${entry}
            isActive=${entry.client_id === active} />`)}
        </ol>`}
      <p class="unseen" id="timeline-keys">${t("timelineKeys")}</p>
    </div>
    ${!pinned.value && !isEmpty && html`<button class="to-newest" aria-label=${t("toNewest")} title=${t("toNewest")}
      onClick=${() => { navigation.toNewest(); box.current.scrollTop = box.current.scrollHeight; }}>
      <${Icon} name="down" />${store.openRoom.value?.unread_count > 0 && html`<b>${store.openRoom.value.unread_count}</b>`}
    </button>`}
  </div>`;
}
