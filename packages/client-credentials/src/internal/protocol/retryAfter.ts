/**
 * Pauses that a server requires before the next request (RFC 9110 section 10.2.3).
 */

type Fields = Readonly<Record<string, string | undefined>>

/** Maximum pause that is read from a response, in milliseconds: a mistake in it must not end a service. */
export const longest = 86_400_000

/** Default maximum pause that is obeyed, in milliseconds. */
export const longestObeyed = 3_600_000

const trimmed = (text: string | undefined): string => text?.trim() ?? ""

/** Parses an HTTP date (RFC 9110 section 5.6.7) to milliseconds since the epoch. The `asctime` format has no time zone. */
export const httpDate = (text: string | undefined): number | undefined => {
  const date = trimmed(text)
  if (!/^[a-z]{3,9},? /i.test(date)) return undefined
  const at = Date.parse(/\b(GMT|UTC|Z)\b| [+-]\d/i.test(date) ? date : `${date} GMT`)
  return Number.isNaN(at) ? undefined : at
}

/** Returns the seconds that a response spent in caches (RFC 9111 section 5.1). */
const ageOf = ({ age }: Fields): number => /^\d{1,9}$/.test(trimmed(age)) ? Number(age) : 0

/**
 * Returns the time of the server's clock when a response arrives, in milliseconds since the epoch: its `Date` plus the `Age`
 * that caches added. Undefined if the response has no `Date`.
 */
export const serverTime = (headers: Fields): number | undefined => {
  const date = httpDate(headers["date"])
  return date === undefined ? undefined : date + ageOf(headers) * 1000
}

/**
 * Returns the pause that a response requests, in milliseconds. A date is compared with the `Date` of the same response, so
 * that a wrong clock makes no difference, or with `now` if there is none.
 */
export const retryAfter = (headers: Fields, now: number): number | undefined => {
  const text = trimmed(headers["retry-after"])
  const at = httpDate(text)
  const millis = /^\d+$/.test(text)
    ? Number(text) * 1000
    : at === undefined
    ? undefined
    : at - (serverTime(headers) ?? now)
  return millis === undefined ? undefined : Math.min(Math.max(millis, 0), longest)
}

/** Returns the part of a pause that is obeyed, in milliseconds. */
export const obeyed = (wanted: number | undefined, atMost: number = longestObeyed): number =>
  Math.min(wanted ?? 0, atMost)
