/** The panel of the moderators: a card for each open case of the room. */

import { moreCases, loadCases, rule } from "./cases.js";
import { day, linked, moment, time } from "./format.js";
import { html, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import * as store from "./store.js";
import { t } from "./strings.js";

/** Messages before or after the one of the case. */
function Context({ messages }) {
  return messages.length > 0 && html`<ul class="context">${messages.map((/** @type {any} */ message) => html`
    <li key=${message.id} dir="auto"><bdi><strong>${message.author.name}</strong></bdi> ${message.content}</li>`)}</ul>`;
}

function Button({ outcome, name, isFirst, isBusy, onPick }) {
  return html`<button class=${`button small ${isFirst ? "primary" : ""}`} disabled=${isBusy}
    onClick=${() => onPick(outcome)}>${t(name)}</button>`;
}

/** What a card says of its text and its decisions: reported ones may have left the room. */
function wordsOf(/** @type {any} */ { is_public: isPublic, message_status: status }) {
  if (isPublic) return { state: "casePublic", block: "takeDown", allow: "keepVisible" };
  if (status === "SUPERSEDED") return { state: "caseEdited", block: "againstRules", allow: "withinRules" };
  if (status === "REMOVED") return { state: "caseDeleted", block: "againstRules", allow: "withinRules" };
  return { state: "caseHeld", block: "reject", allow: "approve" };
}

function Card({ one, onDecided }) {
  const [isBusy, setBusy] = useState(false);
  const { is_public: isPublic, recommended_action: first, claimed_by: holder } = one;
  const { before = [], after = [] } = one.context ?? {};
  const words = wordsOf(one);
  async function decide(/** @type {"ALLOW" | "BLOCK"} */ outcome) {
    setBusy(true);
    if (await rule(one, outcome)) onDecided();
    else setBusy(false);
  }
  return html`<li class=${`case ${isPublic ? "public" : "held"}`} tabindex="-1" data-id=${one.id}>
    <p class="case-state"><${Icon} name=${isPublic ? "warn" : "eye"} />${t(words.state)}</p>
    <${Context} messages=${before} />
    <div class="case-text">
      <p class="by"><strong dir="auto">${one.author?.name ?? t("unknownAuthor")}</strong>
        <time datetime=${one.created_at} title=${moment(one.created_at)}>${day(one.created_at)}, ${time(one.created_at)}</time></p>
      <p class="text" dir="auto">${linked(one.text ?? "")}</p>
    </div>
    ${one.successor && html`<p class="hint">${t("caseSuccessor")} <bdi dir="auto">${one.successor}</bdi></p>`}
    <${Context} messages=${after} />
    <p class="hint">${Object.values(one.category_names ?? {}).join(", ")}</p>
    ${first === "support" && html`<p class="support"><${Icon} name="warn" /><span>${t("supportFirst")}</span></p>`}
    ${holder && holder.id !== store.me.id && html`<p class="hint">${t("claimedBy", holder.name)}</p>`}
    <div class="case-actions">
      <${Button} outcome="BLOCK" name=${words.block} isFirst=${first === "block"} isBusy=${isBusy} onPick=${decide} />
      <${Button} outcome="ALLOW" name=${words.allow} isFirst=${first === "allow"} isBusy=${isBusy} onPick=${decide} />
    </div></li>`;
}

export function Review() {
  const list = useRef(/** @type {any} */ (null));
  const { state, results, hasMore } = store.cases.value;

  /** Keep the focus in the list when a card disappears. */
  function focusAt(/** @type {number} */ place) {
    const cards = list.current?.querySelectorAll(".case") ?? [];
    (cards[Math.min(place, cards.length - 1)] ?? document.querySelector(".panel"))?.focus();
  }

  if (state === "failed") {
    return html`<p class="hint" role="alert">${t("casesFailed")}</p>
      <button class="button wide" onClick=${loadCases}>${t("retry")}</button>`;
  }
  if (state === "loading") return html`<p class="hint" role="status">${t("loadingCases")}</p>`;
  if (!results.length && !hasMore) return html`<p class="hint" role="status">${t("reviewEmpty")}</p>`;
  return html`<ul class="cases" ref=${list}>${results.map((/** @type {any} */ one, /** @type {number} */ place) => html`
      <${Card} key=${one.id} one=${one} onDecided=${() => setTimeout(() => focusAt(place))} />`)}</ul>
    ${hasMore && html`<button class="button wide" onClick=${moreCases}>${t("moreCases")}</button>`}`;
}
