/**
 * File types by name: `mime` knows what Python's table, which HTTPie asks, knows too.
 */
import mime from "mime"

export const guess = (path: string): string | undefined => mime.getType(path) ?? undefined

export const isJson = (type: string | undefined): boolean => /^[^;]*[/+]json\b/i.test(type ?? "")

/** HTML is none: its blanks have a meaning. */
export const isXml = (type: string | undefined): boolean =>
  /^\s*(text|application)\/([\w.-]+\+)?xml\b/i.test(type ?? "") && !/xhtml/i.test(type ?? "")

/** A body as text, by the charset that its type names. */
export const decode = (content: Uint8Array, type: string | undefined): string => {
  const [, charset = "utf-8"] = /;\s*charset="?([\w.:-]+)/i.exec(type ?? "") ?? []
  try {
    return new TextDecoder(charset).decode(content)
  } catch {
    return new TextDecoder().decode(content)
  }
}

export const isText = (type: string | undefined): boolean =>
  isJson(type) ||
  /^\s*(text\/|application\/([\w.+-]*\+)?(xml|yaml|javascript|x-www-form-urlencoded)\b)/i.test(type ?? "")
