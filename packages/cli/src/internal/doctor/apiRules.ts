/**
 * Rules for the response of the API to a call with the token: its cause and the remedy.
 */
import * as signInPage from "../signInPage.js"
import { destination, isHtml, isSignInPage, retry, shown, wantsCertificate, wantsTls } from "./answer.js"
import {
  type ApiFact,
  descriptionOf,
  errorOf,
  hasErrorInBody,
  is,
  isDpop,
  rejectionOf,
  schemes,
  status,
  url
} from "./apiFact.js"
import * as changes from "./change.js"
import { diagnose, type Finding, ok, type Rule } from "./finding.js"
import { certificateRemedy, proxyCredentials } from "./networkRules.js"
import * as rejectionRules from "./rejectionRules.js"

const between = (from: number, to: number) => (fact: ApiFact): boolean => status(fact) >= from && status(fact) < to

/** The scheme that an API requires in place of a bearer token, where it names one. */
const otherScheme = (fact: ApiFact): string | undefined => {
  const all = schemes(fact)
  return all.length === 0 || all.some((one) => ["bearer", "dpop"].includes(one)) || status(fact) !== 401
    ? undefined
    : all.find((one) => /^[a-z0-9-]{1,40}$/.test(one))
}

const hasMeaning = (...tags: ReadonlyArray<ReturnType<typeof rejectionOf>["_tag"]>) => (fact: ApiFact): boolean =>
  tags.includes(rejectionOf(fact)._tag)

const wantsDpop = (fact: ApiFact): boolean => {
  const all = schemes(fact)
  const isOnly = all.includes("dpop") && !all.includes("bearer")
  return is(400, 401)(fact) && !isDpop(fact) &&
    (isOnly || /\bdpop\b/i.test(`${errorOf(fact) ?? ""} ${status(fact) === 400 ? fact.answer.body : ""}`))
}

const wantsKey = ({ answer }: ApiFact): boolean =>
  [401, 403].includes(answer.status) &&
  (/\b(?:api[ _-]?key|subscription[ _-]?key|x-api-key)\b/i.test(answer.body) ||
    /\b(?:api-?key|azureapimanagementkey)\b/i.test(answer.headers["www-authenticate"] ?? ""))

const leadsToSignIn = ({ answer }: ApiFact): boolean => signInPage.isPath(destination(answer)?.pathname ?? "")

/** A redirect that differs from the base URL in nothing but the scheme or a slash. */
const moved = ({ answer, values }: ApiFact): URL | undefined => {
  const to = destination(answer)
  const base = values["API_BASE_URL"] ?? ""
  if (to === undefined || !URL.canParse(base) || to.protocol !== "https:") return undefined
  const from = new URL(answer.url)
  const isBase = from.href.replace(/\/$/, "") === new URL(base).href.replace(/\/$/, "")
  return isBase && to.hostname === from.hostname && to.protocol !== from.protocol ? to : undefined
}

const anotherPath = "Pass the path of a resource that this client may read: --path /items."

const undecided = "which does not show whether the API accepts the token"

const rejections: ReadonlyArray<Rule<ApiFact>> = [
  {
    code: "proxy-authentication",
    holds: is(407),
    cause: (fact) => `a proxy before ${url(fact)} requires a user and a password (407)`,
    remedy: () => proxyCredentials("HTTPS_PROXY")
  },
  {
    code: "http-at-tls-port",
    holds: ({ answer }) => wantsTls(answer),
    cause: (fact) => `${url(fact)} is at a port with TLS, and API_BASE_URL has http:`,
    fix: ({ values }) => changes.set({ API_BASE_URL: (values["API_BASE_URL"] ?? "").replace(/^http:/i, "https:") }),
    remedy: () => ""
  },
  {
    code: "client-certificate",
    holds: ({ answer }) => wantsCertificate(answer),
    cause: (fact) => `${url(fact)} requires a client certificate (${status(fact)})`,
    remedy: ({ values }) => certificateRemedy(values["OAUTH_TLS_CERTIFICATE_FILE"] !== undefined)
  },
  {
    code: "dpop-required",
    holds: wantsDpop,
    cause: (fact) => `${url(fact)} requires a token that is bound to a key, with proofs (DPoP, ${status(fact)})`,
    fix: () => changes.set({ OAUTH_DPOP: "true" }),
    remedy: () => "The authorization server must support it too."
  },
  {
    code: "dpop-proof",
    holds: hasMeaning("InvalidDPoPProof", "UseDPoPNonce"),
    cause: (fact) => `${url(fact)} does not accept the proof of possession (${status(fact)}, ${errorOf(fact)})`,
    remedy: () =>
      "Check API_BASE_URL, which the proof states: a proxy before the API may change it. Check the clock of this machine too, " +
      "and the key of OAUTH_DPOP_KEY_FILE if one is set."
  },
  {
    code: "api-key",
    holds: wantsKey,
    cause: (fact) => `${url(fact)} requires an API key (${status(fact)}), beside the token or in place of it`,
    remedy: () =>
      "Find the header in the API's documentation, and pass it with each call: effect-oauth call /items X-Api-Key:VALUE."
  },
  {
    code: "other-authentication",
    holds: (fact) => otherScheme(fact) !== undefined,
    cause: (fact) => `${url(fact)} requires ${otherScheme(fact)} authentication (401), not a token`,
    remedy: (fact) =>
      `Check API_BASE_URL with the API's documentation: an address that takes access tokens answers with Bearer.${
        otherScheme(fact) === "basic" ? " With a user and a password, no token is necessary." : ""
      }`
  },
  {
    code: "scope",
    holds: hasMeaning("InsufficientScope"),
    cause: (fact) => {
      const found = rejectionOf(fact)
      const scope = found._tag === "InsufficientScope" ? found.scope.join(" ").slice(0, 200) : ""
      return `${url(fact)} wants the scope ${scope === "" ? "that it does not name" : scope}`
    },
    remedy: () => "Add it to OAUTH_SCOPE, and have the authorization server allow it to this client."
  },
  {
    code: "step-up",
    holds: hasMeaning("InsufficientUserAuthentication"),
    cause: (fact) => `${url(fact)} requires a token of another authentication (acr_values, max_age)`,
    remedy: () => "Set OAUTH_PARAMETERS to what it names, such as acr_values=VALUE, or have the API accept this client."
  },
  {
    code: "claims",
    holds: hasMeaning("InsufficientClaims"),
    cause: (fact) => `${url(fact)} requires a token with certain claims`,
    remedy: () =>
      "Request them with OAUTH_PARAMETERS (claims=JSON, form-encoded), if the authorization server supports it."
  },
  {
    code: "gateway-path",
    holds: (fact) => is(403)(fact) && /Missing Authentication Token/.test(fact.answer.body),
    cause: (fact) => `the gateway at ${url(fact)} has nothing at this path (403, "Missing Authentication Token")`,
    remedy: () => `Check the path in API_BASE_URL, such as its stage. ${anotherPath}`
  },
  {
    code: "sign-in-page",
    holds: (fact) => is(403)(fact) && isSignInPage(fact.answer),
    cause: (fact) => `${url(fact)} rejects the call with a sign-in page (403), so it does not accept the token`,
    remedy: () => `Check API_BASE_URL with the API's documentation. ${anotherPath}`
  },
  {
    code: "firewall",
    holds: (fact) => is(403)(fact) && isHtml(fact.answer),
    cause: (fact) => `a firewall or gateway before ${url(fact)} rejects the call with a page (403)`,
    remedy: () => "Have its operator allow this machine, or check API_BASE_URL and HTTPS_PROXY."
  },
  {
    code: "forbidden",
    holds: (fact) => is(403)(fact) && !hasMeaning("Rejected")(fact),
    cause: (fact) => `${url(fact)} forbids it (403)`,
    remedy: () => "Have the API's operator give this client the right, or pass another --path."
  }
]

const others: ReadonlyArray<Rule<ApiFact>> = [
  {
    code: "moved",
    holds: (fact) => between(300, 400)(fact) && moved(fact) !== undefined,
    cause: (fact) => `${url(fact)} returns a redirect (${status(fact)} to ${shown(moved(fact) ?? "")})`,
    fix: (fact) => changes.set({ API_BASE_URL: shown(moved(fact) ?? "").replace(/\/$/, "") }),
    remedy: () => "Redirects are not followed, since the token would go along."
  },
  {
    code: "sign-in-page",
    holds: (fact) => between(300, 400)(fact) && leadsToSignIn(fact),
    cause: (fact) =>
      `${url(fact)} returns a redirect (${status(fact)} to ${
        shown(destination(fact.answer) ?? "")
      }), which is for browsers: it signs users in and takes no token`,
    remedy: () => `Check API_BASE_URL with the API's documentation. ${anotherPath}`
  },
  {
    code: "redirect",
    holds: between(300, 400),
    cause: (fact) => {
      const to = destination(fact.answer)
      return `${url(fact)} returns a redirect (${status(fact)}${to === undefined ? "" : ` to ${shown(to)}`})`
    },
    remedy: () =>
      "Redirects are not followed, since the token would go along. Check API_BASE_URL with the API's documentation, or " +
      "pass another --path."
  },
  {
    code: "sign-in-page",
    holds: (fact) => between(200, 300)(fact) && isSignInPage(fact.answer),
    cause: (fact) => `${url(fact)} returns ${status(fact)} with a sign-in page, so it takes no token`,
    remedy: () => `Check API_BASE_URL with the API's documentation. ${anotherPath}`
  },
  {
    code: "page",
    holds: (fact) => between(200, 300)(fact) && isHtml(fact.answer),
    cause: (fact) => `${url(fact)} returns ${status(fact)} with an HTML page, ${undecided}`,
    remedy: () => anotherPath
  },
  {
    code: "error-in-body",
    holds: (fact) => between(200, 300)(fact) && hasErrorInBody(fact),
    cause: (fact) => {
      const words = [errorOf(fact), descriptionOf(fact)].filter((one) => one !== undefined).join(": ")
      return `${url(fact)} returns ${status(fact)} with an error in its body${words === "" ? "" : ` (${words})`}`
    },
    remedy: () => `Look it up in the API's documentation. ${anotherPath}`
  },
  {
    code: "cut-off",
    holds: (fact) => between(200, 300)(fact) && fact.answer.isCut === true,
    cause: (fact) => `${url(fact)} returns ${status(fact)}, and closes the connection before its body ends`,
    remedy: () => `Try again. If it remains, check the proxies before the API. ${anotherPath}`
  },
  {
    code: "no-end",
    holds: (fact) => between(200, 300)(fact) && fact.answer.unendedAfter !== undefined,
    cause: (fact) =>
      `${url(fact)} returns ${status(fact)}, and its body does not end within ${
        (fact.answer.unendedAfter ?? 0) / 1000
      } s, ${undecided}`,
    remedy: () => `If it is slow, allow more time with --timeout. ${anotherPath}`
  },
  {
    code: "not-found",
    holds: is(404, 410),
    cause: (fact) => `${url(fact)} does not exist (${status(fact)}), ${undecided}`,
    remedy: () => anotherPath
  },
  {
    code: "method-not-allowed",
    holds: is(405, 501),
    cause: (fact) => `${url(fact)} does not allow GET (${status(fact)}), ${undecided}`,
    remedy: () => anotherPath
  },
  {
    code: "limit",
    holds: is(429),
    cause: (fact) => `${url(fact)} limits the rate of calls (429)`,
    remedy: ({ answer }) => `${retry(answer)}, with fewer calls.`
  },
  {
    code: "api-failed",
    holds: (fact) => status(fact) >= 500,
    cause: (fact) => `${url(fact)} failed with an internal problem (${status(fact)})`,
    remedy: ({ answer }) => `${retry(answer)}, or report it to its operator.`
  },
  {
    code: "call-rejected",
    holds: between(300, 500),
    cause: (fact) => `${url(fact)} rejects the call (${status(fact)}), ${undecided}`,
    remedy: () => `Check API_BASE_URL. ${anotherPath}`
  }
]

const rules = [...rejections, ...rejectionRules.rules, ...others]

/** The codes of all situations, for the documentation and its test. */
export const codes: ReadonlyArray<string> = rules.map(({ code }) => code)

/** Only a successful response (RFC 9110 section 15.3) shows that calls can be made. */
export const call = (fact: ApiFact): Finding =>
  diagnose("call", rules, fact, () => ok("call", `${url(fact)} returns ${status(fact)}`))
