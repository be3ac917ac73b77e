/**
 * Credentials in basic auth, as they are (RFC 7617) or each form-encoded (RFC 6749 section 2.3.1).
 */
import type { Behavior } from "./behavior.js"

export const formDecoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    return undefined
  }
}

/**
 * Reads the credentials of basic auth: undefined for another scheme, `malformed` where they are not encoded as they must be. A
 * secret may contain colons (RFC 7617 section 2).
 */
export const readBasic = (header: string, encoding: Behavior["basicEncoding"]) => {
  if (!/^basic /i.test(header)) return undefined
  const [, encoded] = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? []
  if (encoded === undefined) return "malformed"
  const text = Buffer.from(encoded, "base64").toString()
  const colon = text.indexOf(":")
  if (colon === -1) return undefined
  const parts = [text.slice(0, colon), text.slice(colon + 1)] as const
  const [id, secret] = encoding === "raw" ? parts : parts.map(formDecoded)
  return id === undefined || secret === undefined ? "malformed" : { id, secret }
}
