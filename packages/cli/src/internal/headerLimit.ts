/**
 * The limit of Node.js for the headers of a response, which Undici has too. Go and curl accept more.
 */
import { maxHeaderSize } from "node:http"

/** Returns true if a code, or a sentence that states it, is that of a response with larger headers. */
export const isExceeded = (detail: unknown): boolean => /(?:^|_)HEADERS?_OVERFLOW\b/.test(String(detail))

export const says = (url: string): string =>
  `${url} returns headers of more than ${Math.floor(maxHeaderSize / 1024)} kB, the limit of Node.js`

export const remedy =
  `Raise it by NODE_OPTIONS=--max-http-header-size=${4 * maxHeaderSize}, or have the server send fewer ` +
  "headers."
