/**
 * Client assertions (RFC 7523 section 3): short-lived JWTs that are signed with the key or the secret of the client.
 */
import { type CryptoKey, importJWK, importPKCS8, type JWTPayload, SignJWT } from "jose"

import type { PrivateKey } from "./privateKey.js"
import { fail, type Result, succeed } from "./result.js"

export interface SigningKey {
  readonly key: CryptoKey | Uint8Array
  readonly algorithm: string
  readonly keyId: string | undefined
}

/** Imports a key. The platform checks what reading did not: that the numbers in the key belong together. */
export const privateKey = async (
  { keyId, material, type }: PrivateKey,
  algorithm: string
): Promise<Result<SigningKey, string>> => {
  try {
    const key = typeof material === "string"
      ? await importPKCS8(`-----BEGIN PRIVATE KEY-----\n${material}\n-----END PRIVATE KEY-----`, algorithm)
      : await importJWK({ ...material }, algorithm)
    return succeed({ key, algorithm, keyId })
  } catch {
    return fail(`it is damaged, or this platform does not sign with a key of type ${type} by ${algorithm}`)
  }
}

export const sharedKey = (secret: string, algorithm: string): SigningKey => ({
  key: new TextEncoder().encode(secret),
  algorithm,
  keyId: undefined
})

/** Signs a JWT for one use: `jti` is new. */
export const sign = async (
  { algorithm, key, keyId }: SigningKey,
  header: Readonly<Record<string, string>>,
  claims: JWTPayload
): Promise<Result<string, string>> => {
  try {
    const jwt = new SignJWT({ ...claims, jti: crypto.randomUUID() })
      .setProtectedHeader({ ...header, alg: algorithm, ...(keyId === undefined ? {} : { kid: keyId }) })
    return succeed(await jwt.sign(key))
  } catch {
    return fail(`it cannot sign with ${algorithm}`)
  }
}
