/**
 * Redirects that `--follow` follows: within the origin and the path that may receive the token.
 */
import * as redirects from "../../../client-credentials/dist/internal/protocol/redirects.js"
import type { Message } from "./httpMessage.js"

export { shown } from "../../../client-credentials/dist/internal/protocol/urls.js"

export interface Sent {
  readonly url: string
  readonly message: Message
}

export type Next =
  | { readonly _tag: "Follow"; readonly sent: Sent }
  /** The reason why the redirect is not followed. */
  | { readonly _tag: "Stay"; readonly reason: string }

/** Returns the absolute URL of a redirect, or undefined if it is missing or not valid. */
export const target = (url: string, location: string | undefined): string | undefined =>
  location === undefined || !URL.canParse(location, url) ? undefined : new URL(location, url).href

/** Returns the request that a redirect leads to, or the reason why it is not followed; undefined for other responses. */
export const next = (
  { message, url }: Sent,
  status: number,
  location: string | undefined,
  followed: number
): Next | undefined => {
  if (!redirects.isRedirect(status)) return undefined
  const stay = (reason: string): Next => ({ _tag: "Stay", reason })
  const step = redirects.next({ url, method: message.method }, { status, location }, followed)
  if (step._tag === "Last") return stay("it names no URL")
  if (step._tag === "Problem") return stay(step.problem)
  if (new URL(step.url).origin !== new URL(url).origin) {
    return stay("it leads to another origin, and the token would go along")
  }
  const headers = new Map([...message.headers].filter(([name]) => !step.without.includes(name)))
  const body = step.keepsBody ? message.body : undefined
  return { _tag: "Follow", sent: { url: step.url, message: { ...message, method: step.method, headers, body } } }
}
