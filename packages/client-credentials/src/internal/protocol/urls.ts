/**
 * Rules for URLs that credentials and tokens may be sent to.
 */

/** Parses a URL; undefined if it is invalid. `URL.canParse` would parse twice. */
export const parse = (text: string): URL | undefined => {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

export const isLoopback = (url: URL): boolean =>
  url.hostname === "localhost" || url.hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(url.hostname)

const secretParameters = ["client_secret", "client_assertion", "access_token", "password"]

/** Returns an absolute URL over TLS (or to a loopback address) without fragment and credentials; undefined for others. */
export const secureUrl = (value: unknown, allowHttpLoopback: boolean): URL | undefined => {
  const text = value instanceof URL ? value.href : value
  // `new URL` ignores whitespace and normalizes backslashes; reject both so that the URL used is the URL written.
  if (typeof text !== "string" || /[\x00-\x20\x7f\\]/.test(text)) return undefined
  const parsed = parse(text)
  if (parsed === undefined) return undefined
  const transport = parsed.protocol === "https:" ||
    (parsed.protocol === "http:" && allowHttpLoopback && isLoopback(parsed))
  // `https://*.example.com` is a URL of a host named so, which cannot exist.
  if (parsed.hostname.includes("*")) return undefined
  const bare = parsed.username === "" && parsed.password === "" && !text.includes("#")
  return transport && bare && !secretParameters.some((name) => parsed.searchParams.has(name)) ? parsed : undefined
}

/** Returns origin and path, the only parts of a URL that errors and traces show. */
export const shown = (url: string): string => {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

// Below: check that the path of a URL stays below the base path of the API, for every server that might decode it.
//
// `new URL` removes dot segments, `%2e%2e` among them. Servers and proxies do more: they decode a path twice, read
// backslashes as slashes, merge empty segments, and remove parameters (`..;x`) and control characters from segments before
// they remove dot segments. So the path is decoded until nothing changes, and each stage must stay below the base path.

/** Maximum number of encodings. Two occur in practice; a path that is encoded more often is rejected. */
const maxStages = 8

// UTF-8 forbids these encodings of `.`, `/` and `\` (RFC 3629 section 3), and some decoders accept them.
const overlongDot = /%c0%ae|%e0%80%ae|%f0%80%80%ae/gi
const overlongSlash = /%c0%af|%e0%80%af|%f0%80%80%af|%c1%9c|%e0%81%9c/gi

const characterOf = (_: string, hex: string): string => String.fromCharCode(parseInt(hex, 16))

const decodeRun = (run: string): string => {
  try {
    return decodeURIComponent(run)
  } catch {
    return run.replace(/%([0-9a-f]{2})/gi, characterOf)
  }
}

const decodeOnce = (path: string): string =>
  path
    .replace(overlongDot, ".")
    .replace(overlongSlash, "/")
    .replace(/%u([0-9a-f]{4})/gi, characterOf)
    .replace(/(?:%[0-9a-f]{2})+/gi, decodeRun)

/** Returns whether the dot segments of a path relative to the base path lead above it, at any segment. */
const climbs = (path: string): boolean => {
  let depth = 0
  // NFKC: some servers map full-width dots and slashes to the ordinary ones.
  for (const segment of path.normalize("NFKC").split(/[/\\]/)) {
    const name = segment.replace(/;.*/s, "").replace(/[\s\x00-\x1f\x7f]/g, "")
    if (name === "..") depth -= 1
    else if (name !== "" && name !== ".") depth += 1
    if (depth < 0) return true
  }
  return false
}

/**
 * Returns true when `pathname` is not below `basePath`, or is not for a server that decodes or normalizes it further.
 * Both are paths as `URL.pathname` has them; `basePath` ends without a slash and is empty for the root.
 */
const leaves = (basePath: string, pathname: string): boolean => {
  if (basePath === "") return false
  if (pathname !== basePath && !pathname.startsWith(`${basePath}/`)) return true
  let rest = pathname.slice(basePath.length)
  // Nothing to decode, and no dot segment: most calls.
  if (!/%|\.\./.test(rest)) return false
  for (let stage = 0; stage < maxStages; stage += 1) {
    if (climbs(rest)) return true
    const decoded = decodeOnce(rest)
    if (decoded === rest) return false
    rest = decoded
  }
  return true
}

/** URLs that calls of an API may be sent to. */
export interface Destinations {
  readonly baseUrl: string
  readonly origins: { readonly has: (origin: string) => boolean } & Iterable<string>
  readonly allowOutsideBasePath?: boolean | undefined
}

/** Rule that a URL violates. */
export type Violation =
  | { readonly _tag: "OriginNotAllowed"; readonly origin: string }
  | { readonly _tag: "PathNotAllowed"; readonly path: string }

/** Result of parsing a URL of a caller. */
export type Located =
  /** `href` is the complete URL as it is sent: without its fragment (RFC 9110 section 7.1). */
  | { readonly _tag: "Allowed"; readonly href: string }
  /** It has a user name or a password in it, which are left out here. */
  | { readonly _tag: "UserInfo"; readonly bare: string }
  | Violation

/** Parts of a URL that the rules read. */
interface Parts {
  readonly href: string
  readonly origin: string
  readonly pathname: string
  readonly hasUserInfo: boolean
}

const partsOf = (text: string): Parts | undefined => {
  const url = parse(text)
  if (url === undefined) return undefined
  const { origin, password, pathname, protocol, username } = url
  if (text.includes("#")) url.hash = ""
  return {
    href: url.href,
    // The origin of `blob:https://api.example.com/...` is `https://api.example.com` too.
    origin: protocol === "https:" || protocol === "http:" ? origin : `a URL with ${protocol}`,
    pathname,
    hasUserInfo: username !== "" || password !== ""
  }
}

/** Maximum number and length of the URLs whose parts are kept. */
const maxKept = { count: 100, length: 500 }

/** Parts of the last URLs, since most programs call few URLs. A query or a fragment may contain a secret. */
const kept = new Map<string, Parts>()

const keptParts = (text: string): Parts | undefined => {
  const known = kept.get(text)
  if (known !== undefined) return known
  const parts = partsOf(text)
  if (parts === undefined || parts.hasUserInfo || text.length > maxKept.length || /[?#]/.test(text)) return parts
  if (kept.size >= maxKept.count) kept.clear()
  kept.set(text, parts)
  return parts
}

const withoutUserInfo = (href: string): string => {
  const bare = new URL(href)
  bare.username = bare.password = ""
  return bare.href
}

const absolute = /^[a-z][a-z0-9+.-]*:/i

const pathNotAllowed = (url: Pick<URL, "pathname">): Violation => ({
  _tag: "PathNotAllowed",
  path: url.pathname.slice(0, 200)
})

/** Rules of an API for URLs. A class, since a program may have thousands of instances: its functions exist once. */
export class Rules {
  private readonly baseOrigin: string
  private readonly basePath: string

  constructor(private readonly destinations: Destinations) {
    const { origin, pathname } = new URL(destinations.baseUrl)
    this.baseOrigin = origin
    this.basePath = pathname.replace(/\/+$/, "")
  }

  private isBelowBase(url: Pick<URL, "origin" | "pathname">): boolean {
    const { baseOrigin, basePath, destinations } = this
    return destinations.allowOutsideBasePath === true || url.origin !== baseOrigin || !leaves(basePath, url.pathname)
  }

  /** Parses a URL of a caller. A relative URL starts at the base URL. */
  locate(written: string): Located {
    const { baseUrl, origins } = this.destinations
    const isRelative = !absolute.test(written)
    const path = !isRelative || written === "" || /^[/?#]/.test(written) ? written : `/${written}`
    const url = keptParts(isRelative ? baseUrl + path : written)
    if (url === undefined || !origins.has(url.origin)) {
      return { _tag: "OriginNotAllowed", origin: url?.origin ?? "an invalid URL" }
    }
    if (url.hasUserInfo) return { _tag: "UserInfo", bare: withoutUserInfo(url.href) }
    return this.isBelowBase(url) ? { _tag: "Allowed", href: url.href } : pathNotAllowed(url)
  }

  /** Returns whether an HTTP client may send to a URL. */
  isAllowed(url: URL): boolean {
    return this.destinations.origins.has(url.origin) && this.isBelowBase(url)
  }

  /** Returns the rule that a URL violates: it is not allowed, or is not the one that the call was made for. */
  violated(target: string): Violation {
    const url = parse(target)
    return url !== undefined && this.destinations.origins.has(url.origin)
      ? pathNotAllowed(url)
      : { _tag: "OriginNotAllowed", origin: url?.origin ?? target }
  }
}
