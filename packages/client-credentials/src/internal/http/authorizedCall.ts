/**
 * Sends calls of the program with their tokens, to allowed URLs only, whatever `HttpClient` sends them.
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"

import * as transport from "../seam/transport.js"
import * as gate from "./gate.js"

/**
 * Where redirects are not followed, the redirect is the response. `onRefused` makes the error of another URL.
 *
 * The first call finds out whether the client replaces the predicate by which sends are watched; as long as none does,
 * later calls are watched at less cost.
 */
export const make = <E>(client: HttpClient.HttpClient, onRefused: (target: string) => E) => {
  let isKnown = false
  let replaces = false
  return (
    request: HttpClientRequest.HttpClientRequest,
    rules: gate.CallRules
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError | E> => {
    type Outcome = Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError | E>
    return Effect.suspend(() => {
      const { first, sent, watch } = gate.call(request, rules)
      const isLight = isKnown && !replaces && rules.followsRedirects
      const call = isLight
        ? transport.lightlyWatched(client.execute(request), watch)
        : transport.watched(client.execute(request), { ...watch, onReplaced: () => replaces = true })
      return Effect.matchCauseEffect(call, {
        onFailure: (cause): Outcome => {
          const refused = gate.refusalIn(cause)
          if (refused === undefined) return Effect.failCause(cause)
          const response = gate.responseOf(first())
          return response === undefined ? Effect.fail(onRefused(refused.target)) : Effect.succeed(response)
        },
        onSuccess: (response): Outcome => {
          if (sent() > 0) isKnown = true
          else if (isLight) replaces = true
          return Effect.succeed(response)
        }
      })
    })
  }
}
