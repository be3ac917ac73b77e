/**
 * Which URLs credentials and tokens may go to.
 */

/** Read once, where asking first whether it can be read would read it twice. */
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

/** An absolute URL over TLS (or to a loopback address), without fragment and without anything secret in it. */
export const secureUrl = (value: unknown, allowHttpLoopback: boolean): URL | undefined => {
  const text = value instanceof URL ? value.href : value
  // A URL parser passes over blanks, line breaks and which way a slash leans; whoever reads the text does not.
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

/** The parts of a valid base URL that confine a call. The path ends without a slash, and is empty for the root. */
export const base = (url: string): { readonly origin: string | undefined; readonly path: string } => {
  const parsed = parse(url)
  return { origin: parsed?.origin, path: parsed?.pathname.replace(/\/+$/, "") ?? "" }
}

/** Origin and path, which is all that errors and traces show of a URL. */
export const shown = (url: string): string => {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
