/**
 * What the authorization server says about the tokens that are left, and who wants to hear it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

import type { TokenRequest } from "../../TokenRequest.js"

/** A limit of the server's, as it stood when an answer came. */
export interface Quota {
  readonly name: string
  /** Whose tokens it counts: all of the client's, or those of the organization that the request names. */
  readonly counts: "client" | "organization"
  readonly limit: number
  readonly remaining: number
  /** Milliseconds since the epoch. */
  readonly resetsAt: number
}

/** The longest that is believed, so that a mistake of the server does not end a service: quotas are of a month at most. */
const maxSeconds = 31 * 86_400

const headers = {
  "auth0-client-quota-limit": "client",
  "auth0-organization-quota-limit": "organization"
} as const

/** The organization that a request names by the parameter of Auth0; empty when it names none. */
export const organizationOf = ({ parameters }: TokenRequest): string =>
  new URLSearchParams(parameters).get("organization") ?? ""

/** Of each header; there are a few at most. */
const maxBuckets = 10

const whole = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined

/**
 * The buckets in the quota headers of Auth0: `b=per_hour;q=10;r=7;t=3540,b=per_day;q=50;r=47;t=43200`, that is a name, the
 * quota, what remains of it, and the seconds until it is full again. What cannot be read is passed over.
 */
export const parse = (
  received: Readonly<Record<string, string | undefined>>,
  now: number
): ReadonlyArray<Quota> =>
  Object.entries(headers).flatMap(([header, counts]) =>
    (received[header] ?? "").slice(0, 1000).split(",").slice(0, maxBuckets).flatMap((bucket) => {
      const members = new Map(
        bucket.split(";").map((member) => {
          const [name = "", value = ""] = member.split("=", 2)
          return [name.trim().toLowerCase(), value.trim()]
        })
      )
      const [limit, remaining, seconds] = ["q", "r", "t"].map((name) => whole(members.get(name)))
      return limit === undefined || remaining === undefined || seconds === undefined
        ? []
        : [{
          name: `${header} ${(members.get("b") ?? "").slice(0, 40)}`,
          counts,
          limit,
          remaining,
          resetsAt: now + Math.min(seconds, maxSeconds) * 1000
        }]
    })
  )

/** Hears of every answer of the token endpoint that has quotas in it; nobody does unless there is a budget. */
export class QuotaListener extends Context.Reference<QuotaListener>()(
  "@effect-oauth/client-credentials/QuotaListener",
  { defaultValue: () => (_: ReadonlyArray<Quota>): Effect.Effect<void> => Effect.void }
) {}

export const tell = (received: Readonly<Record<string, string | undefined>>, now: number): Effect.Effect<void> => {
  const quotas = parse(received, now)
  return quotas.length === 0 ? Effect.void : Effect.flatMap(QuotaListener, (hear) => hear(quotas))
}
