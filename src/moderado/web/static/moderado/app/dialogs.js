/** A modal question: confirmation, or one of several choices. */

import { html, useLayoutEffect, useRef } from "./html.js";
import * as store from "./store.js";
import { t } from "./strings.js";

export function Question() {
  const { text, action, choices, label, answer } = store.question.value;
  const dialog = useRef(/** @type {any} */ (null));
  // Before the first paint: otherwise a key press would reach the button that opened the dialog.
  useLayoutEffect(() => {
    const opener = /** @type {HTMLElement | null} */ (document.activeElement);
    dialog.current.showModal();
    return () => opener?.isConnected && opener.focus();
  }, []);

  function submit(/** @type {SubmitEvent} */ event) {
    event.preventDefault();
    const fields = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    answer(choices ? fields.get("choice") : true);
  }

  return html`<dialog ref=${dialog} class="dialog" aria-labelledby="question" onClose=${() => answer(false)}
    onClick=${(event) => event.target === dialog.current && answer(false)}>
    <form onSubmit=${submit}>
      <h2 id="question">${text}</h2>
      ${choices && html`<div class="field"><label for="choice">${label}</label>
        <select id="choice" name="choice">${choices.map((/** @type {any} */ one) =>
          html`<option value=${one.id}>${one.name}</option>`)}</select></div>`}
      <div class="dialog-actions">
        <button type="button" class="button" onClick=${() => answer(false)}>${t("cancel")}</button>
        <button class="button primary">${action}</button>
      </div>
    </form>
  </dialog>`;
}
