/**
 * How a client id and a secret are written.
 */
const encoder = new TextEncoder()

export const base64 = (text: string): string =>
  btoa(Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join(""))

/** RFC 6749 appendix B, by the rules of `URLSearchParams`: unreserved characters stay as they are. */
export const form = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1)

/** RFC 6749 section 2.3.1: id and secret are form-encoded each before they are joined. */
export const basic = (clientId: string, secret: string): string => base64(`${form(clientId)}:${form(secret)}`)

/** RFC 7617 section 2: as they are. */
export const rawBasic = (clientId: string, secret: string): string => base64(`${clientId}:${secret}`)
