/**
 * The proxy variables of the environment, read as curl and Go read them.
 */
import type { Problem } from "./check.js"
import { proxies, spellings } from "./variables.js"

/** Proxies for each scheme. An empty string represents none. */
export interface Proxies {
  readonly http: string
  readonly https: string
  /** Excluded hosts, in the format of `NO_PROXY`. */
  readonly except: string
}

/** Names of all variables that are read. */
export const variables = [...proxies, "no_proxy"].flatMap(spellings)

const hasReadableUser = (url: URL): boolean => {
  try {
    decodeURIComponent(url.username + url.password)
    return true
  } catch {
    return false
  }
}

type ValueOf = (variable: string) => string | undefined

/** Returns the first of these variables that is set, in one of its spellings. An empty one counts as unset. */
export const firstOf = (
  valueOf: ValueOf,
  ...names: ReadonlyArray<string>
): { readonly variable: string; readonly text: string } | undefined =>
  names.flatMap(spellings).map((variable) => ({ variable, text: valueOf(variable)?.trim() ?? "" }))
    .find(({ text }) => text !== "")

/** Returns the excluded hosts; `*` means all. */
export const exceptOf = (valueOf: ValueOf): string => firstOf(valueOf, "no_proxy")?.text ?? ""

/** Parses the URL of a proxy; without a scheme, it is an `http:` proxy. A proxy has no path, so a path is a mistake. */
export const parse = (text: string): URL | undefined => {
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text.replace(/^\/\//, "")}`
  if (/[\x00-\x20\x7f\\]/.test(written) || !URL.canParse(written)) return undefined
  const url = new URL(written)
  const isProxy = /^https?:$/.test(url.protocol) && url.hostname !== "" && url.pathname === "/" && url.search === "" &&
    url.hash === ""
  return isProxy && hasReadableUser(url) ? url : undefined
}

/** Returns the expected value. The actual value is not shown, since it may contain a password. */
const expected = (text: string): string =>
  /^socks/i.test(text)
    ? "the URL of an http: or https: proxy; SOCKS proxies are not supported. NO_PROXY=* connects without a proxy"
    : "the URL of an http: or https: proxy, such as http://proxy.example:3128"

/**
 * Reads the variables. A proxy for `https:` is `HTTPS_PROXY`, else `ALL_PROXY`, else `HTTP_PROXY`; one for `http:` is
 * `HTTP_PROXY`, else `ALL_PROXY`. `NO_PROXY=*` disables all of them.
 */
export const read = (
  valueOf: ValueOf
): { readonly proxies: Proxies; readonly problems: ReadonlyArray<Problem> } => {
  const problems: Array<Problem> = []
  const proxy = (...names: ReadonlyArray<string>): string => {
    const found = firstOf(valueOf, ...names)
    if (found === undefined) return ""
    const url = parse(found.text)
    if (url === undefined && !problems.some(({ setting }) => setting === found.variable)) {
      problems.push({ setting: found.variable, expected: expected(found.text) })
    }
    return url?.href ?? ""
  }
  const except = exceptOf(valueOf)
  if (except === "*") return { proxies: { http: "", https: "", except }, problems }
  const https = proxy(...proxies)
  // Desktops set a SOCKS proxy for all schemes together with HTTP proxies: it is a problem only if `https:` would use it.
  const http = proxy("http_proxy") || (parse(firstOf(valueOf, "all_proxy")?.text ?? "")?.href ?? "")
  return { proxies: { http, https, except }, problems }
}
