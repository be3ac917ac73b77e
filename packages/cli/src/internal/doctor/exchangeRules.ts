/**
 * Requests without a response.
 */
import * as headerLimit from "../headerLimit.js"
import type { Values } from "../profileText.js"
import * as changes from "./change.js"
import { diagnose, type Finding, type Rule, type Step } from "./finding.js"
import { certificateAlert, certificateRemedy } from "./networkRules.js"

export interface ExchangeFact {
  readonly step: Step
  /** Origin and path. */
  readonly url: string
  /** The variable that names the server, with its value. */
  readonly variable: "API_BASE_URL" | "OAUTH_ISSUER" | "OAUTH_TOKEN_URL"
  readonly value: string
  /** The code of the failure; `timeout` if no response arrived in time. */
  readonly detail: string
  /** The time limit of the response, in milliseconds. */
  readonly timeout: number
  /** True when a port that was addressed with http: speaks TLS. */
  readonly isTlsPort: boolean
  readonly values: Values
}

const detail = (pattern: RegExp) => (fact: ExchangeFact): boolean => pattern.test(fact.detail)

const hasCertificate = ({ values }: ExchangeFact): boolean => values["OAUTH_TLS_CERTIFICATE_FILE"] !== undefined

const rules: ReadonlyArray<Rule<ExchangeFact>> = [
  {
    code: "http-at-tls-port",
    holds: ({ isTlsPort }) => isTlsPort,
    cause: ({ url, variable }) => `${url} is at a port with TLS, and ${variable} has http:`,
    fix: ({ value, variable }) => changes.set({ [variable]: value.replace(/^http:/i, "https:") }),
    remedy: () => ""
  },
  {
    code: "client-certificate",
    holds: detail(certificateAlert),
    cause: (fact) =>
      `${fact.url} ${
        hasCertificate(fact) ? "does not accept the client certificate" : "requires a client certificate"
      } (${fact.detail})`,
    remedy: (fact) => certificateRemedy(hasCertificate(fact))
  },
  {
    code: "no-answer",
    holds: detail(/^timeout$|TIMEOUT|ETIMEDOUT/),
    cause: ({ timeout, url }) => `${url} accepts the connection and does not respond within ${timeout / 1000} s`,
    remedy: ({ variable }) =>
      `Check ${variable} and whether the server is overloaded. If it is slow, allow more time with --timeout.`
  },
  {
    code: "large-headers",
    holds: ({ detail }) => headerLimit.isExceeded(detail),
    cause: ({ url }) => headerLimit.problem(url),
    remedy: () => headerLimit.remedy
  },
  {
    code: "not-http",
    holds: detail(/^HPE_|INVALID_/),
    cause: ({ detail, url }) => `${url} does not respond by HTTP/1.1 (${detail})`,
    remedy: ({ variable }) => `Check the port in ${variable}.`
  },
  {
    code: "connection-closed",
    holds: detail(/ECONNRESET|UND_ERR_SOCKET|EPIPE/),
    cause: ({ detail, url }) => `${url} closes the connection without a response (${detail})`,
    remedy: (fact) =>
      `Check ${fact.variable}, and firewalls and proxies on the way.${
        fact.url.startsWith("https:") && !hasCertificate(fact)
          ? " A server that requires a client certificate may do so too: see OAUTH_TLS_CERTIFICATE_FILE."
          : ""
      }`
  },
  {
    code: "proxy-rejects",
    holds: detail(/^UND_ERR_ABORTED$/),
    cause: ({ url }) => `the proxy does not connect to ${url}`,
    remedy: () => "Check HTTPS_PROXY, or add the host to NO_PROXY."
  },
  {
    code: "certificate-untrusted",
    holds: detail(/CERT|SIGNATURE|ISSUER|ALTNAME|NODE_TLS_REJECT_UNAUTHORIZED/),
    cause: ({ detail, url }) => `the certificate of ${url} is not trusted (${detail})`,
    remedy: ({ detail }) =>
      detail.startsWith("NODE_TLS")
        ? "Remove NODE_TLS_REJECT_UNAUTHORIZED, and name the authority in OAUTH_TLS_CA_FILE."
        : "Name the PEM file of its authority in OAUTH_TLS_CA_FILE."
  }
]

export const failed = (fact: ExchangeFact): Finding =>
  diagnose(fact.step, rules, fact, ({ detail, step, url, variable }) => ({
    step,
    verdict: "wrong",
    code: "unreachable",
    message: `${url} cannot be reached (${detail})`,
    remedy: `Check ${variable}, the network and the proxy (HTTPS_PROXY, NO_PROXY).`
  }))
