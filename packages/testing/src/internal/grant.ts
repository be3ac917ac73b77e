/**
 * The rules by which the server grants a token to an authenticated client: grant type, scope, audience and resource, key
 * binding.
 */
import * as Effect from "effect/Effect"

import type { Behavior } from "./behavior.js"
import { type ErrorResponse, reject } from "./errorResponse.js"
import type * as host from "./host.js"
import type { Client, Issued } from "./models.js"
import type * as presented from "./presented.js"
import * as proofs from "./proofs.js"
import type { Pairs } from "./request.js"

/** The grant of a request: what the token is issued for. */
export type Granted = Pick<Issued, "scope" | "audience" | "thumbprint" | "certificate" | "organization" | "subject">

/** Registrations of clients without their own lists. */
export interface Registered {
  readonly scopes: ReadonlyArray<string>
  readonly audiences: ReadonlyArray<string>
  /** Undefined for any. */
  readonly organizations: ReadonlyArray<string> | undefined
}

const quoted = (names: ReadonlyArray<string>): string => names.join(", ") || "none"

/** RFC 6749 section 3.3: names with one blank between them. */
const scopePattern = /^[!#-[\]-~]+( [!#-[\]-~]+)*$/

const scopeOf = (
  { missingScope, unknownScope }: Behavior,
  { defaultScope }: Client,
  allowed: ReadonlyArray<string>,
  requested: string
): Effect.Effect<ReadonlyArray<string>, ErrorResponse> => {
  if (requested === "") {
    if (defaultScope !== undefined) return Effect.succeed(defaultScope)
    return missingScope === "rejected"
      ? reject("noScope", "The request has no scope, and the client no default scopes.")
      : Effect.succeed(missingScope === "all" ? allowed : [])
  }
  if (!scopePattern.test(requested)) {
    return reject("unknownScope", "The scope is not a list of names with one blank between them.", {
      values: { scope: requested }
    })
  }
  const names = [...new Set(requested.split(" "))]
  const unknown = names.filter((name) => !allowed.includes(name))
  return unknown.length === 0 || (unknownScope === "narrowed" && unknown.length < names.length)
    ? Effect.succeed(names.filter((name) => allowed.includes(name)))
    : reject(
      "unknownScope",
      `The client is not registered for the scope ${quoted(unknown)}; registered are: ${quoted(allowed)}.`,
      { values: { scope: unknown.join(" ") } }
    )
}

const suffix = "/.default"

/** The scope of a server whose scopes name the resource. */
const resourceOf = (
  client: Client,
  audiences: ReadonlyArray<string>,
  requested: string
): Effect.Effect<string, ErrorResponse> => {
  if (requested === "") return reject("noScope", `The request has no scope, which must be a resource with ${suffix}.`)
  const resource = requested.slice(0, -suffix.length)
  if (!requested.endsWith(suffix) || requested.includes(" ")) {
    return reject("unknownScope", `The scope is not one resource with ${suffix}.`, { values: { scope: requested } })
  }
  return audiences.includes(resource) ? Effect.succeed(resource) : reject(
    "unknownResource",
    `The client is not registered for the resource ${resource}; registered are: ${quoted(audiences)}.`,
    { values: { target: resource, client: client.id } }
  )
}

/** Resource indicators may repeat (RFC 8707 section 2); `audience` may not. */
const audienceOf = (
  { missingTarget, target }: Behavior,
  client: Client,
  allowed: ReadonlyArray<string>,
  pairs: Pairs
): Effect.Effect<ReadonlyArray<string>, ErrorResponse> => {
  if (target === "configured") return Effect.succeed(allowed)
  const valuesOf = (name: "audience" | "resource") =>
    target === "any" || target === name ? pairs.filter(([key]) => key === name).map(([, value]) => value) : []
  const [resources, requested] = [valuesOf("resource"), valuesOf("audience")]
  const unknown = (values: ReadonlyArray<string>) => values.find((value) => !allowed.includes(value))
  const stated = (kind: string, value: string) =>
    [
      `The client is not registered for the ${kind} ${value}; registered are: ${quoted(allowed)}.`,
      { values: { target: value, client: client.id } }
    ] as const
  const [resource, audience] = [unknown(resources), unknown(requested)]
  if (resource !== undefined) return reject("unknownResource", ...stated("resource", resource))
  if (audience !== undefined) return reject("unknownAudience", ...stated("audience", audience))
  const all = [...resources, ...requested]
  return all.length === 0 && missingTarget === "rejected"
    ? reject("noTarget", `The request has no ${target === "any" ? "audience or resource" : target}.`)
    : Effect.succeed(all)
}

/** Returns the certificate that the tokens of a client are bound to. */
const certificateOf = (
  { certificate }: host.Incoming,
  { certificateBound }: Client
): Effect.Effect<Pick<Issued, "certificate">, ErrorResponse> => {
  if (certificateBound !== true) return Effect.succeed({})
  return certificate === undefined
    ? reject("noCertificate", "The tokens of this client must be bound to a certificate, and the request has none.")
    : Effect.succeed({ certificate: certificate.thumbprint })
}

/**
 * Creates the rules of one server, which remembers the proofs that it has received. Proofs must contain the nonce, if
 * there is one.
 */
export const make = (
  behavior: Behavior,
  registered: Registered,
  { grants, subjectOf }: ReturnType<typeof presented.make>,
  requiredNonce: () => string | undefined
) => {
  const checkProof = proofs.make()

  const thumbprintOf = (incoming: host.Incoming, client: Client) =>
    Effect.gen(function*() {
      const proof = incoming.headers["dpop"]
      if (proof === undefined) {
        return client.dpop === true
          ? yield* reject("noProof", "The tokens of this client must be bound to a key (DPoP).")
          : undefined
      }
      const checked = yield* checkProof(proof, { method: incoming.method, url: incoming.url })
      if (checked._tag === "Invalid") {
        return yield* reject("wrongProof", `The proof is not accepted: ${checked.problem}.`)
      }
      const nonce = requiredNonce()
      return nonce !== undefined && checked.nonce !== nonce
        ? yield* reject("noNonce", "The proof needs the nonce of this response.", { headers: { "dpop-nonce": nonce } })
        : checked.thumbprint
    })

  return (incoming: host.Incoming, client: Client, pairs: Pairs): Effect.Effect<Granted, ErrorResponse> =>
    Effect.gen(function*() {
      const parameters = new Map(pairs)
      const type = parameters.get("grant_type")
      if (type === undefined) return yield* reject("noGrantType", "The request has no grant_type.")
      if (!grants.includes(type)) {
        return yield* reject("otherGrantType", `The grant is ${type}; the server supports: ${quoted(grants)}.`)
      }
      const subject = yield* subjectOf(type, parameters)
      const requested = parameters.get("scope") ?? ""
      const scopes = client.scope ?? registered.scopes
      const audiences = client.audience ?? registered.audiences
      const target = behavior.scopeSyntax === "names"
        ? {
          scope: yield* scopeOf(behavior, client, scopes, requested),
          audience: yield* audienceOf(behavior, client, audiences, pairs)
        }
        : { scope: scopes, audience: [yield* resourceOf(client, audiences, requested)] }
      const organization = parameters.get("organization")
      const { organizations } = registered
      if (organization !== undefined && organizations?.includes(organization) === false) {
        return yield* reject(
          "unknownOrganization",
          `The organization ${organization} does not exist; those that do are: ${quoted(organizations)}.`
        )
      }
      return {
        ...target,
        thumbprint: yield* thumbprintOf(incoming, client),
        ...(yield* certificateOf(incoming, client)),
        ...(subject === undefined ? {} : { subject }),
        ...(organization === undefined ? {} : { organization })
      }
    })
}
