/**
 * The configuration of a client: its credentials, its authorization server and its API. All options
 * are validated together, before anything is sent. Programs pass them to `ClientCredentials.layer`.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4.2 | RFC 6749 section 4.4.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8707#section-2 | RFC 8707 section 2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8414#section-3 | RFC 8414 section 3}
 * @since 3.0.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"

import type * as ClientAuthentication from "./ClientAuthentication.js"
import { loadOptional } from "./ClientConfig/loadOptional.js"
import { methods } from "./ClientConfig/methods.js"
import type * as Grant from "./Grant.js"
import * as client from "./internal/config/client.js"
import * as clientEnvironment from "./internal/config/clientEnvironment.js"
import type * as credentialSource from "./internal/config/credentialSource.js"
import type * as rules from "./internal/config/rules.js"
import { unwrap } from "./internal/config/unwrap.js"
import type { ProofKey } from "./internal/http/proofKey.js"
import { InvalidConfig } from "./InvalidConfig.js"
import type { Signer } from "./Signer.js"
import type { Overrides, TokenRequest } from "./TokenRequest.js"

/**
 * Options of a client: an endpoint (`tokenUrl` or `issuer`), its id with a credential (`clientSecret` or
 * `clientAuthentication`), or a `grant` that presents one, and the API. Strings are validated, never trimmed or
 * completed. The types require one of each pair. Its value may be undefined, where a program decides at run time; then
 * the validation reports what is missing.
 *
 * @since 3.0.0
 * @category models
 */
export type Options =
  & ClientOptions
  & (Pick<Required<ClientOptions>, "tokenUrl"> | Pick<Required<ClientOptions>, "issuer">)
  & (
    | (
      & Pick<Required<ClientOptions>, "clientId">
      & (Pick<Required<ClientOptions>, "clientSecret"> | Pick<Required<ClientOptions>, "clientAuthentication">)
    )
    | Pick<Required<ClientOptions>, "grant">
  )

/** Every option of a client. `Options` states which of them are required. */
interface ClientOptions {
  /** The token endpoint (RFC 6749 section 3.2), `https:`, without fragment or credentials. */
  readonly tokenUrl?: string | URL | undefined
  /**
   * The issuer identifier of the authorization server (RFC 8414 section 2), exactly as the server publishes it. Without
   * `tokenUrl`, the token endpoint is read from its metadata; with `tokenUrl`, it is the audience of client assertions.
   */
  readonly issuer?: string | undefined
  /** The revocation endpoint (RFC 7009 section 2), if the metadata does not name it. */
  readonly revocationUrl?: string | URL | undefined
  /** The client id (RFC 6749 section 2.2). With a `grant`, it is only necessary where the server requires one. */
  readonly clientId?: string | undefined
  /**
   * The grant, if it is not client credentials: it presents a JWT of the platform, or a token to exchange.
   * Default: client credentials (RFC 6749 section 4.4).
   */
  readonly grant?: Grant.Grant | undefined
  /**
   * The secret, or an Effect that reads it. The Effect runs for every token request, so that a secret can be replaced
   * without a restart; when it fails, the secret read before is used.
   */
  readonly clientSecret?: credentialSource.Source | undefined
  /** Previous secret, tried when the server rejects the current one. */
  readonly previousClientSecret?: credentialSource.Source | undefined
  /** Identifier of the API that the token is for, a parameter of Auth0 and others. */
  readonly audience?: string | undefined
  /** Scopes, as a list or separated by spaces (RFC 6749 section 3.3). */
  readonly scope?: string | ReadonlyArray<string> | undefined
  /** Resource indicators: absolute URIs, sent as they are (RFC 8707 section 2). */
  readonly resource?: string | ReadonlyArray<string> | undefined
  /** Authorization details (RFC 9396 section 2). */
  readonly authorizationDetails?: Overrides["authorizationDetails"]
  /** Further parameters of token requests that the server defines. Parameters with their own option are rejected here. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
  /**
   * The method of client authentication: one of the first three with `clientSecret` (RFC 6749 section 2.3.1, OpenID Connect
   * Core section 9), one of the next two by the certificate of the TLS connection that the HTTP client presents (`NodeTls`,
   * RFC 8705 section 2), or one that `ClientAuthentication` creates with another credential or with options. Default: a
   * method with a secret that the server supports by its metadata, or else `client_secret_post`; `none` with a `grant` and
   * without a secret.
   */
  readonly clientAuthentication?:
    | "client_secret_basic"
    | "client_secret_post"
    | "client_secret_jwt"
    | "tls_client_auth"
    | "self_signed_tls_client_auth"
    | "none"
    | ClientAuthentication.ClientAuthentication
    | undefined
  /**
   * Encoding of id and secret for basic auth. `form` encodes each before they are joined (RFC 6749 section 2.3.1 and appendix
   * B). Many servers expect them without encoding. For an id and a secret of letters, digits, `*`, `-`, `.` and `_`, both
   * encodings are equal; for others, such a server requires `raw`. With `raw`, an id with a colon is an `InvalidConfig`: the
   * server would read the part after the colon as the secret (RFC 7617 section 2).
   *
   * Without `clientAuthentication` it selects `client_secret_basic`, unless the server's metadata does not list that method;
   * with another method it is an `InvalidConfig`. Default: `form`.
   */
  readonly basicEncoding?: "form" | "raw" | undefined
  /**
   * Binds tokens to the client's certificate (RFC 8705 section 3), which the HTTP client presents (`NodeTls`). Requests are
   * then sent to the server's endpoints for mutual TLS (`mtls_endpoint_aliases`), whatever the method of client
   * authentication. Default: true for the methods by certificate, and for `private_key_jwt` if the server's metadata states
   * that it binds tokens (`tls_client_certificate_bound_access_tokens`) and `dpop` is not set. Set it to false for a client
   * without a certificate at such a server.
   *
   * Tokens that are bound by this option or by the metadata of the server are cached for the certificate that `NodeTls`
   * presents: a replaced certificate costs a new token, and processes with different certificates share no token. Otherwise, a
   * replaced certificate keeps the token, and a rejection by the API costs a new one.
   */
  readonly certificateBoundTokens?: boolean | undefined
  /**
   * Binds tokens to a key (RFC 9449), and selects the algorithm of its proofs. Without `key`, the key is generated and never
   * leaves the process: a token ends with the process and is not shared. With `key`, a private key as
   * `ClientAuthentication.privateKeyJwt` reads it or a `Signer` with its public key, processes that have the same key share
   * tokens through a `TokenStore`, and use them again after a restart. It is read once; a signer signs for each call.
   *
   * Default: false; the algorithm of the key or, of a key of this process, ES256, which every server with DPoP supports.
   */
  readonly dpop?:
    | boolean
    | {
      readonly key?: credentialSource.Source | Signer | undefined
      readonly algorithm?: "ES256" | "ES384" | "ES512" | "EdDSA" | "PS256" | "RS256" | undefined
    }
    | undefined
  /**
   * The handling of a token whose `token_type` is missing or unusual, such as `BearerToken`. `verify` fails (RFC 6749
   * section 7.1); `assume-bearer` uses it as a bearer token, unless its type requires a proof of possession (`mac`,
   * `DPoP`). Default: `verify`.
   */
  readonly tokenType?: "verify" | "assume-bearer" | undefined
  /**
   * Decodes token responses whose members are nested or have other names. Data that it decodes beyond the members of the
   * standard is available from `AccessToken.membersOf`. `None`, or an exception, marks a response that it does not decode.
   * Default: the members of the standard (RFC 6749 section 5.1).
   *
   * @example
   * import type { ClientConfig } from "@effect-oauth/client-credentials"
   * import { Schema } from "effect"
   *
   * const Response = Schema.pluck(
   *   Schema.Struct({
   *     data: Schema.Struct({
   *       access_token: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("token")),
   *       expires_in: Schema.propertySignature(Schema.Number).pipe(Schema.fromKey("ttl")),
   *       token_type: Schema.String
   *     })
   *   }),
   *   "data"
   * )
   *
   * export const options: Pick<ClientConfig.Options, "tokenResponse"> = {
   *   tokenResponse: Schema.decodeUnknownOption(Response)
   * }
   */
  readonly tokenResponse?:
    | ((json: unknown) => Option.Option<{
      readonly access_token: string
      readonly token_type?: string | null | undefined
      /** In seconds. */
      readonly expires_in?: number | string | null | undefined
      readonly scope?: string | null | undefined
    }>)
    | undefined
  /** The format of token requests: `form` is the standard, `json` is for servers that require it. Default: `form`. */
  readonly requestFormat?: "form" | "json" | undefined
  /**
   * The base URL of the API. Relative request URLs start here, and the token may be sent to its origin. `none` for a client
   * that only requests tokens, for a broker or a database for example: its `ApiClient` fails with `OriginNotAllowed`.
   */
  readonly apiBaseUrl: string | URL
  /** Further origins that the token may be sent to, such as `https://files.example.com`. Wildcards are not supported. */
  readonly apiOrigins?: ReadonlyArray<string> | undefined
  /**
   * Allows calls to paths of the API's origin that are not below the path of `apiBaseUrl`, such as
   * `https://api.example.com/v2/items` where the base URL is `https://api.example.com/v1`. Otherwise such a call fails
   * with `PathNotAllowed`, so that a value in a path (`../../admin`) cannot change its target. Default: false.
   */
  readonly allowOutsideBasePath?: boolean | undefined
  /**
   * Responses of the API that reject the token, beside status 401 and status 403 with `error="invalid_token"`. They are
   * handled in the same way: a new token is requested, and the call is sent again. `TokenCache.Options.rejectionPauses`
   * limits the number of tokens if that does not help.
   *
   * @example
   * import { ClientCredentials } from "@effect-oauth/client-credentials"
   * import { Redacted } from "effect"
   *
   * export const GraphQL = ClientCredentials.layer({
   *   tokenUrl: "https://auth.example.com/oauth/token",
   *   clientId: "inventory-sync",
   *   clientSecret: Redacted.make("s3cr3t"),
   *   apiBaseUrl: "https://api.example.com/graphql",
   *   rejectedWhen: { response: ({ body, status }) => status === 200 && body.includes(`"code":"UNAUTHENTICATED"`) }
   * })
   */
  readonly rejectedWhen?: {
    /** Statuses from 300 to 599 that reject the token whatever else the response holds, such as 419. */
    readonly statuses?: ReadonlyArray<number> | undefined
    /**
     * Returns true when a response rejects the token. It runs for every response that is not a rejection anyway; the
     * caller can still read the whole body. When it throws, fails or returns no boolean, the response counts as accepted,
     * and a warning is logged.
     */
    readonly response?:
      | ((excerpt: {
        readonly status: number
        readonly headers: Readonly<Record<string, string | undefined>>
        /**
         * The beginning of the body without its content codings, at most `maxBodyBytes`, as UTF-8. Empty for types of
         * endless bodies, which are not read: event streams, newline-delimited JSON, gRPC.
         */
        readonly body: string
        /** The bytes of `body`. */
        readonly bytes: Uint8Array
        /** True if `body` is the complete body. */
        readonly isComplete: boolean
      }) => boolean | Effect.Effect<boolean, unknown>)
      | undefined
    /** Maximum number of bytes of the body that `response` receives. Default: 16,384. */
    readonly maxBodyBytes?: number | undefined
  } | undefined
  /** Allows `http:` to `localhost`, `127.0.0.0/8` and `[::1]`, for tests and development. Default: false. */
  readonly allowHttpLoopback?: boolean | undefined
}

/**
 * A validated configuration. An object that a program creates without `make` is not validated.
 *
 * @since 3.0.0
 * @category models
 */
export interface ClientConfig {
  /** The token request, with the authorization server that it is sent to. */
  readonly request: TokenRequest
  readonly revocationUrl: string | undefined
  /** Default: client credentials. */
  readonly grant?: Grant.Grant | undefined
  /** The method of client authentication, given the methods that the server is known to support. */
  readonly authentication: (
    supported: ReadonlyArray<string> | undefined
  ) => ClientAuthentication.ClientAuthentication
  /**
   * The proof key of the client (RFC 9449), undefined without `dpop`. The key is generated or read with the first use and is
   * the same for each use of this configuration.
   */
  readonly dpop: Effect.Effect<ProofKey, InvalidConfig> | undefined
  /** See `Options`. */
  readonly tokenType?: "verify" | "assume-bearer" | undefined
  /** True if tokens are bound to the client's certificate; undefined if the server's metadata decides. */
  readonly certificateBoundTokens?: boolean | undefined
  /** See `Options`. */
  readonly tokenResponse?: Options["tokenResponse"]
  readonly allowHttpLoopback: boolean
  /** The API that the tokens are for. */
  readonly api: {
    /** An absolute URL without query or fragment and without a slash at its end; of no API where `origins` is empty. */
    readonly baseUrl: string
    /** Origins that the authorization may be sent to, including that of `baseUrl`. Empty if tokens are only requested. */
    readonly origins: ReadonlySet<string>
    /** True if calls may leave the path of `baseUrl` on its origin. Default: false. */
    readonly allowOutsideBasePath?: boolean | undefined
    /** Responses that reject the authorization beside those of the standards. Default: none. */
    readonly rejectedWhen?: {
      readonly statuses: ReadonlySet<number>
      readonly response: NonNullable<Options["rejectedWhen"]>["response"]
      readonly maxBodyBytes: number
    } | undefined
  }
}

/**
 * The configuration of one client.
 *
 * @since 3.0.0
 * @category tags
 */
export const ClientConfig = Context.GenericTag<ClientConfig>("@effect-oauth/client-credentials/ClientConfig")

/**
 * Validates the options of a client. Fails with `InvalidConfig`, which holds every problem.
 *
 * @example
 * import { ClientConfig } from "@effect-oauth/client-credentials"
 * import { Effect, Redacted } from "effect"
 *
 * const config = ClientConfig.make({
 *   tokenUrl: "http://auth.example.com/oauth/token",
 *   clientId: "inventory-sync",
 *   clientSecret: Redacted.make("s3cr3t"),
 *   apiBaseUrl: "https://api.example.com/v1"
 * })
 *
 * // "tokenUrl: expected an absolute URL, https: ..."
 * export const problem = Effect.map(Effect.flip(config), ({ message }) => message)
 *
 * @since 3.0.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<ClientConfig, InvalidConfig> => withParts(options)

type Authentication = ClientAuthentication.ClientAuthentication

/** Reports the problems of a proof key that is a value. */
const examine = (settings: client.Settings<Authentication, Grant.Grant>) =>
  settings.dpop?.key === undefined || Effect.isEffect(settings.dpop.key)
    ? Effect.void
    : Effect.flatMap(loadOptional, ({ proofKeys }) => proofKeys.examine(settings.dpop))

/** Returns the configuration with the proof key in place of its options. */
const withProofKey = (settings: client.Settings<Authentication, Grant.Grant>): Effect.Effect<ClientConfig> => {
  const { dpop } = settings
  return dpop === undefined
    ? Effect.succeed({ ...settings, dpop })
    : Effect.flatMap(
      loadOptional,
      ({ proofKeys }) => Effect.map(proofKeys.make(dpop), (dpop) => ({ ...settings, dpop }))
    )
}

const fromVariables = {
  methods,
  loadSelectable: /*#__PURE__*/ Effect.map(loadOptional, ({ selectable }) => selectable),
  examine
}

/**
 * Validates the options of a client, with those of its parts beside them.
 *
 * @internal
 */
export const withParts = (options: Options, partRules?: rules.Rules): Effect.Effect<ClientConfig, InvalidConfig> =>
  Effect.suspend(() => client.validate<Authentication, Grant.Grant, Options>(methods, options, partRules))
    .pipe(
      Effect.tap(examine),
      Effect.mapError((problems) => new InvalidConfig({ problems })),
      Effect.flatMap(withProofKey)
    )

/**
 * Provides the configuration with these options.
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
 * @since 3.0.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<ClientConfig, InvalidConfig> =>
  Layer.effect(ClientConfig, make(options))

/**
 * Reads the configuration from an object of `Config`s.
 *
 * @example
 * import { ClientConfig } from "@effect-oauth/client-credentials"
 * import { Config } from "effect"
 *
 * export const Live = ClientConfig.layerConfig({
 *   issuer: Config.string("ISSUER"),
 *   clientId: Config.succeed("inventory-sync"),
 *   clientSecret: Config.redacted("SECRET"),
 *   apiBaseUrl: Config.string("INVENTORY_URL")
 * })
 *
 * @since 3.0.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config.Wrap<Options>
): Layer.Layer<ClientConfig, ConfigError.ConfigError | InvalidConfig> =>
  Layer.effect(ClientConfig, Effect.flatMap(unwrap(config), make))

/**
 * Reads the configuration from the environment, with the options of the parts of the client in `overrides`.
 *
 * @internal
 */
export const fromEnv = (options: unknown, partRules?: rules.Rules, isPlain = false) =>
  Effect.flatMap(clientEnvironment.read({ ...fromVariables, isPlain }, options, partRules), withProofKey)

/**
 * Reads the configuration from the environment, or from any other `ConfigProvider`.
 *
 * Required:
 * - `OAUTH_TOKEN_URL`, or `OAUTH_ISSUER`, whose metadata names it;
 * - `OAUTH_CLIENT_ID`;
 * - `OAUTH_CLIENT_SECRET` or `OAUTH_CLIENT_SECRET_FILE` (a file that holds the secret, as Docker and Kubernetes mount them;
 *   one line break at its end is ignored; it is read again for each token request), or another credential, see below;
 * - `API_BASE_URL`, or `none` for it, see `Options.apiBaseUrl`.
 *
 * Optional:
 * - `OAUTH_AUDIENCE`; `OAUTH_SCOPE`, `OAUTH_RESOURCE` and `API_ORIGINS`, separated by spaces;
 *   `OAUTH_AUTHORIZATION_DETAILS`, as JSON; `OAUTH_PARAMETERS`, as a form: `tenant=acme&tier=2`;
 * - `OAUTH_CLIENT_AUTHENTICATION`: `client_secret_post`, `client_secret_basic`, `client_secret_jwt`, `private_key_jwt`,
 *   `tls_client_auth`, `self_signed_tls_client_auth`, `workload_identity`, `spiffe_jwt`, `none`;
 * - `OAUTH_BASIC_ENCODING`: `form` or `raw`, see `Options.basicEncoding`; without
 *   `OAUTH_CLIENT_AUTHENTICATION` it selects `client_secret_basic`, unless the issuer's metadata does not list it;
 * - `OAUTH_PRIVATE_KEY` or `OAUTH_PRIVATE_KEY_FILE` (PEM or JWK, see `ClientAuthentication.privateKeyJwt`) and
 *   `OAUTH_PRIVATE_KEY_ID`, for `private_key_jwt`, which is the method where a private key is set and no secret; for it and
 *   `client_secret_jwt`: `OAUTH_SIGNING_ALGORITHM`, `OAUTH_ASSERTION_AUDIENCE` (`issuer`, `token_endpoint` or a string),
 *   `OAUTH_ASSERTION_TYPE`;
 * - while a credential is being replaced: `OAUTH_CLIENT_SECRET_PREVIOUS`, `OAUTH_PRIVATE_KEY_PREVIOUS`, or these with
 *   `_FILE`, tried when the server does not accept the current one;
 * - `OAUTH_CERTIFICATE_BOUND_TOKENS` (`true`, `false`), see `Options.certificateBoundTokens`;
 * - in place of a secret, the identity token of a platform (see `WorkloadIdentity.file`): `OAUTH_CLIENT_ASSERTION` or
 *   `OAUTH_CLIENT_ASSERTION_FILE` for the methods `workload_identity`, the default with it, and `spiffe_jwt`; or
 *   `OAUTH_GRANT` (`jwt_bearer`, `token_exchange`) with `OAUTH_SUBJECT_TOKEN` or `OAUTH_SUBJECT_TOKEN_FILE`, and
 *   `OAUTH_SUBJECT_TOKEN_TYPE` (see `Grant.tokenExchange`); then `OAUTH_CLIENT_ID` is only necessary where the server
 *   requires one;
 * - `OAUTH_DPOP` (`true`, `false`), or `OAUTH_DPOP_KEY` or `OAUTH_DPOP_KEY_FILE`, the private key that tokens are bound to (PEM
 *   or JWK, see `Options.dpop`);
 * - `OAUTH_REVOCATION_URL`, `OAUTH_REQUEST_FORMAT` (`form`, `json`),
 *   `OAUTH_TOKEN_TYPE` (`verify`, `assume-bearer`),
 *   `OAUTH_ALLOW_HTTP_LOOPBACK` (`true`, `false`);
 * - `API_ALLOW_OUTSIDE_BASE_PATH` (`true`, `false`), see `Options.allowOutsideBasePath`;
 * - `API_REJECTED_STATUSES`, such as `403 419`, see `Options.rejectedWhen`.
 *
 * A variable that is empty counts as absent. One that the method of client authentication does not use is an error. With
 * a prefix, all have it: `{ prefix: "BILLING" }` reads `BILLING_OAUTH_CLIENT_ID` from the environment, as `Config.nested`
 * does. Options in `overrides` prevail over the variables, which are not read then.
 *
 * Fails with a `ConfigError` that names the variables and the expected values, never the values found, or with an
 * `InvalidConfig` that names the options that are not valid.
 *
 * @example
 * import { ClientConfig } from "@effect-oauth/client-credentials"
 * import { NodeContext } from "@effect/platform-node"
 * import { Layer } from "effect"
 *
 * export const Billing = ClientConfig.layerEnv({
 *   prefix: "BILLING",
 *   overrides: { audience: "https://billing.example.com" }
 * }).pipe(Layer.provide(NodeContext.layer))
 *
 * @since 3.0.0
 * @category layers
 */
export const layerEnv = (
  options: { readonly prefix?: string | undefined; readonly overrides?: Partial<Options> | undefined } = {}
): Layer.Layer<ClientConfig, ConfigError.ConfigError | InvalidConfig, FileSystem.FileSystem> =>
  Layer.effect(ClientConfig, fromEnv(options))
