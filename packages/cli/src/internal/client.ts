/**
 * The client of the settings. Tokens outlive the command: they are kept in encrypted files, so that consecutive commands share
 * one token.
 */
import { randomBytes } from "node:crypto"

import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import {
  ApiClient,
  Authorization,
  ClientConfig,
  IssuanceBudget,
  ServerMetadata,
  TokenCache,
  TokenEndpoint,
  TokenRevocation,
  TokenSeal,
  TokenStore
} from "@effect-oauth/client-credentials"
import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import { Failure } from "./Failure.js"
import * as handedOver from "./handedOver.js"
import * as network from "./network.js"
import * as privateFile from "./privateFile.js"
import { own } from "./profileText.js"
import { Screen } from "./Screen.js"
import * as secretSource from "./secretSource.js"
import { places, provider, type Settings } from "./settings.js"
import * as sharedTokens from "./sharedTokens.js"
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

/** The store of tokens in files. If it cannot be opened, the command requests a token and does not keep it. */
const kept = Layer.unwrapEffect(Effect.gen(function*() {
  const { storeKey, tokens } = yield* places
  const { note } = yield* Screen
  const newKey = () => randomBytes(32).toString("base64")
  const key = yield* privateFile.readOrMake(storeKey, newKey).pipe(
    Effect.asSome,
    Effect.catchAll((failure) =>
      Effect.as(note(`warning: ${failure.message} The token is not kept for the next command.`), Option.none())
    )
  )
  const seal = Effect.mapError(
    TokenSeal.make([Redacted.make(Option.getOrElse(key, newKey).trim())]),
    () =>
      new Failure({
        outcome: "file",
        message: `${storeKey} holds no key.`,
        remedy: "Remove it: a new one is made, and costs one token."
      })
  )
  return Layer.merge(
    Option.isSome(key) ? TokenStore.layerFiles(tokens) : TokenStore.layerMemory,
    Layer.effect(TokenSeal.TokenSeal, seal)
  )
}))

/** Sets the Host header of the user in calls of the API. Other requests have the host of their URL. */
const withHost = (host: string | undefined) => (client: HttpClient.HttpClient): HttpClient.HttpClient =>
  host === undefined
    ? client
    : HttpClient.mapRequest(
      client,
      (request) => traffic.isCall(request) ? HttpClientRequest.setHeader(request, "host", host) : request
    )

export const layerHttp = (settings: Settings, host?: string) =>
  Layer.unwrapEffect(Effect.map(Screen, (screen) => {
    // Requests contain only the headers of the user, without those of traces.
    const untraced = Layer.effect(
      HttpClient.HttpClient,
      Effect.map(
        HttpClient.HttpClient,
        (client) => withHost(host)(HttpClient.withTracerDisabledWhen(client, constTrue))
      )
    ).pipe(Layer.provide(network.layer(settings.values)), Layer.provide(Layer.setConfigProvider(provider(settings))))
    return screen.verbose ? Layer.provide(traffic.show(screen), untraced) : untraced
  }))

/** The services that all commands with a client share. */
export const layerBase = (settings: Settings, host?: string) =>
  Layer.provideMerge(
    Layer.mergeAll(
      layerHttp(settings, host),
      kept,
      Layer.effect(ClientConfig.ClientConfig, secretSource.configure(settings))
    ),
    Layer.merge(NodeFileSystem.layer, NodePath.layer)
  )

/** The token of the environment, where there is nothing to request another with. */
const handed = (given: Given) =>
  Layer.effect(
    TokenEndpoint.TokenEndpoint,
    Effect.map(TokenEndpoint.TokenEndpoint, (network) => handedOver.endpoint(network, given))
  )

/**
 * Everything, for commands that use a token. The parts are composed here, since the configuration is read here: its secret
 * may be typed.
 */
export const layer = (
  settings: Settings,
  { fresh = false, host }: { readonly fresh?: boolean; readonly host?: string | undefined } = {}
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
    layerBase(settings, host)
  )
