/**
 * Encryption of stored tokens and counts, each bound to the key of its entry.
 *
 * **When to use**
 *
 * Provide it to `SharedClientCredentials`. All processes that share a store need the same keys.
 *
 * **Gotchas**
 *
 * A key that is removed makes its entries unreadable: each of their tokens is requested again, and a budget counts from
 * zero.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5869#section-2 | RFC 5869 section 2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc5116#section-5.2 | RFC 5116 section 5.2}
 * @since 3.0.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import * as environment from "./internal/config/environment.js"
import * as keyStrength from "./internal/config/keyStrength.js"
import * as privateFile from "./internal/config/privateFile.js"
import { unwrap } from "./internal/config/unwrap.js"
import * as variables from "./internal/config/variables.js"
import { base64url } from "./internal/protocol/bytes.js"
import { InvalidConfig } from "./InvalidConfig.js"

/**
 * Service that seals and opens strings.
 *
 * @since 3.0.0
 * @category models
 */
export interface TokenSeal {
  /** Encrypts a string (AES-256-GCM), bound to the key of its entry: it can be opened for that key only. */
  readonly seal: (key: string, text: string) => Effect.Effect<string>
  /** Decrypts a string; none if it was sealed with an unknown key or for another entry, was changed or truncated. */
  readonly open: (key: string, sealed: string) => Effect.Effect<Option.Option<string>>
  /** Returns a keyed fingerprint of a string, which is equal for all processes with the same oldest key. */
  readonly name: (text: string) => Effect.Effect<string>
}

/**
 * The seal in use.
 *
 * @since 3.0.0
 * @category tags
 */
export const TokenSeal = Context.GenericTag<TokenSeal>("@effect-oauth/client-credentials/TokenSeal")

const encoder = new TextEncoder()

const bytesOf = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"))
    const bytes = new Uint8Array(binary.length)
    for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index)
    return bytes
  } catch {
    return undefined
  }
}

const hex = (buffer: ArrayBuffer): string =>
  Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("")

/** The bytes of what `base64url.encode` writes, and of no other text: no padding, white space or meaningless bits. */
const canonicalBytesOf = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  const bytes = bytesOf(text)
  return bytes !== undefined && base64url.encode(bytes) === text ? bytes : undefined
}

const version = "v1"

/** Derives one key for each purpose (RFC 5869), so that neither reveals the other. */
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

const expectedKeys = "one or more keys of 32 random bytes in base64: openssl rand -base64 32"

/** Returns the bytes of the keys; undefined when one of them is not valid. */
const decode = (
  keys: ReadonlyArray<Redacted.Redacted<string>>,
  allowTestKey: boolean
): ReadonlyArray<Uint8Array<ArrayBuffer>> | undefined => {
  const decoded = keys.map((key) => {
    const text: unknown = Redacted.isRedacted(key) ? Redacted.value(key) : undefined
    const bytes = typeof text === "string" ? bytesOf(text) : undefined
    const isKey = bytes?.length === 32 &&
      (keyStrength.isRandom(bytes) || (allowTestKey && keyStrength.isTestKey(bytes)))
    return isKey ? bytes : undefined
  })
  const valid = decoded.filter((bytes) => bytes !== undefined)
  return keys.length > 0 && valid.length === keys.length ? valid : undefined
}

/**
 * Creates a seal with these keys, each 32 random bytes in base64 (`openssl rand -base64 32`). The first one seals; all
 * open. To replace a key, put the new one before it in all processes, and remove the old one when all tokens that it
 * sealed have expired. Names are derived from the oldest key, so its removal costs one token and a budget counts from
 * zero again: remove it when a new window begins.
 *
 * Fails with `InvalidConfig` for keys of another length, and for keys that cannot be random: equal bytes, repeated
 * patterns, sequences, and fewer than 12 different bytes. One exception, for tests and examples: 32 bytes of 1 are
 * accepted with a warning in the log; `layerEnv` and `layerFile` reject them.
 *
 * @example
 * import { TokenSeal } from "@effect-oauth/client-credentials"
 * import { Effect, Redacted } from "effect"
 *
 * export const Seal = (current: Redacted.Redacted<string>, previous: Redacted.Redacted<string>) =>
 *   Effect.provide(TokenSeal.TokenSeal, TokenSeal.layer([current, previous]))
 *
 * @since 3.0.0
 * @category constructors
 */
export const make = (keys: ReadonlyArray<Redacted.Redacted<string>>): Effect.Effect<TokenSeal, InvalidConfig> =>
  Effect.gen(function*() {
    const raw = Array.isArray(keys) ? decode(keys, true) : undefined
    if (raw === undefined) {
      return yield* new InvalidConfig({ problems: [{ setting: "storeKeys", expected: expectedKeys }] })
    }
    if (raw.some(keyStrength.isTestKey)) {
      yield* Effect.logWarning(
        "The token store is sealed with the key for tests (32 bytes of 1), which protects nothing. Use a random key: " +
          "openssl rand -base64 32"
      )
    }
    const derived = yield* Effect.promise(() => Promise.all(raw.map(derive)))
    const [current] = derived
    const oldest = derived.at(-1)
    if (current === undefined || oldest === undefined) return yield* Effect.dieMessage("there is a key")
    const associated = (entry: string) => encoder.encode(`${version} ${entry}`)
    return {
      seal: (entry, text) =>
        Effect.promise(async () => {
          const iv = crypto.getRandomValues(new Uint8Array(12))
          const sealed = await crypto.subtle.encrypt(
            { name: "AES-GCM", iv, additionalData: associated(entry) },
            current.sealing,
            encoder.encode(text)
          )
          return [version, current.id, base64url.encode(iv), base64url.encode(new Uint8Array(sealed))].join(".")
        }),
      open: (entry, text) =>
        Effect.promise(async () => {
          const [found, id, iv, sealed, ...more] = text.split(".")
          const key = derived.find((one) => one.id === id)
          if (found !== version || key === undefined || more.length > 0) return Option.none()
          const [nonce, content] = [canonicalBytesOf(iv ?? ""), canonicalBytesOf(sealed ?? "")]
          if (nonce?.length !== 12 || content === undefined) return Option.none()
          return crypto.subtle
            .decrypt({ name: "AES-GCM", iv: nonce, additionalData: associated(entry) }, key.sealing, content)
            .then((bytes) => Option.some(new TextDecoder().decode(bytes)), () => Option.none())
        }),
      name: (text) =>
        Effect.promise(async () => hex(await crypto.subtle.sign("HMAC", oldest.naming, encoder.encode(text))))
    }
  })

/**
 * Provides a seal with these keys: see {@link make}.
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (keys: ReadonlyArray<Redacted.Redacted<string>>): Layer.Layer<TokenSeal, InvalidConfig> =>
  Layer.effect(TokenSeal, make(keys))

const splitKeys = (text: string): ReadonlyArray<Redacted.Redacted<string>> =>
  text.split(/[\s,]+/).filter((key) => key !== "").map((key) => Redacted.make(key))

/** Reads the keys of a variable, or of the file that its file variable names; undefined when neither is set. */
const readKeys = (
  read: ReturnType<typeof environment.reader>,
  text: { readonly [K in keyof typeof variables.tokenSeal]: string | undefined },
  setting: "key" | "previousKey"
) =>
  Effect.gen(function*() {
    const [value, file] = [text[setting], text[`${setting}File`]]
    const [variable, fileVariable] = [variables.tokenSeal[setting], variables.tokenSeal[`${setting}File`]]
    if (value !== undefined && file !== undefined) {
      return yield* Effect.fail(
        read.error(fileVariable, file, `unset when ${read.named(variable)} is set, or the other way round`)
      )
    }
    if (file === undefined) return value === undefined ? undefined : { keys: splitKeys(value), variable }
    const content = yield* Effect.mapError(
      privateFile.read(yield* FileSystem.FileSystem, file),
      (expected) => read.error(fileVariable, file, expected)
    )
    return { keys: splitKeys(content), variable: fileVariable }
  })

/**
 * Reads the keys, the newest first, from a `Config`: see `make`.
 *
 * @since 3.0.0
 * @category layers
 */
export const layerConfig = (
  keys: Config.Config.Wrap<ReadonlyArray<Redacted.Redacted<string>>>
): Layer.Layer<TokenSeal, ConfigError.ConfigError | InvalidConfig> =>
  Layer.effect(TokenSeal, Effect.flatMap(unwrap(keys), make))

/**
 * Reads the keys from the environment, or from any other `ConfigProvider`.
 *
 * - `TOKEN_STORE_KEY`, or `TOKEN_STORE_KEY_FILE` (a file that holds it): the key, 32 random bytes in base64
 *   (`openssl rand -base64 32`);
 * - `TOKEN_STORE_KEY_PREVIOUS` or `TOKEN_STORE_KEY_PREVIOUS_FILE`, optional: the keys before it, the newest first, separated
 *   by spaces, commas or line breaks. See {@link make} for how a key is replaced.
 *
 * The files are read once, when the layer is built, by the `FileSystem` of the context, and must not be accessible to
 * others, see {@link layerFile}.
 *
 * Fails with a `ConfigError` that names the variable and the expected value, never the value found, or with an
 * `InvalidConfig` that names the invalid options.
 *
 * @example
 * import { TokenSeal } from "@effect-oauth/client-credentials"
 *
 * export const Seal = TokenSeal.layerEnv()
 *
 * @since 3.0.0
 * @category layers
 */
export const layerEnv = (
  options: { readonly prefix?: string | undefined } = {}
): Layer.Layer<TokenSeal, ConfigError.ConfigError | InvalidConfig, FileSystem.FileSystem> =>
  Layer.effect(
    TokenSeal,
    Effect.gen(function*() {
      const { prefix } = yield* environment.given(options, undefined)
      const read = environment.reader(prefix)
      const text = yield* read.all(variables.tokenSeal)
      const current = yield* readKeys(read, text, "key")
      const previous = yield* readKeys(read, text, "previousKey")
      if (current?.keys.length !== 1 || decode(current.keys, false) === undefined) {
        return yield* Effect.fail(read.error(
          current?.variable ?? variables.tokenSeal.key,
          current?.keys,
          "a key of 32 random bytes in base64: openssl rand -base64 32"
        ))
      }
      if (previous !== undefined && previous.keys.length > 0 && decode(previous.keys, false) === undefined) {
        return yield* Effect.fail(read.error(previous.variable, previous.keys, expectedKeys))
      }
      return yield* Effect.orDie(make([...current.keys, ...(previous?.keys ?? [])]))
    })
  )

/**
 * Reads the keys from a file, once, when the layer is built: one key on each line, 32 random bytes in base64
 * (`openssl rand -base64 32 > file; chmod 600 file`), the current one first, then those that it replaced.
 *
 * Fails with `InvalidConfig` when the file cannot be read, is not a regular file, holds anything else, or is accessible to
 * other users (modes such as 600, 400 or 440 are accepted; modes have no meaning on Windows).
 *
 * @example
 * import { TokenSeal } from "@effect-oauth/client-credentials"
 * import { NodeContext } from "@effect/platform-node"
 * import { Layer } from "effect"
 *
 * export const Seal = TokenSeal.layerFile("/etc/nightly-job/store.key").pipe(Layer.provide(NodeContext.layer))
 *
 * @since 3.0.0
 * @category layers
 */
export const layerFile = (path: string): Layer.Layer<TokenSeal, InvalidConfig, FileSystem.FileSystem> =>
  Layer.effect(
    TokenSeal,
    Effect.gen(function*() {
      const invalid = (expected: string) => new InvalidConfig({ problems: [{ setting: "path", expected }] })
      const keys = splitKeys(
        yield* Effect.mapError(privateFile.read(yield* FileSystem.FileSystem, path), invalid)
      )
      return yield* decode(keys, false) === undefined
        ? invalid(`the path of a file that holds ${expectedKeys}`)
        : make(keys)
    })
  )
