/**
 * The quotas that an authorization server announces in the headers of its responses.
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

/** The longest time to a reset that is accepted: quotas cover a month at most, and a server's mistake must not end a service. */
const maxSeconds = 31 * 86_400

const headers = {
  "auth0-client-quota-limit": "client",
  "auth0-organization-quota-limit": "organization"
} as const

/** The organization that a request names by the parameter of Auth0; empty when it names none. */
export const organizationOf = ({ parameters }: { readonly parameters: string }): string =>
  new URLSearchParams(parameters).get("organization") ?? ""

/** The most buckets read from each header. */
const maxBuckets = 10

const whole = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined

/**
 * The buckets in the quota headers of Auth0: `b=per_hour;q=10;r=7;t=3540,b=per_day;q=50;r=47;t=43200`, that is a name, the
 * quota, what remains of it, and the seconds until it is full again. Buckets that cannot be read are ignored.
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

/** The quotas of two responses to one token request: those of the later response replace those of the same name. */
export const merge = (earlier: ReadonlyArray<Quota>, later: ReadonlyArray<Quota>): ReadonlyArray<Quota> => [
  ...earlier.filter(({ name }) => !later.some((quota) => quota.name === name)),
  ...later
]

/** How much of a quota is used, where a user should know: four fifths of it, or all. */
export const usedPart = ({ limit, remaining }: Quota): "most" | "all" | undefined =>
  limit === 0 ? undefined : remaining === 0 ? "all" : limit - remaining >= 0.8 * limit ? "most" : undefined

/** The name of its bucket, as a label: `client per_day`. */
export const labelOf = ({ counts, name }: Quota): string => `${counts} ${name.slice(name.indexOf(" ") + 1)}`
