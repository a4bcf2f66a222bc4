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

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const PONG_WITHIN = 10_000;
const CONNECT_WITHIN = 15_000;

/**
 * Delay before the next attempt: a random time between half a second and a bound that doubles up to
 * 30 s ("full jitter").
 * @param {number} attempt 0 for the first
 * @param {number} [random] 0 ≤ random < 1
 * @returns {number} milliseconds
 */
export function backoff(attempt, random = Math.random()) {
  const bound = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt + 1));
  return FIRST_WAIT + random * (bound - FIRST_WAIT);
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
    this.#drop(1000);
    this.#become("idle");
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
    this.#drop(1000);
    this.#become("signed_out");
    this.#tell("signed_out", null);
  }

  async #open(/** @type {number} */ round) {
    this.#become("connecting");
    let ticket;
    try {
      ticket = await this.ticket();
    } catch (error) {
      if (round !== this.round) return;
      const status = /** @type {any} */ (error)?.status;
      if (status === 401 || status === 403) this.signedOut();
      else this.#later();
      return;
    }
    if (round !== this.round) return;
    const socket = new this.WebSocket(`${this.address()}?ticket=${encodeURIComponent(ticket)}`);
    this.socket = socket;
    const deadline = setTimeout(() => this.#dead(socket), CONNECT_WITHIN);
    socket.onmessage = ({ data }) => this.#hear(socket, deadline, JSON.parse(data));
    socket.onclose = ({ code }) => {
      clearTimeout(deadline);
      if (socket === this.socket) this.#closed(code);
    };
  }

  #hear(/** @type {WebSocket} */ socket, /** @type {any} */ deadline, /** @type {any} */ frame) {
    if (socket !== this.socket) return;
    this.unanswered = false;
    if (frame.type === "connection_established") {
      clearTimeout(deadline);
      this.attempt = 0;
      this.refusals = 0;
      this.#beat(socket, (frame.heartbeat ?? 25) * 1000);
      this.#become("online");
      this.#tell("open", frame);
      if (socket !== this.socket) return; // an older socket
    }
    this.#tell("frame", frame);
  }

  /** Detects a dead peer by a ping without an answer. */
  #beat(/** @type {WebSocket} */ socket, /** @type {number} */ every) {
    clearInterval(this.pulse);
    this.pulse = setInterval(() => {
      this.unanswered = true;
      this.send({ type: "ping", n: Date.now() });
      setTimeout(() => {
        if (this.unanswered && socket === this.socket) this.#dead(socket);
      }, PONG_WITHIN);
    }, every);
  }

  /** Does not wait for the closing handshake, which may take minutes with a dead peer. */
  #dead(/** @type {WebSocket} */ socket) {
    if (socket !== this.socket) return;
    socket.onclose = null;
    socket.close();
    this.#closed(1006);
  }

  /** The ticket may have expired on its way. After one 4001 the client requests another ticket; the
   *  REST API answers whether the session has ended. */
  #closed(/** @type {number} */ code) {
    this.#drop(1000);
    if (code === CLOSE_CODES.NOT_AUTHENTICATED && ++this.refusals > 1) return this.signedOut();
    if (code === CLOSE_CODES.NOT_A_PARTICIPANT || code === CLOSE_CODES.NO_SUCH_ROOM) {
      this.#tell("room_lost", { code });
    }
    if (RECONNECT_LATER.has(code)) {
      this.attempt = Math.max(this.attempt, 4);
    }
    this.#later();
  }

  #later() {
    const wait = backoff(this.attempt++);
    this.#become("waiting", Date.now() + wait);
    this.timer = setTimeout(() => this.connect(), wait);
  }

  #drop(/** @type {number} */ code) {
    clearTimeout(this.timer);
    clearInterval(this.pulse);
    const socket = this.socket;
    this.socket = null;
    if (socket && socket.readyState < 2) socket.close(code);
  }

  #become(/** @type {ConnectionStatus} */ status, /** @type {number | null} */ retryAt = null) {
    this.status = status;
    this.#tell("status", { status, retryAt });
  }

  #tell(/** @type {string} */ type, /** @type {any} */ detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
