/**
 * File types by name: `mime` knows what Python's table, which HTTPie asks, knows too.
 */
import mime from "mime"

export const guess = (path: string): string | undefined => mime.getType(path) ?? undefined

export const isJson = (type: string | undefined): boolean => /^[^;]*[/+]json\b/i.test(type ?? "")

export const isText = (type: string | undefined): boolean =>
  isJson(type) ||
  /^\s*(text\/|application\/([\w.+-]*\+)?(xml|yaml|javascript|x-www-form-urlencoded)\b)/i.test(type ?? "")
