/**
 * The limit of Node.js for the headers of a response, which Undici has too. Go and curl accept more.
 */

/** Returns true if a code, or a sentence that states it, is that of a response with larger headers. */
export const isExceeded = (detail: unknown): boolean => /(?:^|_)HEADERS?_OVERFLOW\b/.test(String(detail))

export const problem = (url: string): string => `${url} returns larger headers than Node.js accepts (16 kB by default)`

export const remedy =
  "Raise the limit by NODE_OPTIONS=--max-http-header-size=65536, or more if it is set already, or have the server send " +
  "fewer headers."
