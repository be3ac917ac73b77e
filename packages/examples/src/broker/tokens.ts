/**
 * Tokens from a token broker: a `TokenEndpoint` that requests them over a unix socket instead of the network.
 */
import { HttpClient, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient, Undici } from "@effect/platform-node"
import { ClientConfig, OAuthError, TokenEndpoint } from "@effect-oauth/client-credentials"
import type { Redacted } from "effect"
import { Effect, Equal, Layer } from "effect"

import { hashOf, Response, toToken } from "./protocol.js"

interface Options {
  readonly socketPath: string
  readonly key: Redacted.Redacted<string>
}

const overSocket = ({ socketPath }: Options) =>
  // The API uses another dispatcher, so this one is a separate layer.
  Layer.fresh(NodeHttpClient.layerUndiciWithoutDispatcher).pipe(
    Layer.provide(Layer.succeed(NodeHttpClient.Dispatcher, new Undici.Agent({ connect: { socketPath } })))
  )

const make = ({ key, socketPath: endpoint }: Options) =>
  Effect.gen(function*() {
    const { request: configured } = yield* ClientConfig.ClientConfig
    const client = HttpClient.filterStatusOk(yield* HttpClient.HttpClient)
    const unavailable = (detail: string) =>
      new OAuthError.TokenEndpointUnavailable({ endpoint, reason: "connection", detail })

    const requestToken: TokenEndpoint.TokenEndpoint["requestToken"] = (request, options) =>
      // The broker has the tokens of one request, without overrides.
      !Equal.equals(request, configured) ?
        Effect.fail(unavailable("no tokens of other requests")) :
        HttpClientRequest.post(
          "http://broker/token"
        ).pipe(
          HttpClientRequest.bearerToken(key),
          HttpClientRequest.bodyUnsafeJson({
            reason: options?.reason ?? "forced",
            replaces: options?.replaces && hashOf(options.replaces.value),
            isConfirmed: options?.rejection?.isConfirmed ?? false
          }),
          client.execute,
          Effect.mapError(() => unavailable("no response, or a status other than 2xx")),
          Effect.flatMap((response) =>
            Effect.mapError(HttpClientResponse.schemaBodyJson(Response)(response), () => unavailable("no token"))
          ),
          Effect.map((response) => ({ token: toToken(response), quotas: [] }))
        )
    return { request: configured, requestToken }
  })

export const layer = (options: Options) =>
  Layer.provide(Layer.effect(TokenEndpoint.TokenEndpoint, make(options)), overSocket(options))
