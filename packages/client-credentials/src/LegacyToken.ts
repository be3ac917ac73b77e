/**
 * Legacy tokens: a token id and a token secret by basic auth (RFC 7617), for APIs that came before OAuth.
 *
 * The layers provide the same `ApiClient` as those of `ClientCredentials`, so a program moves from one to the other by
 * a change of layer.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7617 | RFC 7617}
 * @since 3.0.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"

import * as ApiClient from "./ApiClient.js"
import { Authorization } from "./Authorization.js"
import type * as ClientConfig from "./ClientConfig.js"
import { collect } from "./internal/config/check.js"
import { type Read, read } from "./internal/config/credentialSource.js"
import * as environment from "./internal/config/environment.js"
import * as legacyToken from "./internal/config/legacyToken.js"
import { unwrap } from "./internal/config/unwrap.js"
import * as names from "./internal/config/variables.js"
import { Authorized } from "./internal/http/authorized.js"
import { rawBasic } from "./internal/protocol/basicCredentials.js"
import { InvalidConfig } from "./InvalidConfig.js"

/**
 * A legacy token and the API that it is for. The id must not contain a colon (RFC 7617 section 2).
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7617#section-2 | RFC 7617 section 2}
 * @since 3.0.0
 * @category models
 */
export interface Options extends
  Pick<
    ClientConfig.Options,
    "apiBaseUrl" | "apiOrigins" | "rejectedWhen" | "allowOutsideBasePath" | "allowHttpLoopback"
  >
{
  readonly tokenId: string
  /** Secret, or an Effect that reads it. It is read once, and again after a 401. */
  readonly tokenSecret: Redacted.Redacted<string> | Effect.Effect<Redacted.Redacted<string>, unknown>
  /** Previous secret, tried when the API rejects the current one. */
  readonly previousTokenSecret?:
    | Redacted.Redacted<string>
    | Effect.Effect<Redacted.Redacted<string>, unknown>
    | undefined
}

const authorization = (
  { api, previousTokenSecret, tokenId, tokenSecret }: legacyToken.Settings
): Authorization => {
  const sources = previousTokenSecret === undefined ? [tokenSecret] : [tokenSecret, previousTokenSecret]
  const [current, ...previous] = sources.map((source) => read("client secret", source)) as [Read, ...Array<Read>]
  const used = Ref.unsafeMake<Redacted.Redacted<string> | undefined>(undefined)
  const lock = Effect.unsafeMakeSemaphore(1)
  const secret = lock.withPermits(1)(
    Effect.flatMap(
      Ref.get(used),
      (known) => known === undefined ? Effect.tap(current, (value) => Ref.set(used, value)) : Effect.succeed(known)
    )
  )
  /** Reads the sources again. Returns whether the secret in use is another than the rejected one now. */
  const replace = (rejected: Redacted.Redacted<string>) =>
    lock.withPermits(1)(Effect.gen(function*() {
      const known = yield* Ref.get(used)
      if (known !== undefined && !Equal.equals(known, rejected)) return true
      for (const source of [current, ...previous]) {
        const next = yield* Effect.option(source)
        if (Option.isSome(next) && !Equal.equals(next.value, rejected)) {
          yield* Ref.set(used, next.value)
          return true
        }
      }
      return false
    }))
  return {
    api,
    authorize: (request) =>
      Effect.map(secret, (value) =>
        new Authorized(
          HttpClientRequest.setHeader(request, "authorization", `Basic ${rawBasic(tokenId, Redacted.value(value))}`),
          value
        )),
    onResponse: () => Effect.succeed(false),
    invalidate: ({ credential }) => Redacted.isRedacted(credential) ? replace(credential) : Effect.succeed(false),
    confirm: () => Effect.void
  }
}

const validated = (options: Options) =>
  Effect.mapError(
    Effect.suspend(() => legacyToken.validate(options)),
    (problems) => new InvalidConfig({ problems })
  )

const client = <E, R>(settings: Effect.Effect<legacyToken.Settings, E, R>) =>
  Effect.flatMap(settings, (settings) => Effect.provideService(ApiClient.make, Authorization, authorization(settings)))

/**
 * Creates a client that sends a legacy token, as a value: for a program with several APIs, each under its own tag.
 *
 * @example
 * import { ApiClient, LegacyToken } from "@effect-oauth/client-credentials"
 * import { Context, Layer, Redacted } from "effect"
 *
 * export class Archive extends Context.Tag("Archive")<Archive, ApiClient.Client>() {
 *   static layer = Layer.scoped(this, LegacyToken.make({
 *     tokenId: "tok_17",
 *     tokenSecret: Redacted.make("s3cr3t"),
 *     apiBaseUrl: "https://archive.example.com"
 *   }))
 * }
 *
 * @since 3.0.0
 * @category constructors
 */
export const make = (
  options: Options
): Effect.Effect<ApiClient.Client, InvalidConfig, HttpClient.HttpClient | Scope.Scope> => client(validated(options))

/**
 * Provides an `ApiClient` that sends a legacy token. After a 401 the secret is read again. If it has changed, or there is
 * a previous one, the call is sent once more with that secret; otherwise the caller gets the 401.
 *
 * @example
 * import { LegacyToken } from "@effect-oauth/client-credentials"
 * import { Redacted } from "effect"
 *
 * export const Api = LegacyToken.layer({
 *   tokenId: "tok_17",
 *   tokenSecret: Redacted.make("s3cr3t"),
 *   apiBaseUrl: "https://api.example.com/v1"
 * })
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<ApiClient.ApiClient, InvalidConfig, HttpClient.HttpClient> =>
  Layer.scoped(ApiClient.ApiClient, make(options))

/**
 * Reads the legacy token from an object of `Config`s.
 *
 * @since 3.0.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<ApiClient.ApiClient, ConfigError.ConfigError | InvalidConfig, HttpClient.HttpClient> =>
  Layer.scoped(ApiClient.ApiClient, client(Effect.flatMap(unwrap(config), validated)))

const { allowHttpLoopback, allowOutsideBasePath, apiBaseUrl, apiOrigins, rejectedStatuses } = names.client

const variables = {
  ...names.legacyToken,
  apiBaseUrl,
  apiOrigins,
  allowOutsideBasePath,
  allowHttpLoopback,
  rejectedStatuses
}

/**
 * Reads the legacy token from the environment: `LEGACY_TOKEN_ID`, `LEGACY_TOKEN_SECRET` or `LEGACY_TOKEN_SECRET_FILE` (a
 * file that holds it, read again after a 401), `API_BASE_URL`; while the secret is replaced `LEGACY_TOKEN_SECRET_PREVIOUS`
 * or `LEGACY_TOKEN_SECRET_PREVIOUS_FILE`; and as for `ClientConfig.layerEnv` `API_ORIGINS`, `API_REJECTED_STATUSES`,
 * `API_ALLOW_OUTSIDE_BASE_PATH` and `OAUTH_ALLOW_HTTP_LOOPBACK`. Options in `overrides` prevail over the variables.
 *
 * @example
 * import { LegacyToken } from "@effect-oauth/client-credentials"
 *
 * export const Api = LegacyToken.layerEnv()
 *
 * @since 3.0.0
 * @category layers
 */
export const layerEnv = (
  options: { readonly prefix?: string | undefined; readonly overrides?: Partial<Options> | undefined } = {}
): Layer.Layer<
  ApiClient.ApiClient,
  ConfigError.ConfigError | InvalidConfig,
  FileSystem.FileSystem | HttpClient.HttpClient
> => Layer.scoped(ApiClient.ApiClient, client(settingsOf(options)))

const settingsOf = (options: unknown) =>
  Effect.gen(function*() {
    const { overrides, prefix } = yield* environment.given(options, legacyToken.names)
    const reader = environment.reader(prefix)
    const text = yield* reader.all(variables, (setting) => Object.hasOwn(overrides, setting.replace(/File$/, "")))
    const check = collect()
    const credential = (setting: "tokenSecret" | "previousTokenSecret") =>
      Effect.map(
        reader.credential("client secret", setting, text[setting], text[`${setting}File`], variables[setting]),
        (found) => {
          if (found?.problem !== undefined) check.problems.push(found.problem)
          return found?.source
        }
      )
    const settings = legacyToken.read(check, {
      tokenId: text.tokenId,
      apiBaseUrl: text.apiBaseUrl,
      tokenSecret: yield* credential("tokenSecret"),
      previousTokenSecret: yield* credential("previousTokenSecret"),
      apiOrigins: text.apiOrigins,
      allowOutsideBasePath: reader.flag(text.allowOutsideBasePath),
      allowHttpLoopback: reader.flag(text.allowHttpLoopback),
      ...overrides,
      rejectedWhen: environment.rejectedWhen(overrides["rejectedWhen"], text.rejectedStatuses)
    })
    const errors = reader.errors(
      { ...variables, ...environment.statusVariable(overrides, variables.rejectedStatuses) },
      { ...text, "rejectedWhen.statuses": text.rejectedStatuses },
      overrides
    )
    return settings ?? (yield* Effect.fail(errors(check.problems)))
  })
