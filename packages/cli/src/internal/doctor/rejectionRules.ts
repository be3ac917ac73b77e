/**
 * Rules for a token that the API rejects: the reason, as far as the response and the token state it, and the remedy.
 */
import { timeOf } from "../../../../client-credentials/dist/internal/protocol/identityToken.js"
import { serverTime } from "../../../../client-credentials/dist/internal/protocol/retryAfter.js"
import * as durationText from "../durationText.js"
import * as jwt from "../jwt.js"
import { shown, time } from "./answer.js"
import {
  type ApiFact,
  challenges,
  descriptionOf,
  errorOf,
  is,
  rejectionOf,
  rejectsInBody,
  statedBy,
  status,
  url
} from "./apiFact.js"
import type { Rule } from "./finding.js"

const isRejected = (fact: ApiFact): boolean =>
  rejectionOf(fact)._tag === "Rejected" || is(419, 498)(fact) || rejectsInBody(fact)

const rejects = (fact: ApiFact): string => {
  const error = errorOf(fact)
  return `${url(fact)} rejects the token (${status(fact)}${error === undefined ? "" : `, ${error}`})`
}

/** The time of a claim in milliseconds since the epoch. */
const claimed = (fact: ApiFact, name: string): number | undefined => timeOf(statedBy(fact)?.claims[name])

/** The time at which the API examined the token: by its `Date`, or else by the clock of this machine. */
const examined = ({ answer }: ApiFact): { readonly at: number; readonly clock: string } => {
  const at = serverTime(answer.headers)
  return at === undefined
    ? { at: answer.at, clock: "the clock of this machine" }
    : { at, clock: "the Date of the API" }
}

const hasExpired = (fact: ApiFact): boolean => (claimed(fact, "exp") ?? Infinity) <= examined(fact).at

/** The later one of the times before which the token is not valid, with the name of its claim. */
const start = (fact: ApiFact) =>
  (["nbf", "iat"] as const).map((name) => ({ name, at: claimed(fact, name) ?? -Infinity }))
    .reduce((left, right) => right.at > left.at ? right : left)

const short = 60_000

const expiryRemedy = (fact: ApiFact): string => {
  const life = (claimed(fact, "exp") ?? NaN) - (claimed(fact, "iat") ?? NaN)
  return life < short
    ? `It lasts ${
      durationText.show(life)
    } only: have the operator of the authorization server let tokens of this client last ` +
      "for minutes."
    : "It was issued for this call, so the clocks of the authorization server and of the API differ: have their operators set " +
      "them by NTP."
}

const configured = ({ values }: ApiFact): ReadonlyArray<string> =>
  [values["OAUTH_AUDIENCE"], ...(values["OAUTH_RESOURCE"] ?? "").split(" ")].filter((one): one is string =>
    one !== undefined && one !== ""
  )

const audience = (fact: ApiFact): ReadonlyArray<string> | undefined => {
  const found = statedBy(fact)
  return found === undefined ? undefined : jwt.audience(found)
}

const issuer = (fact: ApiFact): string | undefined => {
  const found = statedBy(fact)?.claims["iss"]
  return typeof found === "string" ? found : undefined
}

const withoutSlash = (text: string): string => text.replace(/\/+$/, "")

/** Audiences that servers write where no API was requested. */
const defaults = /^(?:account|default|api:\/\/default|all|\*|0000000[23]-0000-0000-c000-000000000000)$/i

const isDefault = (fact: ApiFact) => (one: string): boolean => {
  const from = withoutSlash(issuer(fact) ?? fact.values["OAUTH_ISSUER"] ?? "")
  return defaults.test(one) || one === fact.values["OAUTH_CLIENT_ID"] ||
    (from !== "" && [from, `${from}/resources`, `${from}/userinfo`].includes(withoutSlash(one)))
}

/** Returns whether an audience is the address of the API, or of a part of it. */
const isAddress = ({ values }: ApiFact) => (one: string): boolean =>
  URL.canParse(one) && URL.canParse(values["API_BASE_URL"] ?? "") &&
  new URL(one).host === new URL(values["API_BASE_URL"] ?? "").host

const named = (all: ReadonlyArray<string>): string => all.slice(0, 10).map(shown).join(", ")

const audienceRemedy = (fact: ApiFact): string =>
  configured(fact).length === 0
    ? "Set OAUTH_AUDIENCE or OAUTH_RESOURCE, whichever the authorization server reads, to the identifier of the API in its " +
      "documentation."
    : "Correct OAUTH_AUDIENCE and OAUTH_RESOURCE: servers ignore the one that they do not know."

const issuerRemedy =
  "Check that OAUTH_ISSUER (or OAUTH_TOKEN_URL) and API_BASE_URL are of the same environment and tenant. If " +
  "they are, have the operator of the API trust that issuer."

const scopeRemedy = ({ values }: ApiFact): string =>
  values["OAUTH_SCOPE"] === undefined
    ? "Set OAUTH_SCOPE to what the API requires."
    : "Correct OAUTH_SCOPE, or have the operator of the authorization server allow it to this client."

const hasRights = (fact: ApiFact): boolean => {
  const found = statedBy(fact)
  return found === undefined || (jwt.scope(found) ?? []).length > 0 ||
    ["roles", "permissions"].some((name) => found.claims[name] !== undefined)
}

const opaque = "the token is opaque, so its lifetime, audience, scope and issuer cannot be read here"

const unknown = (fact: ApiFact): string => statedBy(fact) === undefined && fact.token !== undefined ? `; ${opaque}` : ""

const general =
  "Check that the token is for this API: OAUTH_AUDIENCE or OAUTH_RESOURCE as in its documentation, and API_BASE_URL of the " +
  "environment that these credentials are for."

/** Reasons that an API may state in its error code or its description. */
const reasons: ReadonlyArray<
  { readonly code: string; readonly pattern: RegExp; readonly remedy: (fact: ApiFact) => string }
> = [
  {
    code: "token-expired",
    pattern: /\bexpir|\bexp\b|lifetime|too old/i,
    remedy: (fact) => {
      const end = claimed(fact, "exp")
      return end === undefined
        ? "It was issued for this call: have the operators compare the clocks of the authorization server and of the API, and " +
          "check that API_BASE_URL is that of the environment that these credentials are for."
        : `Its exp is ${time(end)}, which is not over by ${
          examined(fact).clock
        }: have the operator of the API check its clock, and how old a token may be.`
    }
  },
  { code: "token-audience", pattern: /audience|\baud\b/i, remedy: audienceRemedy },
  { code: "token-issuer", pattern: /issuer|\biss\b|tenant/i, remedy: () => issuerRemedy },
  {
    code: "token-signature",
    pattern: /signature|signed|signing|\bkid\b|\bjwks?\b(?=.*key)|public key|verification key|\balg(?:orithm)?\b/i,
    remedy: () =>
      "The API verifies it with keys of another issuer, or with older ones: check that OAUTH_ISSUER (or OAUTH_TOKEN_URL) and " +
      "API_BASE_URL are of the same environment. If they are, have the operator of the API reload the keys."
  },
  {
    code: "token-inactive",
    pattern: /revoked|inactive|not active|introspect/i,
    remedy: () =>
      "Check that API_BASE_URL is of the environment that issued it. If other programs use this client, the server may keep one " +
      "token per client: have them share a profile and its store, or give each its own OAUTH_CLIENT_ID."
  },
  {
    code: "token-format",
    pattern: /malformed|not a (?:valid )?jwt|well[- ]formed|segments|decod|pars(?:e|ing)\b|\bformat\b/i,
    remedy: (fact) =>
      statedBy(fact) === undefined
        ? `The API expects a JWT, and the token is opaque. ${
          configured(fact).length === 0
            ? "Some servers issue a JWT only if OAUTH_AUDIENCE or OAUTH_RESOURCE is set."
            : "Have the operator of the authorization server issue JWTs for this API."
        }`
        : "Have the operator of the API check what it reads as a token: this one is a JWT."
  },
  { code: "token-scope", pattern: /\bscopes?\b|\bscp\b/i, remedy: scopeRemedy }
]

/** The stated reason. A description that lists several, as that of RFC 6750 section 3.1 does, states none. */
const reason = (fact: ApiFact) => {
  const text = `${(errorOf(fact) ?? "").replaceAll("_", " ")} ${descriptionOf(fact) ?? ""}`
  const found = reasons.filter(({ pattern }) => pattern.test(text))
  return found.length === 1 ? found[0] : undefined
}

const described = (fact: ApiFact): string => {
  const text = descriptionOf(fact)
  return text === undefined ? rejects(fact) : `${rejects(fact)}: ${text}`
}

const timeRules: ReadonlyArray<Rule<ApiFact>> = [
  {
    code: "token-expired",
    holds: hasExpired,
    cause: (fact) =>
      `${rejects(fact)}: it expired at ${time(claimed(fact, "exp") ?? 0)} (exp), and ${examined(fact).clock} is ${
        time(examined(fact).at)
      }`,
    remedy: expiryRemedy
  },
  {
    code: "token-not-yet-valid",
    // `Date` is cut to a second.
    holds: (fact) => start(fact).at >= examined(fact).at + 1000,
    cause: (fact) => {
      const { at, name } = start(fact)
      const { at: now, clock } = examined(fact)
      return `${rejects(fact)}: its ${name} is ${time(at)}, ${durationText.show(at - now)} after ${clock}`
    },
    remedy: (fact) =>
      start(fact).at >= fact.answer.at + 1000
        ? "By the clock of this machine too, the authorization server is ahead: have its operator set its clock by NTP."
        : "By the clock of this machine, the API is behind: have its operator set its clock by NTP, or allow for a difference."
  }
]

const claimRules: ReadonlyArray<Rule<ApiFact>> = [
  {
    code: "token-issuer",
    holds: (fact) =>
      issuer(fact) !== undefined && fact.values["OAUTH_ISSUER"] !== undefined &&
      issuer(fact) !== fact.values["OAUTH_ISSUER"],
    cause: (fact) =>
      `${described(fact)}; its iss is ${shown(issuer(fact) ?? "")}, and OAUTH_ISSUER is ${
        shown(fact.values["OAUTH_ISSUER"] ?? "")
      }`,
    remedy: () => issuerRemedy
  },
  {
    code: "token-audience",
    holds: (fact) => audience(fact)?.length === 0,
    cause: (fact) => `${described(fact)}; it has no audience (aud)`,
    remedy: audienceRemedy
  },
  {
    code: "token-audience",
    holds: (fact) => {
      const wanted = configured(fact)
      return wanted.length > 0 && audience(fact)?.some((one) => wanted.includes(one)) === false
    },
    cause: (fact) => `${described(fact)}; its aud is ${named(audience(fact) ?? [])}, not ${named(configured(fact))}`,
    remedy: audienceRemedy
  },
  {
    code: "token-audience",
    holds: (fact) => configured(fact).length === 0 && audience(fact)?.every(isDefault(fact)) === true,
    cause: (fact) =>
      `${described(fact)}; its aud is ${named(audience(fact) ?? [])}, which servers write where no API was requested`,
    remedy: audienceRemedy
  },
  {
    code: "token-audience",
    holds: (fact) => configured(fact).length === 0 && audience(fact)?.some(isAddress(fact)) === false,
    cause: (fact) => `${described(fact)}; its aud is ${named(audience(fact) ?? [])}, which may be another API`,
    remedy: audienceRemedy
  },
  {
    code: "token-scope",
    holds: (fact) => !hasRights(fact),
    cause: (fact) => `${described(fact)}; it has no scope`,
    remedy: scopeRemedy
  }
]

const generalRules: ReadonlyArray<Rule<ApiFact>> = [
  {
    code: "no-challenge",
    holds: (fact) => challenges(fact).length === 0 && descriptionOf(fact) === undefined && !rejectsInBody(fact),
    cause: (fact) => `${rejects(fact)} and states no reason: it sends no WWW-Authenticate${unknown(fact)}`,
    remedy: () =>
      `${general} If it takes credentials in another header, pass that with each call: effect-oauth call /items NAME:VALUE.`
  },
  {
    code: "token-opaque",
    holds: (fact) => unknown(fact) !== "",
    cause: (fact) => `${described(fact)}${unknown(fact)}`,
    remedy: () => general
  },
  { code: "token-rejected", holds: () => true, cause: described, remedy: () => general }
]

const stated: ReadonlyArray<Rule<ApiFact>> = reasons.map(({ code, remedy }) => ({
  code,
  holds: (fact) => reason(fact)?.code === code,
  cause: described,
  remedy
}))

/** Times come first, since they are certain; then what the API states; then what the token states. */
export const rules: ReadonlyArray<Rule<ApiFact>> = [...timeRules, ...stated, ...claimRules, ...generalRules].map(
  (rule) => ({ ...rule, holds: (fact) => isRejected(fact) && rule.holds(fact) })
)
