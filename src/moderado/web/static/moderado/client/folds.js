/**
 * Lines that stand for adjacent messages removed by one sweep: a purge, a ruling in bulk, an erasure.
 *
 * A page of history has the lines of messages that were removed before it was loaded. Tombstones in
 * the state are those of later removals, and of a `sync`. Both may tell of the same message.
 *
 * @import {Fold, Message, RoomState} from "./types.js"
 */

/**
 * The lines of a room, oldest first, each with the place in the timeline that it stands at.
 * @param {RoomState} state
 * @param {Message[]} visible of `timeline`, in order
 * @param {{from?: number, to?: number}} [range] positions that are shown
 * @returns {{sweep: string, count: number, position: number}[]}
 */
export function folds(state, visible, { from = 0, to = Infinity } = {}) {
  const parts = [...known(state), ...tombstones(state)]
    .filter(({ position }) => from <= position && position <= to);
  const lines = new Map();
  for (const { sweep, count, position } of parts) {
    const gap = visible.findIndex((message) => message.position > position);
    const key = `${sweep} ${gap}`;
    const line = lines.get(key) ?? { sweep, count: 0, position };
    lines.set(key, { sweep, count: line.count + count, position: Math.max(line.position, position) });
  }
  return [...lines.values()].sort((a, b) => a.position - b.position);
}

/** Adds the lines of a page; those of a place that was loaded before are replaced.
 *  @returns {Fold[]} */
export function merged(/** @type {Fold[]} */ before, /** @type {Fold[]} */ page) {
  const kept = before.filter((old) => !page.some((line) => isSame(line, old)));
  return [...kept, ...page];
}

function isSame(/** @type {Fold} */ line, /** @type {Fold} */ old) {
  return line.sweep === old.sweep
    && line.first_position <= old.last_position && old.first_position <= line.last_position;
}

/** Without the messages that have come back since the page was loaded. */
function known(/** @type {RoomState} */ state) {
  return state.folds.map((line) => {
    const back = [...state.messages.values()].filter((message) =>
      message.status !== "REMOVED" && message.seq > line.last_seq && isWithin(line, message));
    return { sweep: line.sweep, count: line.count - back.length, position: line.last_position };
  }).filter(({ count }) => count > 0);
}

function tombstones(/** @type {RoomState} */ state) {
  return [...state.messages.values()]
    .filter((message) => message.sweep && message.status === "REMOVED" && message.seq > 0)
    .filter((message) => !state.folds.some((line) =>
      line.sweep === message.sweep && message.seq <= line.last_seq && isWithin(line, message)))
    .map((message) => ({ sweep: /** @type {string} */ (message.sweep), count: 1, position: message.position }));
}

function isWithin(/** @type {Fold} */ line, /** @type {Message} */ message) {
  return line.first_position <= message.position && message.position <= line.last_position;
}
