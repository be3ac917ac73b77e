/**
 * The proxy variables of the environment, read as curl and Go read them.
 */
import type { Problem } from "./check.js"
import { proxyVariables } from "./tlsVariables.js"

/** Proxies for each scheme. An empty string represents none. */
export interface Proxies {
  readonly http: string
  readonly https: string
  /** Excluded hosts, in the format of `NO_PROXY`. */
  readonly except: string
}

/** Names of all variables that are read. */
export const variables = [...proxyVariables, "no_proxy", "NO_PROXY"]

const hasReadableUser = (url: URL): boolean => {
  try {
    decodeURIComponent(url.username + url.password)
    return true
  } catch {
    return false
  }
}

/** Parses the URL of a proxy; without a scheme, it is an `http:` proxy. A proxy has no path, so a path is a mistake. */
const parse = (text: string): URL | undefined => {
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
  valueOf: (variable: string) => string | undefined
): { readonly proxies: Proxies; readonly problems: ReadonlyArray<Problem> } => {
  const problems: Array<Problem> = []
  const find = (name: string) =>
    [name, name.toUpperCase()].map((variable) => ({ variable, text: valueOf(variable)?.trim() }))
      .find(({ text }) => text !== undefined)
  const proxy = (...names: ReadonlyArray<string>): string => {
    const found = names.map(find).find((one) => one?.text !== undefined && one.text !== "")
    if (found?.text === undefined) return ""
    const url = parse(found.text)
    if (url === undefined && !problems.some(({ setting }) => setting === found.variable)) {
      problems.push({ setting: found.variable, expected: expected(found.text) })
    }
    return url?.href ?? ""
  }
  const except = find("no_proxy")?.text ?? ""
  if (except === "*") return { proxies: { http: "", https: "", except }, problems }
  const https = proxy("https_proxy", "all_proxy", "http_proxy")
  // Desktops set a SOCKS proxy for all schemes together with HTTP proxies: it is a problem only if `https:` would use it.
  const http = proxy("http_proxy") || (parse(find("all_proxy")?.text ?? "")?.href ?? "")
  return { proxies: { http, https, except }, problems }
}
