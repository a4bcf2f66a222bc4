/** Formats times, names and links. */

import { html } from "./html.js";
import { language, t } from "./strings.js";

const LINK = /https?:\/\/[^\s<>"']+/gi;
const GUIDELINE = /(\/regras\/(?:#\w+)?)/;
const TRAILING = /[.,;:!?)\]}'"…]+$/;

const clock = new Intl.DateTimeFormat(language, { timeStyle: "short" });
const calendar = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric" });
const brief = new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "short" });
const full = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });

export const time = (/** @type {string} */ iso) => clock.format(new Date(iso));
export const moment = (/** @type {string} */ iso) => full.format(new Date(iso));

export const dateAndTime = (/** @type {string} */ iso) => brief.format(new Date(iso));

/** @returns {string} */
export function day(/** @type {string} */ iso) {
  const date = new Date(iso);
  const midnight = new Date().setHours(0, 0, 0, 0);
  if (date.getTime() >= midnight) return t("today");
  if (date.getTime() >= midnight - 86_400_000) return t("yesterday");
  return calendar.format(date);
}

/** Text with http and https URLs as links; everything else stays text. */
export function linked(/** @type {string} */ text, /** @type {number} */ tabIndex = 0) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const address = match[0].replace(TRAILING, "");
    if (!URL.canParse(address)) continue;
    parts.push(text.slice(end, match.index));
    parts.push(html`<a href=${address} tabindex=${tabIndex} target="_blank" rel="noopener noreferrer nofollow">${address}</a>`);
    end = match.index + address.length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** A statement of reasons, with the guideline that it names as a link. */
export function explained(/** @type {string} */ text) {
  return text.split(GUIDELINE).map((part, index) => index % 2
    ? html`<a href=${part} target="_blank" rel="noopener">${part}</a>` : part);
}

/** @returns {string} */
export function initials(/** @type {string} */ name) {
  // Use words that begin with a letter or digit: "Mara (moderadora)" is MM. A name may have none.
  const words = name.match(/[\p{L}\p{N}][^\s]*/gu) ?? [name.trim()];
  const shown = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return shown.map((word) => [...word][0] ?? "").join("").toUpperCase();
}

/** One of eight hues, fixed for each user. @returns {string} */
export function hue(/** @type {string} */ id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) % 8;
  return `hue-${sum}`;
}

/** @returns {string} */
export function counted(/** @type {number} */ unread) {
  return unread > 99 ? "99+" : String(unread);
}
