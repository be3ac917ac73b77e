/**
 * Pauses after token requests without a response, each of which may have issued a token. The pauses grow with the time since
 * the first of these requests, so that the budget lasts for its window whether or not tokens were issued. All times are in
 * milliseconds since the epoch.
 */

/** Part of the remaining limit that requests with an unknown outcome may use. */
const partForUnknown = 4 / 5

/** Minimum time of which a pause is a multiple, as a part of the window: one minute of a day. */
const shortest = 1 / 1440

/** Consecutive token requests without a response. */
export interface Row {
  /** Moments at which the first and the last were sent. */
  readonly first: number
  readonly last: number
}

/** A limit, less the requests with a known outcome. */
export interface Room {
  /** Number of tokens that are left. */
  readonly room: number
  /** Number of requests with an unknown outcome, including those before the row. */
  readonly unknown: number
  /** Moment at which the first of the row no longer counts. */
  readonly end: number
}

/**
 * Returns the moment from which the next request may follow a row. Half of the allowed requests without a response follow
 * by the back-off alone. For the others, each pause is the same multiple of the time since the first request, so that the
 * last pause ends with the window.
 */
export const dueAt = ({ first, last }: Row, { end, room, unknown }: Room): number => {
  const most = Math.ceil(room * partForUnknown)
  if (2 * unknown < most) return last
  const since = Math.max(last - first, (end - first) * shortest)
  const pauses = Math.max(0, most - unknown) + 1
  return Math.ceil(last + since * (((end - first) / since) ** (1 / pauses) - 1))
}
