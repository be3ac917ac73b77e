/**
 * The parameters of a request to the authorization server, and its refusal.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

import * as host from "./host.js"

const oauthError = (status: number, error: string, headers: Readonly<Record<string, string>> = {}) =>
  host.json(status, { error }, headers)

/** A request that the server refuses, with its error response. */
export class Refusal extends Data.TaggedError("Refusal")<{ readonly response: Response; readonly error: string }> {}

export const refuse = (status: number, error: string, headers?: Readonly<Record<string, string>>) =>
  new Refusal({ response: oauthError(status, error, headers), error })

/** RFC 6749 section 3.2: no parameter twice, except `resource` (RFC 8707 section 2). */
export const parse = (
  incoming: host.Incoming,
  format: "form" | "json" | "any"
): Effect.Effect<ReadonlyArray<readonly [string, string]>, Refusal> =>
  Effect.suspend(() => {
    const type = (incoming.headers["content-type"] ?? "").split(";")[0]?.trim()
    const text = new TextDecoder().decode(incoming.body)
    if (type === "application/x-www-form-urlencoded" && format !== "json") {
      const pairs = [...new URLSearchParams(text)].filter(([, value]) => value !== "")
      const names = pairs.map(([name]) => name).filter((name) => name !== "resource")
      return new Set(names).size === names.length ? Effect.succeed(pairs) : refuse(400, "invalid_request")
    }
    if (type === "application/json" && format !== "form") {
      return Effect.try({
        try: () =>
          Object.entries(JSON.parse(text) as Record<string, unknown>).flatMap(([name, value]) =>
            name === "resource" && Array.isArray(value)
              ? value.map((one) => [name, String(one)] as const)
              : [[name, typeof value === "string" ? value : JSON.stringify(value)] as const]
          ),
        catch: () => refuse(400, "invalid_request")
      })
    }
    return refuse(400, "invalid_request")
  })

const secretParameters = new Set(["client_secret", "client_assertion", "token"])

/** The parameters without secrets, for the record. */
export const redacted = (pairs: ReadonlyArray<readonly [string, string]>): Readonly<Record<string, string>> =>
  Object.fromEntries(pairs.map(([name, value]) => [name, secretParameters.has(name) ? "<redacted>" : value]))
