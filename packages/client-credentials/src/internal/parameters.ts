/**
 * The parameters of a token request that a user writes as a list or separated by spaces.
 */
import type { Problem } from "./problems.js"
import { printable } from "./problems.js"

export const words = (value: unknown): ReadonlyArray<unknown> =>
  value === undefined
    ? []
    : typeof value === "string"
    ? value.split(" ").filter((word) => word !== "")
    : Array.isArray(value)
    ? value
    : [value]

/** Sorted, each word once: the order has no meaning (RFC 6749 section 3.3, RFC 8707 section 2). */
export const canonical = (value: string | ReadonlyArray<string> | undefined): string =>
  [...new Set(words(value))].sort().join(" ")

const isScope = (name: unknown): boolean => typeof name === "string" && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(name)

const isResource = (uri: unknown): boolean =>
  typeof uri === "string" && /^[\x21-\x7e]+$/.test(uri) && URL.canParse(uri) && !uri.includes("#")

export const problems = (
  { audience, resource, scope }: { readonly audience?: unknown; readonly scope?: unknown; readonly resource?: unknown }
): ReadonlyArray<Problem> => [
  ...(audience === undefined || printable(audience)
    ? []
    : [{ setting: "audience", expected: "a text of one or more characters, without line breaks" }]),
  ...(words(scope).every(isScope) ? [] : [{
    setting: "scope",
    expected: "scopes separated by spaces, of printable ASCII without quotes and backslashes (RFC 6749 section 3.3)"
  }]),
  ...(words(resource).every(isResource)
    ? []
    : [{ setting: "resource", expected: "absolute URIs without fragment (RFC 8707 section 2)" }])
]
