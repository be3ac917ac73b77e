/**
 * Rules for the connection to a server: the cause of each failed step and the remedy.
 */
import { phaseOf } from "../../../../client-credentials/dist/internal/protocol/certificateLife.js"
import { isLoopback } from "../../../../client-credentials/dist/internal/protocol/urls.js"
import * as durationText from "../durationText.js"
import type { Values } from "../profileText.js"
import * as changes from "./change.js"
import { type Finding, ok, type Rule, type Step } from "./finding.js"
import { diagnose } from "./finding.js"
import type { Handshake, Target, Tried, Tunnel } from "./probe.js"

/** The URL that leads to the server, and the variable that names it. */
interface Way {
  readonly target: Target
  readonly url: string
  readonly variable: "API_BASE_URL" | "OAUTH_ISSUER" | "OAUTH_TOKEN_URL"
  readonly values: Values
}

const place = ({ target: { host, port } }: Way): string => `${host}:${port}`

type Failing<A = unknown> = Way & { readonly tried: Tried<A> }

const code = ({ tried }: Failing): string => tried._tag === "Failed" ? tried.code : ""

const failedWith = (pattern: RegExp) => (fact: Failing): boolean => pattern.test(code(fact))

const unreachable = (step: Step, message: (fact: Failing) => string) => (fact: Failing): Finding => ({
  step,
  verdict: "wrong",
  code: "unreachable",
  message: message(fact),
  remedy: "Check the network, and the proxies on the way (HTTPS_PROXY, NO_PROXY)."
})

const nameRules: ReadonlyArray<Rule<Failing>> = [
  {
    code: "dns-unavailable",
    holds: failedWith(/^EAI_AGAIN$/),
    cause: ({ target }) => `${target.host} cannot be looked up now (EAI_AGAIN)`,
    remedy: () => "Check that this machine reaches its DNS server."
  },
  {
    code: "unknown-host",
    holds: failedWith(/./),
    cause: (fact) => `there is no host ${fact.target.host} (${code(fact)})`,
    remedy: ({ variable }) => `Correct the host in ${variable}, or check the DNS.`
  }
]

export const name = (fact: Failing<ReadonlyArray<string>>): Finding =>
  fact.tried._tag === "Found"
    ? ok("name", `${fact.target.host} is ${fact.tried.value.slice(0, 3).join(", ")}`)
    : diagnose("name", nameRules, fact, unreachable("name", () => ""))

const connectionRules: ReadonlyArray<Rule<Failing>> = [
  {
    code: "connection-refused",
    holds: failedWith(/^ECONNREFUSED$/),
    cause: (fact) => `${place(fact)} refuses connections`,
    remedy: ({ variable }) => `Check the port in ${variable}, and that the server runs.`
  },
  {
    code: "no-answer",
    holds: failedWith(/^ETIMEDOUT$/),
    cause: (fact) => `${place(fact)} does not respond`,
    remedy: ({ variable }) => `Check the host in ${variable}, firewalls, and proxies (HTTPS_PROXY) on the way.`
  }
]

export const connection = (fact: Failing<number>): Finding =>
  fact.tried._tag === "Found"
    ? ok("connection", `${place(fact)} responds in ${Math.round(fact.tried.value)} ms`)
    : diagnose(
      "connection",
      connectionRules,
      fact,
      unreachable("connection", (found) => `${place(found)} cannot be reached (${code(found)})`)
    )

/** The response of a proxy, and whether the server can be reached without it. */
export interface ProxyFact extends Failing<Tunnel> {
  /** Without credentials. */
  readonly proxy: string
  readonly proxyVariable: string
  readonly hasCredentials: boolean
  readonly isDirectPossible: boolean
}

const status = ({ tried }: ProxyFact): number => tried._tag === "Found" ? tried.value.status : 0

const around = ({ isDirectPossible, target }: ProxyFact): string =>
  isDirectPossible ? ` ${target.host} can be reached without it: add ${target.host} to NO_PROXY.` : ""

/** The remedy for a proxy that requires credentials. */
export const proxyCredentials = (variable: string): string =>
  `Write them into ${variable}: http://USER:PASSWORD@HOST:PORT, percent-encoded.`

/** The schemes that a proxy accepts, where it does not accept a user and a password. */
const otherSchemes = ({ tried }: ProxyFact): string => {
  const schemes = (tried._tag === "Found" ? tried.value.schemes ?? [] : []).filter((one) => one !== "")
  return schemes.some((one) => /^basic$/i.test(one)) ? "" : schemes.join(" or ")
}

const proxyRules: ReadonlyArray<Rule<ProxyFact>> = [
  {
    code: "proxy-unreachable",
    holds: ({ tried }) => tried._tag === "Failed",
    cause: (fact) => `the proxy ${fact.proxy} (${fact.proxyVariable}) cannot be reached (${code(fact)})`,
    remedy: (fact) => `Correct or remove ${fact.proxyVariable}, or check that the proxy runs.${around(fact)}`
  },
  {
    code: "proxy-authentication",
    holds: (fact) => status(fact) === 407,
    cause: (fact) =>
      otherSchemes(fact) !== ""
        ? `the proxy ${fact.proxy} (${fact.proxyVariable}) requires authentication by ${otherSchemes(fact)} (407)`
        : fact.hasCredentials
        ? `the proxy ${fact.proxy} does not accept the user and the password in ${fact.proxyVariable} (407)`
        : `the proxy ${fact.proxy} (${fact.proxyVariable}) requires a user and a password (407)`,
    remedy: (fact) =>
      otherSchemes(fact) === ""
        ? proxyCredentials(fact.proxyVariable) + around(fact)
        : "This command authenticates with a user and a password only (Basic): have the operator of the proxy allow that, or this " +
          `machine without authentication.${around(fact)}`
  },
  {
    code: "proxy-rejects",
    holds: (fact) => status(fact) === 403 || status(fact) === 405,
    cause: (fact) => `the proxy ${fact.proxy} (${fact.proxyVariable}) does not allow ${place(fact)} (${status(fact)})`,
    remedy: (fact) => `Have its operator allow ${fact.target.host}.${around(fact)}`
  },
  {
    code: "proxy-failed",
    holds: (fact) => status(fact) !== 200,
    cause: (fact) => `the proxy ${fact.proxy} (${fact.proxyVariable}) does not reach ${place(fact)} (${status(fact)})`,
    remedy: (fact) => `Check the host and the port in ${fact.variable}, and the proxy.${around(fact)}`
  }
]

export const proxy = (fact: ProxyFact): Finding =>
  diagnose("proxy", proxyRules, fact, () => ok("proxy", `${place(fact)} is reached through ${fact.proxy}`))

/** A server that is excepted from the proxy and cannot be reached directly. */
export const exceptedFromProxy = (
  fact: Way & { readonly entry: string; readonly proxy: string; readonly finding: Finding }
): Finding => ({
  ...fact.finding,
  code: "no-proxy",
  message: `${fact.finding.message}, and "${fact.entry}" in NO_PROXY keeps the proxy ${fact.proxy} from being used`,
  remedy: `If ${fact.target.host} is reached through the proxy only, remove that from NO_PROXY.`
})

const date = (millis: number): string =>
  Number.isFinite(millis) ? new Date(millis).toISOString().slice(0, 10) : "unknown"

/** A handshake, and what was found where it failed. */
export interface TlsFact extends Failing<Handshake> {
  readonly now: number
  /** True when the port responds by HTTP without TLS. */
  readonly speaksHttp: boolean
  /** The version that the server offers where any is allowed. */
  readonly offered: string | undefined
}

const rejection = ({ tried }: TlsFact): string | undefined => tried._tag === "Found" ? tried.value.rejection : undefined

const chain = ({ tried }: TlsFact) => tried._tag === "Found" ? tried.value.chain : []

const path = (fact: TlsFact): string => chain(fact).map(({ subject }) => subject).join(" < ")

const own = (fact: TlsFact) => chain(fact)[0]

const httpUrl = (url: string): string => url.replace(/^https:/i, "http:")

const hasCertificate = ({ values }: Way): boolean => values["OAUTH_TLS_CERTIFICATE_FILE"] !== undefined

export const certificateRemedy = (has: boolean): string =>
  has
    ? "Check that OAUTH_TLS_CERTIFICATE_FILE is the certificate that is registered at this server, complete with those between it and " +
      "its authority, and that it is valid today."
    : "Put the certificate of this client and its key into files, and name them in OAUTH_TLS_CERTIFICATE_FILE and " +
      "OAUTH_TLS_KEY_FILE."

/** The alerts of a server that verifies client certificates (RFC 8446 section 6.2, RFC 5246 section 7.2). */
export const certificateAlert =
  /ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|CERTIFICATE_(?:UNKNOWN|EXPIRED|REVOKED)|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE|NO_CERTIFICATE|ACCESS_DENIED)/

const tlsRules: ReadonlyArray<Rule<TlsFact>> = [
  {
    code: "tls-version",
    holds: (fact) => code(fact) !== "" && fact.offered !== undefined && /^TLSv1(\.[12])?$/.test(fact.offered),
    cause: (fact) => {
      const least = fact.values["OAUTH_TLS_MIN_VERSION"] ?? "TLSv1.2"
      return `${place(fact)} offers ${fact.offered} at most, and ${least} is required`
    },
    fix: ({ offered }) => offered === "TLSv1.2" ? changes.set({ OAUTH_TLS_MIN_VERSION: "TLSv1.2" }) : undefined,
    remedy: ({ offered }) =>
      offered === "TLSv1.2"
        ? "Or have the operator of the server offer TLSv1.3."
        : "Have the operator of the server offer TLSv1.2 or TLSv1.3; older versions are not secure (RFC 8996)."
  },
  {
    code: "client-certificate",
    holds: (fact) =>
      certificateAlert.test(code(fact)) || /ALERT_HANDSHAKE_FAILURE/.test(code(fact)) ||
      (fact.tried._tag === "Found" && fact.tried.value.closedWith !== undefined),
    cause: (fact) =>
      `${place(fact)} ${
        hasCertificate(fact) ? "does not accept the client certificate" : "requires a client certificate"
      } (${fact.tried._tag === "Found" ? fact.tried.value.closedWith ?? "" : code(fact)})`,
    remedy: (fact) => certificateRemedy(hasCertificate(fact))
  },
  {
    code: "no-answer",
    holds: failedWith(/^ETIMEDOUT$/),
    cause: (fact) => `${place(fact)} accepts connections and does not respond with TLS`,
    remedy: ({ variable }) => `Check the port in ${variable}, and whether the server is overloaded.`
  },
  {
    code: "https-at-plain-port",
    holds: (fact) => code(fact) !== "" && fact.speaksHttp,
    cause: (fact) => `${place(fact)} responds by HTTP without TLS, and ${fact.variable} has https:`,
    fix: ({ url, variable }) =>
      isLoopback(new URL(url))
        ? changes.set({ [variable]: httpUrl(url), OAUTH_ALLOW_HTTP_LOOPBACK: "true" })
        : undefined,
    remedy: ({ url, variable }) =>
      isLoopback(new URL(url))
        ? ""
        : `Correct the port in ${variable} to the one with TLS: credentials and tokens are sent over TLS only.`
  },
  {
    code: "client-certificate",
    holds: (fact) => code(fact) === "ECONNRESET" && hasCertificate(fact),
    cause: (fact) =>
      `${
        place(fact)
      } closes the connection when the client certificate is presented, so it probably does not accept it`,
    remedy: () => certificateRemedy(true)
  },
  {
    code: "no-tls",
    holds: failedWith(/WRONG_VERSION|PACKET_LENGTH|ECONNRESET|EPROTO|UNKNOWN_PROTOCOL|BAD_RECORD/),
    cause: (fact) => `${place(fact)} does not speak TLS (${code(fact)})`,
    remedy: ({ variable }) => `Check the port in ${variable}.`
  },
  {
    code: "tls-failed",
    holds: failedWith(/./),
    cause: (fact) => `the TLS handshake with ${place(fact)} failed (${code(fact)})`,
    remedy: ({ variable }) => `Check the port in ${variable}, and the TLS versions that the server offers.`
  },
  {
    code: "certificate-self-signed",
    holds: (fact) => rejection(fact) === "DEPTH_ZERO_SELF_SIGNED_CERT",
    cause: (fact) => `that of ${place(fact)} is signed by itself (${own(fact)?.subject ?? ""})`,
    remedy: () => "If it is the right one, put it into a file and name that in OAUTH_TLS_CA_FILE."
  },
  {
    code: "certificate-expired",
    holds: (fact) => rejection(fact) === "CERT_HAS_EXPIRED",
    cause: (fact) =>
      `one in the chain of ${place(fact)} has expired: ${path(fact)}, ${
        chain(fact).map(({ subject, validTo }) => `${subject} on ${date(validTo)}`).join(", ")
      }`,
    remedy: () =>
      "The operator of the server must renew the certificate. If it is still valid by the calendar, set the clock of this machine."
  },
  {
    code: "certificate-not-yet-valid",
    holds: (fact) => rejection(fact) === "CERT_NOT_YET_VALID",
    cause: (fact) => `that of ${place(fact)} is valid from ${date(own(fact)?.validFrom ?? NaN)} on only`,
    remedy: () => "Check the clock of this machine first."
  },
  {
    code: "certificate-other-name",
    holds: (fact) => rejection(fact) === "ERR_TLS_CERT_ALTNAME_INVALID",
    cause: (fact) =>
      `that of ${place(fact)} is for ${
        own(fact)?.names.join(", ") || own(fact)?.subject || "no name"
      }, not for ${fact.target.host}`,
    remedy: ({ variable }) => `Use a name that it is for in ${variable}, or have the operator replace the certificate.`
  },
  {
    code: "certificate-authority",
    holds: (fact) =>
      /^(?:SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/
        .test(rejection(fact) ?? ""),
    cause: (fact) =>
      `that of ${place(fact)} is from an authority that is not trusted here (${chain(fact).at(-1)?.issuer ?? ""})`,
    remedy: ({ values }) =>
      values["OAUTH_TLS_CA_FILE"] === undefined
        ? "Name the PEM file of that authority in OAUTH_TLS_CA_FILE; a server may also have left out a certificate in between."
        : "OAUTH_TLS_CA_FILE names other authorities: add this one to the file, or use OAUTH_TLS_EXTRA_CA_FILE to trust " +
          "public ones too."
  },
  {
    code: "certificate-untrusted",
    holds: (fact) => rejection(fact) !== undefined,
    cause: (fact) => `that of ${place(fact)} is not trusted (${rejection(fact)})`,
    remedy: () => "Name its authority in OAUTH_TLS_CA_FILE."
  },
  {
    code: "certificate-ends-soon",
    verdict: "warning",
    holds: (fact) => {
      const found = own(fact)
      return found !== undefined &&
        phaseOf({ notBefore: found.validFrom, notAfter: found.validTo }, fact.now) === "ending"
    },
    cause: (fact) => `that of ${place(fact)} ends in ${durationText.show((own(fact)?.validTo ?? 0) - fact.now)}`,
    remedy: () => "Report it to the operator of the server; nothing is wrong yet."
  }
]

const firstOf = (fact: TlsFact): Finding =>
  diagnose("certificate", tlsRules, fact, () =>
    ok(
      "certificate",
      `${path(fact)}, valid to ${date(own(fact)?.validTo ?? NaN)}, ${
        fact.tried._tag === "Found" ? fact.tried.value.protocol : ""
      }`
    ))

/** The problems of the certificate of the server as Node would report them, if it reported more than the first. */
const rejections = (fact: TlsFact, { isOtherName }: Handshake): ReadonlyArray<string> => {
  const { issuer, subject, validFrom = NaN, validTo = NaN } = own(fact) ?? {}
  const hasOwnAuthority = ["OAUTH_TLS_CA_FILE", "OAUTH_TLS_EXTRA_CA_FILE"].some((one) => fact.values[one] !== undefined)
  return [
    ...(chain(fact).length === 1 && subject === issuer && !hasOwnAuthority ? ["DEPTH_ZERO_SELF_SIGNED_CERT"] : []),
    ...(isOtherName ? ["ERR_TLS_CERT_ALTNAME_INVALID"] : []),
    ...(validTo < fact.now ? ["CERT_HAS_EXPIRED"] : []),
    ...(validFrom > fact.now ? ["CERT_NOT_YET_VALID"] : [])
  ]
}

/** The problem that Node reports, and the others of the certificate, each with its remedy. */
export const certificate = (fact: TlsFact): Finding => {
  const first = firstOf(fact)
  const { tried } = fact
  if (tried._tag === "Failed" || tried.value.rejection === undefined) return first
  const others = rejections(fact, tried.value).filter((rejection) => rejection !== tried.value.rejection)
    .map((rejection) => firstOf({ ...fact, tried: { ...tried, value: { ...tried.value, rejection } } }))
  return {
    ...first,
    message: [first, ...others].map(({ message }) => message).join("; "),
    remedy: [first, ...others].flatMap(({ remedy }) => remedy ?? []).join(" ")
  }
}

interface ClockFact {
  /** Milliseconds by which the clock of the server is ahead of this machine, rounded to a second. */
  readonly offset: number
  /** True if requests contain a date of this machine, such as the `iat` of an assertion. */
  readonly isDated: boolean
  readonly values: Values
}

const beside = ({ offset }: ClockFact): string =>
  `this machine is ${durationText.show(Math.abs(offset))} ${offset > 0 ? "behind" : "ahead of"} the server`

const clockRules: ReadonlyArray<Rule<ClockFact>> = [
  {
    code: "clock-wrong",
    holds: ({ isDated, offset }) => isDated && Math.abs(offset) > 30_000,
    cause: (fact) => `${beside(fact)}, and what this client signs is dated by its clock`,
    remedy: () => "Set the clock of this machine by NTP (timedatectl shows whether it is): servers reject other dates."
  },
  {
    code: "clock-off",
    verdict: "warning",
    holds: ({ offset }) => Math.abs(offset) > 2000,
    cause: beside,
    remedy: ({ isDated }) =>
      `Set the clock of this machine by NTP. ${
        isDated ? "Servers soon reject what this client signs." : "Nothing that this client sends is dated by it."
      }`
  }
]

export const clock = (fact: ClockFact): Finding =>
  diagnose("clock", clockRules, fact, () => ok("clock", "equal to that of the server, to a second or two"))
