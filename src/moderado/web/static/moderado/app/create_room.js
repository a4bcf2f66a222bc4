/** The dialog that creates a room. */

import { newId } from "../client.js";
import { createRoom } from "./actions.js";
import { html, useLayoutEffect, useRef, useState } from "./html.js";
import * as layers from "./layers.js";
import { page } from "./store.js";
import { t } from "./strings.js";

/** What may be chosen, and what the server chooses otherwise, by the type of the room. */
const MODES = page.modes.split(",");
const defaultMode = (/** @type {boolean} */ isPrivate) => (isPrivate ? page.privateMode : page.publicMode);
const AUDIENCES = ["mixed", "adults", "minors"];

function choices(/** @type {boolean} */ isPrivate) {
  const chosen = defaultMode(isPrivate);
  return MODES.includes(chosen) ? MODES : [chosen, ...MODES];
}

export function CreateRoom() {
  const dialog = useRef(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [isPrivate, setPrivate] = useState(false);
  const [mode, setMode] = useState(""); // none: the server's, which depends on the type
  const sent = useRef({ content: "", id: "" }); // so that what is sent again creates one room
  // Before the first paint: otherwise a key press would reach the button that opened the dialog.
  useLayoutEffect(() => {
    const opener = /** @type {HTMLElement | null} */ (document.activeElement);
    dialog.current.showModal();
    return () => opener?.focus();
  }, []);

  async function submit(/** @type {SubmitEvent} */ event) {
    event.preventDefault();
    const fields = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    setBusy(true);
    setError("");
    try {
      const room = {
        name: fields.get("name"),
        is_private: isPrivate,
        moderation_mode: mode || undefined,
        audience: fields.get("audience"),
      };
      const content = JSON.stringify(room);
      if (content !== sent.current.content) sent.current = { content, id: newId() };
      await createRoom({ ...room, client_id: sent.current.id });
    } catch (problem) {
      const { fields: wrong, message } = /** @type {any} */ (problem);
      setError(Object.values(wrong ?? {}).join(" ") || message || t("failed"));
      setBusy(false);
    }
  }

  return html`<dialog ref=${dialog} class="dialog" aria-labelledby="create-title"
    onClose=${layers.close}
    onClick=${(event) => event.target === dialog.current && dialog.current.close()}>
    <form onSubmit=${submit}>
      <h2 id="create-title">${t("newRoom")}</h2>
      ${error && html`<p class="form-error" role="alert">${error}</p>`}
      <div class="field"><label for="room-name">${t("roomName")}</label>
        <input id="room-name" name="name" required maxlength="80" autocomplete="off" /></div>
      <label class="check"><input type="checkbox" name="is_private" checked=${isPrivate}
        onChange=${(event) => setPrivate(event.target.checked)} /><span>${t("privateRoom")}</span></label>
      <fieldset><legend>${t("mode")}</legend>
        ${choices(isPrivate).map((each) => html`<label class="check">
          <input type="radio" name="mode" value=${each} checked=${each === (mode || defaultMode(isPrivate))}
            onChange=${() => setMode(each)} />
          <span>${t(`mode_${each}`)}</span></label>`)}
      </fieldset>
      <fieldset aria-describedby="audience-hint"><legend>${t("audience")}</legend>
        ${AUDIENCES.map((audience) => html`<label class="check">
          <input type="radio" name="audience" value=${audience} defaultChecked=${audience === "mixed"} />
          <span>${t(`audience_${audience}`)}</span></label>`)}
        <p class="hint" id="audience-hint">${t("audienceHint")}</p>
      </fieldset>
      <div class="dialog-actions">
        <button type="button" class="button" onClick=${() => dialog.current.close()}>${t("cancel")}</button>
        <button class="button primary" disabled=${busy}>${t("create")}</button>
      </div>
    </form>
  </dialog>`;
}
