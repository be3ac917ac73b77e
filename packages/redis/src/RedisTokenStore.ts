/**
 * The token store of a fleet on Redis: one server, Sentinel or a Cluster.
 *
 * **When to use**
 *
 * Use it where processes on several machines share tokens or a budget, and Redis is at hand.
 *
 * **Details**
 *
 * Each operation is one Lua script on one key, in one round trip. Times are those of the server.
 *
 * **Gotchas**
 *
 * Set `maxmemory-policy noeviction`: any other policy may remove tokens and counts before they expire.
 *
 * @since 3.0.0
 */
import type { InvalidConfig } from "@effect-oauth/client-credentials/InvalidConfig"
import * as TokenStore from "@effect-oauth/client-credentials/TokenStore"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import type { RedisOptions } from "ioredis"

import * as connections from "./internal/connection.js"
import * as configErrors from "./internal/seam/configErrors.js"
import * as stores from "./internal/store.js"

/**
 * Options of the store. All have defaults.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options {
  /** Prefix of every key, at most 50 characters. Default: `effect-oauth`. */
  readonly prefix?: string | undefined
  /** Timeout of each operation, after which the operation has failed. Default: 2 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * A client of Redis that runs a Lua script on one key. `Redis` and `Cluster` of `ioredis` have this type; adapt other
 * clients in one line.
 *
 * @example
 * import { RedisTokenStore } from "@effect-oauth/redis"
 * import { Effect } from "effect"
 * import { createClient } from "redis"
 *
 * // node-redis. Without `disableOfflineQueue`, calls would wait for Redis.
 * export const store = Effect.promise(async () => {
 *   const client = await createClient({ url: "redis://redis.internal", disableOfflineQueue: true })
 *     .on("error", () => undefined)
 *     .connect()
 *   return RedisTokenStore.fromClient({
 *     eval: (script, _, key, ...args) => client.eval(script, { keys: [key], arguments: args })
 *   })
 * })
 *
 * @since 3.0.0
 * @category models
 */
export interface Client {
  /** Runs a script as the command `EVAL` does, and returns its reply: integers as numbers. */
  readonly eval: (script: string, numberOfKeys: 1, key: string, ...args: Array<string>) => Promise<unknown>
}

/**
 * Returns a store on an existing client, which may be to a Sentinel or a Cluster, and which the caller closes. Configure
 * the client so that commands fail while there is no connection, and so that it reconnects and closes a connection
 * without responses (`socketTimeout` of `ioredis`). Throws an `InvalidConfig` when an option is not valid.
 *
 * @example
 * import { RedisTokenStore } from "@effect-oauth/redis"
 * import { Effect } from "effect"
 * import { Cluster } from "ioredis"
 *
 * export const store = Effect.sync(() =>
 *   RedisTokenStore.fromClient(
 *     new Cluster([{ host: "redis.internal" }], { enableOfflineQueue: false, redisOptions: { socketTimeout: 2000 } })
 *   )
 * )
 *
 * @since 3.0.0
 * @category constructors
 */
export const fromClient = (client: Client, options?: Options): TokenStore.TokenStore =>
  make(client, Either.getOrThrowWith(stores.validate(options), (error) => error))

const make = (client: Client, settings: stores.Settings): TokenStore.TokenStore =>
  stores.make((_, script, key, args) => client.eval(script, 1, key, ...args), settings)

/**
 * Provides a store on its own connection, which ends with the scope.
 *
 * While Redis is unavailable, commands fail at once, so that no caller waits for it, and the client reconnects in the
 * background. A connection on which a command has no response within `timeout` is closed and opened again. Logs a warning
 * when Redis removes keys as soon as its memory is full (`maxmemory-policy`). `sentinels` and `name` connect by Sentinel; a
 * Cluster needs `fromClient`. Fails with an `InvalidConfig` when an option is not valid.
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
 * @since 3.0.0
 * @category layers
 */
export const layer = (
  connection: RedisOptions,
  options?: Options
): Layer.Layer<TokenStore.TokenStore, InvalidConfig> =>
  Layer.scoped(
    TokenStore.TokenStore,
    Effect.gen(function*() {
      const settings = yield* stores.validate(options)
      return make(yield* connections.make(connection, settings.timeout), settings)
    })
  )

type Configured = Options & { readonly url: Redacted.Redacted<string> }

/** A value that is not a `Config` is validated with the others; `Config.unwrap` throws for it. */
const unwrap = (config: Config.Config.Wrap<Configured>): Config.Config<Configured> =>
  Config.isConfig(config)
    ? config
    : Config.all(Record.map(
      config as Record.ReadonlyRecord<string, unknown>,
      (value) => Config.isConfig(value) ? value : Config.succeed(value)
    )) as Config.Config<unknown> as Config.Config<Configured>

/**
 * Provides a store on its own connection, with a URL such as `rediss://user:password@redis.internal:6379/0` and
 * options from an object of `Config`s.
 *
 * @since 3.0.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<Configured>
): Layer.Layer<TokenStore.TokenStore, ConfigError.ConfigError | InvalidConfig> =>
  Layer.unwrapEffect(
    Effect.flatMap(unwrap(config), ({ url, ...options }) =>
      Effect.map(connectionOf("url", Redacted.value(url)), (connection) =>
        layer(connection, options)))
  )

const connectionOf = (name: string, text: string): Effect.Effect<RedisOptions, ConfigError.ConfigError> =>
  Option.match(connections.fromUrl(text), {
    onNone: () =>
      Effect.fail(
        configErrors.invalid(name, `Expected ${name} to be a URL such as rediss://user:password@host:6379/0`)
      ),
    onSome: Effect.succeed
  })

/**
 * Provides a store on its own connection, from the environment: `REDIS_URL`, such as
 * `rediss://user:password@redis.internal:6379/0`, with the prefix.
 *
 * @example
 * import { RedisTokenStore } from "@effect-oauth/redis"
 *
 * export const Store = RedisTokenStore.layerEnv({ overrides: { timeout: "1 second" } })
 *
 * @since 3.0.0
 * @category layers
 */
export const layerEnv = (
  { overrides, prefix }: { readonly prefix?: string | undefined; readonly overrides?: Options | undefined } = {}
): Layer.Layer<TokenStore.TokenStore, ConfigError.ConfigError | InvalidConfig> => {
  const url = Config.nonEmptyString("REDIS_URL")
  return Layer.unwrapEffect(
    Effect.flatMap(
      prefix === undefined ? url : Config.nested(url, prefix),
      (text) => Effect.map(connectionOf("REDIS_URL", text), (connection) => layer(connection, overrides))
    )
  )
}
