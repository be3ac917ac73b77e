/**
 * Rules of the behavior of authorization servers, and of their clients.
 */
import { type Behavior, generic, type Paths, type Situation, type Written } from "./behavior.js"
import * as jwtProfiles from "./jwtProfiles.js"
import type * as models from "./models.js"
import type { TrustedIssuer } from "./presented.js"
import {
  anyText,
  duration,
  flag,
  group,
  integer,
  list,
  named,
  nullable,
  object,
  oneOf,
  positiveDuration,
  type Rule,
  text
} from "./rules.js"
import * as servers from "./servers.js"

export const texts = list(text)

const secretMethods = ["client_secret_basic", "client_secret_post", "client_secret_jwt"]

const methods = oneOf([...secretMethods, "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "none"])

export const client = group<models.Client>({
  id: text,
  secret: anyText,
  keys: list(object),
  certificate: text,
  method: named(methods, list(methods)),
  scope: texts,
  defaultScope: texts,
  audience: texts,
  certificateBound: flag,
  dpop: flag
}, ["id"])

export const trustedIssuer = group<TrustedIssuer>({
  issuer: text,
  keys: list(object),
  audiences: texts,
  subjects: texts
}, ["issuer", "keys"])

export const status = integer(200, 599)

const written = group<Written>({
  status,
  error: text,
  description: anyText,
  shape: oneOf(["standard", "entra", "okta", "google", "twitch", "fedex", "gateway"])
}, ["status"])

const situations = Object.fromEntries(
  Object.keys(generic.errorResponses).map((name) => [name, written])
) as { readonly [Name in Situation]: Rule }

export const codings = oneOf(["identity", "gzip", "deflate", "br"])

/** A number of tokens in some time. */
export const limit = integer(1)

const unlimited = (rule: Rule): Rule => (value, path) => value === Infinity ? [] : rule(value, path)

export const behavior: { readonly [Name in keyof Behavior]: Rule } = {
  requestFormat: oneOf(["form", "json", "any"]),
  basicEncoding: oneOf(["form", "raw"]),
  secretMethods: list(oneOf(secretMethods), 1),
  assertionAudiences: list(oneOf(["issuer", "token_endpoint"]), 1),
  assertionLife: positiveDuration,
  assertionBytes: unlimited(integer(1)),
  assertionAlgorithms: texts,
  assertionClaims: texts,
  assertionSkew: unlimited(duration),
  missingScope: oneOf(["none", "all", "rejected"]),
  unknownScope: oneOf(["rejected", "narrowed"]),
  scopeSyntax: oneOf(["names", "resource/.default"]),
  statesScope: flag,
  target: oneOf(["any", "audience", "resource", "configured"]),
  missingTarget: oneOf(["accepted", "rejected"]),
  accessTokens: oneOf(["opaque", "jwt"]),
  jwtProfile: oneOf(Object.keys(jwtProfiles.table)),
  revocation: oneOf(["revoked", "ignored", "rejected"]),
  onePerClient: oneOf(["none", "reissue", "revoke"]),
  tokenLife: duration,
  limits: list(group<Behavior["limits"][number]>({ tokens: limit, per: positiveDuration }, ["tokens", "per"])),
  limitWindow: oneOf(["24 hours", "UTC day"]),
  quotaHeader: text,
  organizationQuotaHeader: text,
  tokenType: nullable(anyText),
  expiresIn: oneOf(["number", "float", "string", "time", "date", "none"]),
  envelope: text,
  byteOrderMark: flag,
  members: object,
  claims: object,
  tokenStatus: status,
  contentType: nullable(anyText),
  contentCoding: codings,
  requireUserAgent: flag,
  paths: group<Paths>({
    issuer: anyText,
    token: text,
    revocation: nullable(text),
    introspection: nullable(text),
    jwks: text,
    metadata: list(anyText)
  }),
  errorResponses: group<Behavior["errorResponses"]>(situations)
}

export const names = oneOf(servers.names)
