/** Client of the REST API: JSON in, JSON out, an `ApiError` for every refusal. */

import { newId } from "./outbox.js";

/** A refusal. `code` is stable and for programs; `message` is a sentence for users. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 when the server could not be reached
   * @param {{code?: string, detail?: string, fields?: Record<string, string>}} body
   * @param {number | null} [retryAfter] seconds
   */
  constructor(status, body, retryAfter = null) {
    super(body.detail ?? "");
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? "error";
    this.fields = body.fields ?? {};
    this.retryAfter = retryAfter;
  }
}

/** Authenticates with the session cookie: for pages of the server's own origin. */
export class CookieAuth {
  /** @param {() => string} csrf returns the CSRF token */
  constructor(csrf) {
    this.csrf = csrf;
  }

  headers(/** @type {string} */ method) {
    return method === "GET" ? {} : { "X-CSRFToken": this.csrf() };
  }

  async renew() {
    return false;
  }
}

/** Authenticates with tokens: for all other clients. Refreshes an expired access token with one
 *  request at a time, because using a refresh token twice ends the session. */
export class TokenAuth {
  /**
   * @param {{access: string, refresh: string}} tokens
   * @param {{base?: string, fetch?: typeof fetch, changed?: (tokens: object) => void}} [options]
   */
  constructor(tokens, { base = "/api/", fetch = globalThis.fetch.bind(globalThis), changed } = {}) {
    this.tokens = tokens;
    this.base = base;
    this.fetch = fetch;
    this.changed = changed;
    /** @type {Promise<boolean> | null} */
    this.renewing = null;
  }

  headers() {
    return { Authorization: `Bearer ${this.tokens.access}` };
  }

  renew() {
    this.renewing ??= this.#refresh().finally(() => (this.renewing = null));
    return this.renewing;
  }

  async #refresh() {
    const answer = await this.fetch(`${this.base}auth/refresh/`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ refresh: this.tokens.refresh }),
    });
    if (!answer.ok) return false;
    this.tokens = await answer.json();
    this.changed?.(this.tokens);
    return true;
  }
}

export class Rest {
  /**
   * @param {object} options
   * @param {CookieAuth | TokenAuth} options.auth
   * @param {string} [options.base]
   * @param {string} [options.language] language of the sentences in refusals
   * @param {typeof fetch} [options.fetch]
   */
  constructor({ auth, base = "/api/", language = "", fetch = globalThis.fetch.bind(globalThis) }) {
    this.auth = auth;
    this.base = base;
    this.language = language;
    this.fetch = fetch;
    /** Acts without an answer, by what they are about. @type {Map<string, {sent: string, id: string}>} */
    this.unanswered = new Map();
  }

  /** Send what another act takes back, such as joining a room. The same act again, after a lost
   *  answer, is a repeat for the server, unless another act on the same thing came between.
   *  @param {string} about the thing
   *  @param {"POST" | "PATCH" | "DELETE"} method
   *  @param {string} path
   *  @param {object} [body]
   *  @returns {Promise<any>} */
  async act(about, method, path, body = {}) {
    const sent = JSON.stringify([method, path, body]);
    const before = this.unanswered.get(about);
    const act = before?.sent === sent ? before : { sent, id: newId() };
    this.unanswered.set(about, act);
    const [address, content] =
      method === "DELETE" ? [`${path}?client_id=${act.id}`, undefined] : [path, { ...body, client_id: act.id }];
    const answer = await this.request(method, address, content).catch((error) => {
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) this.unanswered.delete(about);
      throw error;
    });
    this.unanswered.delete(about);
    return answer;
  }

  /** @returns {Promise<any>} */
  get(/** @type {string} */ path, /** @type {Record<string, any>} */ query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
    return this.request("GET", given.length ? `${path}?${search}` : path);
  }

  /** @returns {Promise<any>} */
  post(/** @type {string} */ path, /** @type {object} */ body = {}) {
    return this.request("POST", path, body);
  }

  /** @returns {Promise<any>} */
  patch(/** @type {string} */ path, /** @type {object} */ body) {
    return this.request("PATCH", path, body);
  }

  /** @returns {Promise<any>} */
  delete(/** @type {string} */ path) {
    return this.request("DELETE", path);
  }

  /**
   * @param {string} method
   * @param {string} path below `base`, or a whole URL from `next` of a page
   * @param {object} [body]
   * @returns {Promise<any>} the answer; null if it is empty
   * @throws {ApiError}
   */
  async request(method, path, body) {
    let answer = await this.#fetch(method, path, body);
    if (answer.status === 401 && (await this.auth.renew())) {
      answer = await this.#fetch(method, path, body);
    }
    const content = await answer.json().catch(() => null);
    if (answer.ok) return content;
    const wait = Number.parseInt(answer.headers.get("Retry-After") ?? "", 10);
    throw new ApiError(answer.status, content ?? {}, Number.isNaN(wait) ? null : wait);
  }

  /** @returns {Promise<Response>} */
  async #fetch(/** @type {string} */ method, /** @type {string} */ path, /** @type {any} */ body) {
    const headers = { Accept: "application/json", ...this.auth.headers(method) };
    if (this.language) headers["Accept-Language"] = this.language;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const address = /^https?:/.test(path) ? sameOrigin(path, this.base) : this.base + path;
    try {
      return await this.fetch(address, {
        method,
        headers,
        credentials: "same-origin",
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch {
      throw new ApiError(0, { code: "unreachable" });
    }
  }
}

/** Behind a proxy the server may not know its public origin, so only the path of a URL is used.
 *  @returns {string} */
function sameOrigin(/** @type {string} */ address, /** @type {string} */ base) {
  const { pathname, search } = new URL(address);
  return /^https?:/.test(base) ? new URL(pathname + search, base).href : pathname + search;
}
