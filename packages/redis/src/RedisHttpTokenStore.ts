/**
 * The token store of a fleet on Redis over HTTP, by the REST protocol of Upstash.
 *
 * **When to use**
 *
 * Use it in functions without sockets, such as those of Vercel and Cloudflare Workers. `serverless-redis-http` serves
 * the same protocol for other servers.
 *
 * **Details**
 *
 * The index does not export this module, and it does not load `ioredis`: import it by its path,
 * `@effect-oauth/redis/RedisHttpTokenStore`.
 *
 * @since 3.0.0
 */
import { InvalidConfig } from "@effect-oauth/client-credentials/InvalidConfig"
import * as TokenStore from "@effect-oauth/client-credentials/TokenStore"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import * as stores from "./internal/store.js"

/**
 * Options of the store. Options without a default are required.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options {
  /** The URL of the service, such as `https://eu1-example-12345.upstash.io`. Plain `http:` only on this machine. */
  readonly url: string
  /** The credential of the service. */
  readonly token: Redacted.Redacted<string>
  /** Prefix of every key, at most 50 characters. Default: `effect-oauth`. */
  readonly prefix?: string | undefined
  /** Timeout of each operation, after which the operation has failed. Default: 2 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host)

const isAllowed = (url: unknown): boolean => {
  if (typeof url !== "string" || !URL.canParse(url)) return false
  const { hostname, password, protocol, username } = new URL(url)
  return username + password === "" && (protocol === "https:" || (protocol === "http:" && isLoopback(hostname)))
}

/** Returns the error of a response that is not the reply of the command. */
const failureOf = (status: number, body: unknown): Error => {
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined
  return status !== 401 && typeof error === "string"
    ? new Error(error)
    : Object.assign(new Error(), { code: `HTTP_${status}` })
}

const evaluate = ({ token, url }: Options): stores.Evaluate => async (signal, script, key, args) => {
  const response = await fetch(url, {
    method: "POST",
    // Another server would get the credential and the command.
    redirect: "manual",
    headers: { authorization: `Bearer ${Redacted.value(token)}`, "content-type": "application/json" },
    body: JSON.stringify(["EVAL", script, "1", key, ...args]),
    signal
  }).catch((error: unknown) => {
    // Node has the code of the connection in the cause.
    throw error instanceof Error && error.cause !== undefined ? error.cause : error
  })
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok && typeof body === "object" && body !== null && "result" in body) return body.result
  throw failureOf(response.status, body)
}

/**
 * Provides a store on Redis over HTTP. Each operation is one script, by one `POST` request. Fails with an `InvalidConfig` when
 * an option is not valid.
 *
 * @example
 * import { SharedClientCredentials, TokenSeal } from "@effect-oauth/client-credentials"
 * import * as RedisHttpTokenStore from "@effect-oauth/redis/RedisHttpTokenStore"
 * import { FetchHttpClient } from "@effect/platform"
 * import { Layer, Redacted } from "effect"
 *
 * export const Api = (key: Redacted.Redacted<string>) => SharedClientCredentials.layer({
 *   tokenUrl: "https://auth.example.com/oauth/token",
 *   clientId: "inventory-sync",
 *   clientSecret: Redacted.make("s3cr3t"),
 *   apiBaseUrl: "https://api.example.com"
 * }).pipe(
 *   Layer.provide([
 *     RedisHttpTokenStore.layer({ url: "https://eu1-example-12345.upstash.io", token: Redacted.make("t0k3n") }),
 *     TokenSeal.layer([key]),
 *     FetchHttpClient.layer
 *   ])
 * )
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<TokenStore.TokenStore, InvalidConfig> =>
  Layer.effect(
    TokenStore.TokenStore,
    Effect.gen(function*() {
      // Programs without types may pass nothing.
      const { token, url, ...rest } = { ...options }
      const settings = yield* stores.validate(rest)
      const problems = [
        ...(isAllowed(url) ? [] : [{ setting: "url", expected: "an https: URL without user name and password" }]),
        ...(Redacted.isRedacted(token) ? [] : [{ setting: "token", expected: "a Redacted string" }])
      ]
      if (problems.length > 0) return yield* new InvalidConfig({ problems })
      return stores.make(evaluate(options), settings)
    })
  )

/**
 * Provides a store on Redis over HTTP, from the environment: `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN`, with the
 * prefix.
 *
 * @example
 * import * as RedisHttpTokenStore from "@effect-oauth/redis/RedisHttpTokenStore"
 *
 * export const Store = RedisHttpTokenStore.layerEnv({ overrides: { timeout: "1 second" } })
 *
 * @since 3.0.0
 * @category layers
 */
export const layerEnv = (
  { overrides, prefix }: {
    readonly prefix?: string | undefined
    readonly overrides?: Pick<Options, "prefix" | "timeout"> | undefined
  } = {}
): Layer.Layer<TokenStore.TokenStore, ConfigError.ConfigError | InvalidConfig> => {
  const server = Config.all({
    url: Config.nonEmptyString("UPSTASH_REDIS_REST_URL"),
    token: Config.redacted("UPSTASH_REDIS_REST_TOKEN")
  })
  return Layer.unwrapEffect(
    Effect.map(
      prefix === undefined ? server : Config.nested(server, prefix),
      (found) => layer({ ...overrides, ...found })
    )
  )
}
