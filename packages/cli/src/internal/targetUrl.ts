/**
 * The target of a call: a path at the API, or a URL at one of the origins that may receive the token.
 *
 *     /items, items      from API_BASE_URL
 *     https://...        as it is
 *     api.example.com/x  an allowed origin without its scheme
 *     :8080/x            http://localhost:8080/x
 */
import * as Either from "effect/Either"

import { type Failure, usage } from "./Failure.js"

const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i

export interface Api {
  readonly baseUrl: string
  readonly origins: ReadonlySet<string>
}

const absolute = (written: string, { baseUrl, origins }: Api): string => {
  if (withScheme.test(written)) return written
  if (/^:\d/.test(written)) return `http://localhost${written}`
  if (written === ":" || written.startsWith(":/")) return `http://localhost${written.slice(1)}`
  const host = written.split(/[/?#]/, 1)[0] ?? ""
  const origin = [...origins].find((one) => new URL(one).host === host.toLowerCase())
  if (origin !== undefined) return origin + written.slice(host.length)
  return baseUrl + (written === "" || /^[/?#]/.test(written) ? written : `/${written}`)
}

// RFC 3986 section 6.2.2.2: letters, digits, hyphen, period, underscore and tilde need no escape, and get none.
const needless = /%(?:3[0-9]|4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A]|2[DE]|5F|7E)/gi

const normal = (url: string): string => url.replace(needless, (escaped) => decodeURIComponent(escaped))

/** Appends the query to the existing one. */
export const make = (written: string, query: string, api: Api): Either.Either<string, Failure> => {
  const text = absolute(written, api)
  if (/[\x00-\x20\x7f]/.test(written) || !URL.canParse(text)) {
    return Either.left(
      usage(`"${written}" is not a valid URL.`, `Pass a path such as /items, relative to ${api.baseUrl}, or a URL.`)
    )
  }
  const url = new URL(text)
  if (url.username !== "" || url.password !== "") {
    return Either.left(usage(
      `The URL has credentials in it.`,
      "Remove the part before the @: the token authorizes the call."
    ))
  }
  url.hash = ""
  const [before] = text.split("#", 1)
  const mark = before?.includes("?") === true ? (/[?&]$/.test(before) ? "" : "&") : "?"
  return Either.right(normal(query === "" ? url.href : new URL(`${before}${mark}${query}`).href))
}
