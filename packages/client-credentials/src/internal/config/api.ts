/**
 * Settings of a client's API: its URL, the origins that tokens may be sent to, and the responses that reject tokens.
 */
import { verifiesCertificates } from "../protocol/preconditions.js"
import * as parameters from "../protocol/requestParameters.js"
import { secureUrl } from "../protocol/urls.js"
import type { Check } from "./check.js"
import * as parts from "./parts.js"
import * as rules from "./rules.js"

/** Options of the API. */
export interface Options {
  readonly apiBaseUrl?: unknown
  readonly apiOrigins?: unknown
  readonly rejectedWhen?: unknown
  readonly allowOutsideBasePath?: unknown
}

/** Validated settings of the API. */
export interface Api {
  readonly baseUrl: string
  readonly origins: ReadonlySet<string>
  readonly allowOutsideBasePath: boolean
  readonly rejectedWhen?: rules.Settings<typeof parts.rejectedWhen>
}

/** Settings of a client that only requests tokens, which may be sent nowhere. No host has this name (RFC 6761 section 6.4). */
const none: Api = { baseUrl: "https://api.invalid", origins: new Set(), allowOutsideBasePath: false }

/** Describes the valid schemes of a URL. */
export const scheme = (allowHttpLoopback: boolean): string =>
  allowHttpLoopback
    ? "https: (or http: to a loopback address)"
    : "https: (http: only to a loopback address, with allowHttpLoopback or OAUTH_ALLOW_HTTP_LOOPBACK=true)"

/** Validates that certificate verification is not disabled for the process, which would expose every token. */
export const verification = ({ expect }: Check): void => {
  expect(
    "NODE_TLS_REJECT_UNAUTHORIZED",
    verifiesCertificates() ? true : undefined,
    "to be unset: with 0, Node verifies no certificate; add a private authority with NODE_EXTRA_CA_CERTS instead"
  )
}

const noneExpected = "; or none, if only tokens are requested"

const withoutApi = ({ expect }: Check, { apiBaseUrl: _, ...others }: Options): Api => {
  for (const name of ["apiOrigins", "rejectedWhen", "allowOutsideBasePath"] as const) {
    expect(name, others[name] === undefined ? true : undefined, "absent without apiBaseUrl (API_BASE_URL)")
  }
  return none
}

/** Validates the options of the API of a client, which may have none if it only requests tokens. */
export const validateOptional = (check: Check, options: Options, loopback: boolean): Api | undefined =>
  options.apiBaseUrl === "none" ? withoutApi(check, options) : validate(check, options, loopback, noneExpected)

/** Validates the options of the API. */
export const validate = (
  check: Check,
  options: Options,
  loopback: boolean,
  alternative = ""
): Api | undefined => {
  const { expect, flag } = check
  const base = secureUrl(options.apiBaseUrl, loopback)
  const valid = expect(
    "apiBaseUrl",
    base !== undefined && base.search === "" ? base : undefined,
    `an absolute URL, ${scheme(loopback)}, without credentials, query or fragment${alternative}`
  )
  const origins = parameters.words(options.apiOrigins).map((value) => {
    const origin = secureUrl(value, loopback)
    return expect(
      "apiOrigins",
      origin !== undefined && origin.pathname === "/" && origin.search === "" ? origin.origin : undefined,
      `origins such as "https://files.example.com", ${
        scheme(loopback)
      }, without path; wildcards are not supported, so list ` +
        "each origin"
    )
  })
  const allowOutsideBasePath = flag("allowOutsideBasePath", options.allowOutsideBasePath, false)
  const rejectedWhen = rules.optionalGroup(parts.rejectedWhen)(check, "rejectedWhen", options.rejectedWhen)
  if (valid === undefined) return undefined
  return {
    ...(rejectedWhen === undefined ? {} : { rejectedWhen }),
    baseUrl: valid.href.replace(/\/+$/, ""),
    origins: new Set([valid.origin, ...origins.filter((origin) => origin !== undefined)]),
    allowOutsideBasePath
  }
}
