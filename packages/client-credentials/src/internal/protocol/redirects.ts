/**
 * Rules of redirects as in `fetch` (Fetch standard, section 4.4, "HTTP-redirect fetch").
 */
import { isLoopback, parse } from "./urls.js"

/** Redirect statuses (Fetch standard, section 2.2.3). */
const statuses = new Set([301, 302, 303, 307, 308])

export const isRedirect = (status: number): boolean => statuses.has(status)

/** Maximum number of redirects, that of the standard. */
const limit = 20

/** Parts of a request that a redirect may change. */
export interface Request {
  readonly url: string
  readonly method: string
}

export type Step =
  /** The response is the last one. */
  | { readonly _tag: "Last" }
  | {
    readonly _tag: "Follow"
    readonly url: string
    readonly method: string
    /** False if the next request is a `GET` in place of another method. */
    readonly keepsBody: boolean
    /** Names of headers that the next request leaves out. */
    readonly without: ReadonlyArray<string>
  }
  | { readonly _tag: "Problem"; readonly problem: string }

const problem = (text: string): Step => ({ _tag: "Problem", problem: `it is a redirect ${text}` })

/** Headers that describe a body and are removed with it. */
const bodyHeaders = ["content-encoding", "content-language", "content-length", "content-location", "content-type"]

/** Headers of the caller that are meant for one origin. */
const originHeaders = ["cookie", "proxy-authorization"]

/** Returns the step after a response that was received after `count` redirects. */
export const next = (
  { method, url }: Request,
  { location, status }: { readonly status: number; readonly location: string | undefined },
  count: number
): Step => {
  if (!isRedirect(status) || location === undefined) return { _tag: "Last" }
  const from = new URL(url)
  const to = URL.canParse(location, url) ? new URL(location, url) : undefined
  if (to === undefined) return problem("to an invalid URL")
  if (to.protocol !== "https:" && !(to.protocol === "http:" && (from.protocol === "http:" || isLoopback(to)))) {
    return problem(`to a URL with ${to.protocol} instead of ${from.protocol}`)
  }
  if (to.username !== "" || to.password !== "") return problem("to a URL with a user name or a password in it")
  if (count >= limit) return problem(`after ${limit} others`)
  if (to.hash === "") to.hash = parse(url)?.hash ?? ""
  const becomesGet = status === 303
    ? method !== "GET" && method !== "HEAD"
    : (status === 301 || status === 302) && method === "POST"
  return {
    _tag: "Follow",
    url: to.href,
    method: becomesGet ? "GET" : method,
    keepsBody: !becomesGet,
    // The authorization of the next request is determined again, and never by the caller.
    without: [
      "authorization",
      ...(becomesGet ? bodyHeaders : []),
      ...(to.origin === from.origin ? [] : originHeaders)
    ]
  }
}
