/**
 * Redirects that `--follow` follows: within the origin and the path that may receive the token.
 */
import type { Message } from "./httpMessage.js"

export interface Sent {
  readonly url: string
  readonly message: Message
}

export type Next =
  | { readonly _tag: "Follow"; readonly sent: Sent }
  /** The reason why the redirect is not followed. */
  | { readonly _tag: "Stay"; readonly reason: string }

const statuses = [301, 302, 303, 307, 308]

export const maxRedirects = 10

/** Returns the absolute URL of a redirect, or undefined if it is missing or not valid. */
export const target = (url: string, location: string | undefined): string | undefined =>
  location === undefined || !URL.canParse(location, url) ? undefined : new URL(location, url).href

/** Returns the URL of a redirect as it is shown: without its query, in which an API may repeat a token. */
export const shown = (url: string): string => {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}

/** RFC 9110 sections 15.4.2 to 15.4.4: POST becomes GET, and 303 makes a GET of every method but HEAD. */
const withMethod = (status: number, message: Message): Message => {
  const isGet = (status === 303 && message.method !== "HEAD") || (status < 303 && message.method === "POST")
  if (!isGet) return message
  return {
    ...message,
    method: "GET",
    body: undefined,
    headers: new Map([...message.headers].filter(([name]) => !name.startsWith("content-")))
  }
}

export const next = (
  { message, url }: Sent,
  status: number,
  location: string | undefined,
  followed: number
): Next | undefined => {
  if (!statuses.includes(status)) return undefined
  const found = target(url, location)
  const stay = (reason: string): Next => ({ _tag: "Stay", reason })
  if (found === undefined) return stay("it names no URL")
  if (new URL(found).origin !== new URL(url).origin) {
    return stay("it leads to another origin, and the token would go along")
  }
  return followed >= maxRedirects
    ? stay(`${maxRedirects} redirects were followed already`)
    : { _tag: "Follow", sent: { url: found, message: withMethod(status, message) } }
}
