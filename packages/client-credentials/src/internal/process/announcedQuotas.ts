/**
 * Quotas that an authorization server announces to a client: what a response states, for a budget, and reports as metrics and
 * warnings, with or without one.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"

import type { TokenError } from "../../OAuthError.js"
import type { TokenRequest } from "../../TokenRequest.js"
import * as tokenErrors from "../models/tokenErrors.js"
import * as dialect from "../protocol/dialect.js"
import * as issuerQuota from "../protocol/issuerQuota.js"
import { namedClient } from "../protocol/messages.js"
import { obeyed } from "../protocol/retryAfter.js"
import * as metrics from "../seam/metrics.js"

/** Circumstances on which the quotas of a response depend. Times are in milliseconds. */
export interface Circumstances {
  readonly limit: number | undefined
  readonly maxRetryAfter: number | undefined
  readonly now: number
  readonly organization: string
}

/**
 * Returns the quota that an error states: none left until `Retry-After` has passed. The limit may be that of the organization
 * that the request names, so it affects no other.
 */
const rateLimitOf = (
  error: TokenError,
  { limit = 1, maxRetryAfter, now, organization }: Circumstances
): ReadonlyArray<issuerQuota.Quota> => {
  const isLimit = error._tag === "TokenErrorResponse"
    ? dialect.kindOf(error) === "limit"
    : error._tag === "TokenEndpointUnavailable" && error.detail === "429"
  const retryAfter = tokenErrors.retryAfterOf(error) ?? 0
  return isLimit && retryAfter > 0
    ? [{
      name: "retry-after",
      counts: organization === "" ? "client" : "organization",
      limit,
      remaining: 0,
      resetsAt: now + obeyed(retryAfter, maxRetryAfter)
    }]
    : []
}

/** A token with the quotas of its response, or the error of one. */
export type Outcome = Either.Either<{ readonly quotas: ReadonlyArray<issuerQuota.Quota> }, TokenError>

/** Returns the quotas that the issuer announced with a token, or with an error. */
export const of = (outcome: Outcome, circumstances: Circumstances): ReadonlyArray<issuerQuota.Quota> =>
  Either.isRight(outcome)
    ? outcome.right.quotas
    : [...tokenErrors.quotasOf(outcome.left), ...rateLimitOf(outcome.left, circumstances)]

/** Report of one quota, kept until the quota is full again. */
interface Reported {
  readonly used: "most" | "all"
  readonly resetsAt: number
}

/** Maximum number of quotas whose warnings are remembered. A warning of any other may be repeated. */
const maxReported = 200

const warningOf = (
  quota: issuerQuota.Quota,
  { clientId, organization }: { readonly clientId: string; readonly organization: string }
): string => {
  const { counts, limit, remaining, resetsAt } = quota
  const whose = counts === "organization" ? `the organization ${organization}` : namedClient(clientId)
  return `${
    limit - remaining
  } of ${limit} tokens of ${whose} are used, by the quota that the authorization server announces ` +
    `(${issuerQuota.labelOf(quota)}), until ${
      new Date(resetsAt).toISOString()
    }. Further requests are rejected then, if the ` +
    "server enforces it. If that is early, see the reasons in oauth.token.requests, and share tokens between processes " +
    "(SharedClientCredentials.layer)."
}

/** Reporter of announced quotas. It warns once per window and part of a quota. */
export class Reporter {
  /** Created for the first quota: few servers announce any. Read and replaced in one synchronous step, so not in a `Ref`. */
  private reported: Map<string, Reported> | undefined = undefined

  private isNew(key: string, quota: issuerQuota.Quota, used: Reported["used"] | undefined, now: number): boolean {
    const reported = this.reported ??= new Map()
    const before = reported.get(key)
    const known = before !== undefined && before.resetsAt > now ? before.used : undefined
    // A quota that is full again at this moment has ended.
    if (used === undefined || known === used || known === "all" || quota.resetsAt <= now) return false
    reported.delete(key)
    reported.set(key, { used, resetsAt: quota.resetsAt })
    const [oldest] = reported.keys()
    if (reported.size > maxReported && oldest !== undefined) reported.delete(oldest)
    return true
  }

  report(request: TokenRequest, quotas: ReadonlyArray<issuerQuota.Quota>): Effect.Effect<void> {
    return quotas.length === 0 ?
      Effect.void :
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.forEach(quotas, (quota) => {
          const organization = issuerQuota.organizationOf(request)
          const isOfOrganization = quota.counts === "organization"
          const show = metrics.set(metrics.quotaLeft, quota.remaining, {
            "oauth.client.id": metrics.clientLabel(request.clientId),
            "oauth.quota.name": issuerQuota.labelOf(quota),
            "oauth.quota.organization": isOfOrganization ? metrics.organizationLabel(organization) : undefined
          })
          const key = JSON.stringify([quota.name, request.clientId, isOfOrganization ? organization : ""])
          return this.isNew(key, quota, issuerQuota.usedPart(quota), now)
            ? Effect.zipRight(show, Effect.logWarning(warningOf(quota, { clientId: request.clientId, organization })))
            : show
        }, { discard: true }))
  }
}
