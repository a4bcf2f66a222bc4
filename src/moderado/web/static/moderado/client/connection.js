/**
 * Keeps one WebSocket open. It connects with a new ticket each time, detects a dead peer, and
 * reconnects after a random delay, so that many clients do not reconnect at once.
 *
 * Events: `status` (detail `{status, retryAt}`), `open` and `frame` (detail: the frame),
 * `room_lost` (detail `{code}`), `signed_out`.
 *
 * @typedef {"idle" | "connecting" | "online" | "waiting" | "signed_out"} ConnectionStatus
 */

import { CLOSE_CODES, RECONNECT_LATER } from "./close_codes.js";

const MIN_DELAY = 500;
const MAX_DELAY = 30_000;
const PONG_TIMEOUT = 10_000;
const CONNECT_TIMEOUT = 15_000;

/**
 * Delay before the next attempt: a random time between half a second and a bound that doubles up to
 * 30 s ("full jitter").
 * @param {number} attempt 0 for the first
 * @param {number} [random] 0 ≤ random < 1
 * @returns {number} milliseconds
 */
export function backoff(attempt, random = Math.random()) {
  const bound = Math.min(MAX_DELAY, MIN_DELAY * 2 ** (attempt + 1));
  return MIN_DELAY + random * (bound - MIN_DELAY);
}

export class Connection extends EventTarget {
  /**
   * @param {object} options
   * @param {() => string} options.address of the socket, without the ticket
   * @param {() => Promise<string>} options.ticket throws an error whose `status` is 401 if the
   *   user must sign in again
   * @param {typeof WebSocket} [options.WebSocket]
   */
  constructor({ address, ticket, WebSocket = globalThis.WebSocket }) {
    super();
    this.address = address;
    this.ticket = ticket;
    this.WebSocket = WebSocket;
    /** @type {ConnectionStatus} */
    this.status = "idle";
    /** @type {WebSocket | null} */
    this.socket = null;
    this.attempt = 0;
    this.refusals = 0;
    this.round = 0;
    /** @type {any} */
    this.timer = null;
    /** @type {any} */
    this.pulse = null;
    this.unanswered = false;
  }

  get online() {
    return this.status === "online";
  }

  /** Connect at once. Does nothing if a socket is open or opening. */
  connect() {
    if (this.socket || this.status === "connecting") return;
    clearTimeout(this.timer);
    this.#open(++this.round);
  }

  /** Close and do not reconnect until `connect` is called. */
  close() {
    this.round += 1;
    this.#detach(1000);
    this.#setStatus("idle");
  }

  /** @returns {boolean} whether the frame was passed to an open socket; it may still be lost */
  send(/** @type {object} */ frame) {
    if (!this.online || this.socket?.readyState !== 1) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** The session has ended or changed: close and dispatch `signed_out`. `connect` tries again. */
  signedOut() {
    this.round += 1;
    this.#detach(1000);
    this.#setStatus("signed_out");
    this.#dispatch("signed_out", null);
  }

  async #open(/** @type {number} */ round) {
    this.#setStatus("connecting");
    let ticket;
    try {
      ticket = await this.ticket();
    } catch (error) {
      if (round !== this.round) return;
      const status = /** @type {any} */ (error)?.status;
      if (status === 401 || status === 403) this.signedOut();
      else this.#scheduleReconnect();
      return;
    }
    if (round !== this.round) return;
    const socket = new this.WebSocket(`${this.address()}?ticket=${encodeURIComponent(ticket)}`);
    this.socket = socket;
    const deadline = setTimeout(() => this.#abandon(socket), CONNECT_TIMEOUT);
    socket.onmessage = ({ data }) => this.#onFrame(socket, deadline, JSON.parse(data));
    socket.onclose = ({ code }) => {
      clearTimeout(deadline);
      if (socket === this.socket) this.#onClose(code);
    };
  }

  #onFrame(/** @type {WebSocket} */ socket, /** @type {any} */ deadline, /** @type {any} */ frame) {
    if (socket !== this.socket) return;
    this.unanswered = false;
    if (frame.type === "connection_established") {
      clearTimeout(deadline);
      this.attempt = 0;
      this.refusals = 0;
      this.#startHeartbeat(socket, (frame.heartbeat ?? 25) * 1000);
      this.#setStatus("online");
      this.#dispatch("open", frame);
      if (socket !== this.socket) return; // a handler of `open` closed it: another user's session
    }
    this.#dispatch("frame", frame);
  }

  /** Ping at intervals; a peer that does not answer is dead. */
  #startHeartbeat(/** @type {WebSocket} */ socket, /** @type {number} */ every) {
    clearInterval(this.pulse);
    this.pulse = setInterval(() => {
      this.unanswered = true;
      this.send({ type: "ping", n: Date.now() });
      setTimeout(() => {
        if (this.unanswered && socket === this.socket) this.#abandon(socket);
      }, PONG_TIMEOUT);
    }, every);
  }

  /** Reconnect without waiting for the closing handshake, which may take minutes with a dead peer. */
  #abandon(/** @type {WebSocket} */ socket) {
    if (socket !== this.socket) return;
    socket.onclose = null;
    socket.close();
    this.#onClose(1006);
  }

  /** After the first 4001, try a new ticket: the old one may have expired on its way, and the REST API
   *  knows whether the session ended. */
  #onClose(/** @type {number} */ code) {
    this.#detach(1000);
    if (code === CLOSE_CODES.NOT_AUTHENTICATED && ++this.refusals > 1) return this.signedOut();
    if (code === CLOSE_CODES.NOT_A_PARTICIPANT || code === CLOSE_CODES.NO_SUCH_ROOM) {
      this.#dispatch("room_lost", { code });
    }
    if (RECONNECT_LATER.has(code)) {
      this.attempt = Math.max(this.attempt, 4);
    }
    this.#scheduleReconnect();
  }

  #scheduleReconnect() {
    const wait = backoff(this.attempt++);
    this.#setStatus("waiting", Date.now() + wait);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  #detach(/** @type {number} */ code) {
    clearTimeout(this.timer);
    clearInterval(this.pulse);
    const socket = this.socket;
    this.socket = null;
    if (socket && socket.readyState < 2) socket.close(code);
  }

  #setStatus(/** @type {ConnectionStatus} */ status, /** @type {number | null} */ retryAt = null) {
    this.status = status;
    this.#dispatch("status", { status, retryAt });
  }

  #dispatch(/** @type {string} */ type, /** @type {any} */ detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
