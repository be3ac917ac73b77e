/**
 * The checks behind every configuration: pure, and total over what a user may write, typed or not.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

import * as ClientAuthentication from "../../ClientAuthentication.js"
import type * as ClientConfig from "../../ClientConfig.js"
import type * as DPoP from "../../DPoP.js"
import * as TokenRequest from "../../TokenRequest.js"
import { tagOf } from "../protocol/foreignError.js"
import { isRecord, readJson } from "../protocol/json.js"
import { verifiesCertificates } from "../protocol/preconditions.js"
import { secureUrl } from "../protocol/urls.js"
import { type Check, collect, printable, type Problem } from "./check.js"
import { isSound, type Kind, type Source } from "./credentialSource.js"
import * as parameters from "./parameters.js"
import * as parts from "./parts.js"
import * as rules from "./rules.js"

/** What a user may have written: `unknown` where the environment or plain JavaScript leaves it open. */
type Loose<A> = { readonly [K in keyof A]?: unknown }

const scheme = (allowHttpLoopback: boolean): string =>
  allowHttpLoopback
    ? "https: (or http: to a loopback address)"
    : "https: (http: only to a loopback address, with allowHttpLoopback or OAUTH_ALLOW_HTTP_LOOPBACK=true)"

const secret = (
  { expect }: ReturnType<typeof collect>,
  setting: string,
  value: unknown
): Redacted.Redacted<string> | undefined =>
  expect(
    setting,
    Redacted.isRedacted(value) && printable(Redacted.value(value)) ? value as Redacted.Redacted<string> : undefined,
    typeof value === "string"
      ? "a Redacted text, as Redacted.make makes it, so that it cannot be printed by mistake"
      : "a text of one or more characters, without line breaks"
  )

const secretMethods = {
  client_secret_basic: ClientAuthentication.clientSecretBasic,
  client_secret_post: ClientAuthentication.clientSecretPost,
  client_secret_jwt: ClientAuthentication.clientSecretJwt
}

type SecretMethod = keyof typeof secretMethods

const isSecretMethod = (method: unknown): method is SecretMethod =>
  typeof method === "string" && Object.hasOwn(secretMethods, method)

const isAuthentication = (value: unknown): value is ClientAuthentication.ClientAuthentication =>
  isRecord(value) && typeof value["method"] === "string" && Array.isArray(value["credentials"]) &&
  value["credentials"].length > 0

/**
 * What the server supports decides when nothing else does, and is known by discovery only. An encoding is for basic auth,
 * so that it stands for this method unless the server is known not to support it.
 */
const preferred = (supported: ReadonlyArray<string> | undefined, hasEncoding: boolean): SecretMethod =>
  hasEncoding && supported === undefined
    ? "client_secret_basic"
    : (Object.keys(secretMethods) as Array<SecretMethod>).find((method) => supported?.includes(method)) ??
      "client_secret_post"

const source = (found: ReturnType<typeof collect>, setting: string, value: unknown): Source | undefined =>
  Effect.isEffect(value) ? value as Effect.Effect<Redacted.Redacted<string>, unknown> : secret(found, setting, value)

/** How the client authenticates, given what the server supports. One method and no other (RFC 6749 section 2.3). */
const authentication = (
  found: ReturnType<typeof collect>,
  { basicEncoding, clientAuthentication: wanted, clientId, clientSecret, previousClientSecret }: Loose<
    ClientConfig.ClientOptions
  >
): ClientConfig.ClientConfig["authentication"] | undefined => {
  const check = (made: ClientAuthentication.ClientAuthentication, names: Readonly<Record<string, string>>) => {
    for (const { expected, setting } of made.problems?.(typeof clientId === "string" ? clientId : "") ?? []) {
      found.expect(
        setting === "clientId" ? setting : names[setting] ?? `clientAuthentication.${setting}`,
        undefined,
        expected
      )
    }
    return made
  }
  if (isAuthentication(wanted) && wanted.method !== "none") {
    for (const [setting, value] of Object.entries({ clientSecret, previousClientSecret, basicEncoding })) {
      found.expect(setting, value === undefined ? true : undefined, `absent, since ${wanted.method} does without it`)
    }
    check(wanted, {})
    return () => wanted
  }
  if (wanted !== undefined && !isSecretMethod(wanted)) {
    return found.expect(
      "clientAuthentication",
      undefined,
      `${Object.keys(secretMethods).join(", ")}, or a ClientAuthentication such as privateKeyJwt (OAUTH_CLIENT_` +
        "AUTHENTICATION: private_key_jwt, tls_client_auth, self_signed_tls_client_auth); without any there are no " +
        "client credentials (RFC 6749 section 4.4)"
    )
  }
  const encoding = found.oneOf("basicEncoding", basicEncoding, ["form", "raw"])
  const hasEncoding = basicEncoding !== undefined
  found.expect(
    "basicEncoding",
    hasEncoding && wanted !== undefined && wanted !== "client_secret_basic" ? undefined : true,
    `absent, since ${wanted} does without it`
  )
  const current = source(found, "clientSecret", clientSecret)
  const previous = previousClientSecret === undefined
    ? undefined
    : source(found, "previousClientSecret", previousClientSecret)
  if (current === undefined) return undefined
  const made = (supported: ReadonlyArray<string> | undefined) => {
    const method = wanted ?? preferred(supported, hasEncoding)
    return method === "client_secret_basic"
      ? ClientAuthentication.clientSecretBasic(current, { previous, encoding })
      : secretMethods[method](current, { previous })
  }
  check(made(undefined), { secret: "clientSecret", previous: "previousClientSecret", encoding: "basicEncoding" })
  return made
}

const api = (
  check: Check,
  options: Loose<ClientConfig.ClientOptions>,
  loopback: boolean
): ClientConfig.Api | undefined => {
  const { expect, flag } = check
  const base = secureUrl(options.apiBaseUrl, loopback)
  const sound = expect(
    "apiBaseUrl",
    base !== undefined && base.search === "" ? base : undefined,
    `an absolute URL, ${scheme(loopback)}, without credentials, query or fragment`
  )
  const origins = parameters.words(options.apiOrigins).map((value) => {
    const origin = secureUrl(value, loopback)
    return expect(
      "apiOrigins",
      origin !== undefined && origin.pathname === "/" && origin.search === "" ? origin.origin : undefined,
      `origins such as "https://files.example.com", ${
        scheme(loopback)
      }, without path; wildcards are not supported, so list ` +
        "each origin"
    )
  })
  const allowOutsideBasePath = flag("allowOutsideBasePath", options.allowOutsideBasePath, false)
  const rejectedWhen = rules.optionalGroup(parts.rejectedWhen)(check, "rejectedWhen", options.rejectedWhen)
  if (sound === undefined) return undefined
  return {
    ...(rejectedWhen === undefined ? {} : { rejectedWhen }),
    baseUrl: sound.href.replace(/\/+$/, ""),
    origins: new Set([sound.origin, ...origins.filter((origin) => origin !== undefined)]),
    allowOutsideBasePath
  }
}

const proofs = (check: Check, value: unknown): DPoP.Options | undefined =>
  isRecord(value)
    ? rules.read(check.at("dpop"), parts.dpop, value)
    : check.expect(
            "dpop",
            value === undefined || typeof value === "boolean" ? true : undefined,
            "true, false or an object of options"
          ) === true && value === true
    ? {}
    : undefined

const environment = ({ expect }: ReturnType<typeof collect>) =>
  expect(
    "NODE_TLS_REJECT_UNAUTHORIZED",
    verifiesCertificates() ? true : undefined,
    "to be unset: with 0, Node verifies no certificate; trust a private authority with NODE_EXTRA_CA_CERTS instead"
  )

/** A validated configuration, whose proof key does not exist yet. */
export interface Client extends Omit<ClientConfig.ClientConfig, "dpop"> {
  readonly dpop: DPoP.Options | undefined
}

export const client = (
  options: Loose<ClientConfig.ClientOptions>
): Either.Either<Client, ReadonlyArray<Problem>> => {
  const found = collect()
  const { expect, problems } = found
  const loopback = found.flag("allowHttpLoopback", options.allowHttpLoopback, false)

  environment(found)
  const endpoint = (setting: "tokenUrl" | "revocationUrl") =>
    options[setting] === undefined ? undefined : expect(
      setting,
      secureUrl(options[setting], loopback)?.href,
      `an absolute URL, ${scheme(loopback)}, without credentials or fragment`
    )
  const tokenUrl = endpoint("tokenUrl")
  const revocationUrl = endpoint("revocationUrl")
  const issuer = options.issuer === undefined ? undefined : expect(
    "issuer",
    typeof options.issuer === "string" && secureUrl(options.issuer, loopback)?.search === ""
      ? options.issuer
      : undefined,
    `what the server calls itself: an absolute URL, ${scheme(loopback)}, without credentials, query or fragment`
  )
  if (options.tokenUrl === undefined && options.issuer === undefined) {
    expect("tokenUrl", undefined, `an absolute URL, ${scheme(loopback)}; or the issuer, which tells it, is needed`)
  }
  const clientId = expect(
    "clientId",
    printable(options.clientId) ? options.clientId : undefined,
    "a text of one or more characters, without line breaks"
  )
  const authenticate = authentication(found, options)
  problems.push(...parameters.problems(options))
  const requestFormat = found.oneOf("requestFormat", options.requestFormat, ["form", "json"])
  const tokenType = found.oneOf("tokenType", options.tokenType, ["verify", "assume-bearer"])
  const tokenResponse = options.tokenResponse === undefined ? undefined : found.expect(
    "tokenResponse",
    Schema.isSchema(options.tokenResponse) ? options.tokenResponse as ClientConfig.TokenResponseSchema : undefined,
    "a Schema that decodes the server's JSON to access_token, token_type, expires_in and scope"
  )
  const dpop = proofs(found, options.dpop)
  if (dpop !== undefined && tokenType === "assume-bearer") {
    found.expect(
      "tokenType",
      undefined,
      "absent: with dpop, only tokens of the type DPoP are used (RFC 9449 section 5)"
    )
  }
  const { certificateBoundTokens } = options
  found.flag("certificateBoundTokens", certificateBoundTokens, false)
  const resourceServer = api(found, options, loopback)

  if (
    problems.length > 0 || clientId === undefined || authenticate === undefined || resourceServer === undefined
  ) return Either.left(problems)
  const { clientAuthentication: wanted } = options
  return Either.right({
    request: TokenRequest.make({
      ...(options as TokenRequest.Overrides),
      issuer,
      tokenUrl,
      clientId,
      clientAuthentication: isAuthentication(wanted) ? wanted.method : isSecretMethod(wanted) ? wanted : undefined,
      requestFormat
    }),
    revocationUrl,
    authentication: authenticate,
    dpop,
    tokenType,
    certificateBoundTokens: typeof certificateBoundTokens === "boolean" ? certificateBoundTokens : undefined,
    tokenResponse,
    allowHttpLoopback: loopback,
    api: resourceServer
  })
}

const named: { readonly [K in keyof ClientConfig.ClientOptions]-?: true } = {
  tokenUrl: true,
  issuer: true,
  revocationUrl: true,
  clientId: true,
  clientSecret: true,
  previousClientSecret: true,
  audience: true,
  scope: true,
  resource: true,
  authorizationDetails: true,
  parameters: true,
  clientAuthentication: true,
  basicEncoding: true,
  certificateBoundTokens: true,
  dpop: true,
  requestFormat: true,
  tokenType: true,
  tokenResponse: true,
  apiBaseUrl: true,
  apiOrigins: true,
  rejectedWhen: true,
  allowOutsideBasePath: true,
  allowHttpLoopback: true
}

const fromEnvironment: { readonly [K in keyof ClientConfig.ConfigOptions]-?: true } = {
  prefix: true,
  rejectedWhen: true,
  allowHttpLoopback: true
}

/** Tokens can be revoked only where it is known where. An issuer may publish that, which is seen when it is asked. */
export const revocation = (check: Check, tokenUrl: unknown, revocationUrl: unknown): void => {
  if (tokenUrl !== undefined && revocationUrl === undefined) {
    check.expect(
      "revokeAtShutdown",
      undefined,
      "false, or revocationUrl (OAUTH_REVOCATION_URL) beside it: with a tokenUrl, no metadata is read that names the " +
        "revocation endpoint"
    )
  }
}

const members = (check: Check, options: unknown, names: object) => rules.members(check, options, Object.keys(names))

export const allParts = { ...parts.client, ...parts.sharedClient }

const readParts = (check: Check, partRules: rules.Rules, options: Readonly<Record<string, unknown>>): void => {
  for (const [name, rule] of Object.entries(partRules)) rule(check, name, options[name])
}

/** Validates the options of a client alone; those of its parts may stand beside them. */
export const clientAlone = (options: unknown): ReturnType<typeof client> => {
  const check = collect()
  const found = members(check, options, { ...named, ...allParts })
  return isRecord(options) ? together(client(found), check) : Either.left(check.problems)
}

/** Validates the options of a client and of its parts: every problem is reported at once. */
export const clientAndParts = (options: unknown, partRules: rules.Rules): ReturnType<typeof client> => {
  const check = collect()
  const found = members(check, options, { ...named, ...partRules })
  readParts(check, partRules, found)
  if (found["revokeAtShutdown"] === true) revocation(check, found["tokenUrl"], found["revocationUrl"])
  return isRecord(options) ? together(client(found), check) : Either.left(check.problems)
}

/** Validates the options of the parts of a client whose configuration is valid. */
export const configAndParts = (
  { request: { tokenUrl }, revocationUrl }: ClientConfig.ClientConfig,
  options: unknown,
  partRules: rules.Rules
): Either.Either<void, ReadonlyArray<Problem>> => {
  const check = collect()
  const found = members(check, options, { ...named, ...fromEnvironment, ...allParts })
  readParts(check, partRules, found)
  if ("revokeAtShutdown" in partRules && found["revokeAtShutdown"] === true) revocation(check, tokenUrl, revocationUrl)
  return together(Either.void, check)
}

/** Validates the options of a client whose configuration is read from the environment, and of its parts, if it has any. */
export const environmentAndParts = (
  options: unknown,
  partRules: rules.Rules = {}
): Either.Either<void, ReadonlyArray<Problem>> => {
  const check = collect()
  const found = members(check, options, { ...fromEnvironment, ...partRules })
  check.expect(
    "prefix",
    found["prefix"] === undefined || printable(found["prefix"]) || undefined,
    "a string such as BILLING"
  )
  check.flag("allowHttpLoopback", found["allowHttpLoopback"], false)
  rules.optionalGroup(parts.rejectedWhen)(check, "rejectedWhen", found["rejectedWhen"])
  readParts(check, partRules, found)
  return together(Either.void, check)
}

const together = <A>(
  validated: Either.Either<A, ReadonlyArray<Problem>>,
  { problems }: Check
): Either.Either<A, ReadonlyArray<Problem>> =>
  Either.isLeft(validated)
    ? Either.left([...validated.left, ...problems])
    : problems.length > 0
    ? Either.left(problems)
    : validated

const legacyNames = {
  tokenId: true,
  tokenSecret: true,
  previousTokenSecret: true,
  apiBaseUrl: true,
  apiOrigins: true,
  rejectedWhen: true,
  allowOutsideBasePath: true,
  allowHttpLoopback: true
}

export const legacy = (given: unknown): Either.Either<
  {
    readonly tokenId: string
    readonly tokenSecret: Source
    readonly previousTokenSecret: Source | undefined
    readonly api: ClientConfig.Api
  },
  ReadonlyArray<Problem>
> => {
  const found = collect()
  const { expect, problems } = found
  const options: Loose<typeof legacyNames> = members(found, given, legacyNames)
  environment(found)
  const tokenId = expect(
    "tokenId",
    printable(options.tokenId) && !options.tokenId.includes(":") ? options.tokenId : undefined,
    "a text of one or more characters, without line breaks and colons (RFC 7617 section 2)"
  )
  const tokenSecret = source(found, "tokenSecret", options.tokenSecret)
  const previousTokenSecret = options.previousTokenSecret === undefined
    ? undefined
    : source(found, "previousTokenSecret", options.previousTokenSecret)
  const resourceServer = api(found, options, found.flag("allowHttpLoopback", options.allowHttpLoopback, false))
  if (problems.length > 0 || tokenId === undefined || tokenSecret === undefined || resourceServer === undefined) {
    return Either.left(problems)
  }
  return Either.right({ tokenId, tokenSecret, previousTokenSecret, api: resourceServer })
}

type Credentials = {
  readonly [K in "clientSecret" | "previousClientSecret" | "privateKey" | "previousPrivateKey"]?: Source | undefined
}

type Texts = {
  readonly [
    K in
      | "clientAuthentication"
      | "basicEncoding"
      | "privateKeyId"
      | "signingAlgorithm"
      | "assertionAudience"
      | "assertionType"
      | "authorizationDetails"
      | "parameters"
  ]?: string | undefined
}

/** A private key can mean one method only. */
const methodOf = ({ clientAuthentication, clientSecret, privateKey }: Texts & Credentials): string | undefined =>
  clientAuthentication ?? (privateKey !== undefined && clientSecret === undefined ? "private_key_jwt" : undefined)

const jwtMethods = ["private_key_jwt", "client_secret_jwt"]
const usedBy = {
  privateKey: ["private_key_jwt"],
  previousPrivateKey: ["private_key_jwt"],
  privateKeyId: ["private_key_jwt"],
  signingAlgorithm: jwtMethods,
  assertionAudience: jwtMethods,
  assertionType: jwtMethods
}

/** A variable that is set is used, or refused. */
export const misplaced = (given: Texts & Credentials): ReadonlyArray<Problem> => {
  const { expect, problems } = collect()
  const method = methodOf(given)
  if (method === undefined && given.privateKey !== undefined) {
    expect(
      "clientAuthentication",
      undefined,
      "private_key_jwt or one of the methods with a secret, since both a private key and a client secret are set"
    )
    return problems
  }
  if (method === "private_key_jwt") {
    expect("privateKey", given.privateKey, "a private key, as PEM or JWK, or in a file, since private_key_jwt needs it")
  }
  for (const [setting, methods] of Object.entries(usedBy) as Array<[keyof typeof usedBy, ReadonlyArray<string>]>) {
    if (method !== undefined && methods.includes(method)) continue
    expect(
      setting,
      given[setting] === undefined ? true : undefined,
      `unset, unless OAUTH_CLIENT_AUTHENTICATION is ${methods.join(" or ")}`
    )
  }
  return problems
}

/** The rejections that a user declares: those of the option, with the statuses of the variable where it names none. */
export const rejectedWhen = (
  option: ClientConfig.RejectedWhen | undefined,
  statuses: string | undefined
): ClientConfig.RejectedWhen | undefined =>
  statuses === undefined ? option : {
    ...option,
    statuses: option?.statuses ??
      statuses.split(/[\s,]+/).filter((status) => status !== "").map((status) =>
        /^\d+$/.test(status) ? Number(status) : Number.NaN
      )
  }

/** The settings that are more than a text, made of texts. */
export const structured = (text: Texts & Credentials) => {
  const { clientSecret, previousClientSecret: previous, previousPrivateKey, privateKey } = text
  const assertion = {
    audience: text.assertionAudience,
    type: text.assertionType,
    algorithm: text.signingAlgorithm as undefined
  }
  const authentication = () => {
    switch (methodOf(text)) {
      case "private_key_jwt":
        return privateKey === undefined ? {} : {
          clientAuthentication: ClientAuthentication.privateKeyJwt({
            ...assertion,
            key: privateKey,
            previous: previousPrivateKey,
            keyId: text.privateKeyId
          })
        }
      case "client_secret_jwt":
        return clientSecret === undefined ? {} : {
          clientAuthentication: ClientAuthentication.clientSecretJwt(clientSecret, { ...assertion, previous }),
          clientSecret: undefined,
          previousClientSecret: undefined
        }
      case "tls_client_auth":
        return { clientAuthentication: ClientAuthentication.tlsClientAuth }
      case "self_signed_tls_client_auth":
        return { clientAuthentication: ClientAuthentication.selfSignedTlsClientAuth }
      default:
        return {}
    }
  }
  return {
    authorizationDetails: text.authorizationDetails === undefined
      ? undefined
      : readJson(text.authorizationDetails) ?? "",
    parameters: text.parameters === undefined ? undefined : Object.fromEntries(new URLSearchParams(text.parameters)),
    ...authentication()
  }
}

/** The variable that a problem with what `structured` makes is about. */
const settingOf = (setting: string, given: Texts & Credentials): string => {
  const isKey = methodOf(given) === "private_key_jwt"
  const names: Readonly<Record<string, string>> = {
    "clientAuthentication.key": "privateKey",
    "clientAuthentication.secret": "clientSecret",
    "clientAuthentication.previous": isKey ? "previousPrivateKey" : "previousClientSecret",
    "clientAuthentication.keyId": "privateKeyId",
    "clientAuthentication.algorithm": "signingAlgorithm",
    "clientAuthentication.audience": "assertionAudience",
    "clientAuthentication.type": "assertionType"
  }
  return names[setting] ?? setting
}

/** Reads settings from variables of the environment, and turns problems with settings into errors that name those. */
export const reader = (prefix: string | undefined) => {
  const named = (variable: string) => prefix === undefined ? variable : `${prefix}_${variable}`

  const error = (variable: string, given: unknown, expected: string): ConfigError.ConfigError =>
    given === undefined
      ? ConfigError.MissingData([named(variable)], `Expected ${named(variable)} to be ${expected}`)
      : ConfigError.InvalidData([named(variable)], `Expected ${named(variable)} to be ${expected}`)

  return {
    error,
    named,

    all: <V extends Readonly<Record<string, string>>>(
      variables: V
    ): Effect.Effect<{ readonly [K in keyof V]: string | undefined }, ConfigError.ConfigError> =>
      Config.all(
        Object.fromEntries(
          Object.entries(variables).map(([setting, variable]) => [
            setting,
            Config.option(Config.string(named(variable))).pipe(
              Config.map((value) => Option.getOrUndefined(Option.filter(value, (text) => text !== "")))
            )
          ])
        ) as { [K in keyof V]: Config.Config<string | undefined> }
      ) as Config.Config<{ readonly [K in keyof V]: string | undefined }>,

    flag: (variable: string, value: string | undefined): Either.Either<boolean | undefined, ConfigError.ConfigError> =>
      value === undefined || value === "true" || value === "false"
        ? Either.right(value === undefined ? undefined : value === "true")
        : Either.left(error(variable, value, "true or false")),

    /**
     * From the variable, or from the file, which is read now to see that it can be, and for each use: what it is now, and
     * where it comes from.
     */
    credential: (
      kind: Kind,
      value: string | undefined,
      file: string | undefined,
      [variable, fileVariable]: readonly [string, string]
    ): Effect.Effect<
      { readonly now: Redacted.Redacted<string>; readonly source: Source } | undefined,
      ConfigError.ConfigError,
      FileSystem.FileSystem
    > => {
      if (file === undefined) {
        const now = value === undefined ? undefined : Redacted.make(value)
        return Effect.succeed(now === undefined ? undefined : { now, source: now })
      }
      if (value !== undefined) {
        return Effect.fail(
          error(fileVariable, file, `unset when ${named(variable)} is set, or the other way round`)
        )
      }
      return Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const read = Effect.map(fs.readFileString(file), (text) => Redacted.make(text.replace(/\r?\n$/, "")))
        const now = yield* Effect.mapError(
          read,
          (failure) => error(fileVariable, file, `the path of a file that can be read (${tagOf(failure)})`)
        )
        if (!isSound(kind, now)) {
          return yield* Effect.fail(
            error(fileVariable, file, `the path of a file that holds the ${kind}, nothing else`)
          )
        }
        return { now, source: read }
      })
    },

    errors: (
      variables: Readonly<Record<string, string>>,
      text: Readonly<Record<string, string | undefined>>,
      given: Texts & Credentials = {}
    ) =>
    (problems: ReadonlyArray<Problem>): ConfigError.ConfigError =>
      problems
        .map((problem) => {
          const setting = settingOf(problem.setting, given)
          const file = text[`${setting}File`]
          return file === undefined
            ? error(variables[setting] ?? setting, text[setting], problem.expected)
            : error(variables[`${setting}File`] ?? setting, file, `the path of a file with ${problem.expected}`)
        })
        .reduce((left, right) => ConfigError.And(left, right))
  }
}
