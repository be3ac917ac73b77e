/**
 * The rules by which the server grants a token to an authenticated client: grant type, scope, audience and resource, key
 * binding, daily limit.
 */
import * as Effect from "effect/Effect"

import type * as host from "./host.js"
import type { Client, Issued } from "./models.js"
import * as proofs from "./proofs.js"
import { type Refusal, refuse } from "./request.js"

type Pairs = ReadonlyArray<readonly [string, string]>

/** The grant of a request: what the token is issued for. */
export type Granted = Pick<Issued, "scope" | "audience" | "thumbprint">

const day = 86_400_000

const scopeOf = (client: Client, parameters: ReadonlyMap<string, string>) => {
  const scope = (parameters.get("scope") ?? "").split(" ").filter((name) => name !== "")
  return client.scope === undefined || scope.every((name) => client.scope?.includes(name))
    ? Effect.succeed(scope)
    : refuse(400, "invalid_scope")
}

/** Resource indicators may repeat (RFC 8707 section 2); `audience` may not. */
const audienceOf = (client: Client, pairs: Pairs) => {
  const valuesOf = (name: string) => pairs.filter(([key]) => key === name).map(([, value]) => value)
  const [resources, audiences] = [valuesOf("resource"), valuesOf("audience")]
  const isAllowed = (value: string) => client.audience === undefined || client.audience.includes(value)
  if (!resources.every(isAllowed)) return refuse(400, "invalid_target")
  if (!audiences.every(isAllowed)) return refuse(403, "access_denied")
  return Effect.succeed([...resources, ...audiences])
}

/** Refuses a client that has had as many tokens in the last 24 hours as the limit allows. */
export const withinLimit = (
  limit: number | undefined,
  client: Client,
  issued: ReadonlyArray<Issued>,
  now: number
): Effect.Effect<void, Refusal> => {
  const recent = issued.filter(({ clientId, issuedAt }) => clientId === client.id && issuedAt > now - day)
  const [oldest] = recent
  return limit === undefined || oldest === undefined || recent.length < limit
    ? Effect.void
    : refuse(429, "too_many_requests", { "retry-after": String(Math.ceil((oldest.issuedAt + day - now) / 1000)) })
}

/** For one server, which remembers the proofs that it has seen. Proofs must have the nonce, if there is one. */
export const make = (requiredNonce: () => string | undefined) => {
  const checkProof = proofs.make()

  const thumbprintOf = (incoming: host.Incoming, client: Client) =>
    Effect.gen(function*() {
      const proof = incoming.headers["dpop"]
      if (proof === undefined) return client.dpop === true ? yield* refuse(400, "invalid_grant") : undefined
      const checked = yield* checkProof(proof, { method: incoming.method, url: incoming.url })
      if (checked._tag === "Invalid") return yield* refuse(400, "invalid_dpop_proof")
      const nonce = requiredNonce()
      if (nonce !== undefined && checked.nonce !== nonce) {
        return yield* refuse(400, "use_dpop_nonce", { "dpop-nonce": nonce })
      }
      return checked.thumbprint
    })

  return (incoming: host.Incoming, client: Client, pairs: Pairs): Effect.Effect<Granted, Refusal> =>
    Effect.gen(function*() {
      const parameters = new Map(pairs)
      const type = parameters.get("grant_type")
      if (type === undefined) return yield* refuse(400, "invalid_request")
      if (type !== "client_credentials") return yield* refuse(400, "unsupported_grant_type")
      return {
        scope: yield* scopeOf(client, parameters),
        audience: yield* audienceOf(client, pairs),
        thumbprint: yield* thumbprintOf(incoming, client)
      }
    })
}
