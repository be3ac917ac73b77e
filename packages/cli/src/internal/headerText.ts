/**
 * The values of headers, which are bytes: Node and Undici take and return a character for each byte.
 */

/** The lines of headers that are given more than once, by names in lower case. */
export type Repeated = ReadonlyMap<string, ReadonlyArray<string>>

/** Encodes the value of a header as UTF-8, as HTTPie does. */
export const encode = (text: string): string => Buffer.from(text, "utf8").toString("latin1")

/** Decodes the value of a header to show it: as UTF-8 if it is valid, else as ISO 8859-1. */
export const decode = (value: string): string => {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(value, "latin1"))
  } catch {
    return value
  }
}

/** Returns true for headers that a request has once: cookies are on one line (RFC 6265 section 5.4). */
export const isOneLine = (name: string): boolean => name === "cookie"

/** Joins the lines of a header. */
export const joined = (name: string, lines: ReadonlyArray<string>): string => lines.join(isOneLine(name) ? "; " : ", ")
