/**
 * Authentication of a client at the authorization server (RFC 6749 section 2.3, RFC 7523, RFC 8705).
 */
import * as Effect from "effect/Effect"

import { formDecoded, readBasic } from "./basicAuth.js"
import type { Behavior } from "./behavior.js"
import * as certificates from "./certificates.js"
import * as clientAssertion from "./clientAssertion.js"
import { type ErrorResponse, reject } from "./errorResponse.js"
import type * as host from "./host.js"
import type { Client } from "./models.js"
import * as presented from "./presented.js"

interface Authenticated {
  readonly client: Client
  readonly method: string
}

type Parameters = ReadonlyMap<string, string>

const byCertificate = ["tls_client_auth", "self_signed_tls_client_auth"]

/** Returns the methods that a client is registered for. */
export const methodsOf = (
  client: Client,
  { secretMethods }: Pick<Behavior, "secretMethods">
): ReadonlyArray<string> => {
  const { certificate, keys, method } = client
  if (method !== undefined) return typeof method === "string" ? [method] : method
  if (keys !== undefined) return ["private_key_jwt"]
  return certificate === undefined ? secretMethods : ["tls_client_auth"]
}

const allow = (behavior: Behavior, client: Client, method: string): Effect.Effect<Authenticated, ErrorResponse> => {
  const methods = methodsOf(client, behavior)
  return methods.includes(method) ? Effect.succeed({ client, method }) : reject(
    "otherMethod",
    `The client authenticated by ${method}, and is registered for ${methods.join(" or ")}.`,
    { values: { client: client.id } }
  )
}

const wrong = (client: Client, problem: string): ErrorResponse =>
  reject("wrongCredential", problem, { values: { client: client.id } })

const bySecret = (
  behavior: Behavior,
  client: Client,
  given: string,
  method: "client_secret_basic" | "client_secret_post"
): Effect.Effect<Authenticated, ErrorResponse> => {
  const { secret } = client
  if (secret !== undefined && secret === given) return allow(behavior, client, method)
  const isEncoded = secret !== undefined && method === "client_secret_basic" &&
    (formDecoded(given) === secret || formDecoded(secret) === given)
  const read = behavior.basicEncoding === "raw" ? "as they are" : "form-decoded"
  return wrong(
    client,
    isEncoded
      ? `The secret is right, but the server reads id and secret ${read} (basicEncoding).`
      : "The secret is wrong."
  )
}

const byTls = (
  behavior: Behavior,
  client: Client,
  certificate: certificates.Certificate | undefined
): Effect.Effect<Authenticated, ErrorResponse> => {
  const method = methodsOf(client, behavior).find((method) => byCertificate.includes(method)) ?? "tls_client_auth"
  return Effect.flatMap(
    certificates.problemOf(client.certificate, certificate, method),
    (problem) => problem === undefined ? allow(behavior, client, method) : wrong(client, problem)
  )
}

/** A client that only the token that it presents identifies (RFC 7521 section 4.1). */
const anonymous: Authenticated = { client: { id: "" }, method: "none" }

/** Returns the client that an assertion names. What cannot be read at all is a malformed request, not a wrong credential. */
const subjectOf = (assertion: string, parameters: Parameters): Effect.Effect<string, ErrorResponse> => {
  const claims = clientAssertion.claimsOf(assertion)
  if (claims === undefined) return reject("malformed", "The client_assertion is not a JWT.")
  const { sub } = claims
  if (sub === undefined || sub === "") {
    return reject("wrongCredential", "The client assertion is not accepted: it has no sub.", { values: { client: "" } })
  }
  return parameters.get("client_assertion_type") === clientAssertion.type ? Effect.succeed(String(sub)) : reject(
    "malformed",
    `The client_assertion_type is not ${clientAssertion.type} (RFC 7523 section 2.2).`
  )
}

/** Returns the challenge for a client that used the header (RFC 6749 section 5.2). */
const challenged = (header: string | undefined) => (errorResponse: ErrorResponse) =>
  header === undefined || errorResponse.situation === "severalMethods" || errorResponse.situation === "malformed"
    ? errorResponse
    : reject(errorResponse.situation, errorResponse.problem, {
      ...(errorResponse.values === undefined ? {} : { values: errorResponse.values }),
      headers: { "www-authenticate": "Basic realm=\"oauth\"" }
    })

/** Creates the authentication of one server, which remembers the assertions that it has received. */
export const make = (
  { behavior, clients, issuer, tokenUrl }: {
    readonly behavior: Behavior
    readonly issuer: string
    readonly tokenUrl: string
    readonly clients: Effect.Effect<ReadonlyArray<Client>>
  }
) => {
  const verify = clientAssertion.make(behavior, { issuer, tokenUrl })

  const byAssertion = (client: Client, assertion: string): Effect.Effect<Authenticated, ErrorResponse> =>
    Effect.flatMap(verify(assertion, client), (verified) =>
      verified._tag === "Invalid"
        ? wrong(client, `The client assertion is not accepted: ${verified.problem}.`)
        : allow(behavior, client, client.keys === undefined ? "client_secret_jwt" : "private_key_jwt"))

  return (incoming: host.Incoming, parameters: Parameters): Effect.Effect<Authenticated, ErrorResponse> =>
    Effect.gen(function*() {
      const header = incoming.headers["authorization"]
      const [secret, assertion] = [parameters.get("client_secret"), parameters.get("client_assertion")]
      // RFC 6749 section 2.3: one method and no other.
      if ([header, secret, assertion].filter((one) => one !== undefined && one !== "").length > 1) {
        return yield* reject("severalMethods", "The client authenticated by more than one method.")
      }
      const basic = header === undefined ? undefined : readBasic(header, behavior.basicEncoding)
      if (header !== undefined && basic === undefined) {
        return yield* reject(
          "malformed",
          "The Authorization header is not one of basic auth with an id and a secret, in base64, encoded as basicEncoding " +
            "states."
        )
      }
      const stated = parameters.get("client_id")
      const proven = basic?.id ?? (assertion === undefined ? undefined : yield* subjectOf(assertion, parameters))
      if (stated !== undefined && proven !== undefined && stated !== proven) {
        return yield* reject("malformed", `The client_id ${stated} in the body is not that of the header or assertion.`)
      }
      const id = proven ?? stated
      const presents = [presented.jwtBearer, presented.tokenExchange].includes(parameters.get("grant_type") ?? "")
      if (id === undefined && presents) return anonymous
      if (id === undefined) return yield* reject("noCredentials", "The request has no client id.")
      const client = (yield* clients).find((client) => client.id === id)
      if (client === undefined) {
        return yield* reject("unknownClient", "No client with this id is registered.", { values: { client: id } })
      }
      if (basic !== undefined) return yield* bySecret(behavior, client, basic.secret, "client_secret_basic")
      if (assertion !== undefined) return yield* byAssertion(client, assertion)
      if (secret !== undefined) return yield* bySecret(behavior, client, secret, "client_secret_post")
      if (presents && methodsOf(client, behavior).includes("none")) return { client, method: "none" }
      return yield* byTls(behavior, client, incoming.certificate)
    }).pipe(Effect.mapError(challenged(incoming.headers["authorization"])))
}
