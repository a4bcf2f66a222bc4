/** Searches as the user types, page by page. */

import * as feedback from "./feedback.js";
import { html, useEffect, useState } from "./html.js";
import * as roomData from "./room_data.js";
import { t } from "./strings.js";

/**
 * Search shortly after the last key press; drop answers to older queries.
 * @param {string} text
 * @param {(text: string) => Promise<any>} ask returns a page
 * @param {{always?: boolean}} [options] `always`: also ask for an empty text
 * @returns {{asking: boolean, results: any[] | null, more: (() => void) | null}}
 */
export function useAnswers(text, ask, { always = false } = {}) {
  const [found, setFound] = useState(/** @type {any} */ (null));
  useEffect(() => {
    let current = true;
    const isAsked = always || text.trim() !== "";
    setFound(isAsked ? "asking" : null);
    const timer = isAsked && setTimeout(() => {
      ask(text.trim()).then((answer) => current && setFound(answer), (error) => {
        if (current) setFound({ results: [], next: null });
        feedback.complain(error);
      });
    }, 250);
    return () => {
      current = false;
      clearTimeout(timer || undefined);
    };
  }, [text, always]);
  const more = found?.next && (async () => {
    const page = await roomData.nextPage(found.next).catch(feedback.complain);
    if (page) setFound((/** @type {any} */ now) => now === found ? { ...page, results: [...found.results, ...page.results] } : now);
  });
  return { asking: found === "asking", results: found?.results ?? null, more };
}

/** What a search says beside its results. */
export function Answer({ answer: { asking, results, more } }) {
  return html`<div aria-live="polite">
      ${asking && html`<p class="hint">${t("searching")}</p>`}
      ${results && !results.length && html`<p class="hint">${t("nothingFound")}</p>`}
    </div>
    ${more && html`<button class="button wide" onClick=${more}>${t("moreResults")}</button>`}`;
}
