/**
 * Reads JSON from other systems.
 */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Parses JSON; undefined if it is invalid. Ignores a byte order mark before it (RFC 8259 section 8.1). */
export const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text.replace(/^\ufeff/, ""))
  } catch {
    return undefined
  }
}
