/**
 * Client assertions (RFC 7523 section 3): short-lived signed statements of who the client is.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { type CryptoKey, importJWK, importPKCS8, type JWK, type JWTPayload, SignJWT } from "jose"

import { CredentialUnavailable } from "../OAuthError.js"

export type Algorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA"
  | "Ed25519"

export interface SigningKey {
  readonly key: CryptoKey | Uint8Array
  readonly algorithm: string
  readonly keyId: string | undefined
}

/** Whatever else a JWK names is not shown: who knows what the text is. */
const algorithms: ReadonlySet<unknown> = new Set<Algorithm>([
  ...(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512", "EdDSA", "Ed25519"] as const)
])

const curves = new Map([["P-256", "ES256"], ["P-384", "ES384"], ["P-521", "ES512"]])

const unusable = (problem: string) => new CredentialUnavailable({ credential: "private key", problem })

/** RSA signs by PKCS #1 v1.5 unless told otherwise: servers know it everywhere. */
const algorithmOf = ({ alg, crv, kty }: JWK): string | undefined =>
  alg !== undefined
    ? algorithms.has(alg) ? alg : undefined
    : kty === "RSA"
    ? "RS256"
    : kty === "OKP" && crv === "Ed25519"
    ? "EdDSA"
    : kty === "EC"
    ? curves.get(crv ?? "")
    : undefined

const readJwk = (text: string): JWK | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? value as JWK : undefined
  } catch {
    return undefined
  }
}

/** A PEM does not say which algorithm it is for; the first that can take the key is the one. */
const importPem = async (pem: string, algorithm: string | undefined): Promise<SigningKey | undefined> => {
  for (const candidate of algorithm === undefined ? ["RS256", "ES256", "ES384", "ES512", "EdDSA"] : [algorithm]) {
    const key = await importPKCS8(pem, candidate).catch(() => undefined)
    if (key !== undefined) return { key, algorithm: candidate, keyId: undefined }
  }
  return undefined
}

const fromText = (
  text: string,
  algorithm: string | undefined
): Effect.Effect<SigningKey, CredentialUnavailable> => {
  const trimmed = text.trim()
  const expected = algorithm === undefined ? "" : ` for ${algorithm}`
  if (trimmed.startsWith("-----BEGIN PRIVATE KEY-----")) {
    return Effect.flatMap(
      Effect.promise(() => importPem(trimmed, algorithm)),
      (key): Effect.Effect<SigningKey, CredentialUnavailable> =>
        key === undefined
          ? unusable(`it is no key${expected}: RSA, P-256, P-384, P-521 and Ed25519 keys are known`)
          : Effect.succeed(key)
    )
  }
  if (trimmed.startsWith("-----BEGIN")) {
    return unusable("it is PEM, but not PKCS #8: convert it with `openssl pkcs8 -topk8 -nocrypt`")
  }
  const jwk = readJwk(trimmed)
  if (jwk === undefined) return unusable("it is neither PEM (PKCS #8) nor JWK")
  if (jwk.d === undefined) return unusable("it is a JWK without its private part")
  const chosen = algorithm ?? algorithmOf(jwk)
  if (chosen === undefined) return unusable("its JWK names neither an algorithm nor a kind of key that is known")
  return Effect.tryPromise({
    try: async () => ({ key: await importJWK(jwk, chosen), algorithm: chosen, keyId: jwk.kid }),
    catch: () => unusable(`it is no sound JWK for ${chosen}`)
  })
}

export const privateKey = (
  text: Redacted.Redacted<string>,
  options: { readonly algorithm: string | undefined; readonly keyId: string | undefined }
): Effect.Effect<SigningKey, CredentialUnavailable> =>
  Effect.map(fromText(Redacted.value(text), options.algorithm), (key) => ({
    ...key,
    keyId: options.keyId ?? key.keyId
  }))

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
    catch: () => unusable(`it cannot sign with ${algorithm}; an RSA key needs 2048 bits or more`)
  })
