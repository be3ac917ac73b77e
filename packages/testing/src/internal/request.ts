/**
 * The parameters of a request to the authorization server.
 */
import * as Effect from "effect/Effect"

import type { Behavior } from "./behavior.js"
import { type ErrorResponse, reject } from "./errorResponse.js"
import type * as host from "./host.js"

export type Pairs = ReadonlyArray<readonly [string, string]>

/** RFC 6749 section 3.2: no parameter twice, except `resource` (RFC 8707 section 2). */
const ofForm = (text: string): Effect.Effect<Pairs, ErrorResponse> => {
  const all = [...new URLSearchParams(text)]
  // One without a value counts as left out, and yet as one of two.
  const pairs = all.filter(([, value]) => value !== "")
  const names = all.map(([name]) => name).filter((name) => name !== "resource")
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  return repeated === undefined
    ? Effect.succeed(pairs)
    : reject("malformed", `The parameter ${repeated} is repeated.`)
}

const ofJson = (text: string): Effect.Effect<Pairs, ErrorResponse> =>
  Effect.try({
    try: () =>
      Object.entries(JSON.parse(text) as Record<string, unknown>).flatMap(([name, value]) =>
        name === "resource" && Array.isArray(value)
          ? value.map((one) => [name, String(one)] as const)
          : [[name, typeof value === "string" ? value : JSON.stringify(value)] as const]
      ),
    catch: () => reject("malformed", "The body is not a JSON object.")
  })

export const parse = (
  incoming: host.Incoming,
  format: Behavior["requestFormat"]
): Effect.Effect<Pairs, ErrorResponse> =>
  Effect.suspend(() => {
    const type = (incoming.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? ""
    // A byte order mark is part of the first name, as servers read it.
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(incoming.body)
    if (type === "application/x-www-form-urlencoded" && format !== "json") return ofForm(text)
    if (type === "application/json" && format !== "form") return ofJson(text)
    const expected = format === "json" ? "JSON" : format === "form" ? "a form" : "a form or JSON"
    return reject("otherFormat", `The server expects ${expected}, and the content type is ${type || "not stated"}.`)
  })

const secretName = new RegExp([
  "(?:assertion|credentials?|jwt|passphrase|password|passwd|pwd|secret|signature|token)$",
  "(?:^|_)(?:api|access|private|secret|shared|signing|subscription)_?key$",
  "^key$",
  "^(?:(?:authorization|device)_)?code$"
].join("|"))

/**
 * True for a name that ends as those of secrets do, in any case and spelling: `client_secret`, `apiKey`, `X-Access-Token`. Names
 * such as `token_type` and `tokenLife` describe one.
 */
const isSecret = (name: string): boolean =>
  secretName.test(
    name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase().replaceAll(/[^a-z]+/g, "_").replace(/_$/, "")
  )

/** The URL without secrets in its query, for the record. */
export const redactedUrl = (url: URL): string => {
  const names = [...url.searchParams.keys()].filter(isSecret)
  if (names.length === 0) return url.href
  const shown = new URL(url)
  for (const name of names) shown.searchParams.set(name, "<redacted>")
  return shown.href
}

/** The parameters without secrets, for the record. */
export const redacted = (pairs: Pairs): Readonly<Record<string, string>> =>
  Object.fromEntries(pairs.map(([name, value]) => [name, isSecret(name) ? "<redacted>" : value]))
