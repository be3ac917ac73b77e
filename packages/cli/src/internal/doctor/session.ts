/**
 * A client with given settings that requests a new token each time, for one examination of a server.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import {
  ApiClient,
  Authorization,
  ClientConfig,
  IssuanceBudget,
  type OAuthError,
  ReplaySchedule,
  ServerMetadata,
  TokenCache,
  TokenEndpoint
} from "@effect-oauth/client-credentials"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"

import * as client from "../client.js"
import type { Failure } from "../Failure.js"
import { own } from "../profileText.js"
import * as secretSource from "../secretSource.js"
import type { Settings } from "../settings.js"
import type { Answer } from "./answer.js"
import * as recorder from "./recorder.js"

/** Counts tokens if a limit is set. Failures are not retried. */
const services = (chosen: Settings, timeout: number) =>
  Layer.unwrapEffect(Effect.gen(function*() {
    const limit = yield* client.budget(chosen)
    const network = TokenEndpoint.layer({ timeout })
    const endpoint = limit === undefined ? network : Layer.provide(IssuanceBudget.layer(limit), network)
    return ApiClient.layer.pipe(
      Layer.provide([Authorization.layer, Layer.succeed(ReplaySchedule.ReplaySchedule, Schedule.stop)]),
      Layer.provideMerge(TokenCache.layer({ retryTimeout: 0 })),
      Layer.provide(endpoint),
      Layer.provideMerge(ServerMetadata.layer({ timeout }))
    )
  }))

type Metadata = ServerMetadata.ServerMetadata["get"]
type Token = TokenCache.TokenCache["get"]

/** The effect with its error as a value. */
type Tried<A extends Effect.Effect<unknown, unknown>> = Effect.Effect<
  Either.Either<Effect.Effect.Success<A>, Effect.Effect.Error<A>>
>

export interface Session {
  readonly chosen: Settings
  readonly config: ClientConfig.ClientConfig
  readonly recorded: recorder.Recorder
  readonly metadata: Tried<Metadata>
  readonly token: Tried<Token>
  /** A request without credentials. */
  readonly get: (url: string) => Tried<Effect.Effect<unknown, HttpClientError>>
  readonly call: (url: string) => Tried<Effect.Effect<unknown, Called>>
}

type Called = Effect.Effect.Error<ReturnType<ApiClient.Client["execute"]>>

/** Builds the client; it is closed with the scope. */
export const make = (chosen: Settings, timeout: number) =>
  Effect.gen(function*() {
    const recorded = recorder.make()
    const context = yield* Layer.build(
      Layer.provideMerge(
        services(chosen, timeout),
        Layer.provideMerge(recorder.layer(recorded, timeout), client.layerBase(chosen))
      )
    )
    const within = Effect.provide(context)
    const session: Session = {
      chosen,
      config: yield* within(ClientConfig.ClientConfig),
      recorded,
      metadata: within(Effect.either(Effect.flatMap(ServerMetadata.ServerMetadata, ({ get }) => get))),
      token: within(Effect.either(Effect.flatMap(TokenCache.TokenCache, ({ get }) => get))),
      get: (url) =>
        within(Effect.either(Effect.scoped(
          Effect.flatMap(HttpClient.HttpClient, (http) => http.execute(HttpClientRequest.get(url)))
        ))),
      call: (url) =>
        within(Effect.either(Effect.scoped(
          Effect.flatMap(ApiClient.ApiClient, (api) => api.execute(HttpClientRequest.get(url)))
        )))
    }
    return session
  })

/** The responses of the token endpoint. */
export const tokenAnswers = ({ recorded }: Session): ReadonlyArray<Answer> =>
  recorded.answers.filter(({ method }) => method === "POST")

/** Adds a secret that a command prints or the user types to the settings. It is read once for all attempts. */
export const withSecret = (chosen: Settings): Effect.Effect<Settings, Failure | OAuthError.CredentialUnavailable> => {
  const { [own.secretCommand]: command, [own.secretPrompt]: prompt, ...values } = chosen.values
  const others = ["OAUTH_CLIENT_SECRET", "OAUTH_CLIENT_SECRET_FILE"].filter((one) => values[one] !== undefined)
  // Which of several sources counts is a problem of the configuration.
  if (others.length > 0 || (command !== undefined) === (prompt === "true")) return Effect.succeed(chosen)
  const { OAUTH_CLIENT_ID: id = "" } = values
  const secret: Effect.Effect<Redacted.Redacted<string>, Failure | OAuthError.CredentialUnavailable> =
    command === undefined
      ? secretSource.ask(`Client secret of ${id.replace(/[\x00-\x1f]/g, "")}: `)
      : secretSource.fromCommand(command)
  return Effect.map(
    secret,
    (found) => ({ ...chosen, values: { ...values, OAUTH_CLIENT_SECRET: Redacted.value(found) } })
  )
}
