/**
 * Authentication of a client at the authorization server (RFC 6749 section 2.3, RFC 7523, RFC 8705).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { createLocalJWKSet, jwtVerify } from "jose"

import type * as host from "./host.js"
import type { Client } from "./models.js"
import { type Refusal, refuse } from "./request.js"

interface Authenticated {
  readonly client: Client
  readonly method: string
}

const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    return undefined
  }
}

const subjectOf = (jwt: string): Effect.Effect<string | undefined> =>
  Effect.sync(() => {
    try {
      const { sub } = JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()) as {
        readonly sub?: unknown
      }
      return typeof sub === "string" ? sub : undefined
    } catch {
      return undefined
    }
  })

/** Returns the `jti` of a valid assertion. */
const verifyAssertion = async (
  assertion: string,
  client: Client,
  audience: Array<string>,
  now: number
): Promise<string | undefined> => {
  const options = {
    audience,
    issuer: client.id,
    subject: client.id,
    currentDate: new Date(now),
    requiredClaims: ["exp", "jti"]
  }
  const verified = await (client.keys !== undefined
    ? jwtVerify(assertion, createLocalJWKSet({ keys: [...client.keys] }), options)
    : client.secret !== undefined
    ? jwtVerify(assertion, new TextEncoder().encode(client.secret), options)
    : Promise.reject(new Error("no credential"))).catch(() => undefined)
  return verified?.payload.jti
}

/** For one server, which remembers the assertions that it has seen. */
export const make = (issuer: string, clients: Effect.Effect<ReadonlyArray<Client>>) => {
  const assertions = new Set<string>()
  return (
    incoming: host.Incoming,
    parameters: ReadonlyMap<string, string>
  ): Effect.Effect<Authenticated, Refusal> =>
    Effect.gen(function*() {
      const header = incoming.headers["authorization"]
      const failed = refuse(
        401,
        "invalid_client",
        header === undefined ? {} : { "www-authenticate": "Basic realm=\"oauth\"" }
      )
      const used = [header, parameters.get("client_secret"), parameters.get("client_assertion")]
      // RFC 6749 section 2.3: one method and no other.
      if (used.filter((one) => one !== undefined).length > 1) return yield* refuse(400, "invalid_request")
      if (header === undefined && used[2] === undefined && !parameters.has("client_id")) {
        return yield* refuse(400, "invalid_request")
      }
      const known = yield* clients
      const find = (id: string | undefined) => known.find((client) => client.id === id)
      const allow = (client: Client, method: string) =>
        client.method === undefined || client.method === method ? Effect.succeed({ client, method }) : failed

      if (header !== undefined) {
        const [id, secret] = header.startsWith("Basic ")
          ? Buffer.from(header.slice(6), "base64").toString().split(":").map(decode)
          : []
        const client = find(id)
        return yield* client !== undefined && client.secret !== undefined && client.secret === secret
          ? allow(client, "client_secret_basic")
          : failed
      }
      const assertion = parameters.get("client_assertion")
      if (assertion !== undefined) {
        const now = yield* Clock.currentTimeMillis
        const client = find(parameters.get("client_id")) ?? find(yield* subjectOf(assertion))
        if (client === undefined) return yield* failed
        const method = client.keys === undefined ? "client_secret_jwt" : "private_key_jwt"
        const verified = yield* Effect.promise(() =>
          verifyAssertion(assertion, client, [issuer, `${issuer}/token`], now)
        )
        // RFC 7523 section 3: an assertion is good once.
        if (verified === undefined || assertions.has(verified)) return yield* failed
        assertions.add(verified)
        return yield* allow(client, method)
      }
      const client = find(parameters.get("client_id"))
      const secret = parameters.get("client_secret")
      if (client !== undefined && secret !== undefined && secret === client.secret) {
        return yield* allow(client, "client_secret_post")
      }
      return yield* client?.certificate !== undefined && secret === undefined &&
          client.certificate === incoming.certificate
        ? allow(client, client.method ?? "tls_client_auth")
        : failed
    })
}
