/**
 * Types of the data between client and server. This file contains no code.
 *
 * @typedef {{id: string, name: string}} Person
 * @typedef {"PENDING" | "APPROVED" | "REJECTED" | "HELD" | "REMOVED"} Status
 *
 * @typedef {object} Draft A pending or rejected edit beside the visible revision.
 * @property {number} revision
 * @property {string} content
 * @property {Status} status
 * @property {string} [reason]
 * @property {string[]} [categories]
 * @property {string} [explanation]
 *
 * @typedef {object} Message
 * @property {string} id
 * @property {string} room
 * @property {string | null} client_id
 * @property {Person} author
 * @property {string} content
 * @property {Status} status
 * @property {number} revision
 * @property {number} position
 * @property {number} seq
 * @property {string | null} reply_to
 * @property {string} created_at
 * @property {string | null} edited_at
 * @property {string | null} published_at
 * @property {Draft} [edit]
 * @property {string} [reason]
 * @property {string[]} [categories]
 * @property {string} [explanation]
 * @property {boolean} [appealable]
 * @property {string} [sweep] Of a tombstone: what removed it among many.
 *
 * @typedef {object} Fold A line for removed messages of one sweep, on a page of history.
 * @property {string} sweep
 * @property {number} count
 * @property {number} first_position
 * @property {number} last_position
 * @property {number} last_seq
 *
 * @typedef {{type: string} & Record<string, any>} Frame
 *
 * @typedef {object} RoomState The state of one room.
 * @property {string} room
 * @property {number} seq Last known public change without a gap before it.
 * @property {string | null} epoch
 * @property {string | null} mode
 * @property {boolean} stale The history was rebuilt or a change was missed: fetch it again.
 * @property {ReadonlyMap<string, Message>} messages By id, tombstones included.
 * @property {Fold[]} folds Of the pages of history that were loaded.
 * @property {ReadonlyMap<string, number>} reads `seq` up to which each user has read, by user id.
 *
 * @typedef {object} Entry An unacknowledged message.
 * @property {string} client_id
 * @property {string} room
 * @property {string} text
 * @property {string | null} reply_to
 * @property {number} created_at Milliseconds since 1970.
 * @property {"waiting" | "refused"} state
 * @property {{code: string, message: string}} [error] Why it was refused.
 */

export {};
