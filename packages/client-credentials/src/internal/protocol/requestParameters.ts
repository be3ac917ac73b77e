/**
 * Validates and canonicalizes parameters of a token request, written as lists or separated by spaces.
 */
import { isRecord } from "./json.js"
import { isPrintable, notAnObject, type Problem, unknownNames } from "./options.js"

/** Parameters of a token request that a user may set. */
export interface Parameters {
  readonly audience?: unknown
  readonly scope?: unknown
  readonly resource?: unknown
  readonly authorizationDetails?: unknown
  readonly parameters?: unknown
}

export const words = (value: unknown): ReadonlyArray<unknown> =>
  value === undefined
    ? []
    : typeof value === "string"
    ? value.split(" ").filter((word) => word !== "")
    : Array.isArray(value)
    ? value
    : [value]

/** Sorts words and removes duplicates: the order has no meaning (RFC 6749 section 3.3, RFC 8707 section 2). */
export const canonical = (value: string | ReadonlyArray<string> | undefined): string =>
  [...new Set(words(value))].sort().join(" ")

/** Encodes parameters as a sorted form, so that equal parameters result in equal strings. */
export const sorted = (parameters: Readonly<Record<string, string>>): string => {
  const pairs = new URLSearchParams({ ...parameters })
  pairs.sort()
  return pairs.toString()
}

/** Encodes JSON with the members of each object sorted by name: their order has no meaning (RFC 8259 section 4). */
export const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    isRecord(member)
      ? Object.fromEntries(Object.keys(member).sort().map((name) => [name, member[name]]))
      : member)

/**
 * Reserved parameters, which have separate settings or are credentials. No parameter may be sent twice (RFC 6749 section 3.2).
 */
const reserved = new Set([
  "grant_type",
  "client_id",
  "client_secret",
  "client_assertion",
  "client_assertion_type",
  "audience",
  "scope",
  "resource",
  "authorization_details",
  "assertion",
  "subject_token",
  "subject_token_type",
  "actor_token",
  "actor_token_type",
  "requested_token_type"
])

export const areFurther = (parameters: unknown): boolean =>
  isRecord(parameters) &&
  Object.entries(parameters).every(([name, value]) =>
    name !== "" && !reserved.has(name) && typeof value === "string" && value !== ""
  )

/** Returns whether a value can be encoded as JSON: circular and extremely nested values cannot. */
export const canBeWritten = (value: unknown): boolean => {
  try {
    canonicalJson(value)
    return true
  } catch {
    return false
  }
}

const areDetails = (details: unknown): boolean =>
  Array.isArray(details) && details.every((one) => isRecord(one) && typeof one["type"] === "string") &&
  canBeWritten(details)

/** Name of one scope (RFC 6749 section 3.3). */
export const scopeName = /^[\x21\x23-\x5b\x5d-\x7e]+$/

const isScope = (name: unknown): boolean => typeof name === "string" && scopeName.test(name)

const isResource = (uri: unknown): boolean =>
  typeof uri === "string" && /^[\x21-\x7e]+$/.test(uri) && URL.canParse(uri) && !uri.includes("#")

const furtherProblems = (setting: string, given: unknown): ReadonlyArray<Problem> =>
  given === undefined || areFurther(given)
    ? []
    : [{ setting, expected: `strings by name, none empty, and none of ${[...reserved].join(", ")}` }]

export const problems = (
  { audience, authorizationDetails, parameters, resource, scope }: Parameters
): ReadonlyArray<Problem> => [
  ...(audience === undefined || isPrintable(audience)
    ? []
    : [{ setting: "audience", expected: "a string of one or more characters, without line breaks" }]),
  ...(words(scope).every(isScope) ? [] : [{
    setting: "scope",
    expected: "scopes separated by spaces, of printable ASCII without quotes and backslashes (RFC 6749 section 3.3)"
  }]),
  ...(words(resource).every(isResource)
    ? []
    : [{ setting: "resource", expected: "absolute URIs without fragment (RFC 8707 section 2)" }]),
  ...(authorizationDetails === undefined || areDetails(authorizationDetails) ? [] : [{
    setting: "authorizationDetails",
    expected: "a list of objects, each with a type (RFC 9396 section 2)"
  }]),
  ...furtherProblems("parameters", parameters)
]

const names: { readonly [K in keyof Parameters | "additionalParameters" | "onBehalfOf"]-?: true } = {
  additionalParameters: true,
  onBehalfOf: true,
  audience: true,
  scope: true,
  resource: true,
  authorizationDetails: true,
  parameters: true
}

/**
 * Returns the problems of overrides of a request. An unknown member is a problem: it would change nothing, and the call would
 * carry the token of another request.
 */
export const overrideProblems = (overrides: unknown): ReadonlyArray<Problem> =>
  isRecord(overrides)
    ? [
      ...unknownNames(overrides, Object.keys(names)),
      ...problems(overrides),
      ...furtherProblems("additionalParameters", overrides["additionalParameters"])
    ]
    : [notAnObject]
