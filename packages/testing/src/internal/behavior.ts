/**
 * The behavior of authorization servers as data: the paths, what a request may contain, what is rejected and how an error
 * response is written.
 */
import type * as Duration from "effect/Duration"

import type * as jwtProfiles from "./jwtProfiles.js"

/** A reason for which a request is rejected. */
export type Situation =
  /** Parameters that are missing, repeated or cannot be read. */
  | "malformed"
  /** A body that is longer than the server reads. */
  | "tooLong"
  /** JSON where a form is expected, or a form where JSON is. */
  | "otherFormat"
  | "noCredentials"
  | "severalMethods"
  | "unknownClient"
  | "wrongCredential"
  /** A method of authentication that the client is not registered for. */
  | "otherMethod"
  | "noGrantType"
  | "otherGrantType"
  | "noScope"
  /** Not registered for the client, or not as RFC 6749 section 3.3 or the server has it. */
  | "unknownScope"
  | "noTarget"
  | "unknownResource"
  | "unknownAudience"
  | "unknownOrganization"
  /** An assertion that is not accepted (RFC 7523 section 3.1). */
  | "wrongAssertion"
  /** A token that is not accepted for an exchange (RFC 8693 section 2.2.2). */
  | "wrongSubjectToken"
  /** The tokens of the client must be bound to a certificate, and the request has none (RFC 8705 section 3). */
  | "noCertificate"
  | "noProof"
  | "wrongProof"
  | "noNonce"
  /** Too many tokens were requested. */
  | "limit"
  /** The token to revoke was issued to another client (RFC 7009 section 2.1). */
  | "otherClientsToken"
  /** The server does not revoke access tokens (RFC 7009 section 2.2.1). */
  | "notRevocable"
  /** The URL is that of no endpoint. */
  | "wrongPath"
  | "wrongMethod"

/** An error response as a server writes it. */
export interface Written {
  readonly status: number
  /** Undefined for an empty body. */
  readonly error: string | undefined
  /**
   * `{problem}` states what was wrong; `{client}`, `{scope}`, `{target}`, `{limit}` and `{seconds}` are replaced by what the
   * request and the options contain.
   */
  readonly description?: string | undefined
  /** The names of the members. Default: `standard`, those of RFC 6749 section 5.2. */
  readonly shape?: "standard" | "entra" | "okta" | "google" | "twitch" | "fedex" | "gateway" | undefined
}

/** A method of authentication with a secret. */
export type SecretMethod = "client_secret_basic" | "client_secret_post" | "client_secret_jwt"

/** The endpoints, below the origin; null for one that the server does not have. */
export interface Paths {
  readonly issuer: string
  readonly token: string
  readonly revocation: string | null
  readonly introspection: string | null
  /** Of every server, for its JWT access tokens. */
  readonly jwks: string
  /** Of the metadata (RFC 8414, OpenID Connect Discovery). `{path}` is replaced by the path of the issuer. */
  readonly metadata: ReadonlyArray<string>
}

export interface Behavior {
  /** The format of token requests. Default: `form`. */
  readonly requestFormat: "form" | "json" | "any"
  /**
   * The encoding of id and secret in basic auth: `form` decodes each (RFC 6749 section 2.3.1). Default: `raw`, as most servers.
   */
  readonly basicEncoding: "form" | "raw"
  /** The methods of clients with a secret that are registered without one. Default: `client_secret_post` only. */
  readonly secretMethods: ReadonlyArray<SecretMethod>
  /** The audiences of client assertions (RFC 7523 section 3). Default: both. */
  readonly assertionAudiences: ReadonlyArray<"issuer" | "token_endpoint">
  /** The longest time from now to the expiry of a client assertion. Default: 10 minutes. */
  readonly assertionLife: Duration.DurationInput
  /** The most bytes of a client assertion. Default: any number. */
  readonly assertionBytes: number
  /** The algorithms of client assertions, by the names of RFC 7518. Default: all with a hash of SHA-2, and `EdDSA`. */
  readonly assertionAlgorithms: ReadonlyArray<string>
  /** The claims that a client assertion must have beside `iss`, `sub` and `aud`. Default: `exp` and `jti`. */
  readonly assertionClaims: ReadonlyArray<string>
  /** The longest time from now to the issue (`iat`) of a client assertion. Default: 10 seconds. */
  readonly assertionSkew: Duration.DurationInput
  /**
   * The grant of a request without a scope, for a client without default scopes: no scope, all scopes of the client, or no token.
   * Default: `none`.
   */
  readonly missingScope: "none" | "all" | "rejected"
  /** The handling of a scope that the client is not registered for: `narrowed` leaves it out. Default: `rejected`. */
  readonly unknownScope: "rejected" | "narrowed"
  /**
   * The form of scopes. By `resource/.default` a request names one resource, whose audience the token has, with all scopes of
   * the client. Default: `names` (RFC 6749 section 3.3).
   */
  readonly scopeSyntax: "names" | "resource/.default"
  /** True if token responses contain the granted scope (RFC 6749 section 5.1). Default: true. */
  readonly statesScope: boolean
  /**
   * The parameters that name what a token is for; others are ignored. By `configured` none does: each token is for the
   * audiences of the client. Default: `any`.
   */
  readonly target: "any" | "audience" | "resource" | "configured"
  /** The handling of a request that does not name what the token is for. Default: `accepted`. */
  readonly missingTarget: "accepted" | "rejected"
  /** `jwt`: signed by RS256; the key is at the JWKS endpoint. Default: `opaque`. */
  readonly accessTokens: "opaque" | "jwt"
  /** The header and the claims of JWT access tokens, by the server that has them so. Default: `rfc9068`, the standard. */
  readonly jwtProfile: jwtProfiles.Name
  /** The handling of an access token at the revocation endpoint: `ignored` returns 200. Default: `revoked` (RFC 7009). */
  readonly revocation: "revoked" | "ignored" | "rejected"
  /**
   * For servers with one valid token per client: `reissue` returns the valid token again, `revoke` revokes it when another one
   * is issued. Default: `none`, any number of valid tokens.
   */
  readonly onePerClient: "none" | "reissue" | "revoke"
  /** The lifetime of tokens. Default: 24 hours. */
  readonly tokenLife: Duration.DurationInput
  /** The tokens that a client may request in other periods than an hour and a day. Default: no limit. */
  readonly limits: ReadonlyArray<{ readonly tokens: number; readonly per: Duration.DurationInput }>
  /**
   * The window of limits: any 24 hours and any 60 minutes, or a day and an hour of the calendar in UTC. Default: `24 hours`.
   */
  readonly limitWindow: "24 hours" | "UTC day"
  /** The header in which the quota is announced as Auth0 does it. Default: none. */
  readonly quotaHeader: string | undefined
  /** The header in which the quota of an organization is announced as Auth0 does it. Default: none. */
  readonly organizationQuotaHeader: string | undefined
  /** The `token_type` of bearer tokens; null for none. Default: `Bearer`. */
  readonly tokenType: string | null
  /**
   * The JSON type of `expires_in`: a number with a fraction by `float`; the time of expiry in place of the lifetime, in
   * seconds since the epoch by `time`, as a string by `date`. Default: `number`.
   */
  readonly expiresIn: "number" | "float" | "string" | "time" | "date" | "none"
  /** The member of token responses that contains all others. Default: none. */
  readonly envelope: string | undefined
  /** True if token responses begin with a byte order mark. Default: false. */
  readonly byteOrderMark: boolean
  /** Further members of token responses. `{api}` is replaced by the base URL of the API. */
  readonly members: Readonly<Record<string, unknown>>
  /** Further claims of JWT access tokens. */
  readonly claims: Readonly<Record<string, unknown>>
  /** The status of token responses. Default: 200. */
  readonly tokenStatus: number
  /** The media type of responses; null for none. Default: `application/json`. */
  readonly contentType: string | null
  /** The coding of responses, whether or not the client accepts it. Default: `identity`. */
  readonly contentCoding: "identity" | "gzip" | "deflate" | "br"
  /** True if requests without `User-Agent` are rejected with 403, as web application firewalls do. Default: false. */
  readonly requireUserAgent: boolean
  readonly paths: Paths
  readonly errorResponses: Readonly<Record<Situation, Written>>
}

const problem = "{problem}"

const paths = {
  issuer: "",
  token: "/token",
  revocation: "/token/revocation",
  introspection: "/token/introspection",
  jwks: "/.well-known/jwks.json",
  // OpenID Connect Discovery section 4 appends, RFC 8414 section 3 inserts.
  metadata: [
    "{path}/.well-known/oauth-authorization-server",
    "{path}/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server{path}",
    "/.well-known/openid-configuration{path}"
  ]
} as const satisfies Paths

const algorithms = [
  ...["HS256", "HS384", "HS512"],
  ...["RS256", "RS384", "RS512"],
  ...["PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512"],
  ...["EdDSA", "Ed25519"]
]

/** The standards, and where they leave a choice, the stricter one that most servers take. */
export const generic: Behavior = {
  requestFormat: "form",
  basicEncoding: "raw",
  secretMethods: ["client_secret_post"],
  assertionAudiences: ["issuer", "token_endpoint"],
  assertionLife: "10 minutes",
  assertionBytes: Infinity,
  assertionAlgorithms: algorithms,
  assertionClaims: ["exp", "jti"],
  assertionSkew: "10 seconds",
  missingScope: "none",
  unknownScope: "rejected",
  scopeSyntax: "names",
  statesScope: true,
  target: "any",
  missingTarget: "accepted",
  accessTokens: "opaque",
  jwtProfile: "rfc9068",
  revocation: "revoked",
  onePerClient: "none",
  tokenLife: "24 hours",
  limits: [],
  limitWindow: "24 hours",
  quotaHeader: undefined,
  organizationQuotaHeader: undefined,
  tokenType: "Bearer",
  expiresIn: "number",
  envelope: undefined,
  byteOrderMark: false,
  members: {},
  claims: {},
  tokenStatus: 200,
  contentType: "application/json",
  contentCoding: "identity",
  requireUserAgent: false,
  paths,
  errorResponses: {
    // RFC 6749 section 5.2.
    malformed: { status: 400, error: "invalid_request", description: problem },
    tooLong: { status: 413, error: "invalid_request", description: problem },
    otherFormat: { status: 400, error: "invalid_request", description: problem },
    noCredentials: { status: 400, error: "invalid_request", description: problem },
    severalMethods: { status: 400, error: "invalid_request", description: problem },
    unknownClient: { status: 401, error: "invalid_client", description: problem },
    wrongCredential: { status: 401, error: "invalid_client", description: problem },
    otherMethod: { status: 401, error: "invalid_client", description: problem },
    noGrantType: { status: 400, error: "invalid_request", description: problem },
    otherGrantType: { status: 400, error: "unsupported_grant_type", description: problem },
    noScope: { status: 400, error: "invalid_scope", description: problem },
    unknownScope: { status: 400, error: "invalid_scope", description: problem },
    // RFC 8707 section 2; the audience is a parameter of servers that answer like Auth0.
    noTarget: { status: 400, error: "invalid_target", description: problem },
    unknownResource: { status: 400, error: "invalid_target", description: problem },
    unknownAudience: { status: 403, error: "access_denied", description: problem },
    unknownOrganization: { status: 400, error: "invalid_request", description: problem },
    wrongAssertion: { status: 400, error: "invalid_grant", description: problem },
    wrongSubjectToken: { status: 400, error: "invalid_request", description: problem },
    noCertificate: { status: 400, error: "invalid_grant", description: problem },
    // RFC 9449 sections 5 and 8; no section states the code of a missing proof.
    noProof: { status: 400, error: "invalid_grant", description: problem },
    wrongProof: { status: 400, error: "invalid_dpop_proof", description: problem },
    noNonce: { status: 400, error: "use_dpop_nonce", description: problem },
    limit: { status: 429, error: "too_many_requests", description: problem },
    // RFC 7009 section 2.1 has such a request rejected, and defines no code for it.
    otherClientsToken: { status: 400, error: "invalid_request", description: problem },
    notRevocable: { status: 400, error: "unsupported_token_type", description: problem },
    wrongPath: { status: 404, error: undefined },
    wrongMethod: { status: 405, error: undefined }
  }
}
