/**
 * Rules for the metadata of an issuer (RFC 8414): the cause of a problem and the remedy.
 */
import { issuerOfDocument, names } from "../../../../client-credentials/dist/internal/protocol/metadata.js"
import { isRedirection } from "../../../../client-credentials/dist/internal/protocol/status.js"
import { secureUrl } from "../../../../client-credentials/dist/internal/protocol/urls.js"
import type { Values } from "../profileText.js"
import { type Answer, destination, isHtml, json, record, retry, shown } from "./answer.js"
import * as changes from "./change.js"
import { diagnose, type Finding, ok, type Rule } from "./finding.js"
import { proxyCredentials } from "./networkRules.js"

/** The members of a document that the rules need, each valid or undefined. */
export interface Document {
  readonly url: string
  readonly issuer: string | undefined
  readonly tokenEndpoint: string | undefined
  readonly scopes: ReadonlyArray<string> | undefined
  readonly methods: ReadonlyArray<string> | undefined
}

/** Returns the document in a response, or undefined. Omits URLs that must not receive credentials. */
export const documentOf = (answer: Answer, allowHttpLoopback: boolean): Document | undefined => {
  const found = answer.status === 200 ? record(json(answer)) : undefined
  if (found === undefined) return undefined
  const url = (value: unknown) =>
    typeof value === "string" && value.length <= 300 && secureUrl(value, allowHttpLoopback) !== undefined
      ? value
      : undefined
  return {
    url: answer.url,
    issuer: url(found["issuer"]),
    tokenEndpoint: url(found["token_endpoint"]),
    scopes: names(found["scopes_supported"]),
    methods: names(found["token_endpoint_auth_methods_supported"])
  }
}

export interface DiscoveryFact {
  /** The configured issuer. */
  readonly issuer: string
  /** The responses at the places of the issuer's document. */
  readonly answers: ReadonlyArray<Answer>
  /** The documents in these, and those found where a document of the same origin may be. */
  readonly documents: ReadonlyArray<Document>
  /** Printed where nothing else is known: what the places returned, in words. */
  readonly problem: string
  readonly values: Values
}

const sameOrigin = (left: string, right: string): boolean => new URL(left).origin === new URL(right).origin

const isRedirect = (answer: Answer): boolean => isRedirection(answer.status) && destination(answer) !== undefined

const isPage = (answer: Answer): boolean => answer.status === 200 && isHtml(answer)

const named = ({ documents }: DiscoveryFact) => documents.find(({ issuer }) => issuer !== undefined)

const bare = (url: string): string => url.replace(/\/+$/, "")

const isTokenUrl = ({ documents, issuer }: DiscoveryFact): boolean =>
  documents.some(({ tokenEndpoint }) => tokenEndpoint !== undefined && bare(tokenEndpoint) === bare(issuer)) ||
  /\/(?:token|access_?token)\/?$/i.test(new URL(issuer).pathname)

const statuses = ({ answers }: DiscoveryFact): string => [...new Set(answers.map(({ status }) => status))].join(", ")

/** RFC 8414 section 3.3: another server could take the credentials of this client, so that only this origin is a fix. */
const issuerFix = (found: string, configured: string) =>
  sameOrigin(found, configured) ? changes.set({ OAUTH_ISSUER: found }) : undefined

const rules: ReadonlyArray<Rule<DiscoveryFact>> = [
  {
    code: "issuer-is-document",
    holds: ({ issuer }) => issuerOfDocument(issuer) !== undefined,
    cause: ({ issuer }) => `OAUTH_ISSUER is the URL of a metadata document (${shown(issuer)}), not an issuer`,
    fix: (fact) => issuerFix(named(fact)?.issuer ?? issuerOfDocument(fact.issuer) ?? "", fact.issuer),
    remedy: (fact) =>
      named(fact)?.issuer === undefined ? "" : `The document there names the issuer ${named(fact)?.issuer}.`
  },
  {
    code: "issuer-is-token-url",
    holds: (fact) => isTokenUrl(fact),
    cause: ({ issuer }) => `OAUTH_ISSUER is a token URL (${shown(issuer)}), not an issuer`,
    fix: (fact) => {
      const found = fact.documents.find(({ issuer, tokenEndpoint }) =>
        issuer !== undefined && tokenEndpoint !== undefined && bare(tokenEndpoint) === bare(fact.issuer) &&
        sameOrigin(issuer, fact.issuer)
      )
      return found?.issuer === undefined
        ? changes.set({ OAUTH_TOKEN_URL: fact.issuer }, "OAUTH_ISSUER")
        : changes.set({ OAUTH_ISSUER: found.issuer })
    },
    remedy: () => ""
  },
  {
    code: "issuer-slash",
    holds: (fact) => {
      const found = named(fact)?.issuer
      return found !== undefined && found !== fact.issuer && bare(found) === bare(fact.issuer)
    },
    cause: (fact) =>
      `the document at ${named(fact)?.url} names another issuer, ${
        named(fact)?.issuer
      }, which differs by a slash at its end`,
    fix: (fact) => issuerFix(named(fact)?.issuer ?? "", fact.issuer),
    remedy: () => ""
  },
  {
    code: "issuer-mismatch",
    holds: (fact) => named(fact) !== undefined && named(fact)?.issuer !== fact.issuer,
    cause: (fact) => `the document at ${named(fact)?.url} names another issuer, ${named(fact)?.issuer}`,
    fix: (fact) => issuerFix(named(fact)?.issuer ?? "", fact.issuer),
    remedy: (fact) =>
      sameOrigin(named(fact)?.issuer ?? "", fact.issuer)
        ? ""
        : `If that is your server, set OAUTH_ISSUER=${named(fact)?.issuer}; otherwise check OAUTH_ISSUER.`
  },
  {
    code: "no-token-endpoint",
    holds: (fact) => named(fact) !== undefined && named(fact)?.tokenEndpoint === undefined,
    cause: (fact) => `the document at ${named(fact)?.url} names no token endpoint with https:`,
    remedy: () => "Set OAUTH_TOKEN_URL to that of the token endpoint, and remove OAUTH_ISSUER."
  },
  {
    code: "metadata-elsewhere",
    holds: (fact) => named(fact) !== undefined,
    cause: (fact) => `the document of ${shown(fact.issuer)} is at ${named(fact)?.url}, where none is looked for`,
    fix: (fact) => changes.set({ OAUTH_TOKEN_URL: named(fact)?.tokenEndpoint ?? "" }),
    remedy: () => ""
  },
  {
    code: "no-metadata-redirect",
    holds: ({ answers }) => answers.some(isRedirect),
    cause: ({ answers, issuer }) => {
      const answer = answers.find(isRedirect)
      const to = answer === undefined ? undefined : destination(answer)
      return `there is no metadata document of ${shown(issuer)}: the server redirects to ${
        shown(to ?? "")
      } (${answer?.status}), and redirects are not followed`
    },
    remedy: () => "Set OAUTH_ISSUER to what the server calls itself, or OAUTH_TOKEN_URL to its token endpoint."
  },
  {
    code: "no-metadata-page",
    holds: ({ answers }) => answers.some(isPage),
    cause: ({ issuer }) =>
      `there is no metadata document of ${shown(issuer)}: the server returns a page, as it may for any path`,
    remedy: () =>
      "Check the path of OAUTH_ISSUER, or set OAUTH_TOKEN_URL to the token endpoint and remove OAUTH_ISSUER."
  },
  {
    code: "proxy-authentication",
    holds: ({ answers }) => answers.some(({ status }) => status === 407),
    cause: ({ issuer }) => `a proxy before ${shown(issuer)} requires a user and a password (407)`,
    remedy: () => proxyCredentials("HTTPS_PROXY")
  },
  {
    code: "no-metadata-unavailable",
    holds: ({ answers }) => answers.length > 0 && answers.every(({ status }) => status >= 500 || status === 429),
    cause: (fact) => `the metadata document of ${shown(fact.issuer)} is not available now (${statuses(fact)})`,
    remedy: ({ answers }) => `${answers.map(retry).sort().at(-1) ?? ""}, or set OAUTH_TOKEN_URL to the token endpoint.`
  },
  {
    code: "no-metadata",
    holds: ({ answers }) => answers.length > 0,
    cause: (fact) => `there is no metadata document of ${shown(fact.issuer)} (${statuses(fact)})`,
    remedy: () => "Check OAUTH_ISSUER, or set OAUTH_TOKEN_URL to the token endpoint and remove OAUTH_ISSUER."
  }
]

export const failed = (fact: DiscoveryFact): Finding =>
  diagnose("discovery", rules, fact, ({ problem }) => ({
    step: "discovery",
    verdict: "wrong",
    code: "no-metadata",
    message: problem,
    remedy: "Set OAUTH_ISSUER to what the server calls itself, or OAUTH_TOKEN_URL to its token endpoint."
  }))

export const found = (tokenEndpoint: string): Finding => ok("discovery", `the token endpoint is ${tokenEndpoint}`)
