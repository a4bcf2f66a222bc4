/**
 * Messages on their way out. Each stays in storage, under a key of its own so that two tabs never
 * overwrite each other's, until the server has acknowledged it or the person has given it up.
 *
 * @import {Entry} from "./types.js"
 */

const PREFIX = "moderado.outbox";

export class Outbox {
  /**
   * @param {object} options
   * @param {string} options.owner whose messages: another account on this device never sees them
   * @param {Storage | null} [options.storage] `localStorage`; null keeps them in memory alone
   * @param {() => number} [options.now]
   */
  constructor({ owner, storage = null, now = Date.now }) {
    this.prefix = `${PREFIX}.${owner}.`;
    this.storage = storage;
    this.now = now;
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    this.reload();
  }

  /** Read again what is stored: at the start, and when another tab has changed it. */
  reload() {
    if (!this.storage) return;
    this.entries = new Map();
    for (const key of Object.keys(this.storage)) {
      const entry = key.startsWith(this.prefix) ? parsed(this.storage.getItem(key)) : null;
      if (entry) this.entries.set(entry.client_id, entry);
    }
  }

  /**
   * @param {{room: string, text: string, reply_to?: string | null}} message
   * @returns {Entry}
   */
  add({ room, text, reply_to = null }) {
    /** @type {Entry} */
    const entry = {
      client_id: newId(), room, text, reply_to, created_at: this.now(), state: "waiting",
    };
    this.#keep(entry);
    return entry;
  }

  /** The server has it, or nobody wants it any more. @returns {boolean} whether it was here */
  drop(/** @type {string | null | undefined} */ clientId) {
    if (!clientId || !this.entries.delete(clientId)) return false;
    this.#write(() => this.storage?.removeItem(this.prefix + clientId));
    return true;
  }

  /** The server will not take it as it is: kept, so that the person can read why.
   *  @returns {boolean} */
  refuse(/** @type {string} */ clientId, /** @type {{code: string, message: string}} */ error) {
    const entry = this.entries.get(clientId);
    if (!entry) return false;
    this.#keep({ ...entry, state: "refused", error });
    return true;
  }

  /** Try again, under a new id when the old one was used up by another text.
   *  @returns {Entry | null} */
  retry(/** @type {string} */ clientId) {
    const entry = this.entries.get(clientId);
    if (!entry) return null;
    const { error, ...rest } = entry;
    if (error?.code === "conflict") {
      this.drop(clientId);
      rest.client_id = newId();
    }
    const again = { ...rest, state: /** @type {const} */ ("waiting") };
    this.#keep(again);
    return again;
  }

  /** Forget everything of this account on this device. */
  clear() {
    for (const clientId of [...this.entries.keys()]) this.drop(clientId);
  }

  /** Those that are to be sent, oldest first. @returns {Entry[]} */
  waiting() {
    return this.all().filter((entry) => entry.state === "waiting");
  }

  /** @returns {Entry[]} oldest first */
  all() {
    return [...this.entries.values()].sort(
      (a, b) => a.created_at - b.created_at || (a.client_id < b.client_id ? -1 : 1),
    );
  }

  #keep(/** @type {Entry} */ entry) {
    this.entries.set(entry.client_id, entry);
    this.#write(() =>
      this.storage?.setItem(this.prefix + entry.client_id, JSON.stringify(entry)));
  }

  /** A full or forbidden storage costs the survival of a reload, not the message. */
  #write(/** @type {() => void} */ change) {
    try {
      change();
    } catch {
      this.storage = null;
    }
  }
}

/** @returns {Entry | null} */
function parsed(/** @type {string | null} */ text) {
  try {
    const entry = JSON.parse(text ?? "");
    return entry && entry.client_id && entry.room && entry.text ? entry : null;
  } catch {
    return null;
  }
}

/** Random, and sorted by time. `crypto.randomUUID` is missing on plain http.
 *  @returns {string} */
export function newId() {
  const random = crypto.getRandomValues(new Uint8Array(12));
  const hex = [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${Date.now().toString(36)}-${hex}`;
}
