/**
 * Other settings to try if a token endpoint rejects the client: each by itself, then together, since a server can differ in two
 * of them. A rejected request issues no token, and the first success ends the attempts.
 */
import * as changes from "./change.js"
import type { Finding } from "./finding.js"
import {
  failed,
  isLimit,
  isUnavailable,
  isWithoutReason,
  mayHaveToken,
  said,
  type TokenFact,
  waitFor
} from "./tokenRules.js"

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

const hasDpop = ({ values }: TokenFact): boolean => values["OAUTH_DPOP"] === "true"

/** Returns whether a rejection is about a proof of possession. */
const isAboutProof = ({ answer, description, error }: TokenFact): boolean =>
  /dpop/i.test(`${error ?? ""} ${description ?? ""} ${answer?.headers["www-authenticate"] ?? ""}`)

const codeOf = ({ error }: TokenFact): string => error?.toLowerCase() ?? ""

/** Returns whether a rejection is about the request as a whole, so that anything in it can be the cause. */
const isMalformed = (fact: TokenFact): boolean =>
  ["unsupported_grant_type", "invalid_request"].includes(codeOf(fact)) || fact.status === 415 || fact.status === 422 ||
  (fact.status === 400 && fact.error === undefined)

/** The settings to try for a rejection, each by itself, in this order. */
export const forFact = (fact: TokenFact): ReadonlyArray<changes.Change> => {
  const { kind } = fact
  const all = kind === "limit" || kind === "unavailable" || kind === "wrong endpoint"
    ? []
    : isAboutProof(fact)
    ? proofs(fact)
    : kind === "authentication"
    ? fact.values["OAUTH_REQUEST_FORMAT"] === "json"
      ? [...format(fact), ...methods(fact)]
      : [...methods(fact), ...(codeOf(fact) === "invalid_client" ? format(fact) : [])]
    : codeOf(fact) === "invalid_grant"
    ? proofs(fact)
    : isMalformed(fact)
    ? [...(fact.isSpecial ? methods(fact) : []), ...format(fact)]
    : []
  return all.filter((change) => changes.apply(change, fact.values) !== undefined).slice(0, most)
}

/** Error codes of servers that have authenticated the client. */
const authenticated = [
  "access_denied",
  "invalid_dpop_proof",
  "invalid_grant",
  "invalid_scope",
  "invalid_target",
  "unauthorized_client",
  "use_dpop_nonce"
]

/** Returns whether a rejection is about a proof of possession that was not sent. */
const wantsProof = (fact: TokenFact): boolean => isAboutProof(fact) && !hasDpop(fact)

/** Returns whether a server with this response has authenticated the client, for all that is known. */
const isAuthenticated = (fact: TokenFact): boolean =>
  isWithoutReason(fact) || wantsProof(fact) || (fact.kind !== "authentication" &&
    (authenticated.includes(codeOf(fact)) || isAboutProof(fact) ||
      /\b(?:scope|audience|resource)\b/i.test(fact.description ?? "")))

/** Progress of the server with a request: not understood, credentials rejected, client authenticated, token issued. */
const progress = (fact: TokenFact): number =>
  mayHaveToken(fact) ? 3 : isAuthenticated(fact) ? 2 : fact.kind === "authentication" ? 1 : 0

/** The settings to try where a change was necessary: of a client that is authenticated, only a proof can be missing. */
const afterProgress = (fact: TokenFact): ReadonlyArray<changes.Change> =>
  !isAuthenticated(fact) ? forFact(fact) : isAboutProof(fact) || codeOf(fact) === "invalid_grant" ? proofs(fact) : []

/** Two settings at once, where each of them can be the cause. */
const pairs = (fact: TokenFact): ReadonlyArray<changes.Change> => {
  const single = forFact(fact)
  const isFormat = (change: changes.Change) => aspects(change).includes("format")
  const [first, second] = fact.method === "private_key_jwt"
    ? [
      single.filter(({ set }) => set.OAUTH_SIGNING_ALGORITHM),
      single.filter(({ set }) => set.OAUTH_ASSERTION_AUDIENCE)
    ]
    : [single.filter(isFormat), methods(fact)]
  return first.flatMap((one) => second.map((other) => changes.merge([one, other])))
}

/** A change that was tried. */
export interface Trial {
  readonly change: changes.Change
  /** The rejection; undefined if no request was sent, by an algorithm of another type than that of the key for example. */
  readonly fact: TokenFact | undefined
}

/** A trial that led to a request. */
interface Sent extends Trial {
  readonly fact: TokenFact
}

const isSent = (trial: Trial): trial is Sent => trial.fact !== undefined

const isPaused = (fact: TokenFact): boolean => isLimit(fact) || isUnavailable(fact)

/** Returns whether the attempts end: by a limit, or by a token, although one that cannot be used. */
const isLast = (fact: TokenFact): boolean => isPaused(fact) || mayHaveToken(fact)

/** Returns whether the server got further with a change. */
const isFurther = (fact: TokenFact) => (one: Sent): boolean =>
  progress(one.fact) > progress(fact) || (wantsProof(fact) && hasDpop(one.fact) && !isAboutProof(one.fact))

/** Returns whether the change is necessary, so that others are tried only together with it. */
const isNecessary = (fact: TokenFact) => (one: Sent): boolean =>
  isFurther(fact)(one) && (progress(one.fact) >= 2 || wantsProof(fact))

/** Returns whether the server no longer rejects the credentials with a change, but the request. */
const isChanged = (fact: TokenFact) => (one: Sent): boolean =>
  fact.kind === "authentication" && !isFurther(fact)(one) && isMalformed(one.fact)

/**
 * Returns the change to try next; undefined if there is none. Where the server got further with a change, that is kept, and the
 * others follow.
 */
export const next = (fact: TokenFact, tried: ReadonlyArray<Trial>): changes.Change | undefined => {
  const sent = tried.filter(isSent)
  if ([fact, ...sent.map((one) => one.fact)].some(isLast) || sent.length >= most) return undefined
  const withOthers = (kept: ReadonlyArray<Sent>, others: (fact: TokenFact) => ReadonlyArray<changes.Change>) =>
    kept.flatMap((one) => others(one.fact).map((change) => changes.merge([one.change, change])))
  const necessary = sent.filter(isNecessary(fact))
  const all = necessary.length > 0 ? withOthers(necessary, afterProgress) : [
    ...withOthers(sent.filter(isFurther(fact)), forFact),
    ...forFact(fact),
    ...withOthers(sent.filter(isChanged(fact)), (found) => [...format(found), ...proofs(found)]),
    ...pairs(fact),
    ...(isMalformed(fact) ? proofs(fact) : [])
  ]
  const applied = (change: changes.Change) =>
    JSON.stringify(Object.entries(changes.applied(change, fact.values)).sort())
  const seen = new Set([changes.set({}), ...tried.map(({ change }) => change)].map(applied))
  return all.find((change) => !seen.has(applied(change)))
}

type Aspect = "audience" | "algorithm" | "dpop" | "format" | "method"

/** The settings that a change is about. */
const aspects = ({ set, unset }: changes.Change): ReadonlyArray<Aspect> => [
  ...(set.OAUTH_DPOP === undefined ? [] : ["dpop" as const]),
  ...(set.OAUTH_SIGNING_ALGORITHM === undefined ? [] : ["algorithm" as const]),
  ...(set.OAUTH_ASSERTION_AUDIENCE === undefined ? [] : ["audience" as const]),
  ...(set.OAUTH_REQUEST_FORMAT === undefined && !unset.includes("OAUTH_REQUEST_FORMAT") ? [] : ["format" as const]),
  ...(set.OAUTH_CLIENT_AUTHENTICATION === undefined ? [] : ["method" as const])
]

const aspectInWords = ({ set }: changes.Change): Readonly<Record<Aspect, string>> => ({
  dpop: "DPoP",
  algorithm: set.OAUTH_SIGNING_ALGORITHM ?? "",
  audience: `the audience ${set.OAUTH_ASSERTION_AUDIENCE}`,
  format: `a ${set.OAUTH_REQUEST_FORMAT ?? "form"} body`,
  method: `${set.OAUTH_CLIENT_AUTHENTICATION}${
    set.OAUTH_BASIC_ENCODING === undefined ? "" : ` (${set.OAUTH_BASIC_ENCODING})`
  }`
})

/** Returns the change as a part of a sentence: "a json body with client_secret_basic". */
export const inWords = (change: changes.Change): string =>
  aspects(change).map((aspect) => aspectInWords(change)[aspect]).join(" with ")

const explained = (
  change: changes.Change,
  fact: TokenFact,
  tried: ReadonlyArray<Trial>
): { readonly code: string; readonly message: string } => {
  const { set } = change
  if (aspects(change).length > 1) {
    return {
      code: "several-settings",
      message: `${fact.url} accepts this client by ${inWords(change)}, ${
        aspects(change).length === 2 ? "not by either alone" : "not by fewer changes"
      }`
    }
  }
  if (set.OAUTH_DPOP !== undefined) {
    return {
      code: "dpop-required",
      message: `${fact.url} issues tokens to this client only if they are bound to a key (DPoP)`
    }
  }
  if (set.OAUTH_SIGNING_ALGORITHM !== undefined) {
    return {
      code: "signing-algorithm",
      message: `${fact.url} accepts assertions signed by ${set.OAUTH_SIGNING_ALGORITHM}`
    }
  }
  if (set.OAUTH_ASSERTION_AUDIENCE !== undefined) {
    return {
      code: "assertion-audience",
      message: `${fact.url} accepts assertions with the audience ${set.OAUTH_ASSERTION_AUDIENCE}`
    }
  }
  if (set.OAUTH_REQUEST_FORMAT !== undefined || change.unset.includes("OAUTH_REQUEST_FORMAT")) {
    return set.OAUTH_REQUEST_FORMAT === "json"
      ? { code: "json-required", message: `${fact.url} takes the token request as JSON, not as a form` }
      : { code: "json-rejected", message: `${fact.url} takes the token request as a form, not as JSON` }
  }
  if (set.OAUTH_CLIENT_AUTHENTICATION === "client_secret_basic" && fact.method === "client_secret_basic") {
    return {
      code: "secret-encoding",
      message: `${fact.url} reads id and secret of basic authentication ${
        set.OAUTH_BASIC_ENCODING === "raw" ? "as they are, not form-encoded" : "form-encoded"
      }`
    }
  }
  const isTried = (one: changes.Change) => tried.some((trial) => trial.change === one && trial.fact !== undefined)
  return set.OAUTH_CLIENT_AUTHENTICATION === "client_secret_post" && fact.isSpecial &&
      (fact.method === "client_secret_basic" || isTried(basicForm)) && (isTried(basicRaw) || isTried(basicForm))
    ? {
      code: "secret-encoding",
      message:
        `${fact.url} reads this secret neither raw nor form-encoded by basic authentication, and takes it in the body`
    }
    : {
      code: "authentication-method",
      message:
        `${fact.url} does not accept this client by ${fact.method}, and does by ${set.OAUTH_CLIENT_AUTHENTICATION}`
    }
}

/** The finding of a change with which the server issued a token. */
export const successful = (change: changes.Change, fact: TokenFact, tried: ReadonlyArray<Trial>): Finding => ({
  step: "authentication",
  verdict: "wrong",
  ...explained(change, fact, tried),
  remedy: `${changes.inWords(change, fact.values)}: the server issued a token with that.`,
  fix: change,
  isProven: true
})

/** The finding where a limit or an outage ended the attempts. */
const paused = (fact: TokenFact, { change, fact: last }: Sent): Finding => ({
  ...failed(last),
  message: `${failed(fact).message}; with ${inWords(change)}, it returns ${isLimit(last) ? "a limit" : "an outage"} (${
    said(last)
  }), which ends the attempts`,
  remedy: `${waitFor(last)}, then ${
    changes.inWords(change, fact.values).replace(/^./, (first) => first.toLowerCase())
  }, which the server may accept, and run effect-oauth doctor again.`
})

/**
 * The finding where no change led to a token that can be used: that of the change with which the server got furthest, if there
 * is one, or else that of the settings in use with what was tried.
 */
export const unsuccessful = (fact: TokenFact, tried: ReadonlyArray<Trial>): Finding => {
  const sent = tried.filter(isSent)
  const last = sent.find((one) => isPaused(one.fact))
  const kept = sent.filter((one) => isNecessary(fact)(one) || mayHaveToken(one.fact))
  const most = Math.max(...kept.map((one) => progress(one.fact)))
  const furthest = kept.filter((one) => progress(one.fact) === most).at(-1)
  if (last !== undefined) return paused(fact, last)
  if (furthest !== undefined) {
    const { change } = furthest
    const found = failed(furthest.fact)
    const fix = changes.merge([change, ...(found.fix === undefined ? [] : [found.fix])])
    const isKnown = progress(furthest.fact) >= 2 && !isWithoutReason(furthest.fact)
    // A change that the next one takes back, such as of a server that ignores proofs, leads nowhere.
    if (changes.apply(fix, fact.values) !== undefined) {
      return {
        ...found,
        remedy: `${changes.inWords(change, fact.values)}: the server ${
          isKnown ? "accepts the client" : "gets further"
        } with that. ${found.remedy ?? ""}`,
        fix
      }
    }
  }
  const found = failed(fact)
  const all = sent.map((one) =>
    said(one.fact) === said(fact) ? inWords(one.change) : `${inWords(one.change)} (${said(one.fact)})`
  )
  return all.length === 0 ? found : { ...found, message: `${found.message}; tried without success: ${all.join(", ")}` }
}
