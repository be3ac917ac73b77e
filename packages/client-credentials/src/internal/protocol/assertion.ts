/**
 * Client assertions (RFC 7523 section 3): short-lived signed statements of who the client is.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { type CryptoKey, importJWK, importPKCS8, type JWTPayload, SignJWT } from "jose"

import { CredentialUnavailable } from "../../OAuthError.js"
import type { PrivateKey } from "./privateKey.js"

export interface SigningKey {
  readonly key: CryptoKey | Uint8Array
  readonly algorithm: string
  readonly keyId: string | undefined
}

const unusable = (problem: string) => new CredentialUnavailable({ credential: "private key", problem })

/** The platform checks what reading did not: that the numbers in the key belong together. */
export const privateKey = (
  { keyId, material, type }: PrivateKey,
  algorithm: string
): Effect.Effect<SigningKey, CredentialUnavailable> =>
  Effect.tryPromise({
    try: async () => ({
      key: typeof material === "string"
        ? await importPKCS8(`-----BEGIN PRIVATE KEY-----\n${material}\n-----END PRIVATE KEY-----`, algorithm)
        : await importJWK({ ...material }, algorithm),
      algorithm,
      keyId
    }),
    catch: () => unusable(`it is damaged, or this platform does not sign with a key of type ${type} by ${algorithm}`)
  })

export const sharedKey = (secret: Redacted.Redacted<string>, algorithm: string): SigningKey => ({
  key: new TextEncoder().encode(Redacted.value(secret)),
  algorithm,
  keyId: undefined
})

/** A JWT of its own for each use: `jti` is new. */
export const sign = (
  { algorithm, key, keyId }: SigningKey,
  header: Readonly<Record<string, string>>,
  claims: JWTPayload
): Effect.Effect<string, CredentialUnavailable> =>
  Effect.tryPromise({
    try: () =>
      new SignJWT({ ...claims, jti: crypto.randomUUID() })
        .setProtectedHeader({ ...header, alg: algorithm, ...(keyId === undefined ? {} : { kid: keyId }) })
        .sign(key),
    catch: () => unusable(`it cannot sign with ${algorithm}`)
  })
