/**
 * TLS connections on Node: private authorities, client certificates, the lowest version allowed, proxies. Needs
 * `@effect/platform-node`, so it is not in the index: import `@effect-oauth/client-credentials/NodeTls`.
 *
 * Certificates are always verified; no option disables this.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8705 | RFC 8705}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9325 | RFC 9325}
 * @since 3.0.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import { collect } from "./internal/config/check.js"
import * as environment from "./internal/config/environment.js"
import * as proxies from "./internal/config/proxies.js"
import * as rules from "./internal/config/rules.js"
import { hasSources, read } from "./internal/config/tlsMaterial.js"
import { tlsReader } from "./internal/config/tlsReader.js"
import { unwrap } from "./internal/config/unwrap.js"
import * as variables from "./internal/config/variables.js"
import { CurrentCertificate } from "./internal/http/clientCertificate.js"
import * as connections from "./internal/http/tlsConnections.js"
import { tagOf } from "./internal/protocol/foreignError.js"
import { InvalidConfig } from "./InvalidConfig.js"

/** PEM, or several of them. */
type Authorities = string | ReadonlyArray<string>

/**
 * Options of the connections. All have defaults.
 *
 * `ca`, `extraCa`, `certificate` and `key` are values, or Effects that read them, for files that are replaced while the
 * program runs. Effects run when the layer is built, and again when a request is sent, at most once a second: cache one
 * that is expensive (`Effect.cachedWithTTL`). When what they return has changed, later requests use new connections;
 * requests in progress end on the old ones, and idle ones are closed. While they fail or return a certificate and a key
 * that do not match (a file is half-written, or one is replaced before the other), the last valid values stay in use.
 * After two such reads in a row, a warning is logged.
 *
 * A token that is bound to the certificate (RFC 8705 section 3) is used with that certificate only: after a replacement,
 * the next call requests a new token. `ClientConfig.Options.certificateBoundTokens` determines which tokens are bound.
 *
 * A warning is logged when the certificate is in the last fifth of its lifetime and expires within 14 days, and again when it
 * has expired. The metric `oauth.tls.certificate_expires_at` reports its expiry.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options {
  /** Authorities in PEM that replace those of Node. */
  readonly ca?: Authorities | Effect.Effect<Authorities, unknown> | undefined
  /**
   * Authorities to trust beside those that Node trusts, as PEM: its own list with what `NODE_EXTRA_CA_CERTS` and the options
   * of Node add to it. Not together with `ca`.
   */
  readonly extraCa?: Authorities | Effect.Effect<Authorities, unknown> | undefined
  /** Client certificate in PEM, followed by intermediate certificates (RFC 8705). */
  readonly certificate?: string | Effect.Effect<string, unknown> | undefined
  /** Private key of the certificate, in PEM. */
  readonly key?: Redacted.Redacted<string> | Effect.Effect<Redacted.Redacted<string>, unknown> | undefined
  /** The passphrase of the key, if it has one. */
  readonly passphrase?: Redacted.Redacted<string> | undefined
  /** Default: TLSv1.2, as RFC 9325 section 3.1.1 recommends. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined
  /**
   * Uses the proxies in `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, or in their lower-case forms, which take
   * precedence. A proxy without a scheme is an `http:` proxy. Requests to this machine (`localhost`, `127.0.0.0/8`, `[::1]`)
   * never use a proxy. Default: true.
   */
  readonly proxyFromEnvironment?: boolean | undefined
}

class Client extends Context.Tag("@effect-oauth/client-credentials/NodeTls/Client")<Client, HttpClient.HttpClient>() {}

const names: { readonly [K in keyof Options]-?: true } = {
  ca: true,
  extraCa: true,
  certificate: true,
  key: true,
  passphrase: true,
  minVersion: true,
  proxyFromEnvironment: true
}

const optionNames = Object.keys(names)

const client = (given: Options, found: ReturnType<typeof proxies.read>) =>
  Layer.scopedContext(
    Effect.gen(function*() {
      const check = collect()
      const { flag, oneOf, problems } = check
      const options: Options = rules.members(check, given, optionNames)
      oneOf("minVersion", options.minVersion, ["TLSv1.2", "TLSv1.3"])
      const useProxies = flag("proxyFromEnvironment", options.proxyFromEnvironment, true)
      if (useProxies) problems.push(...found.problems)
      const material = yield* Effect.either(read(options))
      if (Either.isLeft(material) || problems.length > 0) {
        return yield* new InvalidConfig({
          problems: [...problems, ...(Either.isLeft(material) ? material.left : [])]
        })
      }
      tlsReader.isPresent = true
      const { certificate, execute } = yield* connections.make(
        material.right,
        useProxies ? found.proxies : { http: "", https: "", except: "" },
        hasSources(options) ? (before) => read(options, before) : undefined
      )
      const client = HttpClient.makeWith(Effect.flatMap(execute), Effect.succeed<HttpClientRequest.HttpClientRequest>)
      return Context.make(Client, client).pipe(Context.add(CurrentCertificate, certificate))
    })
  )

/** Provides the certificate together with the client, for tokens that are bound to it. It appears in no type. */
const layerWith = (
  options: Options,
  found: ReturnType<typeof proxies.read>
): Layer.Layer<HttpClient.HttpClient, InvalidConfig> =>
  Layer.merge(HttpClient.layerMergedContext(Client), Layer.effect(CurrentCertificate, CurrentCertificate)).pipe(
    Layer.provide(client(options, found))
  )

/**
 * Provides an `HttpClient` on Undici with these connections, for token requests and API calls. The proxy variables are
 * those of the process.
 *
 * Fails with an `InvalidConfig` that names the option or the proxy variable.
 *
 * @example
 * import { ClientCredentials } from "@effect-oauth/client-credentials"
 * import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
 * import { Layer, Redacted } from "effect"
 *
 * export const bank = (certificate: string, key: Redacted.Redacted<string>) =>
 *   ClientCredentials.layer({
 *     issuer: "https://auth.bank.example",
 *     clientId: "payments",
 *     clientAuthentication: "tls_client_auth",
 *     apiBaseUrl: "https://api.bank.example"
 *   }).pipe(Layer.provide(NodeTls.layer({ certificate, key, minVersion: "TLSv1.3" })))
 *
 * @since 3.0.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<HttpClient.HttpClient, InvalidConfig> =>
  Layer.suspend(() => layerWith(options, proxies.read((name) => process.env[name])))

/**
 * Provides the `HttpClient` with options from an object of `Config`s.
 *
 * @since 3.0.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<HttpClient.HttpClient, ConfigError.ConfigError | InvalidConfig> =>
  Layer.unwrapEffect(Effect.map(unwrap(config), layer))

/**
 * Provides the `HttpClient` from the environment: the files `OAUTH_TLS_CA_FILE`, `OAUTH_TLS_EXTRA_CA_FILE`,
 * `OAUTH_TLS_CERTIFICATE_FILE` and `OAUTH_TLS_KEY_FILE`, `OAUTH_TLS_MIN_VERSION` (`TLSv1.2`, `TLSv1.3`), each with the
 * prefix; and the proxies
 * `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, which have no prefix and are those of the process where the
 * `ConfigProvider` has none. Options in `overrides` prevail over the variables.
 *
 * Files that are replaced are read again, at most a second later; see {@link Options}. Fails with a `ConfigError` that names
 * the variable, or with an `InvalidConfig` that names the option.
 *
 * @example
 * import { ClientCredentials } from "@effect-oauth/client-credentials"
 * import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
 * import { NodeContext } from "@effect/platform-node"
 * import { Layer } from "effect"
 *
 * export const Api = ClientCredentials.layerEnv().pipe(
 *   Layer.provide(NodeTls.layerEnv()),
 *   Layer.provide(NodeContext.layer)
 * )
 *
 * @since 3.0.0
 * @category layers
 */
export const layerEnv = (
  options: { readonly prefix?: string | undefined; readonly overrides?: Options | undefined } = {}
): Layer.Layer<
  HttpClient.HttpClient,
  ConfigError.ConfigError | InvalidConfig,
  FileSystem.FileSystem
> =>
  Layer.unwrapEffect(Effect.gen(function*() {
    const { overrides, prefix } = yield* environment.given(options, optionNames)
    const reader = environment.reader(prefix)
    const text = yield* reader.all(variables.tls, (setting) => Object.hasOwn(overrides, setting))
    const key = yield* file(reader, variables.tls.key, text.key)
    const found: Options = {
      ca: yield* file(reader, variables.tls.ca, text.ca),
      extraCa: yield* file(reader, variables.tls.extraCa, text.extraCa),
      certificate: yield* file(reader, variables.tls.certificate, text.certificate),
      key: key === undefined ? undefined : Effect.map(key, Redacted.make),
      minVersion: yield* minVersion(reader, text.minVersion),
      ...overrides
    }
    const fromEnvironment = yield* proxiesOf(found.proxyFromEnvironment !== false)
    const errors = reader.errors(variables.tls, text, overrides)
    return Layer.catchAll(layerWith(found, fromEnvironment), (error) => {
      const [problem] = error.problems
      const isVariable = problem !== undefined && Object.hasOwn(variables.tls, problem.setting)
      return Layer.effect(
        HttpClient.HttpClient,
        Effect.fail(
          isVariable && !Object.hasOwn(overrides, problem.setting)
            ? errors([{ ...problem, expected: `a file with ${problem.expected}` }])
            : Object.keys(overrides).length > 0
            ? errors(error.problems)
            : error
        )
      )
    })
  }))

type Reader = ReturnType<typeof environment.reader>

/** Reads a file now, so that a missing one is reported; the result reads it again for each use. */
const file = (reader: Reader, variable: string, path: string | undefined) =>
  Effect.gen(function*() {
    if (path === undefined) return undefined
    const fs = yield* FileSystem.FileSystem
    const read = fs.readFileString(path)
    yield* Effect.mapError(
      read,
      (failure) => reader.error(variable, path, `the path of a file that can be read (${tagOf(failure)})`)
    )
    return read
  })

const minVersion = (
  reader: Reader,
  value: string | undefined
): Effect.Effect<NonNullable<Options["minVersion"]>, ConfigError.ConfigError> =>
  value === undefined
    ? Effect.succeed("TLSv1.2")
    : value === "TLSv1.2" || value === "TLSv1.3"
    ? Effect.succeed(value)
    : Effect.fail(reader.error(variables.tls.minVersion, value, "TLSv1.2 or TLSv1.3"))

/** Reads the variables of proxies, which have no prefix: those of the `ConfigProvider`, else those of the process. */
const proxiesOf = (isUsed: boolean) =>
  Effect.gen(function*() {
    const reader = environment.reader(undefined)
    const found = new Map<string, string>()
    for (const name of proxies.variables) {
      const value = Option.getOrElse(yield* Config.option(Config.string(name)), () => process.env[name])
      if (value !== undefined) found.set(name, value)
    }
    const read = proxies.read((name) => found.get(name))
    const [wrong] = isUsed ? read.problems : []
    return yield* wrong === undefined
      ? Effect.succeed(read)
      : Effect.fail(reader.error(wrong.setting, "", wrong.expected))
  })
