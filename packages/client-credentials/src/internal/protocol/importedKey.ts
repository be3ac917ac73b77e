/**
 * Imports private keys into the platform, and derives their public keys.
 */
import type { CryptoKey } from "jose"

import type { PrivateKey } from "./privateKey.js"
import { type PublicKey, publicMembers } from "./publicKey.js"
import { fail, type Result, succeed } from "./result.js"

/** Imports a key. The platform verifies that the numbers of the key are consistent. */
export const importedKey = async (
  { material, type }: Pick<PrivateKey, "material" | "type">,
  algorithm: string,
  options: { readonly extractable?: boolean } = {}
): Promise<Result<CryptoKey, string>> => {
  const damaged = fail(`it is damaged, or this platform does not sign with a key of type ${type} by ${algorithm}`)
  try {
    const { importJWK, importPKCS8 } = await import("./jose.js")
    const key = typeof material === "string"
      ? await importPKCS8(`-----BEGIN PRIVATE KEY-----\n${material}\n-----END PRIVATE KEY-----`, algorithm, options)
      : await importJWK({ ...material }, algorithm, options)
    return key instanceof Uint8Array ? damaged : succeed(key)
  } catch {
    return damaged
  }
}

/** Returns the public key of a private key. */
export const publicKeyOf = async (
  key: Pick<PrivateKey, "material" | "type">,
  algorithm: string
): Promise<Result<PublicKey, string>> => {
  const imported = await importedKey(key, algorithm, { extractable: true })
  if (imported._tag === "Failure") return imported
  const jwk = await crypto.subtle.exportKey("jwk", imported.value)
  const found = publicMembers({ ...jwk })
  return found === undefined ? fail("it has no public key") : succeed(found)
}
