/**
 * The client of the settings. Tokens outlive the command: they are kept in encrypted files, so that consecutive commands share
 * one token.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as ApiClient from "@effect-oauth/client-credentials/ApiClient"
import * as Authorization from "@effect-oauth/client-credentials/Authorization"
import * as IssuanceBudget from "@effect-oauth/client-credentials/IssuanceBudget"
import * as ServerMetadata from "@effect-oauth/client-credentials/ServerMetadata"
import * as TokenCache from "@effect-oauth/client-credentials/TokenCache"
import * as TokenEndpoint from "@effect-oauth/client-credentials/TokenEndpoint"
import * as TokenRevocation from "@effect-oauth/client-credentials/TokenRevocation"
import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as Layer from "effect/Layer"

import { Failure } from "./Failure.js"
import * as handedOver from "./handedOver.js"
import type * as headerText from "./headerText.js"
import * as network from "./network.js"
import { own } from "./profileText.js"
import { Screen } from "./Screen.js"
import { provider, type Settings } from "./settings.js"
import * as sharedTokens from "./sharedTokens.js"
import * as storedTokens from "./storedTokens.js"
import * as traffic from "./traffic.js"
import type { Given } from "./variables.js"

/** Returns the daily limit, if one is set. */
export const budget = ({ values }: Settings): Effect.Effect<IssuanceBudget.Options | undefined, Failure> => {
  const text = values[own.tokensPerDay]
  if (text === undefined) return Effect.succeed(undefined)
  return /^[1-9]\d{0,6}$/.test(text)
    ? Effect.succeed({ limit: Number(text), warnAt: [0.8, 1] })
    : new Failure({ outcome: "configuration", message: `Expected ${own.tokensPerDay} to be a positive integer.` })
}

/** The headers of the user that other services cannot carry. */
export interface OfUser {
  readonly host?: string | undefined
  readonly repeated?: headerText.Repeated | undefined
}

/**
 * Sets the Host header of the user in calls of the API, and the lines of headers that are given more than once: both HTTP
 * clients take a list of lines. Other requests have the host of their URL.
 */
const withHeaders =
  ({ host, repeated = new Map() }: OfUser) => (client: HttpClient.HttpClient): HttpClient.HttpClient =>
    host === undefined && repeated.size === 0 ? client : HttpClient.mapRequest(client, (request) => {
      if (!traffic.isCall(request)) return request
      const changed = HttpClientRequest.setHeaders(request, host === undefined ? {} : { host })
      Object.assign(changed.headers, Object.fromEntries([...repeated].filter(([name]) => name in changed.headers)))
      return changed
    })

export const layerHttp = (settings: Settings, ofUser: OfUser = {}) =>
  Layer.unwrapEffect(Effect.map(Screen, (screen) => {
    // Requests contain only the headers of the user, without those of traces.
    const untraced = Layer.effect(
      HttpClient.HttpClient,
      Effect.map(
        HttpClient.HttpClient,
        (client) => withHeaders(ofUser)(HttpClient.withTracerDisabledWhen(client, constTrue))
      )
    ).pipe(Layer.provide(network.layer(settings.values)), Layer.provide(Layer.setConfigProvider(provider(settings))))
    return screen.verbose ? Layer.provide(traffic.show(screen), untraced) : untraced
  }))

/** The services that all commands with a client share. */
export const layerBase = (settings: Settings) => Layer.provideMerge(layerHttp(settings), storedTokens.layer(settings))

/** The token of the environment, where there is nothing to request another with. */
const handed = (given: Given) =>
  Layer.effect(
    TokenEndpoint.TokenEndpoint,
    Effect.map(TokenEndpoint.TokenEndpoint, (network) => handedOver.endpoint(network, given))
  )

/**
 * The parts that request tokens and send calls, for the configuration and the tokens of the context. The parts are composed
 * here, since the configuration is read here: its secret may be typed.
 */
export const layerAbove = (
  settings: Settings,
  { fresh = false, ...ofUser }: OfUser & { readonly fresh?: boolean } = {}
) =>
  Layer.provideMerge(
    Layer.unwrapEffect(
      Effect.map(budget(settings), (limit) => {
        const endpoint = TokenEndpoint.layer()
        const shared = settings.given === undefined ? sharedTokens.layer({ fresh }) : handed(settings.given)
        return ApiClient.layer.pipe(
          Layer.provide(Authorization.layer),
          Layer.provideMerge(TokenCache.layer()),
          Layer.provide(
            limit === undefined
              ? Layer.provide(shared, endpoint)
              : Layer.provideMerge(shared, Layer.provide(IssuanceBudget.layer(limit), endpoint))
          ),
          Layer.provideMerge(TokenRevocation.layer),
          Layer.provide(ServerMetadata.layer())
        )
      })
    ),
    layerHttp(settings, ofUser)
  )

/** Everything, for commands that use a token. */
export const layer = (settings: Settings, options: Parameters<typeof layerAbove>[1] = {}) =>
  Layer.provideMerge(layerAbove(settings, options), storedTokens.layer(settings))
