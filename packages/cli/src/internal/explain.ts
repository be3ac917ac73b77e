/**
 * The message of an error, and the exit code with which the command ends.
 */
import type * as ConfigError from "effect/ConfigError"

// The bundle has it in it; it is not for other programs.
import * as transportFailure from "../../../client-credentials/dist/internal/protocol/transportFailure.js"
import * as headerLimit from "./headerLimit.js"
import type { Outcome } from "./outcome.js"
import * as ownWords from "./ownWords.js"
import { own } from "./profileText.js"

export interface Explanation {
  readonly outcome: Outcome
  /** A sentence or more, with what to change. */
  readonly message: string
}

interface Tagged {
  readonly _tag: string
  readonly message?: unknown
}

const isTagged = (error: unknown): error is Tagged =>
  typeof error === "object" && error !== null && typeof (error as { readonly _tag?: unknown })._tag === "string"

/** The places of a secret, of which this command has more than the library. */
const missingSecret =
  `OAUTH_CLIENT_SECRET is missing: expected the secret there, in a file (OAUTH_CLIENT_SECRET_FILE), from a command ` +
  `(${own.secretCommand}) or from a prompt (${own.secretPrompt}=true); or a private key (OAUTH_PRIVATE_KEY_FILE)`

/** One line for each mistake. */
const settings = (error: ConfigError.ConfigError): string =>
  error._op === "And" || error._op === "Or"
    ? `${settings(error.left)}\n${settings(error.right)}`
    : error._op === "MissingData" && error.path.join() === "OAUTH_CLIENT_SECRET"
    ? missingSecret
    : error._op === "MissingData"
    ? error.message.replace(/^Expected (\w+) to be /, "$1 is missing: expected ")
    : error.message

/** The mark of a `ConfigError`, whose module is not loaded for it. */
const configError = Symbol.for("effect/ConfigError")

const isConfigError = (error: unknown): error is ConfigError.ConfigError =>
  typeof error === "object" && error !== null && configError in error

/** Explains an error by its tag and fields, so that invalid arguments are reported without loading the library. */
const outcomeOf = (error: Tagged & Readonly<Record<string, unknown>>): Outcome => {
  switch (error._tag) {
    case "Failure":
      return error["outcome"] as Outcome
    case "InvalidConfig":
      return "configuration"
    case "CredentialUnavailable":
      return "credential"
    case "TokenEndpointUnavailable":
    case "InvalidTokenResponse":
      return "authorizationServer"
    case "TokenErrorResponse":
      return "unauthorized"
    case "RevocationUnsupported":
    case "DiscoveryFailed":
    case "ResourceMetadataInvalid":
      return "discovery"
    case "IssuanceBudgetExhausted":
      return "budget"
    case "OriginNotAllowed":
    case "PathNotAllowed":
      return "origin"
    case "InsufficientScope":
    case "InsufficientUserAuthentication":
    case "InsufficientClaims":
      return "scope"
    case "TokenStoreError":
    case "SystemError":
    case "BadArgument":
      return "file"
    case "QuitException":
      return "interrupted"
    default:
      return "unexpected"
  }
}

const certificate = (of: string, code: string): Explanation => ({
  outcome: "certificate",
  message:
    `The certificate of ${of} is not trusted (${code}). Name the PEM file of its authority in OAUTH_TLS_CA_FILE; ` +
    "effect-oauth doctor shows the chain."
})

/** Undici aborts a request whose proxy did not connect to the server. */
const throughProxy = (of: string, outcome: Outcome): Explanation => ({
  outcome,
  message: `The proxy (HTTPS_PROXY) did not connect to ${of}; effect-oauth doctor shows its response.`
})

const isProxy = (detail: unknown): boolean => detail === "UND_ERR_ABORTED"

const tooLarge = (of: string, outcome: Outcome): Explanation => ({
  outcome,
  message: `${headerLimit.problem(of)}. ${headerLimit.remedy}`
})

const transport = (error: Readonly<Record<string, unknown>>): Explanation => {
  const { request } = error as { readonly request?: { readonly url?: unknown } }
  const url = typeof request?.url === "string" && URL.canParse(request.url) ? new URL(request.url).origin : "the server"
  const { detail, reason } = transportFailure.reason(error["cause"])
  if (reason === "certificate") return certificate(url, detail)
  if (isProxy(detail)) return throughProxy(url, "api")
  if (headerLimit.isExceeded(detail)) return tooLarge(url, "api")
  const code = detail === "no code" ? undefined : detail
  if (error["_tag"] === "ResponseError") {
    return {
      outcome: "api",
      message: `The response of ${url} is incomplete${code === undefined ? "" : ` (${code})`}. Try again.`
    }
  }
  return {
    outcome: "api",
    message: `${url} could not be reached (${code ?? String(error["reason"])}). Check API_BASE_URL and the network; ` +
      "effect-oauth doctor shows where."
  }
}

const system = ({ message, pathOrDescriptor, reason }: Readonly<Record<string, unknown>>): string =>
  typeof pathOrDescriptor === "string"
    ? `${pathOrDescriptor} could not be used (${
      String(reason)
    }). Check that it exists and that you may read or write it.`
    : String(message)

const unknown: Explanation = {
  outcome: "unexpected",
  message: "Unexpected error. Run again with --log-level debug to see where."
}

export const explain = (error: unknown): Explanation => {
  if (isConfigError(error)) return { outcome: "configuration", message: ownWords.of(settings(error)) }
  if (!isTagged(error)) return unknown
  const fields = error as Tagged & Readonly<Record<string, unknown>>
  if (error._tag === "RequestError" || error._tag === "ResponseError") return transport(fields)
  if (error._tag === "QuitException") return { outcome: "interrupted", message: "Interrupted." }
  if (error._tag === "TokenEndpointUnavailable" && fields["reason"] === "certificate") {
    return certificate(String(fields["endpoint"]), String(fields["detail"]))
  }
  const outcome = outcomeOf(fields)
  if (error._tag === "TokenEndpointUnavailable" && isProxy(fields["detail"])) {
    return throughProxy(String(fields["endpoint"]), outcome)
  }
  if (headerLimit.isExceeded(fields["detail"] ?? fields["problem"])) {
    return tooLarge(String(fields["endpoint"] ?? fields["issuer"]), outcome)
  }
  // An unknown error may contain secrets.
  if (outcome === "unexpected") return unknown
  const remedy = error._tag === "Failure" && typeof fields["remedy"] === "string" ? ` ${fields["remedy"]}` : ""
  const message = error._tag === "SystemError" ? system(fields) : String(error.message ?? error._tag)
  return { outcome, message: (error._tag === "Failure" ? message : ownWords.of(message)) + remedy }
}
