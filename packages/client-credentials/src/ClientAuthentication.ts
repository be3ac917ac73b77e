/**
 * How a client proves to the authorization server who it is (RFC 6749 section 2.3, RFC 7523, RFC 8705).
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import type * as assertion from "./internal/assertion.js"
import * as source from "./internal/credentialSource.js"
import * as encoding from "./internal/encoding.js"
import type { CredentialUnavailable } from "./OAuthError.js"

/**
 * Who is to be convinced, and where.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  readonly clientId: string
  /** The issuer identifier of the authorization server (RFC 8414 section 2), where it is known. */
  readonly issuer: string | undefined
  /** The endpoint that the proof is sent to. */
  readonly endpoint: string
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * What goes into one request, and into no other.
 *
 * @since 0.1.0
 * @category models
 */
export interface Proof {
  /** Parameters of the body. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Texts that a server might echo and that must not be printed, beside the values above. */
  readonly conceal?: ReadonlyArray<string> | undefined
  /** What to say when the server refuses the proof, where this side can tell why that may be. */
  readonly hint?: string | undefined
}

/**
 * One credential: what tells it from another, and how it proves who the client is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Credential {
  /** The credential itself. While client authentication fails (401 or `invalid_client`), each one is tried once. */
  readonly identity: Redacted.Redacted<string>
  readonly prove: (target: Target) => Effect.Effect<Proof, CredentialUnavailable>
}

/**
 * A way to prove who the client is, with its credentials.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientAuthentication {
  /** The registered name (RFC 7591 section 2), or one of your own. */
  readonly method: string
  /** Reads a credential; each is read when it is needed. The later ones are for a server that knows not the earlier. */
  readonly credentials: readonly [
    Effect.Effect<Credential, CredentialUnavailable>,
    ...ReadonlyArray<Effect.Effect<Credential, CredentialUnavailable>>
  ]
  /** Whether the proof is in the TLS connection, so that the endpoints for it are to be used (RFC 8705 section 5). */
  readonly mutualTls: boolean
}

/**
 * A secret or a key: a value, or an Effect that reads it from where it is kept, for every token request anew, so that it
 * can be replaced without a restart. Should the Effect fail later on, what was read before is used.
 *
 * @since 0.1.0
 * @category models
 */
export type Source = source.Source

/**
 * What all methods with a secret or a key have in common.
 *
 * @since 0.1.0
 * @category models
 */
export interface RotationOptions {
  /** The credential before the current one, tried when the server refuses the current one (401 or `invalid_client`). */
  readonly previous?: Source | undefined
}

const make = (
  method: string,
  kind: source.Kind,
  current: Source,
  previous: Source | undefined,
  prove: (credential: Redacted.Redacted<string>) => Credential["prove"]
): ClientAuthentication => {
  const read = (from: Source) =>
    Effect.map(source.read(kind, from), (identity): Credential => ({ identity, prove: prove(identity) }))
  return {
    method,
    // Read again, the current one may have changed since the request was begun.
    credentials: [read(current), read(current), ...(previous === undefined ? [] : [read(previous)])],
    mutualTls: false
  }
}

/**
 * The secret in the body (RFC 6749 section 2.3.1).
 *
 * @example
 * import { ClientAuthentication } from "@effect-oauth/client-credentials"
 * import { Redacted } from "effect"
 *
 * export const authentication = ClientAuthentication.clientSecretPost(Redacted.make("s3cr3t"))
 *
 * @since 0.1.0
 * @category constructors
 */
export const clientSecretPost = (secret: Source, options: RotationOptions = {}): ClientAuthentication =>
  make(
    "client_secret_post",
    "client secret",
    secret,
    options.previous,
    (read) => ({ clientId }) =>
      Effect.succeed({ parameters: { client_id: clientId, client_secret: Redacted.value(read) } })
  )

/**
 * Id and secret by basic auth, each form-encoded before they are joined (RFC 6749 section 2.3.1 and appendix B).
 *
 * Many servers take the bytes as they are instead. For an id or a secret of letters, digits, `*`, `-`, `.` and `_` there
 * is no difference; for others `encoding: "raw"` is what such a server wants.
 *
 * @example
 * import { ClientAuthentication } from "@effect-oauth/client-credentials"
 * import { Redacted } from "effect"
 *
 * export const authentication = ClientAuthentication.clientSecretBasic(Redacted.make("s3cr3t"), { encoding: "raw" })
 *
 * @since 0.1.0
 * @category constructors
 */
export const clientSecretBasic = (
  secret: Source,
  options: RotationOptions & { readonly encoding?: "form" | "raw" | undefined } = {}
): ClientAuthentication =>
  make("client_secret_basic", "client secret", secret, options.previous, (read) => ({ clientId }) => {
    const value = Redacted.value(read)
    const [form, raw] = [encoding.basic(clientId, value), encoding.rawBasic(clientId, value)]
    return Effect.succeed({
      headers: { authorization: `Basic ${options.encoding === "raw" ? raw : form}` },
      conceal: [form, raw, value],
      hint: form === raw
        ? undefined
        : "The id or the secret has characters that servers read in two ways by basic auth: try the encoding " +
          `"${options.encoding === "raw" ? "form" : "raw"}" (OAUTH_BASIC_ENCODING).`
    })
  })

/**
 * How assertions are made.
 *
 * @since 0.1.0
 * @category models
 */
export interface AssertionOptions extends RotationOptions {
  /**
   * The `aud` claim. Default: the issuer identifier, as the only value, as a string (draft-ietf-oauth-rfc7523bis section
   * 4, FAPI 2.0 section 5.3.3.1); without `issuer` in the configuration it is the token endpoint. `token_endpoint` is for
   * servers of the older rule; any other text is sent as it is.
   */
  readonly audience?: "issuer" | "token_endpoint" | (string & {}) | undefined
  /** The life of an assertion. Default: 60 seconds; some servers allow no more. */
  readonly life?: Duration.DurationInput | undefined
  /** Further header parameters, such as `x5t#S256` for servers that look a certificate up by it (RFC 7515 section 4.1.8). */
  readonly header?: Readonly<Record<string, string>> | undefined
  /** The `typ` header. Default: `client-authentication+jwt`; `JWT` is for servers that refuse it. */
  readonly type?: string | undefined
}

/** Loaded when first needed: a program that shows its secret is spared the code that signs. */
const signing = () => import("./internal/assertion.js")

const clientAssertion = (
  { audience = "issuer", header = {}, life = "1 minute", type = "client-authentication+jwt" }: AssertionOptions,
  key: (signing: typeof assertion) => Effect.Effect<assertion.SigningKey, CredentialUnavailable>
): Credential["prove"] =>
(target) =>
  Effect.gen(function*() {
    const assertion = yield* Effect.promise(signing)
    const issuedAt = Math.floor(target.now / 1000)
    const jwt = yield* assertion.sign(yield* key(assertion), { ...header, typ: type }, {
      iss: target.clientId,
      sub: target.clientId,
      aud: audience === "token_endpoint"
        ? target.endpoint
        : audience === "issuer"
        ? target.issuer ?? target.endpoint
        : audience,
      iat: issuedAt,
      exp: issuedAt + Math.ceil(Duration.toSeconds(life))
    })
    return {
      parameters: {
        client_id: target.clientId,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: jwt
      },
      hint:
        "If the key is the right one, the server may want another audience in assertions (OAUTH_ASSERTION_AUDIENCE: " +
        "token_endpoint, or the issuer to the last slash), another key id or another type (OAUTH_ASSERTION_TYPE: JWT)."
    }
  })

/**
 * An assertion signed with the secret by HMAC (RFC 7523 section 2.2, OpenID Connect Core section 9).
 *
 * @example
 * import { ClientAuthentication } from "@effect-oauth/client-credentials"
 * import { Redacted } from "effect"
 *
 * export const authentication = ClientAuthentication.clientSecretJwt(Redacted.make("a secret of 32 bytes or more ..."))
 *
 * @since 0.1.0
 * @category constructors
 */
export const clientSecretJwt = (
  secret: Source,
  options: AssertionOptions & { readonly algorithm?: "HS256" | "HS384" | "HS512" | undefined } = {}
): ClientAuthentication =>
  make("client_secret_jwt", "client secret", secret, options.previous, (read) => {
    const prove = clientAssertion(
      options,
      ({ sharedKey }) => Effect.sync(() => sharedKey(read, options.algorithm ?? "HS256"))
    )
    return (target) => Effect.map(prove(target), (proof) => ({ ...proof, conceal: [Redacted.value(read)] }))
  })

/**
 * An assertion signed with a private key (RFC 7523 section 2.2), the recommended way (RFC 9700 section 2.5): the server
 * holds nothing that could be stolen and used.
 *
 * The key is PEM (PKCS #8) or a JWK as JSON. Its algorithm is the one given, that of the JWK, or the usual one of its
 * kind: RS256, ES256, ES384, ES512, EdDSA.
 *
 * @example
 * import { ClientAuthentication } from "@effect-oauth/client-credentials"
 * import { Config } from "effect"
 *
 * export const authentication = ClientAuthentication.privateKeyJwt({
 *   key: Config.redacted("PRIVATE_KEY"),
 *   keyId: "2026-11",
 *   algorithm: "PS256"
 * })
 *
 * @since 0.1.0
 * @category constructors
 */
export const privateKeyJwt = (
  options: AssertionOptions & {
    readonly key: Source
    /** The `kid` header, which tells the server which key it is. Default: that of the JWK. */
    readonly keyId?: string | undefined
    readonly algorithm?: assertion.Algorithm | undefined
  }
): ClientAuthentication =>
  make(
    "private_key_jwt",
    "private key",
    options.key,
    options.previous,
    (read) =>
      clientAssertion(
        options,
        ({ privateKey }) => privateKey(read, { algorithm: options.algorithm, keyId: options.keyId })
      )
  )

const certificate = (method: string): ClientAuthentication => ({
  method,
  credentials: [Effect.succeed({
    identity: Redacted.make(method),
    prove: ({ clientId }) => Effect.succeed({ parameters: { client_id: clientId } })
  })],
  mutualTls: true
})

/**
 * The certificate of the TLS connection, from an authority that the server trusts (RFC 8705 section 2.1). The
 * certificate itself is the HTTP client's: see `NodeTls`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tlsClientAuth: ClientAuthentication = /*#__PURE__*/ certificate("tls_client_auth")

/**
 * The certificate of the TLS connection, self-signed and known to the server (RFC 8705 section 2.2).
 *
 * @since 0.1.0
 * @category constructors
 */
export const selfSignedTlsClientAuth: ClientAuthentication = /*#__PURE__*/ certificate("self_signed_tls_client_auth")

/**
 * A way of your own.
 *
 * @example
 * import { ClientAuthentication } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * // An assertion that the platform issues to its workloads.
 * export const workload = (readToken: Effect.Effect<string>) =>
 *   ClientAuthentication.custom("workload_identity", ({ clientId }) =>
 *     Effect.map(readToken, (token) => ({
 *       parameters: {
 *         client_id: clientId,
 *         client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
 *         client_assertion: token
 *       }
 *     })))
 *
 * @since 0.1.0
 * @category constructors
 */
export const custom = (
  method: string,
  prove: (target: Target) => Effect.Effect<Proof, CredentialUnavailable>
): ClientAuthentication => ({
  method,
  credentials: [Effect.succeed({ identity: Redacted.make(method), prove })],
  mutualTls: false
})
