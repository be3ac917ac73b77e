/**
 * The TLS of Node's connections: private authorities, client certificates, the oldest version allowed, proxies. Needs
 * `@effect/platform-node`, so it is not in the index: import `@effect-oauth/client-credentials/NodeTls`.
 *
 * Certificates are always verified; there is no option to do without.
 *
 * @since 0.1.0
 */
import { createSecureContext } from "node:tls"

import * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Undici from "@effect/platform-node/Undici"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import { InvalidConfig } from "./InvalidConfig.js"

/**
 * How connections are made. All have defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** PEM: the authorities to trust, instead of those that Node trusts. */
  readonly ca?: string | ReadonlyArray<string> | undefined
  /** PEM: the certificate of this client, with those between it and its authority (RFC 8705). */
  readonly certificate?: string | undefined
  /** PEM: the key of that certificate. */
  readonly key?: Redacted.Redacted<string> | undefined
  /** The passphrase of the key, if it has one. */
  readonly passphrase?: Redacted.Redacted<string> | undefined
  /** Default: TLSv1.2, as RFC 9325 section 3.1.1 recommends. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3" | undefined
  /** Whether to use the proxies that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name. Default: true. */
  readonly proxyFromEnvironment?: boolean | undefined
}

const tls = (options: Options) => ({
  ...(options.ca === undefined ? {} : { ca: typeof options.ca === "string" ? options.ca : [...options.ca] }),
  ...(options.certificate === undefined ? {} : { cert: options.certificate }),
  ...(options.key === undefined ? {} : { key: Redacted.value(options.key) }),
  ...(options.passphrase === undefined ? {} : { passphrase: Redacted.value(options.passphrase) }),
  minVersion: options.minVersion ?? "TLSv1.2"
})

/** Each part is tried by itself, so that the error can say which one is wrong. */
const problems = ({ ca, certificate, key, ...options }: Options) => {
  const fits = (part: Options): boolean => {
    try {
      createSecureContext(tls(part))
      return true
    } catch {
      return false
    }
  }
  const expected: Array<{ readonly setting: string; readonly expected: string }> = []
  const pems = ca === undefined ? [] : typeof ca === "string" ? [ca] : ca
  if (!pems.every((pem) => pem.includes("-----BEGIN CERTIFICATE-----") && fits({ ca: pem }))) {
    expected.push({ setting: "ca", expected: "certificates of authorities, as PEM" })
  }
  if (certificate !== undefined && !fits({ certificate })) {
    expected.push({ setting: "certificate", expected: "a certificate, as PEM" })
  }
  if ((certificate === undefined) !== (key === undefined)) {
    expected.push({ setting: "key", expected: "together with the certificate, or neither" })
  } else if (key !== undefined && expected.length === 0 && !fits({ ...options, certificate, key })) {
    expected.push({
      setting: "key",
      expected: "the private key of the certificate, as PEM, and its passphrase if it has one"
    })
  }
  return expected
}

const dispatcher = (options: Options) =>
  Layer.scoped(
    NodeHttpClient.Dispatcher,
    Effect.gen(function*() {
      const wrong = problems(options)
      if (wrong.length > 0) return yield* new InvalidConfig({ problems: wrong })
      const connect = tls(options)
      return yield* Effect.acquireRelease(
        Effect.sync((): Undici.Dispatcher =>
          options.proxyFromEnvironment === false
            ? new Undici.Agent({ connect })
            : new Undici.EnvHttpProxyAgent({ connect, requestTls: connect })
        ),
        (agent) => Effect.promise(() => agent.destroy())
      )
    })
  )

/**
 * An `HttpClient` on Undici with these connections, for token requests and API calls.
 *
 * @example
 * import { ClientAuthentication, ClientCredentials } from "@effect-oauth/client-credentials"
 * import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
 * import { Layer, Redacted } from "effect"
 *
 * export const bank = (certificate: string, key: Redacted.Redacted<string>) =>
 *   ClientCredentials.layer({
 *     issuer: "https://auth.bank.example",
 *     clientId: "payments",
 *     clientAuthentication: ClientAuthentication.tlsClientAuth,
 *     apiBaseUrl: "https://api.bank.example"
 *   }).pipe(Layer.provide(NodeTls.layer({ certificate, key, minVersion: "TLSv1.3" })))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<HttpClient.HttpClient, InvalidConfig> =>
  Layer.provide(NodeHttpClient.layerUndiciWithoutDispatcher, dispatcher(options))

const variables = {
  ca: "OAUTH_TLS_CA_FILE",
  certificate: "OAUTH_TLS_CERTIFICATE_FILE",
  key: "OAUTH_TLS_KEY_FILE"
}

/**
 * The same from the environment: the files `OAUTH_TLS_CA_FILE`, `OAUTH_TLS_CERTIFICATE_FILE` and `OAUTH_TLS_KEY_FILE`,
 * `OAUTH_TLS_MIN_VERSION` (`TLSv1.2`, `TLSv1.3`), and the proxies.
 *
 * @example
 * import { ClientCredentials } from "@effect-oauth/client-credentials"
 * import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
 * import { NodeContext } from "@effect/platform-node"
 * import { Layer } from "effect"
 *
 * export const Api = ClientCredentials.layerConfig().pipe(
 *   Layer.provide(NodeTls.layerConfig),
 *   Layer.provide(NodeContext.layer)
 * )
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig: Layer.Layer<
  HttpClient.HttpClient,
  ConfigError.ConfigError | InvalidConfig,
  FileSystem.FileSystem
> = Layer.unwrapEffect(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const file = (variable: string) =>
    Effect.flatMap(
      Config.option(Config.nonEmptyString(variable)),
      Option.match({
        onNone: () => Effect.succeed(undefined),
        onSome: (path) =>
          Effect.mapError(fs.readFileString(path), (error) =>
            ConfigError.InvalidData(
              [variable],
              `Expected ${variable} to be the path of a file that can be read (${
                error._tag === "SystemError" ? error.reason : error._tag
              })`
            ))
      })
    )
  const key = yield* file(variables.key)
  return layer({
    ca: yield* file(variables.ca),
    certificate: yield* file(variables.certificate),
    key: key === undefined ? undefined : Redacted.make(key),
    minVersion: yield* Config.withDefault(Config.literal("TLSv1.2", "TLSv1.3")("OAUTH_TLS_MIN_VERSION"), "TLSv1.2")
  })
}))
