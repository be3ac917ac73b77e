/**
 * Requests and responses on standard error, for `--verbose`, with secrets redacted.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

import { harmless } from "./ansi.js"
import * as headerText from "./headerText.js"
import * as redaction from "./redaction.js"
import type * as Screen from "./Screen.js"

const headers = (all: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> =>
  Object.entries(all).map(([name, value]) =>
    `${harmless(name)}: ${redaction.header(name, headerText.decode(value ?? ""))}`
  )

/** A call of the API, by what authorizes it. */
export const isCall = ({ headers: sent }: HttpClientRequest.HttpClientRequest): boolean =>
  /^(Bearer|DPoP) /i.test(sent["authorization"] ?? "")

/** Shows the query of calls of the API, with its secrets redacted, and of other requests only origin and path. */
const lines = (request: HttpClientRequest.HttpClientRequest): ReadonlyArray<string> => {
  const { body, headers: sent, method, url } = request
  const isOwn = isCall(request)
  const { origin, pathname } = new URL(url)
  return [
    `${method} ${isOwn ? redaction.url(url) : harmless(origin + pathname)}`,
    ...headers(sent),
    ...(isOwn || body._tag !== "Uint8Array" ? [] : ["", redaction.credentials(new TextDecoder().decode(body.body))])
  ]
}

export const show = (screen: Screen.Service) => {
  const { complain, err } = screen
  const each = (mark: string, shown: ReadonlyArray<string>) =>
    complain(shown.map((line) => err.dim(`${mark} ${line}`)).join("\n"))
  return Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      HttpClient.HttpClient,
      (client) =>
        HttpClient.transform(client, (sent, request) =>
          Effect.gen(function*() {
            yield* each(">", lines(request))
            const begun = yield* Clock.currentTimeMillis
            const response = yield* Effect.tapError(
              sent,
              (error) => each("<", [`no response (${error._tag === "RequestError" ? error.reason : error._tag})`])
            )
            const took = (yield* Clock.currentTimeMillis) - begun
            yield* each("<", [`${response.status}, after ${took} ms`, ...headers(response.headers)])
            return response
          }))
    )
  )
}
