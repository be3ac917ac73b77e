/**
 * Legacy tokens: a token id and a token secret by basic auth (RFC 7617), for APIs that came before OAuth.
 *
 * The layers provide the same `ApiClient` as those of `ClientCredentials`, so a program moves from one to the other by
 * a change of layer.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import * as ApiClient from "./ApiClient.js"
import { Authorization, type Service as AuthorizationService } from "./Authorization.js"
import type { ConfigOptions, Options as ClientOptions } from "./ClientConfig.js"
import { rawBasic } from "./internal/encoding.js"
import * as settings from "./internal/settings.js"
import { InvalidConfig } from "./InvalidConfig.js"

/**
 * A legacy token and the API that it is for. The id must not contain a colon (RFC 7617 section 2).
 *
 * @since 0.1.0
 * @category models
 */
export interface Options
  extends Pick<ClientOptions, "apiBaseUrl" | "apiOrigins" | "allowOutsideBasePath" | "allowHttpLoopback">
{
  readonly tokenId: string
  readonly tokenSecret: Redacted.Redacted<string>
}

const authorization = (options: Parameters<typeof settings.legacy>[0]) =>
  Either.map(settings.legacy(options), ({ api, tokenId, tokenSecret }): AuthorizationService => {
    const value = Redacted.make(`Basic ${rawBasic(tokenId, Redacted.value(tokenSecret))}`)
    return {
      api,
      authorize: (request) =>
        Effect.succeed({
          request: HttpClientRequest.setHeader(request, "authorization", Redacted.value(value)),
          // There is no other legacy token to be had, so a replay would be refused as well.
          refused: Effect.succeed(false),
          accepted: Effect.void,
          answered: undefined
        })
    }
  })

/**
 * An `ApiClient` that sends a legacy token. A 401 goes to the caller: there is no new token to replay with.
 *
 * @example
 * import { LegacyToken } from "@effect-oauth/client-credentials"
 * import { Redacted } from "effect"
 *
 * export const Api = LegacyToken.layer({
 *   tokenId: "tok_17",
 *   tokenSecret: Redacted.make("s3cr3t"),
 *   apiBaseUrl: "https://api.example.com/v1"
 * })
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<ApiClient.ApiClient, InvalidConfig, HttpClient.HttpClient> =>
  Layer.provide(
    Layer.fresh(ApiClient.layer),
    Layer.effect(
      Authorization,
      Effect.suspend(() => Either.mapLeft(authorization(options), (problems) => new InvalidConfig({ problems })))
    )
  )

const variables = {
  tokenId: "LEGACY_TOKEN_ID",
  tokenSecret: "LEGACY_TOKEN_SECRET",
  apiBaseUrl: "API_BASE_URL",
  apiOrigins: "API_ORIGINS",
  allowOutsideBasePath: "API_ALLOW_OUTSIDE_BASE_PATH",
  allowHttpLoopback: "OAUTH_ALLOW_HTTP_LOOPBACK"
} as const

/**
 * The same from the environment: `LEGACY_TOKEN_ID`, `LEGACY_TOKEN_SECRET`, `API_BASE_URL`, and as for
 * `ClientConfig.fromConfig` `API_ORIGINS`, `API_ALLOW_OUTSIDE_BASE_PATH` and `OAUTH_ALLOW_HTTP_LOOPBACK`.
 *
 * @example
 * import { LegacyToken } from "@effect-oauth/client-credentials"
 *
 * export const Api = LegacyToken.layerConfig()
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: ConfigOptions = {}
): Layer.Layer<ApiClient.ApiClient, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Layer.provide(
    Layer.fresh(ApiClient.layer),
    Layer.effect(
      Authorization,
      Effect.gen(function*() {
        const read = settings.reader(options.prefix)
        const text = yield* read.all(variables)
        return yield* authorization({
          ...text,
          tokenSecret: text.tokenSecret === undefined ? undefined : Redacted.make(text.tokenSecret),
          apiOrigins: text.apiOrigins,
          allowOutsideBasePath: yield* read.flag(variables.allowOutsideBasePath, text.allowOutsideBasePath),
          allowHttpLoopback: options.allowHttpLoopback ??
            (yield* read.flag(variables.allowHttpLoopback, text.allowHttpLoopback))
        }).pipe(Either.mapLeft(read.errors(variables, text)))
      })
    )
  )
