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

/** Base64, with all of its padding or none (RFC 4648 section 4). */
const credentials = /^basic ((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?)$/i

/** Decodes one part. Ids and secrets are of printable characters (RFC 6749 appendix A). */
const decoded = (part: string, encoding: Behavior["basicEncoding"]): string | undefined => {
  if (encoding === "raw") return part
  const text = formDecoded(part)
  return text !== undefined && /^[ -~]*$/.test(text) ? text : undefined
}

/**
 * Reads the credentials of basic auth: undefined for another scheme, for what is not base64, not encoded as it must be, or lacks
 * an id or a secret. A secret may contain colons (RFC 7617 section 2).
 */
export const readBasic = (header: string, encoding: Behavior["basicEncoding"]) => {
  const [, encoded] = credentials.exec(header) ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, "base64").toString()
  const colon = text.indexOf(":")
  if (colon === -1) return undefined
  const [id, secret] = [decoded(text.slice(0, colon), encoding), decoded(text.slice(colon + 1), encoding)]
  return id === undefined || id === "" || secret === undefined || secret === "" ? undefined : { id, secret }
}
