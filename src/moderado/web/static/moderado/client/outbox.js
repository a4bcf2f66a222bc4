/**
 * Messages that the server has not acknowledged. Each one is stored under its own key, so that two
 * tabs do not overwrite each other's, until it is acknowledged or discarded.
 *
 * @import {Entry} from "./types.js"
 */

const PREFIX = "moderado.outbox";

export class Outbox {
  /**
   * @param {object} options
   * @param {string} options.owner the account; other accounts on this device never see its messages
   * @param {Storage | null} [options.storage] `localStorage`; null keeps them in memory only
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

  /** Read the storage: at the start, and after another tab changed it. */
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

  /** Remove an acknowledged or discarded message. @returns {boolean} whether it was in the outbox */
  drop(/** @type {string | null | undefined} */ clientId) {
    if (!clientId || !this.entries.delete(clientId)) return false;
    this.#write(() => this.storage?.removeItem(this.prefix + clientId));
    return true;
  }

  /** Mark a message as refused. It is kept, so that the user can read why.
   *  @returns {boolean} */
  refuse(/** @type {string} */ clientId, /** @type {{code: string, message: string}} */ error) {
    const entry = this.entries.get(clientId);
    if (!entry) return false;
    this.#keep({ ...entry, state: "refused", error });
    return true;
  }

  /** Send again, with a new id if the old one belongs to another text.
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

  /** Remove all messages of this account from this device. */
  clear() {
    for (const clientId of [...this.entries.keys()]) this.drop(clientId);
  }

  /** The messages to send, oldest first. @returns {Entry[]} */
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

  /** If the storage is full or forbidden, the message is lost only by a reload. */
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

/** A random id that sorts by time. `crypto.randomUUID` does not exist on plain HTTP.
 *  @returns {string} */
export function newId() {
  const random = crypto.getRandomValues(new Uint8Array(12));
  const hex = [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${Date.now().toString(36)}-${hex}`;
}
