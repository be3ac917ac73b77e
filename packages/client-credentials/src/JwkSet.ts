/**
 * The public keys of a client, published for the authorization server (`jwks_uri`, RFC 7591 section 2).
 *
 * The index does not export this module, so that programs that publish nothing do not load it: import it by its path,
 * `@effect-oauth/client-credentials/JwkSet`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7517#section-5 | RFC 7517 section 5}
 * @since 3.0.0
 */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import { collect } from "./internal/config/check.js"
import * as source from "./internal/config/credentialSource.js"
import { isSigner } from "./internal/config/credentialSource.js"
import * as rules from "./internal/config/rules.js"
import * as signers from "./internal/config/signers.js"
import * as results from "./internal/http/results.js"
import { publicKeyOf } from "./internal/protocol/importedKey.js"
import type { Problem } from "./internal/protocol/options.js"
import * as privateKey from "./internal/protocol/privateKey.js"
import * as publicKeys from "./internal/protocol/publicKey.js"
import { type Algorithm, algorithms, isAlgorithm } from "./internal/protocol/signingAlgorithm.js"
import { InvalidConfig } from "./InvalidConfig.js"
import { CredentialUnavailable } from "./OAuthError.js"
import type { PublicKey, Signer } from "./Signer.js"

/**
 * A JWK Set of public keys for signatures (RFC 7517 section 5).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7517#section-5 | RFC 7517 section 5}
 * @since 3.0.0
 * @category models
 */
export interface JwkSet {
  readonly keys: ReadonlyArray<
    PublicKey & {
      readonly use: "sig"
      /** Undefined for an RSA key whose algorithm is open. */
      readonly alg: string | undefined
      readonly kid: string
    }
  >
}

/**
 * Options of the key set.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options {
  /**
   * The keys, of which only the public parts are published: signers with their `publicKey`, or private keys as
   * `ClientAuthentication.privateKeyJwt` reads them. Publish the next key before it signs, and the previous one until all
   * its signatures have expired.
   */
  readonly keys: ReadonlyArray<
    | Signer
    | {
      readonly key: source.Source
      /** Default: that of the JWK, or else the JWK thumbprint (RFC 7638). */
      readonly keyId?: string | undefined
      /** Default: that of the JWK, or the only one of its kind. */
      readonly algorithm?: Algorithm | undefined
    }
  >
  /** The time for which servers may keep the set (`Cache-Control`). Default: 5 minutes. */
  readonly maxAge?: Duration.DurationInput | undefined
}

interface Entry {
  readonly publicKey: publicKeys.PublicKey
  readonly algorithm: string | undefined
  readonly keyId: string | undefined
}

const invalid = (problems: ReadonlyArray<Problem>) => new InvalidConfig({ problems })

const ofSigner = (path: string, signer: Signer): Effect.Effect<Entry, InvalidConfig> => {
  const problems = signers.problems(path, signer)
  const publicKey = publicKeys.publicMembers({ ...signer.publicKey })
  if (problems.length > 0) return invalid(problems)
  return publicKey === undefined
    ? invalid([{ setting: `${path}.publicKey`, expected: "the public key of the signer, which is published" }])
    : Effect.succeed({ publicKey, algorithm: signer.algorithm, keyId: signer.keyId })
}

const ofSource = (
  path: string,
  given: Readonly<Record<string, unknown>>
): Effect.Effect<Entry, CredentialUnavailable | InvalidConfig> =>
  Effect.gen(function*() {
    const check = collect()
    const within = check.at(path)
    rules.known(within, given, ["key", "keyId", "algorithm"])
    const { algorithm, key, keyId } = given
    const isSource = Effect.isEffect(key) || source.isValid("private key", key)
    within.expect(
      "key",
      isSource ? true : undefined,
      "a private key in a Redacted string (Redacted.make), or an Effect that reads it"
    )
    within.expect(
      "keyId",
      keyId === undefined || typeof keyId === "string" && keyId !== "" ? true : undefined,
      "a string"
    )
    within.expect("algorithm", algorithm === undefined || isAlgorithm(algorithm) ? true : undefined, "one of JWS")
    if (check.problems.length > 0) return yield* invalid(check.problems)
    const text = yield* source.read("private key", key as source.Source)
    const unusable = (problem: string) =>
      Effect.isEffect(key)
        ? new CredentialUnavailable({ credential: "private key", problem })
        : invalid([{ setting: `${path}.key`, expected: `a private key as PEM or JWK, but ${problem}` }])
    const read = privateKey.read(Redacted.value(text), typeof keyId === "string" ? keyId : undefined)
    if (!privateKey.isUsable(read)) return yield* unusable(`it is ${read.found}`)
    const possible = algorithms[read.type]
    const wanted = isAlgorithm(algorithm) ? algorithm : read.algorithm
    const signing = possible.find((one) => one === wanted) ?? possible[0]
    if (wanted !== undefined && signing !== wanted) return yield* unusable(`it does not sign by ${wanted}`)
    return {
      publicKey: yield* results.fromPromise(() => publicKeyOf(read, String(signing)), unusable),
      // An RSA key signs by what the server takes.
      algorithm: wanted ?? (read.type.startsWith("RSA") ? undefined : signing),
      keyId: typeof keyId === "string" ? keyId : read.keyId
    }
  })

interface Published {
  readonly jwk: JwkSet["keys"][number]
  readonly thumbprint: string
}

const published = ({ algorithm, keyId, publicKey }: Entry): Effect.Effect<Published> =>
  Effect.map(Effect.promise(() => publicKeys.thumbprint(publicKey)), (thumbprint) => ({
    jwk: { ...publicKey, use: "sig", alg: algorithm, kid: keyId ?? thumbprint },
    thumbprint
  }))

/**
 * Reads the keys, and returns their public parts, each with `use`, `alg` and `kid`, and each once. Fails with `InvalidConfig`
 * when an option or a key that is a value is wrong, or two keys have the same key id; with `CredentialUnavailable` when a
 * source is wrong.
 *
 * @since 3.0.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<JwkSet, CredentialUnavailable | InvalidConfig> =>
  Effect.gen(function*() {
    const check = collect()
    const { keys, maxAge } = rules.members(check, options, ["keys", "maxAge"])
    check.duration("maxAge", maxAge, { default: "5 minutes" })
    const given: ReadonlyArray<unknown> = Array.isArray(keys) ? keys : []
    check.expect("keys", given.length > 0 ? true : undefined, "a list of one or more keys")
    if (check.problems.length > 0) return yield* invalid(check.problems)
    const entries = yield* Effect.forEach(given, (one, index) => {
      const path = `keys.${index}`
      if (!isSigner(one) || !("key" in one || "sign" in one)) {
        return invalid([{ setting: path, expected: "a Signer, or an object with a private key as key" }])
      }
      return "key" in one ? ofSource(path, { ...one }) : ofSigner(path, one)
    })
    const all = yield* Effect.forEach(entries, published)
    const ambiguous = all.findIndex((one, index) =>
      all.some((other, at) => at < index && other.jwk.kid === one.jwk.kid && other.thumbprint !== one.thumbprint)
    )
    if (ambiguous !== -1) {
      const expected = "a key id that no other key of the set has: servers find a key by it"
      return yield* invalid([{ setting: `keys.${ambiguous}.keyId`, expected }])
    }
    const isFirst = ({ jwk }: Published, index: number) =>
      all.findIndex((other) => other.jwk.kid === jwk.kid && other.jwk.alg === jwk.alg) === index
    return { keys: all.filter(isFirst).map(({ jwk }) => jwk) }
  })

/**
 * Responds with the key set (`application/jwk-set+json`), for a route such as `/.well-known/jwks.json`. Sources are read
 * for each request. If the set cannot be created, the error is logged and the response is a 503 without a body. Run
 * `make` at startup to find such problems early.
 *
 * @example
 * import type { Signer } from "@effect-oauth/client-credentials"
 * import * as JwkSet from "@effect-oauth/client-credentials/JwkSet"
 * import { HttpLayerRouter } from "@effect/platform"
 *
 * export const keysRoute = (current: Signer.Signer, next: Signer.Signer) =>
 *   HttpLayerRouter.add("GET", "/.well-known/jwks.json", JwkSet.response({ keys: [current, next] }))
 *
 * @since 3.0.0
 * @category constructors
 */
export const response = (options: Options): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  make(options).pipe(
    Effect.map((set) => {
      const seconds = Math.floor(collect().duration("maxAge", options.maxAge, { default: "5 minutes" }) / 1000)
      return HttpServerResponse.text(JSON.stringify(set), {
        contentType: "application/jwk-set+json",
        headers: { "cache-control": `public, max-age=${seconds}` }
      })
    }),
    Effect.catchAll((error) =>
      Effect.as(
        Effect.logError(
          `The key set could not be created: ${error.message} Responding with status 503. The next request reads the keys again.`
        ),
        HttpServerResponse.empty({ status: 503, headers: { "cache-control": "no-store" } })
      )
    )
  )
