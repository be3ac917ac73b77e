/**
 * Options of a client: validation, and the settings that follow from them.
 */
import * as Either from "effect/Either"
import type * as Option from "effect/Option"

import type { Signer } from "../../Signer.js"
import type { Overrides, TokenRequest } from "../../TokenRequest.js"
import * as tokenRequests from "../models/tokenRequests.js"
import * as grants from "../protocol/grant.js"
import { isRecord } from "../protocol/json.js"
import * as parameters from "../protocol/requestParameters.js"
import type { Algorithm } from "../protocol/signingAlgorithm.js"
import { secureUrl } from "../protocol/urls.js"
import * as api from "./api.js"
import { type Check, collect, printable, type Problem } from "./check.js"
import * as credentialSource from "./credentialSource.js"
import * as parts from "./parts.js"
import * as rules from "./rules.js"

/** Names of all options of a client. */
export const names = [
  "tokenUrl",
  "issuer",
  "revocationUrl",
  "clientId",
  "grant",
  "clientSecret",
  "previousClientSecret",
  "audience",
  "scope",
  "resource",
  "authorizationDetails",
  "parameters",
  "clientAuthentication",
  "basicEncoding",
  "certificateBoundTokens",
  "dpop",
  "requestFormat",
  "tokenType",
  "tokenResponse",
  "apiBaseUrl",
  "apiOrigins",
  "rejectedWhen",
  "allowOutsideBasePath",
  "allowHttpLoopback"
] as const

export type Name = (typeof names)[number]

/** Options as written by a user. Values from the environment or plain JavaScript are `unknown`. */
export type Options = { readonly [K in Name]?: unknown }

/** The compiler rejects options whose type has a member that is not in `names`. */
export type Complete<O> = { readonly [K in Exclude<O extends unknown ? keyof O : never, Name>]?: never }

/** Part of a method of client authentication that is used here. */
export interface Authentication {
  readonly method: string
  readonly identifiesClient?: boolean | undefined
  readonly problems?: ((clientId: string) => ReadonlyArray<Problem>) | undefined
}

type Previous = { readonly previous?: credentialSource.Source | undefined }

/** Part of a grant that is validated here. */
export interface GrantOption {
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
  readonly problems?: (() => ReadonlyArray<Problem>) | undefined
}

const isGrant = <G extends GrantOption>(value: unknown): value is G =>
  isRecord(value) && typeof value["type"] === "string" && isRecord(value["parameters"]) &&
  typeof value["present"] === "function"

/** Methods that options select by name. */
export interface Methods<A extends Authentication> {
  readonly client_secret_basic: (
    secret: credentialSource.Source,
    options: Previous & { readonly encoding: "form" | "raw" }
  ) => A
  readonly client_secret_post: (secret: credentialSource.Source, options: Previous) => A
  readonly client_secret_jwt: (secret: credentialSource.Source, options: Previous) => A
  readonly tls_client_auth: A
  readonly self_signed_tls_client_auth: A
  readonly none: A
}

/** Methods without a configured credential: the HTTP client presents a certificate, or the grant a token. */
const bareMethods = ["tls_client_auth", "self_signed_tls_client_auth", "none"] as const

/** Returns the method of a name that needs no further option; any other value unchanged. */
const named = <A extends Authentication>(methods: Methods<A>, wanted: unknown): unknown => {
  const name = bareMethods.find((name) => name === wanted)
  return name === undefined ? wanted : methods[name]
}

/** Methods with a secret, the preferred one first. */
const secretMethods = ["client_secret_basic", "client_secret_post", "client_secret_jwt"] as const

type SecretMethod = (typeof secretMethods)[number]

const isSecretMethod = (method: unknown): method is SecretMethod => secretMethods.some((name) => name === method)

/** Decodes a response to the members of the standard. */
type Decoder = (json: unknown) => Option.Option<{
  readonly access_token: string
  readonly token_type?: string | null | undefined
  readonly expires_in?: number | string | null | undefined
  readonly scope?: string | null | undefined
}>

/** Settings of proofs of possession, by a configured key, which is read later, or by a generated key. */
export interface Dpop {
  readonly algorithm: Algorithm | undefined
  readonly key: credentialSource.Source | Signer | undefined
}

/** Settings of a client whose options are valid. */
export interface Settings<A extends Authentication, G extends GrantOption = GrantOption> {
  readonly request: TokenRequest
  /** Grant of the client; undefined for client credentials. */
  readonly grant: G | undefined
  readonly revocationUrl: string | undefined
  /** Returns the method, given the methods that the server is known to support. */
  readonly authentication: (supported: ReadonlyArray<string> | undefined) => A
  readonly dpop: Dpop | undefined
  readonly tokenType: "verify" | "assume-bearer"
  readonly certificateBoundTokens: boolean | undefined
  readonly tokenResponse: Decoder | undefined
  readonly allowHttpLoopback: boolean
  readonly api: api.Api
}

const isAuthentication = <A extends Authentication>(value: unknown): value is A =>
  isRecord(value) && typeof value["method"] === "string" && Array.isArray(value["credentials"]) &&
  value["credentials"].length > 0

/**
 * Returns the method when none is configured. An encoding applies to basic authentication only, so it selects this method
 * unless the server is known not to support it.
 */
const preferred = (supported: ReadonlyArray<string> | undefined, hasEncoding: boolean): SecretMethod =>
  hasEncoding && supported === undefined
    ? "client_secret_basic"
    : secretMethods.find((method) => supported?.includes(method)) ?? "client_secret_post"

/** Reports the problems of a method by the names of the options. */
const examine = <A extends Authentication>(
  check: Check,
  method: A,
  clientId: unknown,
  names: Readonly<Record<string, string>>
): A => {
  for (const { expected, setting } of method.problems?.(typeof clientId === "string" ? clientId : "") ?? []) {
    check.expect(
      setting === "clientId" ? setting : names[setting] ?? `clientAuthentication.${setting}`,
      undefined,
      expected
    )
  }
  return method
}

/** Returns the configured method. A grant without a secret uses no client authentication. */
const wantedMethod = <A extends Authentication>(
  methods: Methods<A>,
  { clientAuthentication, clientSecret, grant }: Options
): unknown =>
  clientAuthentication === undefined && grant !== undefined && clientSecret === undefined
    ? methods.none
    : clientAuthentication

/** Returns the single method of client authentication (RFC 6749 section 2.3), given the methods that the server supports. */
const authentication = <A extends Authentication>(
  check: Check,
  methods: Methods<A>,
  options: Options
): Settings<A>["authentication"] | undefined => {
  const { basicEncoding, clientId, clientSecret, grant, previousClientSecret } = options
  const wanted = wantedMethod(methods, options)
  if (isAuthentication<A>(wanted) && (wanted.method !== "none" || grant !== undefined)) {
    for (const [setting, value] of Object.entries({ clientSecret, previousClientSecret, basicEncoding })) {
      check.expect(setting, value === undefined ? true : undefined, `absent: ${wanted.method} does not use it`)
    }
    examine(check, wanted, clientId, {})
    return () => wanted
  }
  if (wanted !== undefined && !isSecretMethod(wanted)) {
    return check.expect(
      "clientAuthentication",
      undefined,
      `${
        [...secretMethods, ...bareMethods.filter((one) => one !== "none")].join(", ")
      }, or a ClientAuthentication such as privateKeyJwt ` +
        "(OAUTH_CLIENT_AUTHENTICATION: private_key_jwt); none only with a grant, since without any there are no client " +
        "credentials (RFC 6749 section 4.4)"
    )
  }
  const encoding = check.oneOf("basicEncoding", basicEncoding, ["form", "raw"])
  const hasEncoding = basicEncoding !== undefined
  check.expect(
    "basicEncoding",
    hasEncoding && wanted !== undefined && wanted !== "client_secret_basic" ? undefined : true,
    `absent: ${wanted} does not use it`
  )
  const current = credentialSource.validate(check, "clientSecret", clientSecret)
  const previous = previousClientSecret === undefined
    ? undefined
    : credentialSource.validate(check, "previousClientSecret", previousClientSecret)
  if (current === undefined) return undefined
  const make = (supported: ReadonlyArray<string> | undefined) => {
    const method = wanted ?? preferred(supported, hasEncoding)
    return method === "client_secret_basic"
      ? methods[method](current, { previous, encoding })
      : methods[method](current, { previous })
  }
  examine(check, make(undefined), clientId, {
    secret: "clientSecret",
    previous: "previousClientSecret",
    encoding: "basicEncoding"
  })
  return make
}

/** Validates the endpoints and the issuer. */
const endpoints = (check: Check, options: Options, loopback: boolean) => {
  const { expect } = check
  const scheme = api.scheme(loopback)
  const endpoint = (setting: "tokenUrl" | "revocationUrl") =>
    options[setting] === undefined ? undefined : expect(
      setting,
      secureUrl(options[setting], loopback)?.href,
      `an absolute URL, ${scheme}, without credentials or fragment`
    )
  const tokenUrl = endpoint("tokenUrl")
  const revocationUrl = endpoint("revocationUrl")
  const issuer = options.issuer === undefined ? undefined : expect(
    "issuer",
    typeof options.issuer === "string" && secureUrl(options.issuer, loopback)?.search === ""
      ? options.issuer
      : undefined,
    `the issuer identifier of the server: an absolute URL, ${scheme}, without credentials, query or fragment`
  )
  if (options.tokenUrl === undefined && options.issuer === undefined) {
    expect("tokenUrl", undefined, `an absolute URL, ${scheme}; or set the issuer, whose metadata names it`)
  }
  return { tokenUrl, revocationUrl, issuer }
}

const proofs = (check: Check, value: unknown): Dpop | undefined => {
  if (isRecord(value)) {
    const within = check.at("dpop")
    const { algorithm, key } = rules.read(within, parts.dpop, value)
    if (credentialSource.isSigner(key)) {
      within.expect("algorithm", algorithm === undefined ? true : undefined, "absent: the signer determines it")
    }
    return { algorithm, key }
  }
  const isFlag = value === undefined || typeof value === "boolean"
  check.expect(
    "dpop",
    isFlag ? true : undefined,
    typeof value === "string" ? "true or false" : "true, false or an object of options"
  )
  return value === true ? { algorithm: undefined, key: undefined } : undefined
}

/** Returns whether a value is a decoder. A Schema may be a function too, but does not decode. */
const isDecoder = (value: unknown): value is Decoder => typeof value === "function" && !("ast" in value)

/** Validates the options for the type and the binding of tokens. */
const tokens = (check: Check, options: Options) => {
  const tokenType = check.oneOf("tokenType", options.tokenType, ["verify", "assume-bearer"])
  const tokenResponse = options.tokenResponse === undefined ? undefined : check.expect(
    "tokenResponse",
    isDecoder(options.tokenResponse) ? options.tokenResponse : undefined,
    "a function that decodes the server's JSON to an Option of access_token, token_type, expires_in and scope, such as " +
      "Schema.decodeUnknownOption(TokenResponse)"
  )
  const dpop = proofs(check, options.dpop)
  if (dpop !== undefined && tokenType === "assume-bearer") {
    check.expect(
      "tokenType",
      undefined,
      "absent: with dpop, only tokens of the type DPoP are used (RFC 9449 section 5)"
    )
  }
  const { certificateBoundTokens } = options
  check.flag("certificateBoundTokens", certificateBoundTokens, false)
  return {
    tokenType,
    tokenResponse,
    dpop,
    certificateBoundTokens: typeof certificateBoundTokens === "boolean" ? certificateBoundTokens : undefined
  }
}

/** Validates the grant; undefined represents client credentials. */
const readGrant = <G extends GrantOption>(check: Check, value: unknown): G | undefined => {
  if (value === undefined) return undefined
  if (!isGrant<G>(value)) {
    check.expect("grant", undefined, "a Grant such as Grant.jwtBearer(WorkloadIdentity.file(path))")
    return undefined
  }
  for (const { expected, setting } of value.problems?.() ?? []) check.expect(`grant.${setting}`, undefined, expected)
  return value
}

/** Validates the options of a client, whose names are known to be valid. Undefined if there is a problem. */
export const read = <A extends Authentication, G extends GrantOption>(
  check: Check,
  methods: Methods<A>,
  given: Options
): Settings<A, G> | undefined => {
  const options: Options = { ...given, clientAuthentication: named(methods, given.clientAuthentication) }
  const loopback = check.flag("allowHttpLoopback", options.allowHttpLoopback, false)
  api.verification(check)
  const { issuer, revocationUrl, tokenUrl } = endpoints(check, options, loopback)
  const grant = readGrant<G>(check, options.grant)
  const method = wantedMethod(methods, options)
  const canBeAbsent = options.clientId === undefined && isAuthentication<A>(method) && method.identifiesClient === true
  const clientId = canBeAbsent ? "" : check.expect(
    "clientId",
    printable(options.clientId) ? options.clientId : undefined,
    "a string of one or more characters, without line breaks"
  )
  const authenticate = authentication(check, methods, options)
  check.problems.push(...parameters.problems(options))
  const requestFormat = check.oneOf("requestFormat", options.requestFormat, ["form", "json"])
  const accepted = tokens(check, options)
  const protectedApi = api.validateOptional(check, options, loopback)
  if (
    check.problems.length > 0 || clientId === undefined || authenticate === undefined || protectedApi === undefined
  ) return undefined
  const { clientAuthentication: wanted } = options
  return {
    ...accepted,
    grant,
    request: tokenRequests.make({
      ...(options as Overrides),
      issuer,
      tokenUrl,
      clientId,
      grant: grant === undefined ? undefined : grants.canonical(grant.type, grant.parameters),
      clientAuthentication: isAuthentication(wanted) ? wanted.method : isSecretMethod(wanted) ? wanted : undefined,
      requestFormat
    }),
    revocationUrl,
    authentication: authenticate,
    allowHttpLoopback: loopback,
    api: protectedApi
  }
}

/** Validates the options of the parts of a client. */
export const readParts = (
  check: Check,
  partRules: rules.Rules,
  options: Readonly<Record<string, unknown>>
): void => {
  for (const [name, rule] of Object.entries(partRules)) rule(check, name, options[name])
}

/** Validates that revocation has a known endpoint: configured, or in the metadata of an issuer. */
export const revocation = (check: Check, options: Readonly<Record<string, unknown>>): void => {
  if (
    options["revokeAtShutdown"] === true && options["tokenUrl"] !== undefined && options["revocationUrl"] === undefined
  ) {
    check.expect(
      "revokeAtShutdown",
      undefined,
      "false, or set together with revocationUrl (OAUTH_REVOCATION_URL): with a tokenUrl, no metadata is read that names the " +
        "revocation endpoint"
    )
  }
}

/** Names of the parts whose options may be combined with those of a client. */
type PartName = keyof typeof parts.client | typeof parts.sharedNames[number]

/** Validates the options of a client, and of its parts if there are rules for them. Reports every problem. */
export const validate = <A extends Authentication, G extends GrantOption, O>(
  methods: Methods<A>,
  options: O & Complete<Omit<O, PartName>>,
  partRules?: rules.Rules
): Either.Either<Settings<A, G>, ReadonlyArray<Problem>> => {
  const check = collect()
  const allNames = [
    ...names,
    ...partRules === undefined ? [...Object.keys(parts.client), ...parts.sharedNames] : Object.keys(partRules)
  ]
  if (!isRecord(options)) {
    rules.members(check, options, allNames)
    return Either.left(check.problems)
  }
  const settings = read<A, G>(check, methods, options)
  rules.known(check, options, allNames)
  if (partRules !== undefined) {
    readParts(check, partRules, options)
    revocation(check, options)
  }
  return settings === undefined || check.problems.length > 0 ? Either.left(check.problems) : Either.right(settings)
}
