/**
 * Requests to services of the platform that a program runs on, on the same machine or in its network: without proxy and
 * redirects, bounded in time and size.
 */
import * as Effect from "effect/Effect"

import { CredentialUnavailable } from "../../OAuthError.js"
import { tagOf } from "../protocol/foreignError.js"
import { builtin } from "../protocol/platformModule.js"

/** Maximum size of a response: identity tokens are short. */
const maxBytes = 65_536

export interface Request {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

type Send = (request: Request, signal: AbortSignal) => Promise<Response>

const text = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
  const decoder = new TextDecoder()
  let read = ""
  for await (const chunk of body) {
    read += decoder.decode(chunk, { stream: true })
    if (read.length > maxBytes) throw new Error("too long")
  }
  return read + decoder.decode()
}

/** Sends by `fetch`, for services on the network: settings of the runtime (proxies, authorities) apply. */
export const byFetch: Send = async ({ headers, url }, signal) => {
  const response = await globalThis.fetch(url, { headers: { ...headers }, redirect: "manual", signal })
  const body = response.body as AsyncIterable<Uint8Array> | null
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: body === null ? "" : await text(body)
  }
}

interface NodeHttp {
  readonly Agent: new() => unknown
  readonly get: (
    url: string,
    options: object,
    onResponse: (
      response: AsyncIterable<Uint8Array> & {
        readonly statusCode?: number
        readonly headers: Readonly<Record<string, string | undefined>>
      }
    ) => void
  ) => { readonly on: (event: "error", listener: (error: unknown) => void) => void }
}

/** Sends directly, bypassing any proxy that `fetch` is configured with, for link-local addresses. */
export const direct: Send = (request, signal) => {
  const http = builtin<NodeHttp>("node:http")
  return http === undefined ? byFetch(request, signal) : new Promise((resolve, reject) => {
    const { headers, url } = request
    const sent = http.get(url, { headers, signal, agent: new http.Agent() }, (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        reject
      )
    })
    sent.on("error", reject)
  })
}

const unavailable = (problem: string) => new CredentialUnavailable({ credential: "identity token", problem })

/** Returns a successful response. Errors contain neither its body nor the original failure. */
export const get = (
  send: Send,
  service: string,
  request: Request
): Effect.Effect<Response, CredentialUnavailable> =>
  Effect.tryPromise({
    try: (signal) => send(request, signal),
    catch: (error) => unavailable(`${service} did not respond (${tagOf(error)})`)
  }).pipe(
    Effect.timeoutFail({
      duration: "5 seconds",
      onTimeout: () => unavailable(`${service} did not respond within 5 seconds`)
    }),
    Effect.filterOrFail(
      ({ status }) => status === 200,
      ({ status }) => unavailable(`${service} returned status ${status}`)
    )
  )
