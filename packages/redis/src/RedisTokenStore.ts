/**
 * The token store of a fleet, on Redis: one server, Sentinel or a Cluster.
 *
 * @since 0.1.0
 */
import type { InvalidConfig } from "@effect-oauth/client-credentials/InvalidConfig"
import * as OAuthError from "@effect-oauth/client-credentials/OAuthError"
import * as TokenStore from "@effect-oauth/client-credentials/TokenStore"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { type Cluster, Redis, type RedisOptions } from "ioredis"

/**
 * Options of the store. All have defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Put before every key, at most 50 characters. Default: `effect-oauth`. */
  readonly prefix?: string | undefined
  /** How long a response may take; after that, the process continues without the store. Default: 2 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
}

const validate = (options: Options | undefined) =>
  TokenStore.validateServerOptions(options, { prefix: "effect-oauth", timeout: "2 seconds" })

/** How long a generation outlives its token, in milliseconds, so that a process that was paused never finds its number again. */
const memory = 86_400_000

// Each script is one step of the contract: atomic, by the time of the server only, on the keys of one hash slot. `KEYS[1]` is
// the entry, `KEYS[2]` the lease. It returns whether it was done, the time in milliseconds, what is left of the lease, and
// the entry.

const snapshot = (done: string) => `
local time = redis.call('TIME')
local left = redis.call('PTTL', KEYS[2])
local found = redis.call('HMGET', KEYS[1], 'generation', 'value', 'expiresAt')
return {${done}, time[1] * 1000 + math.floor(time[2] / 1000), left, found[1], found[2], found[3]}`

const load = snapshot("1")

const release = `
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1`

/** Arguments: generation, value, expiry, how long the entry outlives it, and the owner whose lease ends, if any. */
const swap = `
local done = 0
local now = redis.call('TIME')[1] * 1000
local generation = tonumber(redis.call('HGET', KEYS[1], 'generation') or '0')
if generation == tonumber(ARGV[1]) then
  done = 1
  redis.call('HSET', KEYS[1], 'generation', generation + 1, 'value', ARGV[2], 'expiresAt', ARGV[3])
  redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(0, ARGV[3] - now) + ARGV[4]))
end
if ARGV[5] ~= '' and redis.call('GET', KEYS[2]) == ARGV[5] then redis.call('DEL', KEYS[2]) end
${snapshot("done")}`

/** Arguments: owner, life. */
const acquire = `
local done = 0
local owner = redis.call('GET', KEYS[2])
if not owner or owner == ARGV[1] then
  done = 1
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
end
${snapshot("done")}`

/** Reads what a script returned. */
const attemptOf = (reply: unknown): TokenStore.Attempt => {
  const [done, now, left, generation, value, expiresAt] = reply as ReadonlyArray<unknown>
  return {
    done: done === 1,
    now: Number(now),
    leasedFor: Math.max(0, Number(left)),
    entry: typeof value === "string" && typeof generation === "string"
      ? Option.some({ value, generation: Number(generation), expiresAt: Number(expiresAt) })
      : Option.none()
  }
}

/** The code or the class of an error of the client; its text may hold an address or a command. */
const problem = (error: unknown): string => {
  const { code, name } = (typeof error === "object" && error !== null ? error : {}) as {
    readonly code?: unknown
    readonly name?: unknown
  }
  const shown = typeof code === "string" ? code : name
  return typeof shown === "string" && /^\w{1,60}$/.test(shown) ? shown : "its client failed"
}

/**
 * Returns a store on an existing connection, which may be to a Sentinel or a Cluster, and which the caller closes. Set its
 * `commandTimeout`, or use the option `timeout`. Throws an `InvalidConfig` when an option is not valid.
 *
 * @example
 * import { RedisTokenStore } from "@effect-oauth/redis"
 * import { Effect } from "effect"
 * import { Cluster } from "ioredis"
 *
 * export const store = Effect.sync(() => RedisTokenStore.fromClient(new Cluster([{ host: "redis.internal" }])))
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromClient = (client: Redis | Cluster, options?: Options): TokenStore.TokenStore =>
  make(client, Either.getOrThrowWith(validate(options), (error) => error))

const make = (
  client: Redis | Cluster,
  { prefix, timeout }: { readonly prefix: string; readonly timeout: number }
): TokenStore.TokenStore => {
  // The braces keep the token and the lease of a key on one node of a Cluster.
  const tokenKey = (key: string) => `{${prefix}:${key}}:token`
  const leaseKey = (key: string) => `{${prefix}:${key}}:lease`

  const run = <A>(operation: OAuthError.TokenStoreError["operation"], command: () => Promise<A>) =>
    Effect.tryPromise({
      try: command,
      catch: (error) => new OAuthError.TokenStoreError({ operation, problem: problem(error) })
    }).pipe(
      // Leases are taken and given back in uninterruptible regions.
      Effect.interruptible,
      Effect.timeoutFail({
        duration: timeout,
        onTimeout: () => new OAuthError.TokenStoreError({ operation, problem: "no answer in time" })
      })
    )

  const evaluate = (
    operation: OAuthError.TokenStoreError["operation"],
    key: string,
    script: string,
    ...args: ReadonlyArray<string | number>
  ) => run(operation, () => client.eval(script, 2, tokenKey(key), leaseKey(key), ...args))

  return {
    load: (key) => Effect.map(evaluate("load", key, load), attemptOf),
    swap: (key, generation, { expiresAt, value }, owner = "") =>
      Effect.map(evaluate("swap", key, swap, generation, value, expiresAt, memory, owner), attemptOf),
    acquire: (key, owner, life) =>
      Effect.map(
        evaluate("acquire", key, acquire, owner, Math.max(1, Math.ceil(Duration.toMillis(life)))),
        attemptOf
      ),
    release: (key, owner) => Effect.asVoid(evaluate("release", key, release, owner))
  }
}

/** Waits for the first connection or its failure: commands before that would fail. */
const settled = (client: Redis): Effect.Effect<void> =>
  Effect.async((resume) => {
    const done = () => resume(Effect.void)
    if (client.status === "wait") return done()
    client.once("ready", done)
    client.once("close", done)
  })

/**
 * Provides a store on its own connection, which ends with the scope.
 *
 * While Redis is unavailable, commands fail at once, so that no caller waits for it, and the client reconnects in the
 * background. Fails with an `InvalidConfig` when an option is not valid.
 *
 * @example
 * import { SharedClientCredentials, TokenSeal } from "@effect-oauth/client-credentials"
 * import { RedisTokenStore } from "@effect-oauth/redis"
 * import { NodeHttpClient } from "@effect/platform-node"
 * import { Layer, Redacted } from "effect"
 *
 * export const Api = (key: Redacted.Redacted<string>) => SharedClientCredentials.layer({
 *   tokenUrl: "https://auth.example.com/oauth/token",
 *   clientId: "inventory-sync",
 *   clientSecret: Redacted.make("s3cr3t"),
 *   apiBaseUrl: "https://api.example.com",
 *   issuanceBudget: { limit: 50 }
 * }).pipe(
 *   Layer.provide([RedisTokenStore.layer({ host: "redis.internal" }), TokenSeal.layer([key]), NodeHttpClient.layerUndici])
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  connection: RedisOptions,
  options?: Options
): Layer.Layer<TokenStore.TokenStore, InvalidConfig> =>
  Layer.scoped(
    TokenStore.TokenStore,
    Effect.gen(function*() {
      const settings = yield* validate(options)
      const client = yield* Effect.acquireRelease(
        Effect.sync(() => {
          const client = new Redis({ maxRetriesPerRequest: 1, enableOfflineQueue: false, ...connection })
          // Without a listener the client prints its errors; those that matter come back with a command.
          client.on("error", () => undefined)
          return client
        }),
        (client) => Effect.sync(() => client.disconnect())
      )
      yield* Effect.timeoutOption(settled(client), settings.timeout)
      return make(client, settings)
    })
  )

const connectionOf = (text: string): Option.Option<RedisOptions> =>
  Option.liftThrowable(() => {
    const { hostname, password, pathname, port, protocol, username } = new URL(text)
    const [, db] = /^\/?(\d{0,9})$/.exec(pathname) ?? []
    if (!/^rediss?:$/.test(protocol) || hostname === "" || db === undefined) throw new Error("no such URL")
    return {
      // An IPv6 address is in brackets.
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      ...(port === "" ? {} : { port: Number(port) }),
      ...(username === "" ? {} : { username: decodeURIComponent(username) }),
      ...(password === "" ? {} : { password: decodeURIComponent(password) }),
      ...(db === "" ? {} : { db: Number(db) }),
      ...(protocol === "rediss:" ? { tls: {} } : {})
    }
  })()

/**
 * Provides a store on its own connection, with a URL such as `rediss://user:password@redis.internal:6379/0` and
 * options from an object of `Config`s.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<Options & { readonly url: Redacted.Redacted<string> }>
): Layer.Layer<TokenStore.TokenStore, ConfigError.ConfigError | InvalidConfig> =>
  Layer.unwrapEffect(Effect.flatMap(Config.unwrap(config), ({ url, ...options }) =>
    Effect.map(
      Effect.mapError(
        connectionOf(Redacted.value(url)),
        () => ConfigError.InvalidData(["url"], `Expected url to be ${expectedUrl}`)
      ),
      (connection) => layer(connection, options)
    )))

const expectedUrl = "a URL such as rediss://user:password@host:6379/0"

/**
 * Provides a store on its own connection, from the environment: `REDIS_URL`, such as
 * `rediss://user:password@redis.internal:6379/0`, with the prefix.
 *
 * @example
 * import { RedisTokenStore } from "@effect-oauth/redis"
 *
 * export const Store = RedisTokenStore.layerEnv({ overrides: { timeout: "1 second" } })
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEnv = (
  { overrides, prefix }: { readonly prefix?: string | undefined; readonly overrides?: Options | undefined } = {}
): Layer.Layer<TokenStore.TokenStore, ConfigError.ConfigError | InvalidConfig> => {
  const url = Config.mapOrFail(
    Config.redacted(Config.nonEmptyString("REDIS_URL")),
    (url) =>
      Either.fromOption(
        connectionOf(Redacted.value(url)),
        () => ConfigError.InvalidData([], `Expected REDIS_URL to be ${expectedUrl}`)
      )
  )
  return Layer.unwrapEffect(
    Effect.map(
      prefix === undefined ? url : Config.nested(url, prefix),
      (connection) => layer(connection, overrides)
    )
  )
}
