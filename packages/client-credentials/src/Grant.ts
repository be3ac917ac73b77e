/**
 * Grants: credentials for a token request in addition to or in place of a client secret (RFC 6749 section 1.3).
 *
 * Without a grant in its configuration, a client uses client credentials (RFC 6749 section 4.4). The grants of this
 * module present a token of another issuer, such as the identity token of a platform (`WorkloadIdentity`), so that no
 * secret is configured. Caching, refresh, replay after a rejection, sharing and budgets are the same for every grant.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-1.3 | RFC 6749 section 1.3}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523#section-2.1 | RFC 7523 section 2.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-2 | RFC 8693 section 2}
 * @since 3.0.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import type * as ClientAuthentication from "./ClientAuthentication.js"
import { collect, given, printable } from "./internal/config/check.js"
import * as identityToken from "./internal/config/identityToken.js"
import * as privateKeyMethod from "./internal/config/privateKeyMethod.js"
import * as protocol from "./internal/protocol/grant.js"
import { isRecord } from "./internal/protocol/json.js"
import { unknownNames } from "./internal/protocol/options.js"
import * as requestParameters from "./internal/protocol/requestParameters.js"
import type { InvalidConfig } from "./InvalidConfig.js"
import { CredentialUnavailable, type DiscoveryFailed } from "./OAuthError.js"
import * as TokenRequest from "./TokenRequest.js"

/** The token request in which a token is presented. */
interface Target {
  /** The token endpoint. */
  readonly endpoint: string
  /** The issuer identifier of the authorization server (RFC 8414 section 2); undefined when it is unknown. */
  readonly issuer: string | undefined
  readonly clientId: string
  /** Milliseconds since the epoch, by the clock of the server where it is known. */
  readonly now: number
  /** The token of the user on whose behalf the call is made (`onBehalfOf`). */
  readonly subject: Redacted.Redacted<string> | undefined
}

/** The token that a client presents in one token request. */
interface Presented {
  /** Parameters of the request beside those of the grant; each value is kept out of errors, logs and traces. */
  readonly parameters: Readonly<Record<string, string>>
  /** Expiry in milliseconds since the epoch. An issued token without a stated lifetime expires no later. */
  readonly expiresAt?: number | undefined
  /** True if the assertion is created for this request, so that reading it again does not help. Default: false. */
  readonly isMadeHere?: boolean | undefined
  /** Runs when the server rejects the token (`invalid_grant`), before it is read again. Default: nothing. */
  readonly invalidate?: Effect.Effect<void> | undefined
  /** Runs when the server accepts the token after it rejected another one. Default: nothing. */
  readonly confirm?: Effect.Effect<void> | undefined
}

/**
 * A grant with its parameters.
 *
 * @since 3.0.0
 * @category models
 */
export interface Grant {
  /** The value of `grant_type`: a registered name, or a URI (RFC 6749 section 4.5). */
  readonly type: string
  /** Parameters that are the same in every request of this grant; part of the key of its tokens. */
  readonly parameters: Readonly<Record<string, string>>
  /** Reads what the client presents. It runs for every token request. */
  readonly present: (target: Target) => Effect.Effect<Presented, CredentialUnavailable | DiscoveryFailed>
  /**
   * Reads the owner of the tokens: a string that stays the same when the presented token is replaced, such as issuer and
   * subject of an identity token. Processes share tokens only with the same owner; undefined where they share none. The user of
   * `onBehalfOf` is part of each request besides.
   */
  readonly owner: Effect.Effect<string | undefined, CredentialUnavailable>
  /** True if the grant presents the token of `Grant.onBehalfOf`, and fails without one. */
  readonly isOnBehalfOf: boolean
  /** Returns the problems of its options. `ClientConfig` fails with them as `InvalidConfig`. */
  readonly problems?:
    | (() => ReadonlyArray<{ readonly setting: string; readonly expected: string }>)
    | undefined
}

/**
 * The source of a token to present, such as `WorkloadIdentity.file` or any other Effect; the `TokenCache` of another client,
 * whose token is replaced when the server does not accept it; or `onBehalfOf` for the token that `Grant.onBehalfOf` gives.
 */
type Subject = identityToken.Source | "onBehalfOf"

const subjects = {
  is: (value: unknown): value is Subject => value === "onBehalfOf" || identityToken.isSourceOrCache(value),
  expected: `${identityToken.expected}; the TokenCache of another client; or "onBehalfOf"`
}

const read = (subject: Subject, target: Target): Effect.Effect<identityToken.IdentityToken, CredentialUnavailable> =>
  subject !== "onBehalfOf"
    ? identityToken.read(subject)
    : target.subject !== undefined
    ? identityToken.read(target.subject)
    : new CredentialUnavailable({
      credential: "identity token",
      problem: "the call is not made on behalf of a user (Grant.onBehalfOf)",
      permanent: true
    })

/** Reports the outcome to the sources of subject and actor: the server may have rejected either. */
const both = (
  report: "invalidate" | "confirm",
  presented: identityToken.IdentityToken,
  acting: identityToken.IdentityToken | undefined
): Effect.Effect<void> => Effect.zipRight(presented[report] ?? Effect.void, acting?.[report] ?? Effect.void)

/** Reads the subject of a token; the token itself, if it shows none. Users are part of the request. */
const ownerOf = (subject: Subject | undefined): Effect.Effect<string, CredentialUnavailable> =>
  subject === undefined || subject === "onBehalfOf"
    ? Effect.succeed("")
    : Effect.map(identityToken.read(subject), ({ owner, value }) => owner ?? value)

/**
 * Presents a JWT as an assertion (RFC 7523 section 2.1): the identity token of a platform, or the token of a user
 * (`onBehalfOf`). When the server does not accept it (`invalid_grant`), it is read again, and presented once more if it
 * has been replaced.
 *
 * @example
 * import { ClientCredentials, Grant, WorkloadIdentity } from "@effect-oauth/client-credentials"
 *
 * export const Api = ClientCredentials.layer({
 *   tokenUrl: "https://auth.example.com/oauth/token",
 *   grant: Grant.jwtBearer(WorkloadIdentity.file("/var/run/secrets/tokens/api")),
 *   apiBaseUrl: "https://api.example.com"
 * })
 *
 * @example
 * // Two grants in a row: what the first server issues is presented to the second, and replaced when that rejects it.
 * import { ClientCredentials, Grant, TokenCache, WorkloadIdentity } from "@effect-oauth/client-credentials"
 * import { Effect, Layer } from "effect"
 *
 * const First = ClientCredentials.layer({
 *   tokenUrl: "https://login.example.com/oauth/token",
 *   grant: Grant.tokenExchange({
 *     subject: WorkloadIdentity.file("/var/run/secrets/tokens/login"),
 *     requestedType: "id-jag"
 *   }),
 *   audience: "https://auth.example.com",
 *   apiBaseUrl: "https://login.example.com"
 * })
 *
 * export const Api = Layer.unwrapEffect(Effect.map(TokenCache.TokenCache, (first) =>
 *   ClientCredentials.layer({
 *     tokenUrl: "https://auth.example.com/oauth/token",
 *     grant: Grant.jwtBearer(first),
 *     apiBaseUrl: "https://api.example.com"
 *   }))).pipe(Layer.provide(First))
 *
 * @since 3.0.0
 * @category constructors
 */
export const jwtBearer = (assertion: Subject): Grant => ({
  type: protocol.grantTypes.jwtBearer,
  parameters: {},
  isOnBehalfOf: assertion === "onBehalfOf",
  owner: ownerOf(assertion),
  present: (target) =>
    Effect.map(read(assertion, target), ({ confirm, expiresAt, invalidate, value }) => ({
      parameters: { assertion: value },
      expiresAt,
      invalidate,
      confirm
    })),
  problems: () => {
    const check = collect()
    identityToken.check(check, "assertion", assertion, subjects)
    return check.problems
  }
})

/** Options of the key and the assertion, as of `ClientAuthentication.privateKeyJwt`. */
type SigningOptions = Pick<
  Parameters<typeof ClientAuthentication.privateKeyJwt>[0],
  "key" | "signer" | "keyId" | "algorithm" | "header" | "certificate"
>

/** Options of an assertion that the client signs. */
interface SignedAssertionOptions extends SigningOptions {
  /** The `iss` claim: the id of the service account, or of the client. */
  readonly issuer: string
  /** The `sub` claim: the subject of the token. Default: the issuer. */
  readonly subject?: string | undefined
  /** The `aud` claim: `issuer`, `token_endpoint`, or a string that is sent as it is. Default: `token_endpoint`. */
  readonly audience?: "issuer" | "token_endpoint" | (string & {}) | undefined
  /** Further claims, such as `scope` where the server reads it in the assertion. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** Lifetime of an assertion. Default: 60 seconds, the maximum of some servers. */
  readonly life?: Duration.DurationInput | undefined
  /** The `typ` header. Default: `JWT`. */
  readonly type?: string | undefined
}

/** The claims that have their own options, or are made for each assertion. */
const ownClaims = ["iss", "sub", "aud", "iat", "exp", "jti"]

/**
 * Presents an assertion that the client signs (RFC 7523 section 2.1), as service accounts do. The formats of the key are
 * those of `ClientAuthentication.privateKeyJwt`. A new assertion is signed for each request.
 *
 * @example
 * import { ClientCredentials, Grant } from "@effect-oauth/client-credentials"
 * import { Config } from "effect"
 *
 * export const Google = ClientCredentials.layer({
 *   tokenUrl: "https://oauth2.googleapis.com/token",
 *   grant: Grant.signedAssertion({
 *     issuer: "inventory@acme.iam.gserviceaccount.com",
 *     key: Config.redacted("GOOGLE_PRIVATE_KEY"),
 *     claims: { scope: "https://www.googleapis.com/auth/devstorage.read_only" }
 *   }),
 *   apiBaseUrl: "https://storage.googleapis.com"
 * })
 *
 * @since 3.0.0
 * @category constructors
 */
export const signedAssertion = (
  options:
    & SignedAssertionOptions
    & (Pick<Required<SignedAssertionOptions>, "key"> | Pick<Required<SignedAssertionOptions>, "signer">)
): Grant => {
  const known: Partial<SignedAssertionOptions> = given(options)
  const { audience = "token_endpoint", claims = {}, issuer = "", subject = issuer, type = "JWT" } = known
  const { credentials: [credential], problems } = privateKeyMethod.make(
    { ...known, audience, type },
    {
      claims: () => ({ ...claims, iss: issuer, sub: subject }),
      proof: (assertion) => ({ parameters: { assertion } })
    },
    ["issuer", "subject", "claims"]
  )
  return {
    type: protocol.grantTypes.jwtBearer,
    parameters: {},
    isOnBehalfOf: false,
    owner: Effect.sync(() => JSON.stringify([issuer, subject, audience, requestParameters.canonicalJson(claims)])),
    present: ({ clientId, endpoint, issuer, now }) =>
      Effect.map(
        Effect.flatMap(credential, ({ prove }) => prove({ clientId, endpoint, issuer, now })),
        ({ parameters = {} }) => ({
          parameters,
          isMadeHere: true
        })
      ),
    problems: () => {
      const { expect, problems: found } = collect()
      expect("issuer", printable(issuer) ? true : undefined, "a string of one or more characters")
      expect("subject", printable(subject) ? true : undefined, "a string of one or more characters")
      const areFurther = isRecord(claims) && requestParameters.canBeWritten(claims) &&
        !ownClaims.some((name) => Object.hasOwn(claims, name))
      expect("claims", areFurther ? true : undefined, `claims by name, none of ${ownClaims.join(", ")}`)
      return [...found, ...(problems?.("") ?? [])]
    }
  }
}

/** Options of a token exchange. */
interface TokenExchangeOptions {
  /** The token that is exchanged (RFC 8693 section 2.1). */
  readonly subject: Subject
  /** Its type (RFC 8693 section 3). Default: `access_token` for `onBehalfOf`, or else `jwt`. */
  readonly subjectType?: protocol.TokenType | undefined
  /** The token of the party that acts for the subject (RFC 8693 section 1.1). Default: none. */
  readonly actor?: Subject | undefined
  /** Default: `jwt`. */
  readonly actorType?: protocol.TokenType | undefined
  /**
   * Type of the requested token. A token that is not an access token (`id-jag`, `id_token`) is presented to another server:
   * pass the `TokenCache` of this client to the grant of another client. Default: the type that the server chooses, usually an
   * access token.
   */
  readonly requestedType?: protocol.TokenType | undefined
}

const exchangeNames: ReadonlyArray<string> = ["subject", "subjectType", "actor", "actorType", "requestedType"]

/**
 * Exchanges a token for an access token (RFC 8693). A token whose response states no lifetime (`expires_in`) expires no later
 * than its subject. When the server does not accept the subject (`invalid_grant`), it is read again, and presented once more
 * if it has been replaced.
 *
 * @example
 * import { ClientCredentials, Grant, WorkloadIdentity } from "@effect-oauth/client-credentials"
 *
 * export const Api = ClientCredentials.layer({
 *   tokenUrl: "https://auth.example.com/oauth/token",
 *   grant: Grant.tokenExchange({ subject: WorkloadIdentity.gitHubActions({ audience: "https://auth.example.com" }) }),
 *   audience: "https://api.example.com",
 *   apiBaseUrl: "https://api.example.com"
 * })
 *
 * @since 3.0.0
 * @category constructors
 */
export const tokenExchange = (options: TokenExchangeOptions): Grant => {
  const known: Partial<TokenExchangeOptions> = given(options)
  const { actor, requestedType, subject } = known
  const subjectType = known.subjectType ?? (subject === "onBehalfOf" ? "access_token" : "jwt")
  const uri = protocol.tokenTypeUri
  return {
    type: protocol.grantTypes.tokenExchange,
    parameters: {
      subject_token_type: uri(subjectType),
      ...(actor === undefined ? {} : { actor_token_type: uri(known.actorType ?? "jwt") }),
      ...(requestedType === undefined ? {} : { requested_token_type: uri(requestedType) })
    },
    isOnBehalfOf: subject === "onBehalfOf" || actor === "onBehalfOf",
    owner: Effect.map(Effect.all([ownerOf(subject), ownerOf(actor)]), (owners) => JSON.stringify(owners)),
    present: (target) =>
      Effect.gen(function*() {
        // What is not a source is reported by `problems`.
        const presented = yield* read(subject as Subject, target)
        const acting = actor === undefined ? undefined : yield* read(actor, target)
        return {
          parameters: {
            subject_token: presented.value,
            ...(acting === undefined ? {} : { actor_token: acting.value })
          },
          expiresAt: acting?.expiresAt === undefined
            ? presented.expiresAt
            : Math.min(presented.expiresAt ?? Infinity, acting.expiresAt),
          invalidate: both("invalidate", presented, acting),
          confirm: both("confirm", presented, acting)
        }
      }),
    problems: () => {
      const check = collect()
      const { expect, problems } = check
      identityToken.check(check, "subject", subject, subjects)
      if (actor !== undefined) identityToken.check(check, "actor", actor, subjects)
      for (const name of ["subjectType", "actorType", "requestedType"] as const) {
        expect(
          name,
          known[name] === undefined || protocol.isTokenType(known[name]) ? true : undefined,
          "a type of token: access_token, id_token, jwt, saml2, id-jag or a URI (RFC 8693 section 3)"
        )
      }
      expect(
        "actorType",
        known.actorType !== undefined && actor === undefined ? undefined : true,
        "absent without an actor"
      )
      return [...unknownNames(known, exchangeNames), ...problems]
    }
  }
}

/**
 * Uses a grant that the server defines. `parameters` are the same in every request; `present` reads those that differ.
 *
 * @example
 * import { ClientCredentials, Grant } from "@effect-oauth/client-credentials"
 * import { Redacted } from "effect"
 *
 * export const Zoom = ClientCredentials.layer({
 *   tokenUrl: "https://zoom.us/oauth/token",
 *   grant: Grant.custom("account_credentials", { parameters: { account_id: "AbC123" } }),
 *   clientId: "inventory-sync",
 *   clientSecret: Redacted.make("s3cr3t"),
 *   clientAuthentication: "client_secret_basic",
 *   apiBaseUrl: "https://api.zoom.us/v2"
 * })
 *
 * @since 3.0.0
 * @category constructors
 */
export const custom = (
  type: string,
  options: {
    readonly parameters?: Readonly<Record<string, string>> | undefined
    readonly present?: Grant["present"] | undefined
    /** See `Grant`. Default: the same for all without `present`; with it, none, so that no tokens are shared. */
    readonly owner?: Grant["owner"] | undefined
    /** True if `present` needs the user of `Grant.onBehalfOf`. Default: false. */
    readonly onBehalfOf?: boolean | undefined
  } = {}
): Grant => {
  const known: Partial<typeof options> = given(options)
  const { onBehalfOf = false, parameters = {}, present = () => Effect.succeed({ parameters: {} }) } = known
  return {
    type,
    parameters,
    isOnBehalfOf: onBehalfOf,
    owner: known.owner ?? Effect.succeed(known.present === undefined ? "" : undefined),
    present,
    problems: () => {
      const { expect, problems } = collect()
      expect("type", printable(type) ? true : undefined, "a grant type: a name, or a URI (RFC 6749 section 4.5)")
      expect(
        "parameters",
        requestParameters.areFurther(parameters) ? true : undefined,
        "strings by name, none empty, and none of the parameters that have their own options"
      )
      expect("present", typeof present === "function" ? true : undefined, "a function that returns an Effect")
      expect("owner", known.owner === undefined || Effect.isEffect(known.owner) ? true : undefined, "an Effect")
      expect("onBehalfOf", typeof onBehalfOf === "boolean" ? true : undefined, "true or false")
      return [...unknownNames(known, ["parameters", "present", "owner", "onBehalfOf"]), ...problems]
    }
  }
}

/**
 * Makes the calls of a program on behalf of a user, whose token the grant of the client presents
 * (`Grant.jwtBearer("onBehalfOf")`, `Grant.tokenExchange({ subject: "onBehalfOf" })`).
 *
 * The cache has a separate token for each user, at most `TokenCache.Options.capacity`. They stay in this process, unless
 * `onBehalfOf` of `SharedTokens.Options` is set. Fails with `InvalidConfig` when it is not a Redacted string.
 *
 * @example
 * import { ApiClient, Grant } from "@effect-oauth/client-credentials"
 * import type { Redacted } from "effect"
 * import { Effect } from "effect"
 *
 * export const ordersOf = (user: Redacted.Redacted<string>) =>
 *   Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/orders")).pipe(Grant.onBehalfOf(user))
 *
 * @since 3.0.0
 * @category combinators
 */
export const onBehalfOf = (
  token: Redacted.Redacted<string>
): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E | InvalidConfig, R> =>
  // A token that is missing must not leave the call to the user of a region around it.
  TokenRequest.withOverrides({ onBehalfOf: token === undefined ? Redacted.make("") : token })
