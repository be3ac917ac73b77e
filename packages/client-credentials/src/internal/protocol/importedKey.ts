/**
 * Private keys, as keys of the platform.
 */
import { type CryptoKey, importJWK, importPKCS8 } from "jose"

import type { PrivateKey } from "./privateKey.js"
import { fail, type Result, succeed } from "./result.js"

/** The platform checks what reading did not: that the numbers in the key belong together. */
export const importedKey = async (
  { material, type }: Pick<PrivateKey, "material" | "type">,
  algorithm: string,
  options: { readonly extractable?: boolean } = {}
): Promise<Result<CryptoKey, string>> => {
  const damaged = fail(`it is damaged, or this platform does not sign with a key of type ${type} by ${algorithm}`)
  try {
    const key = typeof material === "string"
      ? await importPKCS8(`-----BEGIN PRIVATE KEY-----\n${material}\n-----END PRIVATE KEY-----`, algorithm, options)
      : await importJWK({ ...material }, algorithm, options)
    return key instanceof Uint8Array ? damaged : succeed(key)
  } catch {
    return damaged
  }
}
