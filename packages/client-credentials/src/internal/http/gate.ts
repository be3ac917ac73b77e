/**
 * The rules for what is sent beneath a request of the library, whatever `HttpClient` sends it.
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Cause from "effect/Cause"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"

import type * as transport from "../seam/transport.js"
import * as contentCoding from "./contentCoding.js"

/** A send that was refused; the defect with which it ends. It shows nothing of the request. */
export class Refused extends Error {
  override readonly name = "Refused"
  constructor(readonly reason: "repeated" | "elsewhere", readonly target: string) {
    super(
      reason === "repeated"
        ? "The request was not sent a second time: the token endpoint decides about retries, not the HTTP client beneath."
        : "The request was not sent to another URL than the one it was made for."
    )
  }
}

/** The refusal with which an effect ended, if it did. */
export const refusalIn = (cause: Cause.Cause<unknown>): Refused | undefined =>
  Option.getOrUndefined(
    Cause.find(cause, (one) =>
      one._tag === "Die" && one.defect instanceof Refused ? Option.some(one.defect) : Option.none())
  )

/** The whole URL of a request; undefined when it has none. */
export const urlOf = (request: HttpClientRequest.HttpClientRequest): URL | undefined =>
  Option.getOrUndefined(Either.getRight(UrlParams.makeUrl(request.url, request.urlParams, request.hash)))

const place = (url: URL | undefined): string => url === undefined ? "an invalid URL" : url.origin + url.pathname

/** Where the transport found the response: fetch reports it, and so does Undici where it follows redirects. */
const foundAt = (response: HttpClientResponse.HttpClientResponse): string | undefined => {
  const source = contentCoding.sourceOf(response)
  if (typeof source !== "object" || source === null) return undefined
  if ("url" in source && typeof source.url === "string" && URL.canParse(source.url)) return place(new URL(source.url))
  const context = "context" in source ? source.context : undefined
  const history = typeof context === "object" && context !== null && "history" in context ? context.history : undefined
  const last: unknown = Array.isArray(history) ? history.at(-1) : undefined
  return last instanceof URL ? place(last) : undefined
}

/** Origin and path from which the response came, when they are not those of the request. */
export const elsewhere = (
  response: HttpClientResponse.HttpClientResponse,
  request: HttpClientRequest.HttpClientRequest
): string | undefined => {
  const expected = place(urlOf(request))
  return [place(urlOf(response.request)), foundAt(response)].filter((found) =>
    found !== undefined && found !== expected
  ).at(-1)
}

export interface Once {
  readonly watch: transport.Watch
  /** What the transport returned for the request that was sent. */
  readonly first: () => transport.Result | undefined
}

/**
 * Sends a request once, and to no URL but its own. Requests that a program sends on the way, for its own purposes, are
 * not affected.
 */
export const once = (request: HttpClientRequest.HttpClientRequest, isTraced: boolean): Once => {
  const expected = place(urlOf(request))
  // Transformations of a request keep what they do not change, by reference.
  const parts = new Set<unknown>()
  const note = ({ body, headers }: HttpClientRequest.HttpClientRequest) => {
    parts.add(headers)
    if (body._tag !== "Empty") parts.add(body)
  }
  note(request)
  const secrets = ["authorization", "dpop"].filter((name) => request.headers[name] !== undefined)
  let hasEnded = false
  // A fiber that the program forked on the way, such as a queue of requests, may send others later that look alike.
  const isOwn = (sent: HttpClientRequest.HttpClientRequest): boolean =>
    parts.has(sent.headers) || parts.has(sent.body) || (!hasEnded && (
      secrets.some((name) => sent.headers[name] === request.headers[name]) ||
      (sent.method === request.method && place(urlOf(sent)) === expected)
    ))

  let sent: HttpClientRequest.HttpClientRequest | undefined
  let first: transport.Result | undefined
  return {
    watch: {
      isTraced,
      onSend: (next) => {
        if (!isOwn(next)) return "other"
        const target = place(urlOf(next))
        if (target !== expected) throw new Refused("elsewhere", target)
        if (sent !== undefined) throw new Refused("repeated", target)
        note(next)
        sent = next
        return "manual"
      },
      onResult: (of, result) => {
        if (of === sent) first ??= result
      },
      onEnd: () => {
        hasEnded = true
      }
    },
    first: () => first
  }
}

/** The response of a result, if there was one. */
export const responseOf = (result: transport.Result | undefined): HttpClientResponse.HttpClientResponse | undefined =>
  result !== undefined && Exit.isSuccess(result) ? result.value : undefined

export interface CallRules {
  /** Whether the token may be sent to this URL. */
  readonly isAllowed: (url: URL) => boolean
  readonly followsRedirects: boolean
}

/**
 * Sends the token of a call to allowed URLs only. How often the call is sent is left to the program, and so are redirects,
 * where they are followed, to URLs that are allowed.
 */
export const call = (request: HttpClientRequest.HttpClientRequest, { followsRedirects, isAllowed }: CallRules) => {
  const secrets = ["authorization", "dpop"].filter((name) => request.headers[name] !== undefined)
  let sent = 0
  let first: transport.Result | undefined
  let expected: string | undefined
  let hasEnded = false
  const watch: transport.Watch = {
    isTraced: true,
    onSend: (next) => {
      if (!secrets.some((name) => next.headers[name] === request.headers[name])) return "other"
      sent += 1
      // `locate` allowed the URL of the call.
      if (next.url === request.url && followsRedirects) return "sent"
      const url = urlOf(next)
      const target = place(url)
      if (url === undefined || !isAllowed(url)) throw new Refused("elsewhere", target)
      // A fiber that the program forked on the way may send other calls with the token later.
      if (followsRedirects || hasEnded) return "sent"
      expected ??= place(urlOf(request))
      if (target !== expected) throw new Refused("elsewhere", target)
      return "manual"
    },
    onResult: followsRedirects ? undefined : (_, result) => {
      first ??= result
    },
    onEnd: () => {
      hasEnded = true
    }
  }
  return { watch, first: () => first, sent: () => sent }
}

/**
 * Whether the response may be one to the token: when `fetch` follows a redirect to another origin, the token stays behind.
 */
export const isOfToken = (
  response: HttpClientResponse.HttpClientResponse,
  request: HttpClientRequest.HttpClientRequest
): boolean => {
  const source = contentCoding.sourceOf(response)
  const url = typeof source === "object" && source !== null && "url" in source ? source.url : undefined
  return typeof url !== "string" || !URL.canParse(url) || new URL(url).origin === urlOf(request)?.origin
}
