/** The message field: new message, reply or edit. */

import * as actions from "./actions.js";
import { draftOf, keepDraft } from "./drafts.js";
import { explained, moment } from "./format.js";
import { html, useLayoutEffect, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import * as store from "./store.js";
import { t } from "./strings.js";

function About({ title, text, close }) {
  return html`<div class="about"><div><strong>${title}</strong><span dir="auto">${text}</span></div>
    <button class="icon-button" aria-label=${t("cancel")} onClick=${close}><${Icon} name="close" /></button></div>`;
}

export function Composer() {
  const room = store.openRoom.value;
  const id = store.openId.value ?? "";
  const field = useRef(/** @type {any} */ (null));
  const [text, setText] = useState(() => draftOf(id));
  const saving = useRef(false);
  const editing = store.editing.value;
  const answering = store.answering.value;
  const silence = editing ? null : store.silence.value;
  const slow = store.isModerator.value ? null : room?.slow_mode;
  const excess = [...text.trim()].length - store.maxLength;

  // Set focus and text before the first key press.
  useLayoutEffect(() => {
    if (!editing) return;
    setText(editing.edit?.content ?? editing.content);
    field.current?.focus();
  }, [editing]);
  useLayoutEffect(() => {
    if (answering) field.current?.focus();
  }, [answering]);
  useLayoutEffect(() => {
    if (window.matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, [id]);
  useLayoutEffect(() => {
    const { current } = field;
    current.style.height = "auto";
    current.style.height = `${Math.min(current.scrollHeight, 200)}px`;
  }, [text]);

  function write(/** @type {string} */ value) {
    setText(value);
    if (editing) return;
    keepDraft(id, value);
    if (value.trim()) store.client.typing(id);
  }

  function stop() {
    store.answering.value = null;
    store.editing.value = null;
    if (editing) setText(draftOf(id));
    field.current?.focus();
  }

  async function submit(/** @type {Event} */ event) {
    event.preventDefault();
    const said = text.trim();
    if (!said || excess > 0 || silence) return;
    if (editing) {
      if (saving.current) return; // a double press creates one revision
      saving.current = true;
      if (await actions.saveEdit(editing, said)) setText(draftOf(id));
      saving.current = false;
    } else {
      actions.send(said);
      keepDraft(id, "");
      setText("");
    }
    field.current?.focus();
  }

  function press(/** @type {KeyboardEvent} */ event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
    if (event.key === "Escape" && (editing || answering)) {
      event.stopPropagation();
      stop();
    }
    if (event.key === "ArrowUp" && !text) {
      const own = store.messages.value.filter((message) => message.author.id === store.me.id);
      if (own.length) store.editing.value = own[own.length - 1];
      event.preventDefault();
    }
  }

  return html`<form class="composer" onSubmit=${submit}>
    ${editing && html`<${About} title=${t("editing")} text=${editing.content} close=${stop} />`}
    ${answering && html`<${About} title=${t("replyingTo", answering.author.name)} text=${answering.content} close=${stop} />`}
    <div class="composer-row">
      <textarea id="compose" ref=${field} rows="1" dir="auto" value=${text} aria-describedby="compose-hint"
        aria-label=${t("placeholder", room?.name ?? "")} placeholder=${t("placeholder", room?.name ?? "")}
        disabled=${silence !== null} onInput=${(event) => write(event.target.value)} onKeyDown=${press} enterkeyhint="send" />
      <button class="send" disabled=${!text.trim() || excess > 0 || silence !== null} title=${t(editing ? "save" : "send")}
        aria-label=${t(editing ? "save" : "send")}><${Icon} name=${editing ? "check" : "send"} /></button>
    </div>
    <p class="composer-hint" id="compose-hint">
      ${silence ? html`<span class="field-error" role="status">${silence.text ? explained(silence.text) : t(silence.code, moment(silence.until ?? ""))}</span>`
        : excess > 0 ? html`<span class="field-error" role="alert">${t("tooLong", excess)}</span>`
        : slow && Date.parse(slow.until) > Date.now() ? t("slowMode", slow.seconds)
        : room && !room.role ? t("joinsYou")
        : html`<span>${t(`modeHint_${room?.moderation_mode ?? "pre"}`)}</span><span class="keys"> · ${t("sendHint")}</span>`}
    </p>
  </form>`;
}
