/**
 * Encodings of a client id and a secret for basic authentication.
 */
const encoder = new TextEncoder()

export const base64 = (text: string): string =>
  btoa(Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join(""))

/** Form-encodes a string by the rules of `URLSearchParams` (RFC 6749 appendix B): unreserved characters stay unchanged. */
export const form = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1)

/** Form-encodes id and secret separately before they are joined (RFC 6749 section 2.3.1). */
export const basic = (clientId: string, secret: string): string => base64(`${form(clientId)}:${form(secret)}`)

/** Encodes id and secret unchanged (RFC 7617 section 2). */
export const rawBasic = (clientId: string, secret: string): string => base64(`${clientId}:${secret}`)
