/**
 * Quotas that an authorization server announces in the headers of its responses.
 */

/** A limit on the number of tokens that the authorization server announced, as of the response. */
export interface Quota {
  readonly name: string
  /** Counts all tokens of the client, or those of the organization that the request names. */
  readonly counts: "client" | "organization"
  readonly limit: number
  readonly remaining: number
  /** Milliseconds since the epoch. */
  readonly resetsAt: number
}

/** Maximum time to a reset that is accepted. Quotas cover at most a month, and a server's mistake must not end a service. */
const maxSeconds = 31 * 86_400

const headers = {
  "auth0-client-quota-limit": "client",
  "auth0-organization-quota-limit": "organization"
} as const

/** Returns the organization in Auth0's parameter of a request; empty if there is none. */
export const organizationOf = ({ parameters }: { readonly parameters: string }): string =>
  new URLSearchParams(parameters).get("organization") ?? ""

/** Maximum number of buckets that are read from each header. */
const maxBuckets = 10

const whole = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined

/**
 * Parses the quota headers of Auth0, `b=per_hour;q=10;r=7;t=3540,b=per_day;q=50;r=47;t=43200`: buckets with a name, the quota,
 * its rest, and the seconds until it is full again. Buckets that cannot be parsed are ignored.
 */
export const parse = (
  received: Readonly<Record<string, string | undefined>>,
  now: number
): ReadonlyArray<Quota> =>
  Object.entries(headers).flatMap(([header, counts]) =>
    (received[header] ?? "").slice(0, 1000).split(",").slice(0, maxBuckets).flatMap((bucket) => {
      const members = new Map(
        bucket.split(";").map((member) => {
          const end = member.indexOf("=")
          return [member.slice(0, end).trim().toLowerCase(), member.slice(end + 1).trim()]
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

/** Merges the quotas of two responses to one token request: those of the later response replace those of equal name. */
export const merge = (earlier: ReadonlyArray<Quota>, later: ReadonlyArray<Quota>): ReadonlyArray<Quota> => [
  ...earlier.filter(({ name }) => !later.some((quota) => quota.name === name)),
  ...later
]

/** Returns the used part of a quota if it should be reported: `most` from four fifths on, or `all`. */
export const usedPart = ({ limit, remaining }: Quota): "most" | "all" | undefined =>
  limit === 0 ? undefined : remaining === 0 ? "all" : limit - remaining >= 0.8 * limit ? "most" : undefined

/** Returns the label of a quota: `client per_day`. */
export const labelOf = ({ counts, name }: Quota): string => `${counts} ${name.slice(name.indexOf(" ") + 1)}`
