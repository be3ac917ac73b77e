/**
 * Encodes bytes as strings, without the `Buffer` of Node.
 */

export const base64 = {
  encode: (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")),

  /** Decodes base64 or base64url, with or without padding; undefined for any other string. */
  decode: (text: string): Uint8Array | undefined => {
    if (!/^[\w+/-]+={0,2}$/.test(text)) return undefined
    try {
      return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0))
    } catch {
      return undefined
    }
  }
}

export const base64url = {
  /** Encodes without padding (RFC 7515 section 2). */
  encode: (bytes: Uint8Array): string =>
    base64.encode(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}

export const hex = {
  encode: (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),

  /** Decodes an even number of digits; an additional one is ignored. */
  decode: (digits: string): Uint8Array =>
    Uint8Array.from({ length: digits.length >> 1 }, (_, at) => parseInt(digits.slice(2 * at, 2 * at + 2), 16))
}
