/**
 * The target of a call: a path at the API, or a URL at one of the origins that may receive the token.
 *
 *     /items, items      from API_BASE_URL
 *     https://...        as it is
 *     api.example.com/x  an allowed origin without its scheme
 *     host.example:80/x  another host, by its port: a URL without its scheme
 *     :8080/x            http://localhost:8080/x
 */
import * as Either from "effect/Either"

import * as urls from "../../../client-credentials/dist/internal/protocol/urls.js"
import { type Failure, usage } from "./Failure.js"

export interface Api {
  readonly baseUrl: string
  readonly origins: ReadonlySet<string>
}

/** The beginning of the URL, and the path and query that follow it. */
type Parts = readonly [origin: string, rest: string]

const withPort = /^(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|\[[0-9a-f:.]+\]):\d{1,5}$/i

const parts = (written: string, { baseUrl, origins }: Api): Parts => {
  const [, origin, rest] = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)(.*)$/is.exec(written) ?? []
  if (origin !== undefined && rest !== undefined) return [origin, rest]
  const local = /^:(\d[^/?#]*)?(?=[/?#]|$)/.exec(written)
  if (local !== null) {
    const [shorthand, port] = local
    return [`http://localhost${port === undefined ? "" : shorthand}`, written.slice(shorthand.length)]
  }
  const host = written.split(/[/?#]/, 1)[0] ?? ""
  const known = [...origins].find((one) => new URL(one).host === host.toLowerCase())
  if (known !== undefined) return [known, written.slice(host.length)]
  // Another host, to which the token is not sent: it must not become a path of the API.
  if (withPort.test(host)) {
    const url = urls.parse(`http://${host}`)
    return [`${url !== undefined && urls.isLoopback(url) ? "http" : "https"}://${host}`, written.slice(host.length)]
  }
  return [baseUrl, written === "" || /^[/?#]/.test(written) ? written : `/${written}`]
}

// RFC 3986 section 6.2.2.2: letters, digits, hyphen, period, underscore and tilde need no escape, and get none.
const needless = /%(?:3[0-9]|4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A]|2[DE]|5F|7E)/gi

/** RFC 3986 section 3.3 and 3.4: characters that are not escaped. */
const ofPath = "\\-\\w.~!$&'()*+,;=:@/"
const ofQuery = `${ofPath}?`

const percent = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("")

/** Escapes all but these characters, as HTTPie does. Existing escapes remain if each percent sign belongs to one. */
const escaped = (text: string, characters: string): string => {
  const others = new RegExp(`[^${characters}]`, "gu")
  return /%(?![0-9a-f]{2})/i.test(text)
    ? text.replace(others, percent)
    : text.replace(needless, (one) => decodeURIComponent(one))
      .replace(others, (one) => one === "%" ? one : percent(one))
      .replace(/%../g, (one) => one.toUpperCase())
}

/** Returns the URL, with the query appended to that of the user. */
export const make = (written: string, query: string, api: Api): Either.Either<string, Failure> => {
  const [origin, rest] = parts(written, api)
  const [before = ""] = rest.split("#", 1)
  const mark = before.indexOf("?")
  const path = escaped(mark === -1 ? before : before.slice(0, mark), ofPath)
  const own = mark === -1 ? "" : escaped(before.slice(mark + 1), ofQuery)
  const joint = own === "" || query === "" ? "" : "&"
  const text = `${origin}${path}${mark === -1 && query === "" ? "" : `?${own}${joint}${query}`}`
  // A backslash would end the host for some parsers, but not for others.
  if (/[\x00-\x1f\x7f]|^\s/.test(written) || origin.includes("\\") || !URL.canParse(text)) {
    return Either.left(
      usage(`"${written}" is not a valid URL.`, `Pass a path such as /items, relative to ${api.baseUrl}, or a URL.`)
    )
  }
  const url = new URL(text)
  return url.username === "" && url.password === ""
    ? Either.right(url.href)
    : Either.left(usage(
      `The URL has credentials in it.`,
      "Remove the part before the @: the token authorizes the call."
    ))
}
