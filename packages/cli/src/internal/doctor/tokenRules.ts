/**
 * Rules for responses of token endpoints without a usable token: the cause and the remedy.
 */
import type { Kind } from "../../../../client-credentials/dist/internal/protocol/dialect.js"
import * as statuses from "../../../../client-credentials/dist/internal/protocol/status.js"
import { isAssumable } from "../../../../client-credentials/dist/internal/protocol/tokenResponse.js"
import { own, type Values } from "../profileText.js"
import { type Answer, destination, isHtml, json, record, shown, time, wantsCertificate, wantsTls } from "./answer.js"
import * as changes from "./change.js"
import { diagnose, type Finding, type Rule } from "./finding.js"
import { certificateRemedy, proxyCredentials } from "./networkRules.js"

export interface TokenFact {
  /** Origin and path. */
  readonly url: string
  /** 0 where there is no response. */
  readonly status: number
  /** The subject of the rejection; undefined for a response that is not one. */
  readonly kind: Kind | undefined
  /** The error code of the server, or that of the standard for what it returned. */
  readonly error: string | undefined
  /** True when the response does not have the code, and that of the standard for its status is used. */
  readonly isInferred?: boolean | undefined
  /** Redacted. */
  readonly description?: string | undefined
  /** When tokens are issued again, in milliseconds since the epoch, where the server states it. */
  readonly resetsAt?: number | undefined
  readonly answer: Answer | undefined
  /** The method of client authentication in use. */
  readonly method: string
  /** The members of the server's metadata; undefined where there are none. */
  readonly methods?: ReadonlyArray<string> | undefined
  readonly scopes?: ReadonlyArray<string> | undefined
  /** The token endpoint that the metadata at the same origin name, where the configured one does not exist. */
  readonly foundEndpoint?: string | undefined
  /** True when id or secret have characters that the encodings of basic authentication write differently. */
  readonly isSpecial: boolean
  /** The time by which the server is ahead, in milliseconds. */
  readonly offset?: number | undefined
  readonly values: Values
}

const lower = ({ error }: TokenFact): string => error?.toLowerCase() ?? ""

const is = (...codes: ReadonlyArray<string>) => (fact: TokenFact): boolean => codes.includes(lower(fact))

/** Words for a response without an error code. */
const bodyInWords = (answer: Answer | undefined): string =>
  answer === undefined ? "" : answer.body.trim() === "" ? ", an empty body" : isHtml(answer) ? ", a page" : ""

/** Returns what was received: the error code, if the response has one, the status, and the description. */
export const said = ({ answer, description, error, isInferred, status }: TokenFact): string => {
  const isStated = error !== undefined && isInferred !== true
  if (status === 0) return "no response"
  return `${isStated ? `"${error}", ` : ""}${status}${
    description === undefined ? isStated ? "" : bodyInWords(answer) : `: ${description.replace(/[.\s]+$/, "")}`
  }`
}

const isAssertion = ({ method }: Pick<TokenFact, "method">): boolean =>
  ["private_key_jwt", "client_secret_jwt"].includes(method)

const isByCertificate = ({ method }: TokenFact): boolean => /tls_client_auth$/.test(method)

const hasDpop = ({ values }: TokenFact): boolean =>
  values["OAUTH_DPOP"] === "true" || values["OAUTH_DPOP_KEY"] !== undefined ||
  values["OAUTH_DPOP_KEY_FILE"] !== undefined

const members = ({ answer }: TokenFact) => answer === undefined ? undefined : record(json(answer))

export const isLimit = ({ kind, status }: TokenFact): boolean => kind === "limit" || status === 429

export const isUnavailable = ({ error, kind, status }: TokenFact): boolean =>
  kind === "unavailable" || (error === undefined && (status >= 500 || status === 0))

/** Returns whether the server states no reason: it does so for wrong credentials, and for a scope that is missing. */
export const isWithoutReason = ({ answer, isInferred, kind, status }: TokenFact): boolean =>
  kind === "authentication" && isInferred === true && status === 403 && answer?.body.trim() === ""

const isSuccess = ({ status }: TokenFact): boolean => statuses.isSuccess(status)

/** Returns the place of a token in a response that nests it: `data.access_token`. */
const nested = (fact: TokenFact): string | undefined => {
  for (const [name, value] of Object.entries(members(fact) ?? {})) {
    const inner = Object.keys(record(value) ?? {}).find((one) => /^(?:access_?token|token)$/i.test(one))
    if (inner !== undefined) return `${name}.${inner}`
    if (typeof value === "string" && /^(?:accessToken|token|id_token)$/.test(name)) return name
  }
  return undefined
}

const tokenType = (fact: TokenFact): unknown => members(fact)?.["token_type"]

const hasNoType = (fact: TokenFact): boolean => (tokenType(fact) ?? undefined) === undefined

/** The type as the server wrote it, if it is a word for one: others may be a part of the token or of the secret. */
const typeInWords = (fact: TokenFact): string => {
  const type = tokenType(fact)
  return typeof type === "string" && /^[a-z_ -]{0,20}(?:bearer|jwt|mac|pop|token)[a-z_ -]{0,20}$/i.test(type) &&
      !String(members(fact)?.["access_token"]).includes(type)
    ? `the token_type "${type}" in place of Bearer`
    : "another token_type than Bearer"
}

const issues = (fact: TokenFact): boolean => isSuccess(fact) && typeof members(fact)?.["access_token"] === "string"

/** Returns whether the response counts as a token at the server: every successful one that is not an error response. */
export const mayHaveToken = (fact: TokenFact): boolean => isSuccess(fact) && fact.kind === undefined

const secrets = ["client_secret_basic", "client_secret_post", "client_secret_jwt"]

const isSecret = ({ method }: TokenFact): boolean => secrets.includes(method)

const target = ({ answer }: TokenFact): URL | undefined => answer === undefined ? undefined : destination(answer)

/**
 * A redirect that replaces the URL (RFC 9110 section 15.4) within the host, and not by one without TLS or by a page for users.
 */
const isMoved = (fact: TokenFact): boolean => {
  const from = new URL(fact.url)
  const to = target(fact)
  return to !== undefined && [301, 302, 307, 308].includes(fact.status) && to.hostname === from.hostname &&
    (to.protocol === "https:" || to.protocol === from.protocol) && !hasQuery(fact) &&
    !/(?:log[-_]?in|sign[-_]?in|sso|saml|authorize)\/?$/i.test(to.pathname)
}

/** Returns whether the target of a redirect has a query, which is not shown. */
const hasQuery = ({ answer }: TokenFact): boolean => /[?#]/.test(answer?.headers["location"] ?? "")

/** Returns whether the response is that of another URL than a token endpoint. */
export const isWrongUrl = (fact: TokenFact): boolean =>
  fact.kind === "wrong endpoint" || (fact.error === undefined && [404, 405, 410].includes(fact.status)) ||
  (isSuccess(fact) && fact.answer !== undefined && isHtml(fact.answer))

/** The beginning of a sentence: until when to wait. */
export const waitFor = ({ resetsAt }: TokenFact): string =>
  resetsAt === undefined ? "Wait before the next attempt" : `Wait until ${time(resetsAt)}`

const limitRemedy = (fact: TokenFact): string =>
  `${waitFor(fact)}, or have the limit raised. ${
    fact.values[own.tokensPerDay] === undefined
      ? `Set ${own.tokensPerDay} to the limit, so that commands keep within it. `
      : ""
  }Tokens are kept between commands: token --fresh and doctor request others.`

const assertionClaims = ({ values }: TokenFact): string =>
  [
    `the audience (OAUTH_ASSERTION_AUDIENCE=${values["OAUTH_ASSERTION_AUDIENCE"] ?? "issuer"})`,
    "the algorithm (OAUTH_SIGNING_ALGORITHM)",
    "the key id (OAUTH_PRIVATE_KEY_ID)"
  ].join(", ")

const list = (all: ReadonlyArray<string>): string => all.slice(0, 20).join(" ")

/** Rules for responses that are not error responses. */
const responseRules: ReadonlyArray<Rule<TokenFact>> = [
  {
    code: "token-url-redirect",
    holds: ({ status }) => statuses.isRedirection(status),
    cause: (fact) =>
      `${fact.url} returns a redirect (${fact.status}${
        target(fact) === undefined ? "" : ` to ${shown(target(fact) ?? "")}`
      }), and credentials are not sent after a redirect`,
    fix: (fact) => isMoved(fact) ? changes.set({ OAUTH_TOKEN_URL: shown(target(fact) ?? "") }) : undefined,
    remedy: (fact) => {
      const to = target(fact)
      return isMoved(fact)
        ? "Nothing was sent there."
        : to === undefined
        ? "Set OAUTH_TOKEN_URL to the token endpoint in the server's documentation."
        : `If that is the token endpoint of your server, set OAUTH_TOKEN_URL=${shown(to)}${
          hasQuery(fact) ? " with its query, which is not shown here" : ""
        }.`
    }
  },
  {
    code: "proxy-authentication",
    holds: ({ status }) => status === 407,
    cause: ({ url }) => `a proxy before ${url} requires a user and a password (407)`,
    remedy: () => proxyCredentials("HTTPS_PROXY")
  },
  {
    code: "client-certificate",
    holds: ({ answer }) => answer !== undefined && wantsCertificate(answer),
    cause: (fact) => `${fact.url} requires a client certificate (${fact.status})`,
    remedy: ({ values }) => certificateRemedy(values["OAUTH_TLS_CERTIFICATE_FILE"] !== undefined)
  },
  {
    code: "http-at-tls-port",
    holds: ({ answer }) => answer !== undefined && wantsTls(answer),
    cause: ({ url }) => `${url} is at a port with TLS, and its URL has http:`,
    fix: ({ values }) => {
      const variable = values["OAUTH_TOKEN_URL"] === undefined ? "OAUTH_ISSUER" : "OAUTH_TOKEN_URL"
      return changes.set({ [variable]: (values[variable] ?? "").replace(/^http:/i, "https:") })
    },
    remedy: () => ""
  },
  {
    code: "limit",
    holds: isLimit,
    cause: (fact) => `${fact.url} issues no more tokens to this client for now (${said(fact)})`,
    remedy: limitRemedy
  },
  {
    code: "token-url",
    holds: isWrongUrl,
    cause: (fact) =>
      `${fact.url} is not a token endpoint (${fact.status}${
        fact.answer !== undefined && isHtml(fact.answer) ? ", a page" : ""
      })`,
    fix: ({ foundEndpoint }) =>
      foundEndpoint === undefined ? undefined : changes.set({ OAUTH_TOKEN_URL: foundEndpoint }),
    remedy: ({ foundEndpoint, values }) =>
      foundEndpoint !== undefined
        ? "The metadata of the server name that token endpoint."
        : values["OAUTH_TOKEN_URL"] === undefined
        ? "The metadata of the issuer name it: check OAUTH_ISSUER, or set OAUTH_TOKEN_URL."
        : "Correct the path in OAUTH_TOKEN_URL, or set OAUTH_ISSUER, whose metadata name it."
  },
  {
    code: "firewall",
    holds: ({ answer, status }) =>
      status === 403 && answer !== undefined && isHtml(answer) && answer.body.trim() !== "",
    cause: ({ url }) => `a firewall or gateway before ${url} rejects the request with a page (403)`,
    remedy: () => "Have its operator allow this machine, or check HTTPS_PROXY."
  },
  {
    code: "unavailable",
    holds: isUnavailable,
    cause: (fact) => `${fact.url} is not available now (${said(fact)})`,
    remedy: ({ resetsAt }) => resetsAt === undefined ? "Try again later." : `Try again at ${time(resetsAt)}.`
  },
  {
    code: "token-type-dpop",
    holds: (fact) => issues(fact) && /^dpop$/i.test(String(tokenType(fact))) && !hasDpop(fact),
    cause: ({ url }) => `${url} issues tokens that are bound to a key (DPoP)`,
    fix: () => changes.set({ OAUTH_DPOP: "true" }),
    remedy: () => ""
  },
  {
    code: "token-not-bound",
    holds: (fact) => issues(fact) && hasDpop(fact),
    cause: ({ url }) => `${url} issues tokens that are not bound to a key, and OAUTH_DPOP is set`,
    fix: ({ values }) => values["OAUTH_DPOP"] === undefined ? undefined : changes.unset("OAUTH_DPOP"),
    remedy: () => "Or have the server issue DPoP tokens to this client."
  },
  {
    code: "token-type-unusable",
    holds: (fact) => issues(fact) && !isAssumable(tokenType(fact)),
    cause: (fact) => `${fact.url} issues a token with ${typeInWords(fact)}, which requires a proof with each call`,
    remedy: () => "Have the operator of the server issue bearer tokens to this client."
  },
  {
    code: "token-type",
    holds: issues,
    cause: (fact) =>
      `${fact.url} issues a token ${hasNoType(fact) ? "without a token_type" : `with ${typeInWords(fact)}`}`,
    fix: () => changes.set({ OAUTH_TOKEN_TYPE: "assume-bearer" }),
    remedy: () => "Its tokens are used as bearer tokens then."
  },
  {
    code: "token-nested",
    holds: (fact) => isSuccess(fact) && nested(fact) !== undefined,
    cause: (fact) => `${fact.url} returns ${nested(fact)} where access_token is expected (RFC 6749 section 5.1)`,
    remedy: () =>
      "Check the URL with the server's documentation. If it has no standard token endpoint, this command cannot read " +
      "its responses; a program that uses the library can."
  },
  {
    code: "no-token",
    holds: isSuccess,
    cause: (fact) => `${fact.url} returns ${fact.status} without an access_token`,
    remedy: ({ values }) =>
      values["OAUTH_TOKEN_URL"] === undefined ? "Check OAUTH_ISSUER." : "Check the path in OAUTH_TOKEN_URL."
  }
]

/** Rules for error responses, by their codes. */
const rejectionRules: ReadonlyArray<Rule<TokenFact>> = [
  {
    code: "clock-wrong",
    holds: (fact) =>
      Math.abs(fact.offset ?? 0) > 30_000 &&
      (is("invalid_dpop_proof")(fact) || (isAssertion(fact) && fact.kind === "authentication")),
    cause: (fact) =>
      `${fact.url} rejects what this client signs (${said(fact)}), and the clocks differ by ${
        Math.round(Math.abs(fact.offset ?? 0) / 1000)
      } s`,
    remedy: () => "Set the clock of this machine by NTP."
  },
  {
    code: "dpop-required",
    holds: (fact) => is("invalid_dpop_proof", "use_dpop_nonce")(fact) && !hasDpop(fact),
    cause: (fact) => `${fact.url} requires proofs of possession (${said(fact)})`,
    fix: () => changes.set({ OAUTH_DPOP: "true" }),
    remedy: () => ""
  },
  {
    code: "dpop-proof",
    holds: is("invalid_dpop_proof", "use_dpop_nonce"),
    cause: (fact) => `${fact.url} does not accept the proof of possession (${said(fact)})`,
    remedy: () => "Check the key of OAUTH_DPOP_KEY_FILE and its algorithm, and the clock of this machine."
  },
  {
    code: "no-reason",
    holds: isWithoutReason,
    cause: (fact) => `${fact.url} rejects this client and states no reason (${said(fact)})`,
    remedy: () =>
      "Servers respond in this way to wrong credentials, and where a scope is missing: check OAUTH_CLIENT_ID and the secret, then " +
      "OAUTH_SCOPE and OAUTH_AUDIENCE."
  },
  {
    code: "method-unsupported",
    holds: (fact) =>
      fact.kind === "authentication" && fact.methods !== undefined && !fact.methods.includes(fact.method) &&
      !(isSecret(fact) && fact.methods.some((one) => secrets.includes(one))),
    cause: ({ method, methods = [], url }) => `${url} accepts ${list(methods)} only, and ${method} is used`,
    remedy: ({ methods = [] }) =>
      methods.includes("private_key_jwt")
        ? "Register a key for this client, and name it in OAUTH_PRIVATE_KEY_FILE instead of the secret."
        : methods.some((one) => /tls_client_auth$/.test(one))
        ? `Set OAUTH_CLIENT_AUTHENTICATION=${methods.find((one) => /tls_client_auth$/.test(one))}, with ` +
          "OAUTH_TLS_CERTIFICATE_FILE and OAUTH_TLS_KEY_FILE instead of the secret."
        : "Set OAUTH_CLIENT_AUTHENTICATION to one of these."
  },
  {
    code: "certificate-not-accepted",
    holds: (fact) => fact.kind === "authentication" && isByCertificate(fact),
    cause: (fact) => `${fact.url} does not accept the client certificate (${said(fact)})`,
    remedy: (fact) =>
      `Check OAUTH_CLIENT_ID. ${certificateRemedy(fact.values["OAUTH_TLS_CERTIFICATE_FILE"] !== undefined)}`
  },
  {
    code: "assertion-not-accepted",
    holds: (fact) => fact.kind === "authentication" && fact.method === "private_key_jwt",
    cause: (fact) => `${fact.url} does not accept the signed assertion (${said(fact)})`,
    remedy: (fact) =>
      `Check that this client is registered with the public key of OAUTH_PRIVATE_KEY_FILE, OAUTH_CLIENT_ID, ${
        assertionClaims(fact)
      }.`
  },
  {
    code: "identity-not-accepted",
    holds: (fact) => fact.kind === "authentication" && !isSecret(fact),
    cause: (fact) => `${fact.url} does not accept what ${fact.method} presents (${said(fact)})`,
    remedy: () =>
      "Check OAUTH_CLIENT_ID, the identity token (OAUTH_CLIENT_ASSERTION_FILE, OAUTH_SUBJECT_TOKEN_FILE), and that the " +
      "server trusts its issuer."
  },
  {
    code: "credentials",
    holds: (fact) => fact.kind === "authentication",
    cause: (fact) => `${fact.url} does not accept the client id and the secret (${said(fact)})`,
    remedy: () =>
      "Check OAUTH_CLIENT_ID and the secret: whether it was replaced, is that of this environment, and is complete " +
      "without quotes and blanks around it."
  }
]

/** Rules for requests that the server understands and does not grant. */
const requestRules: ReadonlyArray<Rule<TokenFact>> = [
  {
    code: "scope",
    holds: is("invalid_scope"),
    cause: (fact) => `${fact.url} does not grant the scope (${said(fact)})`,
    remedy: ({ scopes, values }) =>
      `${
        values["OAUTH_SCOPE"] === undefined
          ? "Set OAUTH_SCOPE to one that this client may have"
          : "Correct OAUTH_SCOPE, or have the server allow it to this client"
      }${scopes === undefined || scopes.length === 0 ? "" : `; the server has ${list(scopes)}`}.`
  },
  {
    code: "target",
    holds: is("invalid_target"),
    cause: (fact) => `${fact.url} does not know the API that the token is for (${said(fact)})`,
    remedy: ({ values }) =>
      values["OAUTH_RESOURCE"] === undefined && values["OAUTH_AUDIENCE"] === undefined
        ? "Set OAUTH_RESOURCE (or OAUTH_AUDIENCE) to the API as it is registered at the server."
        : "Correct OAUTH_RESOURCE and OAUTH_AUDIENCE: the API as it is registered at the server."
  },
  {
    code: "grant-not-allowed",
    holds: is("unauthorized_client"),
    cause: (fact) => `${fact.url} does not allow this client the grant (${said(fact)})`,
    remedy: ({ values }) =>
      `Check OAUTH_CLIENT_ID, and have the operator of the server allow this client the ${
        values["OAUTH_GRANT"] ?? "client_credentials"
      } grant.`
  },
  {
    code: "access-denied",
    holds: (fact) => is("access_denied")(fact) || fact.status === 403,
    cause: (fact) => `${fact.url} does not authorize this client (${said(fact)})`,
    remedy: ({ values }) =>
      `Have the operator of the server authorize it for the API${
        values["OAUTH_AUDIENCE"] === undefined ? "; some servers require OAUTH_AUDIENCE or OAUTH_SCOPE" : ""
      }.`
  },
  {
    code: "grant-rejected",
    holds: is("invalid_grant"),
    cause: (fact) => `${fact.url} rejects the grant (${said(fact)})`,
    remedy: ({ values }) =>
      values["OAUTH_GRANT"] === undefined
        ? "Check how this client is registered at the server: the grants that it may use, and whether its tokens must be bound " +
          "to a key (OAUTH_DPOP) or a certificate (OAUTH_TLS_CERTIFICATE_FILE)."
        : "Check OAUTH_SUBJECT_TOKEN_FILE, and that the server trusts the issuer of that token."
  },
  {
    code: "request-rejected",
    holds: is("invalid_request", "unsupported_grant_type"),
    cause: (fact) => `${fact.url} does not accept the token request (${said(fact)})`,
    remedy: (fact) =>
      `Check what the server requires: ${
        fact.values["OAUTH_AUDIENCE"] === undefined ? "OAUTH_AUDIENCE, " : ""
      }OAUTH_RESOURCE, OAUTH_SCOPE, OAUTH_PARAMETERS, and OAUTH_REQUEST_FORMAT (a form or json).`
  }
]

const rules = [...responseRules, ...rejectionRules, ...requestRules]

/** The codes of all situations, for the documentation and its test. */
export const codes: ReadonlyArray<string> = rules.map(({ code }) => code)

export const failed = (fact: TokenFact): Finding =>
  diagnose("authentication", rules, fact, (found) => ({
    step: "authentication",
    verdict: "wrong",
    code: "rejected",
    message: `${found.url} rejects the token request (${said(found)})`,
    remedy: "The documentation or the operator of the server can explain the code."
  }))
