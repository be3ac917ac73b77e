/**
 * The authorization server and the API of all measurements: one handler for all transports.
 */

export interface Message {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly dpop?: string | undefined
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly body: string
}

export interface World {
  /** Returns no promise without a delay, so that a fake transport costs little. */
  readonly answer: (message: Message) => Answer | Promise<Answer>
  /** The number of token requests received, including rejected ones. */
  readonly tokenRequests: () => number
  /** The number of calls that the API returned 200 for. */
  readonly served: () => number
  /** Returns true while an issued token is valid. */
  readonly hasValidToken: () => boolean
  readonly revokeAll: () => void
  /** While false, each token request fails with 503. */
  issuerIsUp: boolean
}

export interface Options {
  /** In seconds. Default: 24 hours. */
  readonly tokenLife?: number | undefined
  /** The response time of the authorization server, in milliseconds. Default: 0. */
  readonly tokenDelay?: number | undefined
  /** Delay of the first rejection of the API, in milliseconds; the n-th takes n times as long. Default: 0. */
  readonly rejectionDelay?: number | undefined
}

/** The part that all tokens share, so that this server keeps only the name of each. */
const payload = Buffer.alloc(720, "abcdefghijklmnopqrstuvwxyz0123456789").toString("latin1")

/** Returns a token of the length of a signed token with a few claims. */
const token = (name: string): string => `${name}.${payload}`

const fixed = "fixed"

/** A token without expiry, for the bare clients, of the same length as the others. */
export const fixedToken = token(fixed)

export const client = { id: "benchmark", secret: "s3cr3t-of-the-benchmark" }

export const paths = { token: "/oauth/token", items: "/items" }

const items = JSON.stringify(Array.from({ length: 5 }, (_, index) => ({ sku: `SKU-${index}`, quantity: 10 * index })))

/** Returns a function that waits, with one timer for all answers of the same time: there may be 10,000 of them. */
const waiting = () => {
  const timers = new Map<number, Promise<void>>()
  return (millis: number): Promise<void> => {
    const due = Date.now() + Math.round(millis)
    const timer = timers.get(due) ?? new Promise<void>((resolve) =>
      setTimeout(() => {
        timers.delete(due)
        resolve()
      }, due - Date.now())
    )
    timers.set(due, timer)
    return timer
  }
}

/** Returns the claims of a signed token. Signatures are not verified: that would be the same work for all. */
const claimsOf = (jwt: string): Readonly<Record<string, unknown>> =>
  JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()) as Readonly<Record<string, unknown>>

const isAuthenticated = ({ authorization, body }: Message): boolean => {
  const form = new URLSearchParams(body)
  if (form.get("grant_type") !== "client_credentials") return false
  const assertion = form.get("client_assertion")
  if (assertion !== null) return claimsOf(assertion)["sub"] === client.id
  if (authorization === undefined) {
    return form.get("client_id") === client.id && form.get("client_secret") === client.secret
  }
  return authorization === `Basic ${btoa(`${client.id}:${client.secret}`)}`
}

/** Returns the type of the token that a request is for, or that a call sends. */
const typeOf = ({ dpop, method }: Message): "Bearer" | "DPoP" =>
  dpop !== undefined && claimsOf(dpop)["htm"] === method ? "DPoP" : "Bearer"

export const make = (options: Options = {}): World => {
  const { rejectionDelay = 0, tokenDelay = 0, tokenLife = 86_400 } = options
  /** Expiry of each token by its name. */
  const tokens = new Map([[fixed, Infinity]])
  const isGood = (value: string): boolean => {
    const name = value.slice(0, value.indexOf("."))
    return (tokens.get(name) ?? 0) > Date.now() && value === token(name)
  }
  const wait = waiting()
  const later = (millis: number, answer: Answer): Answer | Promise<Answer> =>
    millis === 0 ? answer : wait(millis).then(() => answer)
  let requests = 0
  let served = 0
  let rejections = 0
  let issued = 0

  const issue = (message: Message): Answer => {
    requests++
    if (!world.issuerIsUp) return { status: 503, body: "{\"error\":\"temporarily_unavailable\"}" }
    if (message.method !== "POST" || !isAuthenticated(message)) {
      return { status: 401, body: "{\"error\":\"invalid_client\"}" }
    }
    issued++
    const name = `token-${issued}`
    tokens.set(name, Date.now() + tokenLife * 1000)
    return {
      status: 200,
      body: JSON.stringify({ access_token: token(name), token_type: typeOf(message), expires_in: tokenLife })
    }
  }

  const world: World = {
    answer: (message) => {
      if (message.path === paths.token) return later(tokenDelay, issue(message))
      if (message.path !== paths.items) return { status: 404, body: "{}" }
      const scheme = `${typeOf(message)} `
      if (message.authorization?.startsWith(scheme) !== true || !isGood(message.authorization.slice(scheme.length))) {
        return later(++rejections * rejectionDelay, { status: 401, body: "{\"error\":\"invalid_token\"}" })
      }
      served++
      return { status: 200, body: items }
    },
    tokenRequests: () => requests,
    served: () => served,
    hasValidToken: () => [...tokens].some(([name, expiry]) => name !== fixed && expiry > Date.now()),
    revokeAll: () => {
      for (const name of tokens.keys()) if (name !== fixed) tokens.delete(name)
    },
    issuerIsUp: true
  }
  return world
}
