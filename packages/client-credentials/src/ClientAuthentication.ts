/**
 * How a client proves to the authorization server who it is (RFC 6749 section 2.3, RFC 7523, RFC 8705).
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import { collect, printable, type Problem } from "./internal/config/check.js"
import * as source from "./internal/config/credentialSource.js"
import * as rules from "./internal/config/rules.js"
import type * as assertion from "./internal/protocol/assertion.js"
import * as encoding from "./internal/protocol/basicCredentials.js"
import { isRecord } from "./internal/protocol/json.js"
import * as privateKey from "./internal/protocol/privateKey.js"
import * as algorithms from "./internal/protocol/signingAlgorithm.js"
import * as results from "./internal/seam/results.js"
import { CredentialUnavailable, DiscoveryFailed } from "./OAuthError.js"

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
  /** The endpoint that the proof is for: its usual URL, also where it is sent to the alias (RFC 8705 section 5). */
  readonly endpoint: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /**
   * The algorithms of assertions that the server takes (`token_endpoint_auth_signing_alg_values_supported`, RFC 8414
   * section 2); undefined when that is not known.
   */
  readonly signingAlgorithms?: ReadonlyArray<string> | undefined
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
  readonly redact?: ReadonlyArray<string> | undefined
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
  readonly prove: (target: Target) => Effect.Effect<Proof, CredentialUnavailable | DiscoveryFailed>
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
  /**
   * What is wrong with its options and its static credentials, for this client. `ClientConfig` fails with these as
   * `InvalidConfig`; a credential that an Effect reads is checked when it is read.
   */
  readonly problems?:
    | ((clientId: string) => ReadonlyArray<{ readonly setting: string; readonly expected: string }>)
    | undefined
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

/** How a credential proves who the client is; or why it cannot, as what it is: "a certificate". */
type Prepared = { readonly prove: Credential["prove"] } | { readonly found: string }

interface Way {
  readonly method: string
  /** As they were given, and the names of those that there are. */
  readonly options: unknown
  readonly names: ReadonlyArray<string>
  readonly kind: source.Kind
  readonly current: Source
  readonly previous: Source | undefined
  readonly prepare: (credential: string) => Prepared
  readonly problems?: ClientAuthentication["problems"]
}

/** Options that are not an object are reported by `problems`. */
const given = <O extends object>(options: O): Partial<O> => isRecord(options) ? options : {}

const make = ({ current, kind, method, names, options, prepare, previous, problems }: Way): ClientAuthentication => {
  const read = (from: Source) =>
    Effect.flatMap(source.read(kind, from), (identity): Effect.Effect<Credential, CredentialUnavailable> => {
      const prepared = prepare(Redacted.value(identity))
      const permanent = !Effect.isEffect(from)
      return "found" in prepared
        ? new CredentialUnavailable({ credential: kind, problem: `it is ${prepared.found}`, permanent })
        : Effect.succeed({
          identity,
          prove: (target) =>
            Effect.mapError(prepared.prove(target), (error) =>
              permanent && error._tag === "CredentialUnavailable"
                ? new CredentialUnavailable({ ...error, permanent })
                : error)
        })
    })
  const expected = kind === "client secret" ? "a secret" : "a private key as PEM or JWK"
  return {
    method,
    // Read again, the current one may have changed since the request was begun.
    credentials: [read(current), read(current), ...(previous === undefined ? [] : [read(previous)])],
    mutualTls: false,
    problems: (clientId) => {
      const check = collect()
      const { expect, problems: found } = check
      rules.members(check, options, names)
      const settings = {
        [kind === "client secret" ? "secret" : "key"]: current,
        ...(previous === undefined ? {} : { previous })
      }
      for (const [setting, value] of Object.entries(settings)) {
        if (Effect.isEffect(value)) continue
        if (!source.isValid(kind, value)) {
          expect(setting, undefined, `${expected}, as Redacted.make makes it of a text, or an Effect that reads it`)
          continue
        }
        const prepared = prepare(Redacted.value(value))
        if ("found" in prepared) expect(setting, undefined, `${expected}, but it is ${prepared.found}`)
      }
      return [...found, ...(problems?.(clientId) ?? [])]
    }
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
 * Id and secret by basic auth, each form-encoded before they are joined (RFC 6749 section 2.3.1 and appendix B).
 *
 * Many servers take the bytes as they are instead. For an id or a secret of letters, digits, `*`, `-`, `.` and `_` there
 * is no difference; for others `encoding: "raw"` is what such a server wants. With it, an id with a colon is an
 * `InvalidConfig`: the server would take what follows the colon for the secret (RFC 7617 section 2).
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
      const { expect, oneOf, problems } = collect()
      const chosen = oneOf("encoding", given(options).encoding, ["form", "raw"])
      expect(
        "clientId",
        chosen === "raw" && clientId.includes(":") ? undefined : true,
        "without a colon where basic auth takes it raw (RFC 7617 section 2); form-encoded it may have one"
      )
      return problems
    }
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
const signing = () => import("./internal/protocol/assertion.js")

const unusableKey = (problem: string) => new CredentialUnavailable({ credential: "private key", problem })

const clientAssertion = (
  { audience = "issuer", header = {}, life = "1 minute", type = "client-authentication+jwt" }: AssertionOptions,
  key: (
    signing: typeof assertion,
    target: Target
  ) => Effect.Effect<assertion.SigningKey, CredentialUnavailable | DiscoveryFailed>
): Credential["prove"] =>
(target) =>
  Effect.gen(function*() {
    const assertion = yield* Effect.promise(signing)
    const issuedAt = Math.floor(target.now / 1000)
    const signingKey = yield* key(assertion, target)
    const claims = {
      iss: target.clientId,
      sub: target.clientId,
      aud: audience === "token_endpoint"
        ? target.endpoint
        : audience === "issuer"
        ? target.issuer ?? target.endpoint
        : audience,
      iat: issuedAt,
      exp: issuedAt + Math.ceil(Duration.toSeconds(life))
    }
    const jwt = yield* results.fromPromise(
      () => assertion.sign(signingKey, { ...header, typ: type }, claims),
      unusableKey
    )
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

const assertionOptions = ["previous", "audience", "life", "header", "type", "algorithm"]

const assertionProblems = (
  { algorithm, audience, header, life, type }: AssertionOptions & { readonly algorithm?: string | undefined },
  possible: ReadonlyArray<string>
): ReadonlyArray<Problem> => {
  const { duration, expect, problems } = collect()
  const isHeader = header === undefined || isRecord(header) && Object.values(header).every(printable)
  expect("header", isHeader ? true : undefined, "strings of one or more characters by name")
  duration("life", life, { default: "1 minute", positive: true })
  for (const [setting, value] of Object.entries({ audience, type })) {
    expect(setting, value === undefined || printable(value) ? true : undefined, "a text of one or more characters")
  }
  expect(
    "algorithm",
    algorithm === undefined || possible.includes(algorithm) ? true : undefined,
    `${possible.join(", ")}, or absent`
  )
  return problems
}

/** Nothing is sent that the server refuses by what it published (RFC 8414 section 2). */
const unsupported = (issuer: string | undefined, possible: ReadonlyArray<string>, supported: ReadonlyArray<string>) =>
  new DiscoveryFailed({
    issuer: issuer ?? "",
    problem: `it takes client assertions by ${
      supported.join(", ") || "no algorithm"
    } only (token_endpoint_auth_signing_alg_values_supported), and this client is configured to sign by ${
      possible.join(" or ")
    }: change the algorithm (OAUTH_SIGNING_ALGORITHM) or the key`,
    retryable: false
  })

/**
 * An assertion signed with the secret by HMAC (RFC 7523 section 2.2, OpenID Connect Core section 9).
 *
 * The secret has at least as many bytes as the hash: 32 for HS256, 48 for HS384, 64 for HS512 (RFC 7518 section 3.2). The
 * algorithm is the one given, or the first of these that the server's metadata list and the secret is long enough for.
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
): ClientAuthentication => {
  const all = Object.keys(algorithms.minSecretBytes) as ReadonlyArray<algorithms.HmacAlgorithm>
  return make({
    method: "client_secret_jwt",
    kind: "client secret",
    options,
    names: assertionOptions,
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
      const prove = clientAssertion(given(options), ({ sharedKey }, { issuer, signingAlgorithms }) => {
        const algorithm = algorithms.choose(possible, wanted, signingAlgorithms)
        return algorithm === undefined
          ? unsupported(issuer, possible, signingAlgorithms ?? [])
          : Effect.succeed(sharedKey(value, algorithm))
      })
      return { prove: (target) => Effect.map(prove(target), (proof) => ({ ...proof, redact: [value] })) }
    },
    problems: () => assertionProblems(given(options), all)
  })
}

/**
 * An assertion signed with a private key (RFC 7523 section 2.2), the recommended way (RFC 9700 section 2.5): the server
 * holds nothing that could be stolen and used.
 *
 * The key is PEM (PKCS #8, PKCS #1 `RSA PRIVATE KEY` or SEC 1 `EC PRIVATE KEY`), a JWK as JSON, or a JWK Set with one
 * private key for signatures, or with the one that `keyId` names. Line breaks that are written out as `\n`, quotes around the text, base64 around the
 * whole, and in PEM a certificate or other text beside the key are allowed. Encrypted keys, public keys and certificates
 * are not keys to sign with: as a value they are an `InvalidConfig`, from a source a `CredentialUnavailable`.
 *
 * Its algorithm is the one given, that of the JWK, or the usual one of its kind: RS256, ES256, ES384, ES512, EdDSA. An RSA
 * key without either signs by another RSA algorithm, such as PS256, where the server's metadata do not list RS256
 * (`token_endpoint_auth_signing_alg_values_supported`; FAPI 2.0 section 5.4). An algorithm that they do not list is a
 * `DiscoveryFailed`, and nothing is sent.
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
    readonly algorithm?: algorithms.Algorithm | undefined
  }
): ClientAuthentication =>
  make({
    method: "private_key_jwt",
    kind: "private key",
    options,
    names: [...assertionOptions, "key", "keyId"],
    // What is not a source is reported by `problems`.
    current: given(options).key as Source,
    previous: given(options).previous,
    prepare: (value) => {
      const key = privateKey.read(value, options.keyId)
      if (!privateKey.isUsable(key)) return key
      const possible = algorithms.algorithms[key.type]
      // What is no algorithm at all is a problem of its own.
      const wanted = algorithms.isAlgorithm(options.algorithm) ? options.algorithm : key.algorithm
      if (wanted !== undefined && !possible.includes(wanted)) {
        return { found: `a key of type ${key.type}, which does not sign by ${wanted}, but by ${possible.join(", ")}` }
      }
      const identified = { ...key, keyId: options.keyId ?? key.keyId }
      return {
        prove: clientAssertion(given(options), (assertion, { issuer, signingAlgorithms }) => {
          const algorithm = algorithms.choose(possible, wanted, signingAlgorithms)
          return algorithm === undefined
            ? unsupported(issuer, wanted === undefined ? possible : [wanted], signingAlgorithms ?? [])
            : results.fromPromise(() => assertion.privateKey(identified, algorithm), unusableKey)
        })
      }
    },
    problems: () => {
      const { expect, problems } = collect()
      const { keyId } = given(options)
      expect(
        "keyId",
        keyId === undefined || printable(keyId) ? true : undefined,
        "a text of one or more characters"
      )
      const known = [...new Set(Object.values(algorithms.algorithms).flat())]
      return [...problems, ...assertionProblems(given(options), known)]
    }
  })

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
