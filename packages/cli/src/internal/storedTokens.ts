/**
 * The tokens that earlier commands kept in encrypted files, and the configuration of the client, which selects them.
 */
import { randomBytes } from "node:crypto"

import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as ClientConfig from "@effect-oauth/client-credentials/ClientConfig"
import * as TokenSeal from "@effect-oauth/client-credentials/TokenSeal"
import * as TokenStore from "@effect-oauth/client-credentials/TokenStore"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import { Failure } from "./Failure.js"
import * as privateFile from "./privateFile.js"
import { Screen } from "./Screen.js"
import * as secretSource from "./secretSource.js"
import { places, type Settings } from "./settings.js"
import * as trust from "./trust.js"

/** The store of tokens in files. If it cannot be opened, the command requests a token and does not keep it. */
const kept = Layer.unwrapEffect(Effect.gen(function*() {
  const { storeKey, tokens } = yield* places
  const { note } = yield* Screen
  const newKey = () => randomBytes(32).toString("base64")
  const key = yield* privateFile.readOrMake(storeKey, newKey).pipe(
    Effect.tap(() =>
      Effect.flatMap(privateFile.changeable(storeKey), (found) =>
        found === undefined
          ? Effect.void
          : new Failure({ outcome: "file", ...trust.inWords(storeKey, found) }))
    ),
    Effect.asSome,
    Effect.catchAll(({ message, remedy }) =>
      Effect.as(note(`warning: ${message} ${remedy} The token is not kept for the next command.`), Option.none())
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

export const layer = (settings: Settings) =>
  Layer.provideMerge(
    Layer.merge(kept, Layer.effect(ClientConfig.ClientConfig, secretSource.configure(settings))),
    Layer.merge(NodeFileSystem.layer, NodePath.layer)
  )
