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

const urlDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
const digitCodes = /*#__PURE__*/ Uint8Array.from(urlDigits, (digit) => digit.charCodeAt(0))

export const base64url = {
  /**
   * Encodes without padding (RFC 7515 section 2). By a table: a sealed ledger has tens of thousands of bytes, for which `btoa`
   * and replacements take four times as long.
   */
  encode: (bytes: Uint8Array): string => {
    const codes = new Uint8Array(Math.ceil(bytes.length * 4 / 3))
    for (let from = 0, to = 0; from < bytes.length; from += 3, to += 4) {
      const [first = 0, second = 0, third = 0] = [bytes[from], bytes[from + 1], bytes[from + 2]]
      const bits = (first << 16) | (second << 8) | third
      // A typed array ignores what is written beyond its end.
      codes[to] = digitCodes[bits >> 18] ?? 0
      codes[to + 1] = digitCodes[(bits >> 12) & 63] ?? 0
      codes[to + 2] = digitCodes[(bits >> 6) & 63] ?? 0
      codes[to + 3] = digitCodes[bits & 63] ?? 0
    }
    return new TextDecoder().decode(codes)
  }
}

export const hex = {
  encode: (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),

  /** Decodes an even number of digits; an additional one is ignored. */
  decode: (digits: string): Uint8Array =>
    Uint8Array.from({ length: digits.length >> 1 }, (_, at) => parseInt(digits.slice(2 * at, 2 * at + 2), 16))
}
