/**
 * The authorization server and the API that all are measured against: one handler, whatever carries the messages.
 */

export interface Message {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly body: string
}

export interface World {
  /** Not a promise when nothing is to be waited for, so that a fake transport costs little. */
  readonly answer: (message: Message) => Answer | Promise<Answer>
  /** How many token requests arrived, refused ones too. */
  readonly tokenRequests: () => number
  /** How many calls the API answered with 200. */
  readonly served: () => number
  /** Whether a token that was issued is still good. */
  readonly hasValidToken: () => boolean
  readonly revokeAll: () => void
  /** While it is down, each token request is answered with 503. */
  issuerIsUp: boolean
}

export interface Options {
  /** In seconds. Default: 24 hours. */
  readonly tokenLife?: number | undefined
  /** How long the authorization server takes, in milliseconds. Default: 0. */
  readonly tokenDelay?: number | undefined
  /** The n-th refusal of the API takes n times this, in milliseconds. Default: 0. */
  readonly refusalDelay?: number | undefined
}

/** As long as a signed token with a few claims. */
const token = (name: string): string => `${name}.${"abcdefghijklmnopqrstuvwxyz0123456789".repeat(20)}`

/** A token that is always good, for the bare clients: what they send is what the others send. */
export const fixedToken = token("fixed")

export const client = { id: "benchmark", secret: "s3cr3t-of-the-benchmark" }

export const paths = { token: "/oauth/token", items: "/items" }

const items = JSON.stringify(Array.from({ length: 5 }, (_, index) => ({ sku: `SKU-${index}`, quantity: 10 * index })))

const wait = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

const later = (millis: number, answer: Answer): Answer | Promise<Answer> =>
  millis === 0 ? answer : wait(millis).then(() => answer)

const isAuthenticated = ({ authorization, body }: Message): boolean => {
  const form = new URLSearchParams(body)
  if (form.get("grant_type") !== "client_credentials") return false
  if (authorization === undefined) {
    return form.get("client_id") === client.id && form.get("client_secret") === client.secret
  }
  return authorization === `Basic ${btoa(`${client.id}:${client.secret}`)}`
}

export const make = (options: Options = {}): World => {
  const { refusalDelay = 0, tokenDelay = 0, tokenLife = 86_400 } = options
  const tokens = new Map([[fixedToken, Infinity]])
  const isGood = (value: string): boolean => (tokens.get(value) ?? 0) > Date.now()
  let requests = 0
  let served = 0
  let refusals = 0
  let issued = 0

  const issue = (message: Message): Answer => {
    requests++
    if (!world.issuerIsUp) return { status: 503, body: "{\"error\":\"temporarily_unavailable\"}" }
    if (message.method !== "POST" || !isAuthenticated(message)) {
      return { status: 401, body: "{\"error\":\"invalid_client\"}" }
    }
    issued++
    const value = token(`token-${issued}`)
    tokens.set(value, Date.now() + tokenLife * 1000)
    return {
      status: 200,
      body: JSON.stringify({ access_token: value, token_type: "Bearer", expires_in: tokenLife })
    }
  }

  const world: World = {
    answer: (message) => {
      if (message.path === paths.token) return later(tokenDelay, issue(message))
      if (message.path !== paths.items) return { status: 404, body: "{}" }
      if (message.authorization?.startsWith("Bearer ") !== true || !isGood(message.authorization.slice(7))) {
        return later(++refusals * refusalDelay, { status: 401, body: "{\"error\":\"invalid_token\"}" })
      }
      served++
      return { status: 200, body: items }
    },
    tokenRequests: () => requests,
    served: () => served,
    hasValidToken: () => [...tokens].some(([value, expiry]) => value !== fixedToken && expiry > Date.now()),
    revokeAll: () => {
      for (const value of tokens.keys()) if (value !== fixedToken) tokens.delete(value)
    },
    issuerIsUp: true
  }
  return world
}
