/**
 * Client authentication: the credentials of a client, and the proofs that it sends to the authorization server (RFC 6749
 * section 2.3, RFC 7523, RFC 8705).
 *
 * **When to use**
 *
 * Use a constructor of this module where `clientAuthentication` needs a credential or options: `privateKeyJwt`,
 * `clientSecretJwt`, `workloadIdentity`, `custom`. The other methods are selected by name.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-2.3 | RFC 6749 section 2.3}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523#section-2.2 | RFC 7523 section 2.2}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8705#section-2 | RFC 8705 section 2}
 * @since 3.0.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import * as bareMethods from "./internal/config/bareMethods.js"
import { collect, given } from "./internal/config/check.js"
import type * as source from "./internal/config/credentialSource.js"
import * as identityToken from "./internal/config/identityToken.js"
import * as privateKeyMethod from "./internal/config/privateKeyMethod.js"
import * as rules from "./internal/config/rules.js"
import * as secretMethods from "./internal/config/secretMethods.js"
import * as signedAssertion from "./internal/http/signedAssertion.js"
import type * as algorithms from "./internal/protocol/signingAlgorithm.js"
import type { DiscoveryFailed } from "./OAuthError.js"
import type { CredentialUnavailable } from "./OAuthError.js"
import type { Signer } from "./Signer.js"

/** The request that a client authenticates in. */
interface Target {
  readonly clientId: string
  /** The issuer identifier of the authorization server (RFC 8414 section 2); undefined when it is unknown. */
  readonly issuer: string | undefined
  /** The endpoint of the request: its usual URL, also where the request is sent to the alias (RFC 8705 section 5). */
  readonly endpoint: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /**
   * The algorithms of assertions that the server accepts (`token_endpoint_auth_signing_alg_values_supported`, RFC 8414
   * section 2); undefined when they are unknown.
   */
  readonly signingAlgorithms?: ReadonlyArray<string> | undefined
}

/** The client authentication of one request, which is not used for another. */
interface Proof {
  /** Parameters of the body. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Strings that a server might repeat and that must not be shown, beside the values above. */
  readonly redact?: ReadonlyArray<string> | undefined
  /** Advice for the error of a server that does not accept the proof. */
  readonly hint?: string | undefined
}

/** One credential, and the proofs that are made with it. */
interface Credential {
  /**
   * The credential itself, by which credentials are compared. While client authentication fails (401 or `invalid_client`),
   * each one is tried once.
   */
  readonly identity: Redacted.Redacted<string>
  /**
   * The owner of a credential that its platform replaces: the parts that do not change, such as issuer and subject of an
   * identity token. Processes share tokens only if their owner is the same. Default: the credential itself.
   */
  readonly owner?: string | undefined
  /** The end of its use after its source has failed, in milliseconds since the epoch. Default: no limit. */
  readonly expiresAt?: number | undefined
  readonly prove: (target: Target) => Effect.Effect<Proof, CredentialUnavailable | DiscoveryFailed>
}

/**
 * A method of client authentication, with its credentials.
 *
 * @since 3.0.0
 * @category models
 */
export interface ClientAuthentication {
  /** The registered name (RFC 7591 section 2), or a custom one. */
  readonly method: string
  /** Effects that each read a credential. A later one is used if the server rejects the earlier ones. */
  readonly credentials: readonly [
    Effect.Effect<Credential, CredentialUnavailable>,
    ...ReadonlyArray<Effect.Effect<Credential, CredentialUnavailable>>
  ]
  /** True if the certificate of the TLS connection is the proof, so that its endpoints are used (RFC 8705 section 5). */
  readonly mutualTls: boolean
  /** True if the credential identifies the client, so that no client id is necessary. Default: false. */
  readonly identifiesClient?: boolean | undefined
  /**
   * Returns the problems of its options and its static credentials, for this client. `ClientConfig` fails with them as
   * `InvalidConfig`; a credential that an Effect reads is checked when it is read.
   */
  readonly problems?:
    | ((clientId: string) => ReadonlyArray<{ readonly setting: string; readonly expected: string }>)
    | undefined
}

/** Options of all methods with a secret or a key. */
interface RotationOptions {
  /** Previous credential, tried when the server rejects the current one (401 or `invalid_client`). */
  readonly previous?: source.Source | undefined
}

/** Options of client assertions. */
interface AssertionOptions {
  /**
   * The `aud` claim. Default: the issuer identifier, as a single string (draft-ietf-oauth-rfc7523bis section 4, FAPI 2.0
   * section 5.3.3.1); without `issuer` in the configuration it is the token endpoint. `token_endpoint` is for servers of
   * the older rule; any other string is sent as it is.
   */
  readonly audience?: "issuer" | "token_endpoint" | (string & {}) | undefined
  /** Lifetime of an assertion. Default: 60 seconds, the maximum of some servers. */
  readonly life?: Duration.DurationInput | undefined
  /** Further header parameters (RFC 7515 section 4.1). */
  readonly header?: Readonly<Record<string, string>> | undefined
  /** The `typ` header. Default: `client-authentication+jwt`; `JWT` is for servers that do not accept it. */
  readonly type?: string | undefined
}

/**
 * Sends an assertion signed with the secret by HMAC (RFC 7523 section 2.2, OpenID Connect Core section 9).
 *
 * The secret has at least as many bytes as the hash: 32 for HS256, 48 for HS384, 64 for HS512 (RFC 7518 section 3.2). The
 * algorithm is the one given, or the first of these that the server's metadata lists and the secret is long enough for.
 *
 * @example
 * import { ClientAuthentication } from "@effect-oauth/client-credentials"
 * import { Redacted } from "effect"
 *
 * export const authentication = ClientAuthentication.clientSecretJwt(Redacted.make("a secret of 32 bytes or more ..."))
 *
 * @since 3.0.0
 * @category constructors
 */
export const clientSecretJwt = (
  secret: source.Source,
  options: AssertionOptions & RotationOptions & { readonly algorithm?: "HS256" | "HS384" | "HS512" | undefined } = {}
): ClientAuthentication => secretMethods.clientSecretJwt(Effect.succeed(signedAssertion))(secret, options)

/** Every option of `privateKeyJwt`, which is given a key or a signer. */
interface PrivateKeyOptions extends AssertionOptions {
  readonly key?: source.Source | undefined
  /** Signs in place of a key. */
  readonly signer?: Signer | undefined
  /** Previous key, tried when the server rejects the current one (401 or `invalid_client`). */
  readonly previous?: source.Source | Signer | undefined
  /**
   * The certificate of the key as PEM, of which the first one counts: its thumbprint is the `x5t#S256` header, by which some
   * servers find the key (RFC 7515 section 4.1.8). The previous key has none. Default: none.
   */
  readonly certificate?: string | undefined
  /** The `kid` header, by which the server finds the key. Default: that of the JWK, or of the signer. */
  readonly keyId?: string | undefined
  /** A signer has its own. */
  readonly algorithm?: algorithms.Algorithm | undefined
}

/**
 * Sends an assertion signed with a private key (RFC 7523 section 2.2), the recommended method (RFC 9700 section 2.5): a
 * leak at the server discloses no secret.
 *
 * The key is PEM (PKCS #8, PKCS #1 `RSA PRIVATE KEY` or SEC 1 `EC PRIVATE KEY`), a JWK as JSON, or a JWK Set with one
 * private key for signatures, or with the one that `keyId` names. Line breaks that are written out as `\n`, quotes around
 * the string, base64 around the whole, and in PEM a certificate or other text beside the key are allowed. Encrypted keys,
 * public keys and certificates cannot sign: as a value they are an `InvalidConfig`, from a source a
 * `CredentialUnavailable`.
 *
 * Its algorithm is the one given, that of the JWK, or the usual one of its kind: RS256, ES256, ES384, ES512, EdDSA. An RSA
 * key without either signs by another RSA algorithm, such as PS256, where the server's metadata does not list RS256
 * (`token_endpoint_auth_signing_alg_values_supported`; FAPI 2.0 section 5.4). An algorithm that it does not list is a
 * `DiscoveryFailed`, and nothing is sent.
 *
 * In place of a key, a `signer` signs in a KMS or a hardware security module. It signs once for each token request; calls
 * of the API are not signed. A signer that fails is a `CredentialUnavailable`.
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
 * @since 3.0.0
 * @category constructors
 */
export const privateKeyJwt = (
  options: PrivateKeyOptions & (Pick<Required<PrivateKeyOptions>, "key"> | Pick<Required<PrivateKeyOptions>, "signer">)
): ClientAuthentication => privateKeyMethod.make(options, undefined, ["previous"])

/**
 * Authenticates by an identity token that a platform issued to this workload, as the client assertion (RFC 7523 section
 * 2.2), without a configured secret. The token is read for each token request; when the server does not accept it (401 or
 * `invalid_client`), it is read again, and sent once more if it has been replaced. A rotated token of the same workload
 * keeps the cached and the shared tokens.
 *
 * `type` is `jwt` (Entra ID, Okta, Keycloak), or `spiffe` for servers of draft-ietf-oauth-spiffe-client-auth; default: `jwt`.
 *
 * @example
 * import { ClientAuthentication, ClientCredentials, WorkloadIdentity } from "@effect-oauth/client-credentials"
 *
 * export const Api = ClientCredentials.layer({
 *   tokenUrl: "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
 *   clientId: "11111111-2222-3333-4444-555555555555",
 *   clientAuthentication: ClientAuthentication.workloadIdentity(
 *     WorkloadIdentity.file("/var/run/secrets/azure/tokens/azure-identity-token")
 *   ),
 *   scope: "api://inventory/.default",
 *   apiBaseUrl: "https://api.example.com"
 * })
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523#section-2.2 | RFC 7523 section 2.2}
 * @since 3.0.0
 * @category constructors
 */
export const workloadIdentity = (
  identity: source.Source,
  options: { readonly type?: identityToken.AssertionType | undefined } = {}
): ClientAuthentication => {
  const { type = "jwt" } = given(options)
  const read = identityToken.assertion(identity, type)
  return {
    method: type === "spiffe" ? "spiffe_jwt" : "workload_identity",
    credentials: [read, read],
    mutualTls: false,
    // The subject of a JWT-SVID is the client.
    identifiesClient: type === "spiffe",
    problems: () => {
      const check = collect()
      rules.members(check, options, ["type"])
      identityToken.check(check, "identity", identity)
      check.oneOf("type", type, ["jwt", "spiffe"])
      return check.problems
    }
  }
}

/**
 * Authenticates by a custom method.
 *
 * @example
 * import { ClientAuthentication } from "@effect-oauth/client-credentials"
 * import { Effect } from "effect"
 *
 * // A server that expects an API key in a header.
 * export const apiKey = (readKey: Effect.Effect<string>) =>
 *   ClientAuthentication.custom("api_key", ({ clientId }) =>
 *     Effect.map(readKey, (key) => ({ parameters: { client_id: clientId }, headers: { "x-api-key": key } })))
 *
 * @since 3.0.0
 * @category constructors
 */
export const custom = (
  method: string,
  prove: (target: Target) => Effect.Effect<Proof, CredentialUnavailable | DiscoveryFailed>
): ClientAuthentication => ({
  method,
  credentials: [Effect.succeed({ identity: Redacted.make(method), prove })],
  mutualTls: false,
  problems: () => {
    const { expect, problems } = collect()
    expect("prove", typeof prove === "function" ? true : undefined, "a function that returns an Effect")
    return problems
  }
})

/**
 * Authenticates by the certificate of the TLS connection, from an authority that the server trusts (RFC 8705 section 2.1).
 * The HTTP client presents the certificate: see `NodeTls`.
 *
 * @internal
 */
export const tlsClientAuth: ClientAuthentication = /*#__PURE__*/ bareMethods.certificate("tls_client_auth")

/**
 * Authenticates by the certificate of the TLS connection, self-signed and registered with the server (RFC 8705 section
 * 2.2).
 *
 * @internal
 */
export const selfSignedTlsClientAuth: ClientAuthentication = /*#__PURE__*/ bareMethods.certificate(
  "self_signed_tls_client_auth"
)
