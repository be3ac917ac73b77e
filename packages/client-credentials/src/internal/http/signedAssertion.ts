/**
 * Assertions that the library signs, of clients (RFC 7523 section 2.2) and of grants (section 2.1).
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

import { type CredentialUnavailable, DiscoveryFailed } from "../../OAuthError.js"
import * as signing from "./signing.js"

export { ofPrivateKey, ofSecret, ofSigner } from "./signing.js"

export interface Options {
  readonly audience?: "issuer" | "token_endpoint" | (string & {}) | undefined
  readonly life?: Duration.DurationInput | undefined
  readonly header?: Readonly<Record<string, string>> | undefined
  /** Certificate in PEM whose thumbprint is added to the header. */
  readonly certificate?: string | undefined
  readonly type?: string | undefined
}

/** Request that an assertion is for. */
export interface Target {
  readonly clientId: string
  readonly issuer: string | undefined
  readonly endpoint: string
  /** Present time in milliseconds since the epoch. */
  readonly now: number
  readonly signingAlgorithms?: ReadonlyArray<string> | undefined
}

export interface Proof {
  readonly parameters: Readonly<Record<string, string>>
  readonly hint?: string | undefined
}

/** Claims of an assertion other than its audience and its lifetime, and the parameters that it is sent in. */
export interface Assertion {
  readonly claims: (target: Target) => Readonly<Record<string, unknown>>
  readonly proof: (jwt: string, target: Target) => Proof
}

/** Assertion by which a client authenticates. */
const ofClient: Assertion = {
  claims: ({ clientId }) => ({ iss: clientId, sub: clientId }),
  proof: (jwt, { clientId }) => ({
    parameters: {
      client_id: clientId,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: jwt
    },
    hint: "If the key is correct, the server may require another audience in assertions (OAUTH_ASSERTION_AUDIENCE: " +
      "token_endpoint, or the issuer to the last slash), another key id or another type (OAUTH_ASSERTION_TYPE: JWT)."
  })
}

/** Creates the proof of a request with a new assertion. */
export const prove = (
  { audience = "issuer", certificate, header = {}, life = "1 minute", type = "client-authentication+jwt" }: Options,
  key: Effect.Effect<signing.SigningKey, CredentialUnavailable | DiscoveryFailed>,
  assertion: Assertion = ofClient,
  target: Target
): Effect.Effect<Proof, CredentialUnavailable | DiscoveryFailed> =>
  Effect.gen(function*() {
    const issuedAt = Math.floor(target.now / 1000)
    const signingKey = yield* key
    const claims = {
      ...assertion.claims(target),
      aud: audience === "token_endpoint"
        ? target.endpoint
        : audience === "issuer"
        ? target.issuer ?? target.endpoint
        : audience,
      iat: issuedAt,
      exp: issuedAt + Math.ceil(Duration.toSeconds(life)),
      // Unique: each assertion is used once.
      jti: crypto.randomUUID()
    }
    const thumbprint = certificate === undefined
      ? undefined
      : yield* Effect.promise(() => signing.certificateThumbprint(certificate))
    const found = thumbprint === undefined ? {} : { "x5t#S256": thumbprint }
    const jwt = yield* signing.jwt(signingKey, { ...header, ...found, typ: type }, claims)
    return assertion.proof(jwt, target)
  })

/** Returns the error of an algorithm that the metadata of the server does not list (RFC 8414 section 2). Nothing is sent. */
export const unsupported = (
  issuer: string | undefined,
  possible: ReadonlyArray<string>,
  supported: ReadonlyArray<string>
) =>
  new DiscoveryFailed({
    issuer: issuer ?? "",
    problem: `it takes client assertions by ${
      supported.join(", ") || "no algorithm"
    } only (token_endpoint_auth_signing_alg_values_supported), and this client is configured to sign by ${
      possible.join(" or ")
    }: change the algorithm (OAUTH_SIGNING_ALGORITHM) or the key`,
    retryable: false
  })
