/**
 * What `doctor` makes of what it saw: a verdict for each step, and what to do.
 */
import * as durationText from "./durationText.js"
import type { Handshake, Target, Tried } from "./probe.js"

export type Step =
  | "configuration"
  | "name"
  | "connection"
  | "certificate"
  | "clock"
  | "discovery"
  | "authentication"
  | "scope"
  | "audience"
  | "call"

export interface Finding {
  readonly step: Step
  readonly verdict: "ok" | "warning" | "wrong" | "skipped"
  readonly says: string
  readonly remedy?: string | undefined
}

const ok = (step: Step, says: string): Finding => ({ step, verdict: "ok", says })
const wrong = (step: Step, says: string, remedy: string): Finding => ({ step, verdict: "wrong", says, remedy })
const warning = (step: Step, says: string, remedy: string): Finding => ({ step, verdict: "warning", says, remedy })

export const skipped = (step: Step, says: string): Finding => ({ step, verdict: "skipped", says })

export const configuration = (origin: string, problems: string | undefined): Finding =>
  problems === undefined
    ? ok("configuration", `complete, from ${origin}`)
    : wrong("configuration", problems.replaceAll("\n", "; "), `Set what is named in ${origin}.`)

/** The secret's file, where others may read it. */
export const openSecret = (path: string): Finding =>
  warning("configuration", `others may read ${path}`, `Say chmod 600 ${path}.`)

export const name = (host: string, tried: Tried<ReadonlyArray<string>>, variable: string): Finding => {
  if (tried._tag === "Found") return ok("name", `${host} is ${tried.value.slice(0, 3).join(", ")}`)
  return tried.code === "EAI_AGAIN"
    ? wrong("name", `${host} cannot be looked up now (EAI_AGAIN)`, "Check that this machine reaches its DNS server.")
    : wrong("name", `there is no host ${host} (${tried.code})`, `Correct the host in ${variable}, or check the DNS.`)
}

export const connection = ({ host, port }: Target, tried: Tried<number>, variable: string): Finding => {
  const where = `${host}:${port}`
  if (tried._tag === "Found") return ok("connection", `${where} answers in ${Math.round(tried.value)} ms`)
  switch (tried.code) {
    case "ECONNREFUSED":
      return wrong(
        "connection",
        `${where} refuses connections`,
        `Check the port in ${variable}, and that the server runs.`
      )
    case "ETIMEDOUT":
      return wrong("connection", `${where} does not answer`, "Check firewalls and proxies (HTTPS_PROXY) on the way.")
    default:
      return wrong(
        "connection",
        `${where} cannot be reached (${tried.code})`,
        "Check the network, and proxies on the way."
      )
  }
}

const date = (millis: number): string =>
  Number.isFinite(millis) ? new Date(millis).toISOString().slice(0, 10) : "unknown"

const soon = 14 * 86_400_000

export const certificate = (
  { host, port }: Target,
  tried: Tried<Handshake>,
  now: number,
  variable: string
): Finding => {
  const where = `${host}:${port}`
  if (tried._tag === "Failed") {
    return /WRONG_VERSION|PACKET_LENGTH|ECONNRESET|EPROTO/.test(tried.code)
      ? wrong("certificate", `${where} does not speak TLS (${tried.code})`, `Check the port in ${variable}.`)
      : wrong(
        "certificate",
        `the TLS handshake with ${where} failed (${tried.code})`,
        "Check the TLS versions it offers."
      )
  }
  const { chain, protocol, refusal } = tried.value
  const [own] = chain
  const path = chain.map(({ subject }) => subject).join(" < ")
  switch (refusal) {
    case undefined: {
      const left = (own?.validTo ?? Infinity) - now
      return left < soon
        ? warning(
          "certificate",
          `that of ${where} ends in ${durationText.show(left)}`,
          "Tell the operator of the server; nothing is wrong yet."
        )
        : ok("certificate", `${path}, valid to ${date(own?.validTo ?? NaN)}, ${protocol}`)
    }
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return wrong(
        "certificate",
        `that of ${where} is signed by itself (${own?.subject ?? ""})`,
        "If it is the right one, put it into a file and name that in OAUTH_TLS_CA_FILE."
      )
    case "CERT_HAS_EXPIRED":
      return wrong(
        "certificate",
        `one in the chain of ${where} has expired: ${path}, ${
          chain.map(({ subject, validTo }) => `${subject} on ${date(validTo)}`).join(", ")
        }`,
        "The operator of the server must renew it. If it is still valid by the calendar, set this machine's clock."
      )
    case "CERT_NOT_YET_VALID":
      return wrong(
        "certificate",
        `that of ${where} is valid from ${date(own?.validFrom ?? NaN)} on only`,
        "Check this machine's clock first."
      )
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return wrong(
        "certificate",
        `that of ${where} is for ${own?.names.join(", ") || own?.subject || "nobody"}, not for ${host}`,
        `Use the name it is for in ${variable}, or have the server's certificate mended.`
      )
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
      return wrong(
        "certificate",
        `that of ${where} is from an authority that is not trusted here (${chain.at(-1)?.issuer ?? ""})`,
        "Name the PEM file of that authority in OAUTH_TLS_CA_FILE; a server may also have left out one in between."
      )
    default:
      return wrong(
        "certificate",
        `that of ${where} is not trusted (${refusal})`,
        "Name its authority in OAUTH_TLS_CA_FILE."
      )
  }
}

/** `offset` is how far the server is ahead, in milliseconds; its clock is known to a second. */
export const clock = (offset: number | undefined): Finding => {
  if (offset === undefined) return skipped("clock", "the server sends no date")
  const distance = Math.abs(offset)
  const says = `this machine is ${durationText.show(distance)} ${offset > 0 ? "behind" : "ahead of"} the server`
  if (distance <= 2000) return ok("clock", "the same as the server's, to a second or two")
  return distance <= 30_000
    ? warning(
      "clock",
      says,
      "Let this machine set its clock by NTP; assertions (private_key_jwt, DPoP) are refused soon."
    )
    : wrong(
      "clock",
      says,
      "Let this machine set its clock by NTP: timedatectl shows whether it does. Assertions and proofs are refused by it."
    )
}

export const discovery = (
  outcome: { readonly problem: string } | { readonly tokenEndpoint: string } | undefined
): Finding => {
  if (outcome === undefined) return skipped("discovery", "the token URL is configured")
  return "problem" in outcome
    ? wrong("discovery", outcome.problem, "Set OAUTH_ISSUER to what the server calls itself, or OAUTH_TOKEN_URL.")
    : ok("discovery", `the token endpoint is ${outcome.tokenEndpoint}`)
}

/** The library's own message says what to do. */
export const authentication = (
  outcome: { readonly failure: string } | { readonly method: string; readonly life: number }
): Finding =>
  "failure" in outcome
    ? { step: "authentication", verdict: "wrong", says: outcome.failure }
    : ok("authentication", `by ${outcome.method}: a token for ${durationText.show(outcome.life)}`)

export const scope = (asked: ReadonlyArray<string>, granted: ReadonlyArray<string> | undefined): Finding => {
  if (granted === undefined) {
    return asked.length === 0
      ? skipped("scope", "none asked for, and the server does not say which was granted")
      : warning(
        "scope",
        `${asked.join(" ")} asked for, and the server does not say whether it was granted`,
        "If the API answers 403, ask the operator of the server whether it knows this scope."
      )
  }
  const missing = asked.filter((one) => !granted.includes(one))
  return missing.length === 0
    ? ok("scope", granted.length === 0 ? "none asked for, none granted" : `granted: ${granted.join(" ")}`)
    : wrong(
      "scope",
      `${missing.join(" ")} asked for and not granted`,
      "Have the authorization server allow it to this client, or leave it out of OAUTH_SCOPE."
    )
}

/** `found` is what the token says itself, where it is a JWT. */
export const audience = (wanted: ReadonlyArray<string>, found: ReadonlyArray<string> | undefined): Finding => {
  if (found === undefined) return skipped("audience", "the token is opaque; the API tells")
  const missing = wanted.filter((one) => !found.includes(one))
  if (wanted.length === 0) return ok("audience", `the token is for ${found.join(", ") || "nobody in particular"}`)
  return missing.length === 0 ? ok("audience", `the token is for ${found.join(", ")}`) : wrong(
    "audience",
    `the token is for ${found.join(", ") || "nobody in particular"}, not for ${missing.join(", ")}`,
    "Check OAUTH_AUDIENCE and OAUTH_RESOURCE: servers ignore the one that they do not know."
  )
}

/** What the API returned to a call with the token, as far as it matters to the verdict. */
export type Outcome =
  | {
    readonly _tag: "Answered"
    readonly status: number
    /** Where a redirect leads, without its query. */
    readonly location?: string | undefined
    readonly contentType?: string | undefined
  }
  | { readonly _tag: "Refused"; readonly status: number; readonly error: string | undefined }
  | { readonly _tag: "InsufficientScope"; readonly scope: ReadonlyArray<string> }
  | { readonly _tag: "Failed"; readonly problem: string; readonly remedy?: string | undefined }
  /** The message states what to change. */
  | { readonly _tag: "Explained"; readonly problem: string }

const anotherPath = "Pass the path of a resource that this client may read: effect-oauth doctor --path /items."

/** Only a successful response (RFC 9110 section 15.3) shows that calls can be made. */
const answered = (url: string, { contentType, location, status }: Outcome & { readonly _tag: "Answered" }): Finding => {
  if (status >= 200 && status < 300) {
    return /^text\/html\b/i.test(contentType ?? "")
      ? warning(
        "call",
        `${url} answers ${status} with an HTML page, which may be a sign-in page`,
        `If it is not an answer of the API: ${anotherPath.charAt(0).toLowerCase()}${anotherPath.slice(1)}`
      )
      : ok("call", `${url} answers ${status}`)
  }
  if (status >= 300 && status < 400) {
    return wrong(
      "call",
      `${url} answers with a redirect (${status}${location === undefined ? "" : ` to ${location}`})`,
      "Redirects are not followed, since the token would go along. If it leads to a sign-in page, this address does not " +
        "accept tokens: check API_BASE_URL with the API's documentation."
    )
  }
  switch (status) {
    case 404:
      return wrong(
        "call",
        `${url} does not exist (404), which does not show whether the API accepts the token`,
        anotherPath
      )
    case 405:
      return wrong(
        "call",
        `${url} does not allow GET (405), which does not show whether the API accepts the token`,
        anotherPath
      )
    case 429:
      return wrong("call", `${url} limits the rate of calls (429)`, "Try again later, with fewer calls.")
    default:
      return status >= 500
        ? wrong("call", `${url} has a problem of its own (${status})`, "Try again later, or ask its operator.")
        : wrong("call", `${url} rejects the call (${status})`, `Check API_BASE_URL. ${anotherPath}`)
  }
}

export const call = (url: string, outcome: Outcome): Finding => {
  switch (outcome._tag) {
    case "Explained":
      return { step: "call", verdict: "wrong", says: outcome.problem }
    case "Failed":
      return { step: "call", verdict: "wrong", says: outcome.problem, remedy: outcome.remedy }
    case "InsufficientScope":
      return wrong(
        "call",
        `${url} wants the scope ${outcome.scope.join(" ") || "that it does not name"}`,
        "Add it to OAUTH_SCOPE, and have the authorization server allow it to this client."
      )
    case "Refused":
      return outcome.status === 403 && outcome.error?.toLowerCase() !== "invalid_token"
        ? wrong(
          "call",
          `${url} forbids it (403)`,
          "Have the API's operator give this client the right, or try another path."
        )
        : wrong(
          "call",
          `${url} refuses the token (${outcome.status}${outcome.error === undefined ? "" : `, ${outcome.error}`})`,
          "Is it for this API? Compare OAUTH_AUDIENCE or OAUTH_RESOURCE with what the API's documentation says, and " +
            "API_BASE_URL with the environment that these credentials are for."
        )
    case "Answered":
      return answered(url, outcome)
  }
}

/** The result of all steps: calls can be made only if a call succeeded. */
export const result = (findings: ReadonlyArray<Finding>): { readonly isGood: boolean; readonly says: string } => {
  const count = (verdict: Finding["verdict"]) => findings.filter((finding) => finding.verdict === verdict).length
  const problems = count("wrong")
  if (problems > 0) return { isGood: false, says: `${problems} ${problems === 1 ? "problem" : "problems"} found.` }
  const isGood = findings.some(({ step, verdict }) => step === "call" && (verdict === "ok" || verdict === "warning"))
  return { isGood, says: isGood ? "Calls can be made." : "No call was made." }
}
