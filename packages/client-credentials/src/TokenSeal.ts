/**
 * Sealing: what leaves the process is encrypted, and good for the one place it was sealed for.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as base64url from "jose/base64url"

import { InvalidConfig } from "./InvalidConfig.js"

/**
 * Seals and opens texts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Encrypts a text (AES-256-GCM), bound to a place: it can be opened for that place only. */
  readonly seal: (place: string, text: string) => Effect.Effect<string>
  /** The text; nothing when it was sealed by an unknown key or for another place, was changed or cut short. */
  readonly open: (place: string, sealed: string) => Effect.Effect<Option.Option<string>>
  /** A name for a text that does not give the text away: the same for all who hold the oldest of the keys. */
  readonly name: (text: string) => Effect.Effect<string>
}

/**
 * The seal in use.
 *
 * @since 0.1.0
 * @category tags
 */
export class TokenSeal extends Context.Tag("@effect-oauth/client-credentials/TokenSeal")<TokenSeal, Service>() {}

const encoder = new TextEncoder()

const bytesOf = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}

const hex = (buffer: ArrayBuffer): string =>
  Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("")

const version = "v1"

/** Keys for the two purposes from the one that is given (RFC 5869), so that neither gives the other away. */
const derive = async (key: Uint8Array<ArrayBuffer>) => {
  const material = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits", "deriveKey"])
  const hkdf = (info: string) => ({
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(),
    info: encoder.encode(`effect-oauth ${version} ${info}`)
  })
  const id = hex(await crypto.subtle.deriveBits(hkdf("id"), material, 64))
  const sealing = await crypto.subtle.deriveKey(hkdf("seal"), material, { name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt"
  ])
  const naming = await crypto.subtle.deriveKey(
    hkdf("name"),
    material,
    { name: "HMAC", hash: "SHA-256", length: 256 },
    false,
    ["sign"]
  )
  return { id, sealing, naming }
}

/**
 * A seal with these keys, each 32 random bytes in base64 (`openssl rand -base64 32`). The first one seals; all open. To
 * replace a key, put the new one before it everywhere, and take the old one away when all tokens that it sealed have
 * expired; taking it away costs one token, since names are made with the oldest, and an issuance budget counts anew from then
 * on: so do it when a new window begins.
 *
 * @example
 * import { TokenSeal } from "@effect-oauth/client-credentials"
 * import { Effect, Redacted } from "effect"
 *
 * export const Seal = (current: Redacted.Redacted<string>, previous: Redacted.Redacted<string>) =>
 *   Effect.provide(TokenSeal.TokenSeal, TokenSeal.layer([current, previous]))
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (keys: ReadonlyArray<Redacted.Redacted<string>>): Effect.Effect<Service, InvalidConfig> =>
  Effect.gen(function*() {
    const raw = keys.map((key) => bytesOf(Redacted.value(key)))
    const sound = raw.filter((bytes) => bytes?.length === 32)
    if (sound.length !== keys.length || keys.length === 0) {
      return yield* new InvalidConfig({
        problems: [{
          setting: "storeKeys",
          expected: "one or more keys of 32 bytes in base64: openssl rand -base64 32"
        }]
      })
    }
    const derived = yield* Effect.promise(() =>
      Promise.all(sound.map((bytes) => derive(bytes as Uint8Array<ArrayBuffer>)))
    )
    const [current] = derived
    const oldest = derived.at(-1)
    if (current === undefined || oldest === undefined) return yield* Effect.dieMessage("there is a key")
    const associated = (place: string) => encoder.encode(`${version} ${place}`)
    return {
      seal: (place, text) =>
        Effect.promise(async () => {
          const iv = crypto.getRandomValues(new Uint8Array(12))
          const sealed = await crypto.subtle.encrypt(
            { name: "AES-GCM", iv, additionalData: associated(place) },
            current.sealing,
            encoder.encode(text)
          )
          return [version, current.id, base64url.encode(iv), base64url.encode(new Uint8Array(sealed))].join(".")
        }),
      open: (place, text) =>
        Effect.promise(async () => {
          const [found, id, iv, sealed] = text.split(".")
          const key = derived.find((one) => one.id === id)
          const [nonce, content] = [bytesOf(iv ?? ""), bytesOf(sealed ?? "")]
          if (found !== version || key === undefined || nonce?.length !== 12 || content === undefined) {
            return Option.none()
          }
          return crypto.subtle
            .decrypt({ name: "AES-GCM", iv: nonce, additionalData: associated(place) }, key.sealing, content)
            .then((bytes) => Option.some(new TextDecoder().decode(bytes)), () => Option.none())
        }),
      name: (text) =>
        Effect.promise(async () => hex(await crypto.subtle.sign("HMAC", oldest.naming, encoder.encode(text))))
    }
  })

/**
 * The seal as a layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (keys: ReadonlyArray<Redacted.Redacted<string>>): Layer.Layer<TokenSeal, InvalidConfig> =>
  Layer.effect(TokenSeal, make(keys))
