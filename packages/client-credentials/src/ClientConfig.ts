/**
 * Who the client is, where it gets its tokens and which API they are for.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"

import * as settings from "./internal/settings.js"
import { InvalidConfig } from "./InvalidConfig.js"
import type { ClientSecretUnavailable } from "./OAuthError.js"
import type { ClientAuthentication, RequestFormat, TokenRequest } from "./TokenRequest.js"

/**
 * What a user states. Strings are checked, never trimmed or guessed at.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The token endpoint (RFC 6749 section 3.2), `https:`, without fragment or credentials. */
  readonly tokenUrl: string | URL
  readonly clientId: string
  /**
   * The secret, or an Effect that reads it from where it is kept: that is run for every token request, so a secret can be
   * replaced without a restart. Should it fail, the secret read before is used.
   */
  readonly clientSecret: Redacted.Redacted<string> | Effect.Effect<Redacted.Redacted<string>, unknown>
  /** The secret before the current one, tried when the server does not know the current one (yet). */
  readonly previousClientSecret?:
    | Redacted.Redacted<string>
    | Effect.Effect<Redacted.Redacted<string>, unknown>
    | undefined
  /** The API that the token is for, as Auth0 and others name it. */
  readonly audience?: string | undefined
  /** Scopes, as a list or separated by spaces (RFC 6749 section 3.3). */
  readonly scope?: string | ReadonlyArray<string> | undefined
  /** Resource indicators: absolute URIs, sent as they are (RFC 8707 section 2). */
  readonly resource?: string | ReadonlyArray<string> | undefined
  /** How the client proves who it is (RFC 6749 section 2.3.1). Default: `client_secret_post`. */
  readonly clientAuthentication?: ClientAuthentication | undefined
  /** How the token request is written: `form` is the standard, `json` what some APIs want. Default: `form`. */
  readonly requestFormat?: RequestFormat | undefined
  /** Where the API stands. Relative request URLs start here, and the token may go to its origin. */
  readonly apiBaseUrl: string | URL
  /** Further origins that the token may go to, such as `https://files.example.com`. */
  readonly apiOrigins?: ReadonlyArray<string> | undefined
  /** Allow `http:` to `localhost`, `127.0.0.0/8` and `[::1]`, for tests and development. Default: false. */
  readonly allowHttpLoopback?: boolean | undefined
}

/**
 * A configuration that was found to be sound.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** What is asked for, and of which token endpoint. */
  readonly request: TokenRequest
  /** Reads the secret. */
  readonly clientSecret: Effect.Effect<Redacted.Redacted<string>, ClientSecretUnavailable>
  /** Reads the previous secret, when there is one. */
  readonly previousClientSecret: Effect.Effect<Redacted.Redacted<string>, ClientSecretUnavailable>
  readonly api: Api
}

/**
 * The API that an authorization is for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Api {
  /** An absolute URL without query or fragment and without a slash at its end. */
  readonly baseUrl: string
  /** The origins that may be sent the authorization; that of `baseUrl` is one of them. */
  readonly origins: ReadonlySet<string>
}

/**
 * The configuration of one client.
 *
 * @since 0.1.0
 * @category tags
 */
export class ClientConfig
  extends Context.Tag("@effect-oauth/client-credentials/ClientConfig")<ClientConfig, Service>()
{}

/**
 * Checks a configuration. All mistakes are reported at once.
 *
 * @example
 * import { ClientConfig } from "@effect-oauth/client-credentials"
 * import { Either, Redacted } from "effect"
 *
 * const config = ClientConfig.make({
 *   tokenUrl: "http://auth.example.com/oauth/token",
 *   clientId: "inventory-sync",
 *   clientSecret: Redacted.make("s3cr3t"),
 *   apiBaseUrl: "https://api.example.com/v1"
 * })
 *
 * console.log(Either.isLeft(config)) // true: the token URL is not https
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Either.Either<Service, InvalidConfig> =>
  Either.mapLeft(settings.client(options), (problems) => new InvalidConfig({ problems }))

/**
 * The configuration as a layer, from a value.
 *
 * @example
 * import { ClientConfig } from "@effect-oauth/client-credentials"
 * import { Redacted } from "effect"
 *
 * export const InventoryConfig = ClientConfig.layer({
 *   tokenUrl: "https://auth.example.com/oauth/token",
 *   clientId: "inventory-sync",
 *   clientSecret: Redacted.make("s3cr3t"),
 *   audience: "https://api.example.com",
 *   apiBaseUrl: "https://api.example.com/v1"
 * })
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<ClientConfig, InvalidConfig> =>
  Layer.effect(ClientConfig, Effect.suspend(() => make(options)))

/**
 * How `layerConfig` reads the environment.
 *
 * @since 0.1.0
 * @category models
 */
export interface ConfigOptions {
  /** Put before every name: with `BILLING`, `BILLING_OAUTH_CLIENT_ID` is read. For several clients in one process. */
  readonly prefix?: string | undefined
  /** See `Options`. In the environment: `OAUTH_ALLOW_HTTP_LOOPBACK=true`. */
  readonly allowHttpLoopback?: boolean | undefined
}

const variables = {
  tokenUrl: "OAUTH_TOKEN_URL",
  clientId: "OAUTH_CLIENT_ID",
  clientSecret: "OAUTH_CLIENT_SECRET",
  clientSecretFile: "OAUTH_CLIENT_SECRET_FILE",
  previousClientSecret: "OAUTH_CLIENT_SECRET_PREVIOUS",
  previousClientSecretFile: "OAUTH_CLIENT_SECRET_PREVIOUS_FILE",
  audience: "OAUTH_AUDIENCE",
  scope: "OAUTH_SCOPE",
  resource: "OAUTH_RESOURCE",
  clientAuthentication: "OAUTH_CLIENT_AUTHENTICATION",
  requestFormat: "OAUTH_REQUEST_FORMAT",
  allowHttpLoopback: "OAUTH_ALLOW_HTTP_LOOPBACK",
  apiBaseUrl: "API_BASE_URL",
  apiOrigins: "API_ORIGINS"
} as const

/**
 * Reads and checks the configuration from the environment, or from any other `ConfigProvider`.
 *
 * Necessary: `OAUTH_TOKEN_URL`, `OAUTH_CLIENT_ID`, `OAUTH_CLIENT_SECRET` or `OAUTH_CLIENT_SECRET_FILE` (a file that
 * holds the secret, as Docker and Kubernetes mount them; one line break at its end is ignored; it is read again for each
 * token request), `API_BASE_URL`. While a secret is being replaced: `OAUTH_CLIENT_SECRET_PREVIOUS` or
 * `OAUTH_CLIENT_SECRET_PREVIOUS_FILE`, tried when the server does not know the current one.
 * Optional: `OAUTH_AUDIENCE`, `OAUTH_SCOPE` and `OAUTH_RESOURCE` and `API_ORIGINS` (separated by spaces),
 * `OAUTH_CLIENT_AUTHENTICATION` (`client_secret_post`, `client_secret_basic`), `OAUTH_REQUEST_FORMAT` (`form`, `json`),
 * `OAUTH_ALLOW_HTTP_LOOPBACK` (`true`, `false`). A variable that is empty counts as absent.
 *
 * Fails with a `ConfigError` that names the variables and what they should be, never what they were.
 *
 * @example
 * import { ClientConfig } from "@effect-oauth/client-credentials"
 *
 * export const billing = ClientConfig.fromConfig({ prefix: "BILLING" })
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromConfig = (
  options: ConfigOptions = {}
): Effect.Effect<Service, ConfigError.ConfigError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const read = settings.reader(options.prefix)
    const text = yield* read.all(variables)
    const clientSecret = yield* read.secret(
      text.clientSecret,
      text.clientSecretFile,
      [variables.clientSecret, variables.clientSecretFile]
    )
    const previousClientSecret = yield* read.secret(
      text.previousClientSecret,
      text.previousClientSecretFile,
      [variables.previousClientSecret, variables.previousClientSecretFile]
    )
    const allowHttpLoopback = options.allowHttpLoopback ??
      (yield* read.flag(variables.allowHttpLoopback, text.allowHttpLoopback))
    return yield* settings.client({
      ...text,
      clientSecret,
      previousClientSecret,
      apiOrigins: text.apiOrigins?.split(" ").filter((origin) => origin !== ""),
      allowHttpLoopback
    }).pipe(Either.mapLeft(read.errors(variables, { ...text, clientSecret, previousClientSecret })))
  })

/**
 * The configuration as a layer, from the environment: see `fromConfig` for the variables.
 *
 * @example
 * import { ClientConfig } from "@effect-oauth/client-credentials"
 * import { NodeContext } from "@effect/platform-node"
 * import { Layer } from "effect"
 *
 * export const Live = ClientConfig.layerConfig().pipe(Layer.provide(NodeContext.layer))
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options?: ConfigOptions
): Layer.Layer<ClientConfig, ConfigError.ConfigError, FileSystem.FileSystem> =>
  Layer.effect(ClientConfig, fromConfig(options))
