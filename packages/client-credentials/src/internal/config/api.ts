/**
 * The API of a client: its URL, the origins that its tokens may be sent to, and the responses that reject them.
 */
import { verifiesCertificates } from "../protocol/preconditions.js"
import * as parameters from "../protocol/requestParameters.js"
import { secureUrl } from "../protocol/urls.js"
import type { Check } from "./check.js"
import * as parts from "./parts.js"
import * as rules from "./rules.js"

/** The options of the API. */
export interface Options {
  readonly apiBaseUrl?: unknown
  readonly apiOrigins?: unknown
  readonly rejectedWhen?: unknown
  readonly allowOutsideBasePath?: unknown
}

/** The validated settings of the API. */
export interface Api {
  readonly baseUrl: string
  readonly origins: ReadonlySet<string>
  readonly allowOutsideBasePath: boolean
  readonly rejectedWhen?: rules.Settings<typeof parts.rejectedWhen>
}

/** Of a client that only requests tokens: they may be sent nowhere. No host has this name (RFC 6761 section 6.4). */
const none: Api = { baseUrl: "https://api.invalid", origins: new Set(), allowOutsideBasePath: false }

/** The schemes of a URL that is valid. */
export const scheme = (allowHttpLoopback: boolean): string =>
  allowHttpLoopback
    ? "https: (or http: to a loopback address)"
    : "https: (http: only to a loopback address, with allowHttpLoopback or OAUTH_ALLOW_HTTP_LOOPBACK=true)"

/** Verification that is switched off for the whole process would expose every token. */
export const verification = ({ expect }: Check): void => {
  expect(
    "NODE_TLS_REJECT_UNAUTHORIZED",
    verifiesCertificates() ? true : undefined,
    "to be unset: with 0, Node verifies no certificate; trust a private authority with NODE_EXTRA_CA_CERTS instead"
  )
}

const noneExpected = "; or none, where only tokens are requested"

const withoutApi = ({ expect }: Check, { apiBaseUrl: _, ...others }: Options): Api => {
  for (const name of ["apiOrigins", "rejectedWhen", "allowOutsideBasePath"] as const) {
    expect(name, others[name] === undefined ? true : undefined, "absent without apiBaseUrl (API_BASE_URL)")
  }
  return none
}

/** Validates the options of the API of a client, which may have none where only tokens are requested. */
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
