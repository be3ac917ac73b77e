/**
 * Other settings to try if a token endpoint rejects the client. A rejected request issues no token, and the first success ends
 * the attempts.
 */
import * as changes from "./change.js"
import type { Finding } from "./finding.js"
import type { TokenFact } from "./tokenRules.js"

/** Maximum number of requests, since some servers lock clients out. */
const most = 6

const post = changes.set({ OAUTH_CLIENT_AUTHENTICATION: "client_secret_post" }, "OAUTH_BASIC_ENCODING")
const basicForm = changes.set({ OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic" }, "OAUTH_BASIC_ENCODING")
const basicRaw = changes.set({ OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic", OAUTH_BASIC_ENCODING: "raw" })
const secretJwt = changes.set({ OAUTH_CLIENT_AUTHENTICATION: "client_secret_jwt" }, "OAUTH_BASIC_ENCODING")
const dpop = changes.set({ OAUTH_DPOP: "true" })

const methods = ({ isSpecial, method, methods, values }: TokenFact): ReadonlyArray<changes.Change> => {
  const isRaw = values["OAUTH_BASIC_ENCODING"] === "raw"
  if (method === "private_key_jwt") {
    const { OAUTH_ASSERTION_AUDIENCE: audience = "issuer", OAUTH_SIGNING_ALGORITHM: algorithm } = values
    return [
      // Only algorithms of the type of the key lead to a request.
      ...["PS256", "RS256", "Ed25519", "EdDSA"].filter((one) => one !== algorithm)
        .map((one) => changes.set({ OAUTH_SIGNING_ALGORITHM: one })),
      ...["token_endpoint", "issuer"].filter((one) => one !== audience)
        .map((one) => changes.set({ OAUTH_ASSERTION_AUDIENCE: one }))
    ]
  }
  if (!method.startsWith("client_secret_")) return []
  const all = [
    ...(method === "client_secret_basic" && !isRaw ? [] : [["client_secret_basic", basicForm] as const]),
    ...(!isSpecial || (method === "client_secret_basic" && isRaw) ? [] : [["client_secret_basic", basicRaw] as const]),
    ...(method === "client_secret_post" ? [] : [["client_secret_post", post] as const]),
    ...(method === "client_secret_jwt" || methods?.includes("client_secret_jwt") !== true
      ? []
      : [["client_secret_jwt", secretJwt] as const])
  ]
  // Those that the server lists come first.
  const isListed = (name: string): boolean => methods?.includes(name) === true
  return [...all].sort(([left], [right]) => Number(isListed(right)) - Number(isListed(left))).map(([, change]) =>
    change
  )
}

const format = ({ values }: TokenFact): ReadonlyArray<changes.Change> => [
  values["OAUTH_REQUEST_FORMAT"] === "json"
    ? changes.unset("OAUTH_REQUEST_FORMAT")
    : changes.set({ OAUTH_REQUEST_FORMAT: "json" })
]

const proofs = ({ values }: TokenFact): ReadonlyArray<changes.Change> => values["OAUTH_DPOP"] === "true" ? [] : [dpop]

/** The settings to try for a refusal, in this order. */
export const forFact = (fact: TokenFact): ReadonlyArray<changes.Change> => {
  const { answer, error, isSpecial, kind, status } = fact
  const code = error?.toLowerCase() ?? ""
  const isMalformed = status === 415 || status === 422 || (status === 400 && error === undefined)
  const isDpop = /dpop/i.test(`${code} ${fact.description ?? ""} ${answer?.headers["www-authenticate"] ?? ""}`)
  const all = kind === "limit" || kind === "unavailable" || kind === "wrong endpoint"
    ? []
    : isDpop
    ? proofs(fact)
    : kind === "authentication"
    ? fact.values["OAUTH_REQUEST_FORMAT"] === "json"
      ? [...format(fact), ...methods(fact)]
      : [...methods(fact), ...(code === "invalid_client" ? format(fact) : [])]
    : code === "invalid_grant"
    ? proofs(fact)
    : code === "unsupported_grant_type" || code === "invalid_request" || isMalformed
    ? [...(isSpecial ? methods(fact) : []), ...format(fact)]
    : []
  return all.filter((change) => changes.apply(change, fact.values) !== undefined).slice(0, most)
}

const explained = (change: changes.Change, fact: TokenFact): { readonly code: string; readonly says: string } => {
  const { set } = change
  if (set.OAUTH_DPOP !== undefined) {
    return {
      code: "dpop-required",
      says: `${fact.url} issues tokens to this client only if they are bound to a key (DPoP)`
    }
  }
  if (set.OAUTH_SIGNING_ALGORITHM !== undefined) {
    return {
      code: "signing-algorithm",
      says: `${fact.url} accepts assertions signed by ${set.OAUTH_SIGNING_ALGORITHM}`
    }
  }
  if (set.OAUTH_ASSERTION_AUDIENCE !== undefined) {
    return {
      code: "assertion-audience",
      says: `${fact.url} accepts assertions with the audience ${set.OAUTH_ASSERTION_AUDIENCE}`
    }
  }
  if (set.OAUTH_REQUEST_FORMAT !== undefined || change.unset.includes("OAUTH_REQUEST_FORMAT")) {
    return set.OAUTH_REQUEST_FORMAT === "json"
      ? { code: "json-required", says: `${fact.url} takes the token request as JSON, not as a form` }
      : { code: "json-refused", says: `${fact.url} takes the token request as a form, not as JSON` }
  }
  if (set.OAUTH_CLIENT_AUTHENTICATION === "client_secret_basic" && fact.method === "client_secret_basic") {
    return {
      code: "secret-encoding",
      says: `${fact.url} reads id and secret of basic authentication ${
        set.OAUTH_BASIC_ENCODING === "raw" ? "as they are, not form-encoded" : "form-encoded"
      }`
    }
  }
  const isTried = (one: changes.Change) => fact.tried.includes(one)
  return set.OAUTH_CLIENT_AUTHENTICATION === "client_secret_post" && fact.isSpecial &&
      (fact.method === "client_secret_basic" || isTried(basicForm)) && (isTried(basicRaw) || isTried(basicForm))
    ? {
      code: "secret-encoding",
      says:
        `${fact.url} reads this secret neither raw nor form-encoded by basic authentication, and takes it in the body`
    }
    : {
      code: "authentication-method",
      says: `${fact.url} does not accept this client by ${fact.method}, and does by ${set.OAUTH_CLIENT_AUTHENTICATION}`
    }
}

/** The finding of a change with which the server issued a token. */
export const successful = (change: changes.Change, fact: TokenFact): Finding => ({
  step: "authentication",
  verdict: "wrong",
  ...explained(change, fact),
  remedy: `${changes.inWords(change, fact.values)}: the server issued a token with that.`,
  fix: change,
  isProven: true
})
