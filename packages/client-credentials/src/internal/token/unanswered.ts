/**
 * When a token request may follow others that were not answered, each of which may have issued a token. The pauses grow with
 * the time since the first of them, so that they last for a window of the budget, whether or not tokens were issued. All times
 * are in milliseconds since the epoch.
 */

/** Requests of unknown outcome spend at most this part of what the others leave of a limit. */
const partForUnknown = 4 / 5

/** The shortest time that a pause is a multiple of, as a part of the window: a minute of a day. */
const shortest = 1 / 1440

/** Token requests in a row that were not answered. */
export interface Row {
  /** When the first and the last were sent. */
  readonly first: number
  readonly last: number
}

/** A limit as the requests of known outcome leave it. */
export interface Room {
  /** How many tokens they leave. */
  readonly room: number
  /** How many requests of unknown outcome count, those before the row included. */
  readonly unknown: number
  /** When the first of the row no longer counts. */
  readonly end: number
}

/**
 * When the next request may follow a row. Half of the requests that may be unanswered follow by the back-off alone. Of the
 * others, each pause is the same multiple of the time since the first, so that the last one ends with the window.
 */
export const dueAt = ({ first, last }: Row, { end, room, unknown }: Room): number => {
  const most = Math.ceil(room * partForUnknown)
  if (2 * unknown < most) return last
  const since = Math.max(last - first, (end - first) * shortest)
  const pauses = Math.max(0, most - unknown) + 1
  return Math.ceil(last + since * (((end - first) / since) ** (1 / pauses) - 1))
}
