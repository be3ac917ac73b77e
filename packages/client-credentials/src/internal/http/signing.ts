/**
 * Signs JWTs with a key in memory or a `Signer`. No other module of this library signs.
 */
import * as Effect from "effect/Effect"
import type { CryptoKey } from "jose"

import { CredentialUnavailable } from "../../OAuthError.js"
import type { Signer } from "../../Signer.js"
import { thumbprint } from "../protocol/certificate.js"
import { kindOf } from "../protocol/foreignError.js"
import { importedKey } from "../protocol/importedKey.js"
import * as jws from "../protocol/jws.js"
import type { PrivateKey } from "../protocol/privateKey.js"
import * as ownEffects from "./ownEffects.js"
import * as results from "./results.js"

/** A key that signs. */
export interface SigningKey {
  readonly algorithm: string
  /** Value of the `kid` header; undefined for none. */
  readonly keyId: string | undefined
  readonly sign: (data: Uint8Array) => Effect.Effect<Uint8Array, CredentialUnavailable>
}

const unavailable = (problem: string, check?: string) =>
  new CredentialUnavailable({ credential: "private key", problem, check })

/** Time limit of a signer. A slower signer counts as failed. */
const limit = "10 seconds"

const whatToCheck =
  "the signer: whether its service can be reached, has the key, and allows this program to sign with it"

/** Describes the failure of a signer, which may contain any data. */
const failureOf = (failure: unknown): string => {
  if (failure instanceof jws.InvalidSignature) return failure.problem
  const kind = kindOf(failure)
  return kind === undefined ? "its signer failed" : `its signer failed (${kind})`
}

/** Returns the key of a signer, whose signatures are validated by their length. */
export const ofSigner = (signer: Signer, keyId = signer.keyId): SigningKey => ({
  algorithm: signer.algorithm,
  keyId,
  sign: (data) =>
    ownEffects.bounded(
      Effect.mapError(
        Effect.suspend(() => signer.sign(data)),
        (failure) => unavailable(failureOf(failure), whatToCheck)
      ),
      {
        limit,
        onDefect: (defect) => unavailable(failureOf(defect), whatToCheck),
        onTimeout: () => unavailable(`its signer did not respond within ${limit}`, whatToCheck)
      }
    ).pipe(
      Effect.flatMap((signature) => {
        const problem = jws.signatureProblem(signer.algorithm, signature, signer.publicKey?.n)
        return problem === undefined ? Effect.succeed(signature) : unavailable(problem, whatToCheck)
      })
    )
})

/** Returns the signing key of a platform key. */
export const ofCryptoKey = (key: CryptoKey, algorithm: string, keyId: string | undefined): SigningKey => ({
  algorithm,
  keyId,
  sign: (data) =>
    Effect.tryPromise({
      try: () => jws.sign(key, algorithm, data),
      catch: () => unavailable(`it cannot sign with ${algorithm}`)
    })
})

/** Returns the signing key of a private key that was read. */
export const ofPrivateKey = (
  key: PrivateKey,
  algorithm: string
): Effect.Effect<SigningKey, CredentialUnavailable> =>
  Effect.map(
    results.fromPromise(() => importedKey(key, algorithm), unavailable),
    (imported) => ofCryptoKey(imported, algorithm, key.keyId)
  )

/** Returns the signing key of a secret, for HMAC. */
export const ofSecret = (secret: string, algorithm: string): Effect.Effect<SigningKey> =>
  Effect.map(
    Effect.promise(() => jws.importSecret(secret, algorithm)),
    (key) => ofCryptoKey(key, algorithm, undefined)
  )

/** Signs a JWT in the compact form (RFC 7515 section 7.1, RFC 7519). `alg` and `kid` are those of the key. */
export const jwt = (
  { algorithm, keyId, sign }: SigningKey,
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>
): Effect.Effect<string, CredentialUnavailable> =>
  Effect.suspend(() => {
    const input = jws.signingInput(
      { ...header, alg: algorithm, ...(keyId === undefined ? {} : { kid: keyId }) },
      claims
    )
    return Effect.map(sign(new TextEncoder().encode(input)), (signature) => jws.compact(input, signature))
  })

/** Returns the value of `x5t#S256` (RFC 7515 section 4.1.8). Loaded together with the signing code. */
export const certificateThumbprint = thumbprint
