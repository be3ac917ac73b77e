/**
 * Client authentication: the credentials of a client, and the proofs that it sends to the authorization server (RFC 6749
 * section 2.3, RFC 7523, RFC 8705).
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import { collect, printable } from "./internal/config/check.js"
import * as clientAssertion from "./internal/config/clientAssertion.js"
import * as source from "./internal/config/credentialSource.js"
import * as rules from "./internal/config/rules.js"
import * as signers from "./internal/config/signers.js"
import * as encoding from "./internal/protocol/basicCredentials.js"
import { isRecord } from "./internal/protocol/json.js"
import type { Problem } from "./internal/protocol/options.js"
import * as privateKey from "./internal/protocol/privateKey.js"
import * as algorithms from "./internal/protocol/signingAlgorithm.js"
import type { DiscoveryFailed } from "./OAuthError.js"
import { CredentialUnavailable } from "./OAuthError.js"
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

/** The client authentication in one request. It is not used again. */
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
  /** The credential itself, by which credentials are compared. While client authentication fails (401 or `invalid_client`), each one is tried once. */
  readonly identity: Redacted.Redacted<string>
  readonly prove: (target: Target) => Effect.Effect<Proof, CredentialUnavailable | DiscoveryFailed>
}

/**
 * A method of client authentication, with its credentials.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientAuthentication {
  /** The registered name (RFC 7591 section 2), or a custom one. */
  readonly method: string
  /** Reads a credential when it is needed. The later ones are for a server that does not accept the earlier ones. */
  readonly credentials: readonly [
    Effect.Effect<Credential, CredentialUnavailable>,
    ...ReadonlyArray<Effect.Effect<Credential, CredentialUnavailable>>
  ]
  /** Whether the certificate of the TLS connection is the proof, so that its endpoints are used (RFC 8705 section 5). */
  readonly mutualTls: boolean
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
  /** The credential before the current one, tried when the server does not accept the current one (401 or `invalid_client`). */
  readonly previous?: source.Source | undefined
}

/** A credential that can make proofs; or what was found in place of one, such as "a certificate". */
type Prepared = { readonly prove: Credential["prove"] } | { readonly found: string }

interface Method {
  readonly method: string
  /** The options as they were given, and the names of those that exist. */
  readonly options: unknown
  readonly names: ReadonlyArray<string>
  readonly kind: source.Kind
  readonly current: source.Source | Signer
  /** The name of the option that `current` is. Default: `secret`. */
  readonly setting?: string
  readonly previous: source.Source | Signer | undefined
  readonly prepare: (credential: string) => Prepared
  /** The proofs of a signer, where the method has them. */
  readonly proveBy?: ((signer: Signer) => Credential["prove"]) | undefined
  readonly problems?: ClientAuthentication["problems"]
}

/** Options that are not an object are reported by `problems`. */
const given = <O extends object>(options: O): Partial<O> => isRecord(options) ? options : {}

/** The failures of a credential that is not read again. */
const permanently = (prove: Credential["prove"]): Credential["prove"] => (target) =>
  Effect.mapError(
    prove(target),
    (error) => error._tag === "CredentialUnavailable" ? new CredentialUnavailable({ ...error, permanent: true }) : error
  )

const make = (
  { current, kind, method, names, options, prepare, previous, problems, proveBy, setting = "secret" }: Method
): ClientAuthentication => {
  const read = (from: source.Source | Signer): Effect.Effect<Credential, CredentialUnavailable> => {
    if (signers.isSigner(from) && proveBy !== undefined) {
      return Effect.sync(() => ({ identity: signers.identityOf(from), prove: proveBy(from) }))
    }
    return Effect.flatMap(source.read(kind, from as source.Source), (identity) => {
      const prepared = prepare(Redacted.value(identity))
      const permanent = !Effect.isEffect(from)
      return "found" in prepared
        ? new CredentialUnavailable({ credential: kind, problem: `it is ${prepared.found}`, permanent })
        : Effect.succeed({ identity, prove: permanent ? permanently(prepared.prove) : prepared.prove })
    })
  }
  const expected = kind === "client secret" ? "a secret" : "a private key as PEM or JWK"
  const problemsOf = (setting: string, value: unknown): ReadonlyArray<Problem> => {
    if (Effect.isEffect(value)) return []
    if (proveBy !== undefined && (setting === "signer" || signers.isSigner(value))) {
      return signers.problems(setting, value)
    }
    if (!source.isValid(kind, value)) {
      return [{ setting, expected: `${expected}, as Redacted.make makes it of a text, or an Effect that reads it` }]
    }
    const prepared = prepare(Redacted.value(value))
    return "found" in prepared ? [{ setting, expected: `${expected}, but it is ${prepared.found}` }] : []
  }
  return {
    method,
    // The current one may have changed since the request began, so it is read again.
    credentials: [read(current), read(current), ...(previous === undefined ? [] : [read(previous)])],
    mutualTls: false,
    problems: (clientId) => {
      const check = collect()
      rules.members(check, options, names)
      return [
        ...check.problems,
        ...problemsOf(setting, current),
        ...(previous === undefined ? [] : problemsOf("previous", previous)),
        ...(problems?.(clientId) ?? [])
      ]
    }
  }
}

/**
 * Sends the secret in the body (RFC 6749 section 2.3.1).
 *
 * @internal
 */
export const clientSecretPost = (secret: source.Source, options: RotationOptions = {}): ClientAuthentication =>
  make({
    method: "client_secret_post",
    kind: "client secret",
    options,
    names: ["previous"],
    current: secret,
    previous: given(options).previous,
    prepare: (value) => ({
      prove: ({ clientId }) => Effect.succeed({ parameters: { client_id: clientId, client_secret: value } })
    })
  })

/**
 * Sends id and secret by basic auth, each form-encoded before they are joined (RFC 6749 section 2.3.1 and appendix B).
 *
 * @internal
 */
export const clientSecretBasic = (
  secret: source.Source,
  options: RotationOptions & { readonly encoding?: "form" | "raw" | undefined } = {}
): ClientAuthentication =>
  make({
    method: "client_secret_basic",
    kind: "client secret",
    options,
    names: ["previous", "encoding"],
    current: secret,
    previous: given(options).previous,
    prepare: (value) => ({
      prove: ({ clientId }) => {
        const [form, raw] = [encoding.basic(clientId, value), encoding.rawBasic(clientId, value)]
        return Effect.succeed({
          headers: { authorization: `Basic ${options.encoding === "raw" ? raw : form}` },
          redact: [form, raw, value],
          hint: form === raw
            ? undefined
            : "The id or the secret has characters that servers read in two ways by basic auth: try the encoding " +
              `"${options.encoding === "raw" ? "form" : "raw"}" (OAUTH_BASIC_ENCODING).`
        })
      }
    }),
    problems: (clientId) => {
      const { expect, problems } = collect()
      expect(
        "clientId",
        options.encoding === "raw" && clientId.includes(":") ? undefined : true,
        "without a colon where basic auth takes it raw (RFC 7617 section 2); form-encoded it may have one"
      )
      return problems
    }
  })

/** Options of client assertions. */
interface AssertionOptions {
  /**
   * The `aud` claim. Default: the issuer identifier, as the only value, as a string (draft-ietf-oauth-rfc7523bis section
   * 4, FAPI 2.0 section 5.3.3.1); without `issuer` in the configuration it is the token endpoint. `token_endpoint` is for
   * servers of the older rule; any other string is sent as it is.
   */
  readonly audience?: "issuer" | "token_endpoint" | (string & {}) | undefined
  /** The life of an assertion. Default: 60 seconds, the longest that some servers allow. */
  readonly life?: Duration.DurationInput | undefined
  /** Further header parameters, such as `x5t#S256` for servers that find a certificate by it (RFC 7515 section 4.1.8). */
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
 * @since 0.1.0
 * @category constructors
 */
export const clientSecretJwt = (
  secret: source.Source,
  options: AssertionOptions & RotationOptions & { readonly algorithm?: "HS256" | "HS384" | "HS512" | undefined } = {}
): ClientAuthentication => {
  const all = Object.keys(algorithms.minSecretBytes) as ReadonlyArray<algorithms.HmacAlgorithm>
  return make({
    method: "client_secret_jwt",
    kind: "client secret",
    options,
    names: clientAssertion.names,
    current: secret,
    previous: given(options).previous,
    prepare: (value) => {
      const wanted = given(options).algorithm
      const { length } = new TextEncoder().encode(value)
      const possible = (wanted === undefined ? all : [wanted]).filter((one) =>
        length >= (algorithms.minSecretBytes[one] ?? 0)
      )
      if (possible.length === 0) {
        const [algorithm] = wanted === undefined ? all : [wanted]
        return {
          found: `of ${length} bytes, and ${algorithm} needs ${
            algorithms.minSecretBytes[algorithm ?? "HS256"]
          } or more (RFC 7518 section 3.2)`
        }
      }
      const prove = clientAssertion.prove(given(options), ({ ofSecret }, { issuer, signingAlgorithms }) => {
        const algorithm = algorithms.choose(possible, wanted, signingAlgorithms)
        return algorithm === undefined
          ? clientAssertion.unsupported(issuer, possible, signingAlgorithms ?? [])
          : ofSecret(value, algorithm)
      })
      return { prove: (target) => Effect.map(prove(target), (proof) => ({ ...proof, redact: [value] })) }
    },
    problems: () => clientAssertion.problems(given(options), all)
  })
}

/** Every option of `privateKeyJwt`, which is given a key or a signer. */
interface PrivateKeyOptions extends AssertionOptions {
  readonly key?: source.Source | undefined
  /** Signs in place of a key. */
  readonly signer?: Signer | undefined
  /** The key before the current one, tried when the server does not accept the current one (401 or `invalid_client`). */
  readonly previous?: source.Source | Signer | undefined
  /** The `kid` header, by which the server finds the key. Default: that of the JWK, or of the signer. */
  readonly keyId?: string | undefined
  /** A signer has its own. */
  readonly algorithm?: algorithms.Algorithm | undefined
}

/**
 * Sends an assertion signed with a private key (RFC 7523 section 2.2), the recommended method (RFC 9700 section 2.5): the
 * server stores nothing that could be stolen and used.
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
 * In place of a key, a `signer` signs where the key is: in a KMS or a hardware security module. It signs once for each token
 * request; calls of the API are not signed. A signer that fails is a `CredentialUnavailable`.
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
  options: PrivateKeyOptions & (Pick<Required<PrivateKeyOptions>, "key"> | Pick<Required<PrivateKeyOptions>, "signer">)
): ClientAuthentication => {
  const { algorithm, key, keyId, previous, signer } = given(options)
  return make({
    method: "private_key_jwt",
    kind: "private key",
    options,
    names: [...clientAssertion.names, "key", "signer", "keyId"],
    // A value that is neither is reported by `problems`.
    current: signer ?? key as source.Source,
    setting: signer === undefined ? "key" : "signer",
    previous,
    prepare: (value) => {
      const key = privateKey.read(value, keyId)
      if (!privateKey.isUsable(key)) return key
      const possible = algorithms.algorithms[key.type]
      // A value that is not an algorithm is a problem of the option.
      const wanted = algorithms.isAlgorithm(algorithm) ? algorithm : key.algorithm
      if (wanted !== undefined && !possible.includes(wanted)) {
        return { found: `a key of type ${key.type}, which does not sign by ${wanted}, but by ${possible.join(", ")}` }
      }
      const identified = { ...key, keyId: keyId ?? key.keyId }
      return {
        prove: clientAssertion.prove(given(options), ({ ofPrivateKey }, { issuer, signingAlgorithms }) => {
          const algorithm = algorithms.choose(possible, wanted, signingAlgorithms)
          return algorithm === undefined
            ? clientAssertion.unsupported(issuer, wanted === undefined ? possible : [wanted], signingAlgorithms ?? [])
            : ofPrivateKey(identified, algorithm)
        })
      }
    },
    proveBy: (one) =>
      clientAssertion.prove(
        given(options),
        ({ ofSigner }, { issuer, signingAlgorithms }) =>
          signingAlgorithms?.includes(one.algorithm) === false
            ? clientAssertion.unsupported(issuer, [one.algorithm], signingAlgorithms)
            : Effect.succeed(ofSigner(one, one === signer ? keyId : undefined))
      ),
    problems: () => {
      const { expect, problems } = collect()
      expect(
        "keyId",
        keyId === undefined || printable(keyId) ? true : undefined,
        "a string of one or more characters"
      )
      expect("key", key === undefined || signer === undefined ? true : undefined, "absent beside signer")
      expect(
        "algorithm",
        algorithm === undefined || signer === undefined ? true : undefined,
        "absent beside signer, whose it is"
      )
      const known = [...new Set(Object.values(algorithms.algorithms).flat())]
      return [...problems, ...clientAssertion.problems(given(options), known)]
    }
  })
}

const certificate = (method: string): ClientAuthentication => ({
  method,
  credentials: [Effect.succeed({
    identity: Redacted.make(method),
    prove: ({ clientId }) =>
      Effect.succeed({
        parameters: { client_id: clientId },
        hint: `With ${method}, the credential is the certificate that the HTTP client presents (NodeTls, ` +
          "OAUTH_TLS_CERTIFICATE_FILE)."
      })
  })],
  mutualTls: true
})

/**
 * Authenticates by the certificate of the TLS connection, from an authority that the server trusts (RFC 8705 section 2.1).
 * The HTTP client presents the certificate: see `NodeTls`.
 *
 * @internal
 */
export const tlsClientAuth: ClientAuthentication = /*#__PURE__*/ certificate("tls_client_auth")

/**
 * Authenticates by the certificate of the TLS connection, self-signed and registered with the server (RFC 8705 section
 * 2.2).
 *
 * @internal
 */
export const selfSignedTlsClientAuth: ClientAuthentication = /*#__PURE__*/ certificate("self_signed_tls_client_auth")

/**
 * Authenticates by a custom method.
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
