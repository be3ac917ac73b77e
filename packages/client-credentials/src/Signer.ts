/**
 * Private keys that sign without being read: keys in a KMS or a hardware security module, and keys of the platform that
 * cannot be exported.
 *
 * **When to use**
 *
 * Use it for `ClientAuthentication.privateKeyJwt`, `Grant.signedAssertion`, `dpop` and `JwkSet` where the key must not
 * be in the memory of the process. A client signs once for each token request, and with `dpop` once for each call.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515#section-3 | RFC 7515 section 3}
 * @since 3.0.0
 */
import * as Effect from "effect/Effect"
import type { CryptoKey } from "jose"

import { readSignature } from "./internal/protocol/der.js"
import { isRecord } from "./internal/protocol/json.js"
import * as jws from "./internal/protocol/jws.js"
import * as publicKeys from "./internal/protocol/publicKey.js"
import * as rules from "./internal/protocol/signerOptions.js"
import type { Algorithm } from "./internal/protocol/signingAlgorithm.js"
import { InvalidConfig } from "./InvalidConfig.js"

/**
 * A public key as a JWK (RFC 7518 section 6).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7518#section-6 | RFC 7518 section 6}
 * @since 3.0.0
 * @category models
 */
export interface PublicKey {
  readonly kty?: string | undefined
  readonly crv?: string | undefined
  readonly x?: string | undefined
  readonly y?: string | undefined
  readonly n?: string | undefined
  readonly e?: string | undefined
}

/**
 * A private key that is used, but not read. Create it by the functions of this module, or as an object with these
 * members.
 *
 * @since 3.0.0
 * @category models
 */
export interface Signer {
  readonly algorithm: Algorithm
  /** The `kid` by which the server finds the public key (RFC 7515 section 4.1.4). */
  readonly keyId: string | undefined
  /** The public key that belongs to it, which DPoP needs. */
  readonly publicKey: PublicKey | undefined
  /**
   * Signs a message. Returns the signature as JWS has it (RFC 7515 section 3): by ECDSA R and S, each with the size of
   * the curve (RFC 7518 section 3.4). Without a result after 10 seconds it counts as failed.
   */
  readonly sign: (data: Uint8Array) => Effect.Effect<Uint8Array, unknown>
  /** The problems of its options. The function that receives the signer fails with them as `InvalidConfig`. */
  readonly problems?: ReadonlyArray<{ readonly setting: string; readonly expected: string }> | undefined
}

/** Options of every signer. */
interface KeyOptions {
  /** The `kid` header, by which the server finds the public key. Default: none. */
  readonly keyId?: string | undefined
  /**
   * The public key, which DPoP needs: a JWK, or what a KMS and PKCS #11 return (`SubjectPublicKeyInfo`, RFC 5280 section
   * 4.1) as DER or PEM.
   */
  readonly publicKey?: PublicKey | string | Uint8Array | undefined
}

/** Exactly one of these. */
interface SignOptions {
  /** Signs the message. */
  readonly sign?: ((data: Uint8Array) => Effect.Effect<Uint8Array, unknown>) | undefined
  /** Signs the digest of the message, for services that do not accept the message. Not available for EdDSA. */
  readonly signDigest?: ((digest: Uint8Array) => Effect.Effect<Uint8Array, unknown>) | undefined
}

/** A signer with problems is never used. */
const unusable = Effect.fail("unusable")

const signerOf = (
  options: KeyOptions & SignOptions & { readonly algorithm: Algorithm },
  isDer: boolean,
  convert: (signature: Uint8Array) => Effect.Effect<Uint8Array, unknown>
): Signer => {
  const { algorithm, keyId, publicKey, sign, signDigest }: SignOptions & KeyOptions & {
    readonly algorithm?: Algorithm
  } = isRecord(options) ? options : {}
  const call = (data: Uint8Array): Effect.Effect<Uint8Array, unknown> =>
    signDigest === undefined
      ? sign?.(data) ?? unusable
      : Effect.flatMap(
        Effect.promise(() => jws.digest(algorithm ?? "", data)),
        (digest) => digest === undefined ? unusable : signDigest(digest)
      )
  return {
    algorithm: algorithm as Algorithm,
    keyId,
    publicKey: publicKeys.read(publicKey),
    sign: (data) => Effect.flatMap(call(data), convert),
    problems: rules.problems(options, isDer)
  }
}

/**
 * Creates a signer from an Effect that returns the signature in the form of JWS. For services that return ECDSA
 * signatures in DER, use `fromDer`.
 *
 * @example
 * import { ClientAuthentication, Signer } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * declare const vault: { readonly sign: (digest: Uint8Array) => Promise<Uint8Array> }
 *
 * export const authentication = ClientAuthentication.privateKeyJwt({
 *   signer: Signer.make({
 *     algorithm: "PS256",
 *     keyId: "2026-11",
 *     signDigest: (digest) => Effect.tryPromise(() => vault.sign(digest))
 *   })
 * })
 *
 * @since 3.0.0
 * @category constructors
 */
export const make = (options: KeyOptions & SignOptions & { readonly algorithm: Algorithm }): Signer =>
  signerOf(options, false, Effect.succeed)

/**
 * Creates a signer from a service that returns ECDSA signatures in DER (RFC 3279 section 2.2.3), as AWS KMS and Google
 * Cloud KMS do. The signature is converted to the form of JWS; any other result is a failure of the signer.
 *
 * @example
 * import { Signer } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * declare const kms: { readonly sign: (digest: Uint8Array) => Promise<Uint8Array> }
 *
 * export const signer = Signer.fromDer({
 *   algorithm: "ES256",
 *   keyId: "2026-11",
 *   signDigest: (digest) => Effect.tryPromise(() => kms.sign(digest))
 * })
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc3279#section-2.2.3 | RFC 3279 section 2.2.3}
 * @since 3.0.0
 * @category constructors
 */
export const fromDer = (
  options: KeyOptions & SignOptions & { readonly algorithm: "ES256" | "ES384" | "ES512" }
): Signer =>
  signerOf(options, true, (signature) => {
    const size = jws.sizeOf(options.algorithm) ?? 0
    const converted = signature instanceof Uint8Array ? readSignature(signature, size) : undefined
    return converted === undefined
      ? Effect.fail(
        new jws.InvalidSignature(
          `its signer returned something else than DER with two positive numbers of ${size} bytes at most (RFC 3279 ` +
            "section 2.2.3)"
        )
      )
      : Effect.succeed(converted)
  })

/** Something else than a public key is reported as such. */
const exported = (key: CryptoKey): Effect.Effect<PublicKey> =>
  Effect.promise((): Promise<PublicKey> => crypto.subtle.exportKey("jwk", key).catch(() => ({})))

/**
 * Creates a signer from a key of the platform, which need not be extractable. The algorithm is that of the key: RS256,
 * PS384, ES256, EdDSA. A key pair includes the public key. Fails with `InvalidConfig` when the key cannot sign a JWS.
 *
 * @example
 * import { Signer } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * export const signer = Effect.promise(() =>
 *   crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"])
 * ).pipe(Effect.flatMap((key) => Signer.fromCryptoKey({ key })))
 *
 * @since 3.0.0
 * @category constructors
 */
export const fromCryptoKey = (
  options: KeyOptions & {
    readonly key: CryptoKey | { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey }
  }
): Effect.Effect<Signer, InvalidConfig> =>
  Effect.gen(function*() {
    const problems = rules.cryptoKeyProblems(options)
    if (problems.length > 0) return yield* new InvalidConfig({ problems })
    const { key, keyId, publicKey } = options
    const pair = "privateKey" in key ? key : undefined
    const privateKey = pair?.privateKey ?? key as CryptoKey
    const algorithm = jws.algorithmOf(privateKey) as Algorithm
    const signer = make({
      algorithm,
      keyId,
      publicKey: publicKey ?? (pair === undefined ? undefined : yield* exported(pair.publicKey)),
      sign: (data) => Effect.tryPromise(() => jws.sign(privateKey, algorithm, data))
    })
    return signer.problems === undefined || signer.problems.length === 0
      ? signer
      : yield* new InvalidConfig({ problems: signer.problems })
  })
