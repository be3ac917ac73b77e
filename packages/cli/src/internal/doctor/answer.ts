/**
 * Responses in the form that the rules use.
 */
import { isRecord, readJson } from "../../../../client-credentials/dist/internal/protocol/json.js"
import { retryAfter, serverTime } from "../../../../client-credentials/dist/internal/protocol/retryAfter.js"
import * as signInPage from "../signInPage.js"

export interface Answer {
  readonly method: string
  /** Origin and path. */
  readonly url: string
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  /** When it arrived, in milliseconds since the epoch. */
  readonly at: number
  /** The beginning of the body. It is examined and never shown. */
  readonly body: string
  /** The time, in milliseconds, within which the body did not end; undefined if it ended, and for streams of events. */
  readonly unendedAfter?: number | undefined
  /** True if the connection was closed before the end of the body. */
  readonly isCut?: boolean | undefined
}

export const isHtml = ({ body, headers }: Answer): boolean => signInPage.isHtml(headers["content-type"], body)

export const isSignInPage = ({ body, headers }: Answer): boolean => signInPage.is(headers["content-type"], body)

export const json = ({ body }: Answer): unknown => readJson(body)

export const record = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  isRecord(value) ? value : undefined

/** Returns the target of a redirect without its query, which may hold anything. */
export const destination = ({ headers, url }: Answer): URL | undefined => {
  const { location } = headers
  if (location === undefined || !URL.canParse(location, url)) return undefined
  const found = new URL(location, url)
  found.search = ""
  found.hash = ""
  found.username = ""
  found.password = ""
  return found
}

export const shown = (url: URL | string): string => String(url).replace(/[^\x21-\x7e]/g, "?").slice(0, 200)

/** Returns true for responses of servers and gateways that require a client certificate (nginx, Azure, Apache). */
export const wantsCertificate = ({ body, status }: Answer): boolean =>
  status === 495 || status === 496 ||
  (status >= 400 && status < 500 &&
    /no required ssl certificate|client certificate (?:is |was )?(?:required|missing|not (?:provided|sent))|(?:requires?|missing|provide) a?\s*(?:valid )?client certificate/i
      .test(body))

/** Returns true for responses of nginx, Node and Go to a request without TLS at a TLS port. */
export const wantsTls = ({ body, status }: Answer): boolean =>
  status === 400 && /plain http request was sent to https port|http request to an https server/i.test(body)

/** The moment at which a limit is full again, in milliseconds since the epoch, where the headers state it. */
export const resetOf = (headers: Answer["headers"], now: number): number | undefined => {
  const pause = retryAfter(headers, now)
  if (pause !== undefined) return now + pause
  const reset = headers["ratelimit-reset"] ?? headers["x-ratelimit-reset"] ?? headers["x-rate-limit-reset"] ??
    /\bt=(\d{1,9})\b/.exec(headers["ratelimit"] ?? "")?.[1]
  const seconds = Number(reset?.trim() || NaN)
  if (!Number.isFinite(seconds) || seconds < 0) return undefined
  // Some count milliseconds since the epoch, some seconds since the epoch, most the seconds from now on.
  return seconds > 1e12 ? seconds : seconds > 1e9 ? seconds * 1000 : now + seconds * 1000
}

/** The beginning of a sentence: when to try again. */
export const retry = ({ at, headers }: Answer): string => {
  const reset = resetOf(headers, at)
  return reset === undefined ? "Try again later" : `Try again from ${time(reset)} on`
}

/** Returns how far the server is ahead, in milliseconds, by its `Date`, which is cut to a second. */
export const offset = ({ at, headers }: Answer): number | undefined => {
  const found = serverTime(headers)
  return found === undefined ? undefined : found + 500 - at
}

export const time = (millis: number): string => new Date(millis).toISOString().replace(/\.\d+Z$/, "Z")
