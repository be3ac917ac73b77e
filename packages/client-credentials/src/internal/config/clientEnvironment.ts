/**
 * Reads the options of a client from environment variables.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"

import type { InvalidConfig } from "../../InvalidConfig.js"
import { readJson } from "../protocol/json.js"
import { collect, type Problem } from "./check.js"
import * as client from "./client.js"
import type { Kind, Source } from "./credentialSource.js"
import * as environment from "./environment.js"
import * as fleetParts from "./fleetParts.js"
import * as parts from "./parts.js"
import type * as rules from "./rules.js"
import * as variables from "./variables.js"

type Variables = typeof variables.client

/** Parts whose options may be combined with those of a client. */
const allParts = { ...parts.client, ...fleetParts.sharedClient }

/** Options that replace several settings: an override of one replaces all of them. */
const groups: Readonly<Record<string, string | undefined>> = {
  privateKey: "clientAuthentication",
  previousPrivateKey: "clientAuthentication",
  privateKeyId: "clientAuthentication",
  signingAlgorithm: "clientAuthentication",
  assertionAudience: "clientAuthentication",
  assertionType: "clientAuthentication",
  clientAssertion: "clientAuthentication",
  subjectToken: "grant",
  subjectTokenType: "grant",
  dpopKey: "dpop"
}

type Credentials = {
  readonly [
    K in
      | "clientSecret"
      | "previousClientSecret"
      | "privateKey"
      | "previousPrivateKey"
      | "dpopKey"
      | "clientAssertion"
      | "subjectToken"
  ]: Source | undefined
}

/** Values of the variables, with credentials in place of the paths and values that define them. */
type Values = { readonly [K in Exclude<keyof Variables, keyof Credentials>]?: string | undefined } & Credentials

/** Options of assertions (RFC 7523), as set by variables. */
interface AssertionOptions {
  readonly audience: string | undefined
  readonly type: string | undefined
  readonly algorithm: string | undefined
  readonly previous: Source | undefined
}

/** Methods that variables select by name. The method reports invalid options. */
interface MethodsOfVariables<A extends client.Authentication> {
  readonly private_key_jwt: (
    options: AssertionOptions & { readonly key: Source; readonly keyId: string | undefined }
  ) => A
  readonly client_secret_jwt: (secret: Source, options: AssertionOptions) => A
  readonly workload_identity: (identity: Source, options: { readonly type: "jwt" | "spiffe" }) => A
}

/** Grants that variables select by name. */
interface GrantsOfVariables<G extends client.GrantOption> {
  readonly jwt_bearer: (assertion: Source) => G
  readonly token_exchange: (options: { readonly subject: Source; readonly subjectType: string | undefined }) => G
  /** Reads the identity token in a file. */
  readonly file: (path: string) => Source
}

/** Methods and grants that variables may select, beside those with a secret. */
export interface Selectable<A extends client.Authentication, G extends client.GrantOption> {
  readonly methods: MethodsOfVariables<A>
  readonly grants: GrantsOfVariables<G>
}

/** Returns the method that the variables imply: a private key, or an assertion of the platform, implies a single method. */
const methodOf = ({ clientAssertion, clientAuthentication, clientSecret, privateKey }: Values): string | undefined => {
  if (clientAuthentication !== undefined || clientSecret !== undefined) return clientAuthentication
  return privateKey !== undefined
    ? "private_key_jwt"
    : clientAssertion !== undefined
    ? "workload_identity"
    : undefined
}

const jwtMethods = ["private_key_jwt", "client_secret_jwt"]
const platformMethods = ["workload_identity", "spiffe_jwt"]
const usedBy = {
  privateKey: ["private_key_jwt"],
  previousPrivateKey: ["private_key_jwt"],
  privateKeyId: ["private_key_jwt"],
  signingAlgorithm: jwtMethods,
  assertionAudience: jwtMethods,
  assertionType: jwtMethods,
  clientAssertion: platformMethods
}

/** Variables that only the selectable methods and grants use. */
const selecting = [
  "privateKey",
  "privateKeyFile",
  "clientAssertion",
  "clientAssertionFile",
  "grant",
  "subjectToken",
  "subjectTokenFile",
  "subjectTokenType"
] as const

type Texts = { readonly [K in keyof Variables]: string | undefined }

const selectsAny = (text: Texts): boolean =>
  selecting.some((setting) => text[setting] !== undefined) ||
  [...jwtMethods, ...platformMethods].includes(text.clientAuthentication ?? "")

/** Reports variables that are set but not used. */
const misplaced = (values: Values): ReadonlyArray<Problem> => {
  const { expect, problems } = collect()
  const method = methodOf(values)
  if (method === undefined && values.privateKey !== undefined) {
    expect(
      "clientAuthentication",
      undefined,
      "private_key_jwt or one of the methods with a secret, since both a private key and a client secret are set"
    )
    return problems
  }
  if (method === "private_key_jwt") {
    expect(
      "privateKey",
      values.privateKey,
      "a private key as PEM or JWK, or in a file: private_key_jwt requires it"
    )
  }
  expect(
    "dpopKey",
    values.dpopKey === undefined || values.dpop !== "false" ? true : undefined,
    "unset while OAUTH_DPOP is false"
  )
  if (platformMethods.includes(method ?? "")) {
    expect("clientAssertion", values.clientAssertion, `an identity token, or a file with one: ${method} requires it`)
  }
  for (const [setting, methods] of Object.entries(usedBy) as Array<[keyof typeof usedBy, ReadonlyArray<string>]>) {
    if (method !== undefined && methods.includes(method)) continue
    expect(
      setting,
      values[setting] === undefined ? true : undefined,
      `unset, unless OAUTH_CLIENT_AUTHENTICATION is ${methods.join(" or ")}`
    )
  }
  return problems
}

/** Returns the method of client authentication that the variables select, as options. */
const authentication = <A extends client.Authentication>(
  methods: MethodsOfVariables<A> | undefined,
  values: Values
): client.Options => {
  if (methods === undefined) return {}
  const { clientSecret, previousClientSecret, previousPrivateKey, privateKey } = values
  const assertion = {
    audience: values.assertionAudience,
    type: values.assertionType,
    algorithm: values.signingAlgorithm
  }
  switch (methodOf(values)) {
    case "private_key_jwt":
      return {
        clientAuthentication: methods.private_key_jwt({
          ...assertion,
          // A missing key is reported like misplaced variables.
          key: privateKey ?? Effect.fail("missing"),
          previous: previousPrivateKey,
          keyId: values.privateKeyId
        })
      }
    case "client_secret_jwt":
      return clientSecret === undefined ? {} : {
        clientAuthentication: methods.client_secret_jwt(clientSecret, { ...assertion, previous: previousClientSecret }),
        clientSecret: undefined,
        previousClientSecret: undefined
      }
    case "workload_identity":
    case "spiffe_jwt":
      return {
        clientAuthentication: methods.workload_identity(values.clientAssertion ?? Effect.fail("missing"), {
          type: methodOf(values) === "spiffe_jwt" ? "spiffe" : "jwt"
        })
      }
    default:
      return {}
  }
}

/** Returns the grant that the variables select, as an option, with its problems. */
const grant = <G extends client.GrantOption>(
  grants: GrantsOfVariables<G> | undefined,
  { grant, subjectToken, subjectTokenFile, subjectTokenType }: Values
): { readonly option: client.Options; readonly problems: ReadonlyArray<Problem> } => {
  const { expect, problems } = collect()
  if (grants === undefined) return { option: { grant: undefined }, problems }
  // A token that is missing is reported below.
  const subject = subjectToken ?? Effect.fail("missing")
  const isUsed = grant === "jwt_bearer" || grant === "token_exchange"
  if (grant !== undefined && !isUsed) {
    expect("grant", undefined, "jwt_bearer, token_exchange, or unset")
    // A placeholder for the intended grant, so that its absence is not reported as another problem.
    return { option: { grant: grants.jwt_bearer(subject) }, problems }
  }
  expect(
    "subjectToken",
    isUsed === (subjectToken !== undefined) ? true : undefined,
    isUsed ? `an identity token, or a file with one: ${grant} requires it` : "unset without OAUTH_GRANT"
  )
  expect(
    "subjectTokenType",
    subjectTokenType === undefined || grant === "token_exchange" ? true : undefined,
    "unset, unless OAUTH_GRANT is token_exchange"
  )
  expect(
    "subjectTokenType",
    subjectTokenFile === undefined || ["jwt", "id_token"].includes(subjectTokenType ?? "jwt") ? true : undefined,
    "jwt or id_token with OAUTH_SUBJECT_TOKEN_FILE, which contains a JWT"
  )
  const chosen = grant === "jwt_bearer"
    ? grants.jwt_bearer(subject)
    : grants.token_exchange({ subject, subjectType: subjectTokenType })
  return { option: isUsed ? { grant: chosen } : { grant: undefined }, problems }
}

/** Parses the options that are more than a string. */
const structured = ({ authorizationDetails, parameters }: Values): client.Options => ({
  authorizationDetails: authorizationDetails === undefined ? undefined : readJson(authorizationDetails) ?? "",
  parameters: parameters === undefined ? undefined : Object.fromEntries(new URLSearchParams(parameters))
})

/** Returns the setting of the variable that a problem with a method refers to. */
const settingOf = (values: Values) => (setting: string): string => {
  const isKey = methodOf(values) === "private_key_jwt"
  const names: Readonly<Record<string, string>> = {
    "clientAuthentication.key": "privateKey",
    "clientAuthentication.secret": "clientSecret",
    "clientAuthentication.previous": isKey ? "previousPrivateKey" : "previousClientSecret",
    "clientAuthentication.identity": "clientAssertion",
    "grant.assertion": "subjectToken",
    "grant.subject": "subjectToken",
    "grant.subjectType": "subjectTokenType",
    "clientAuthentication.keyId": "privateKeyId",
    "clientAuthentication.algorithm": "signingAlgorithm",
    "clientAuthentication.audience": "assertionAudience",
    "clientAuthentication.type": "assertionType",
    "dpop.key": "dpopKey"
  }
  return names[setting] ?? setting
}

/** Reads the credentials of the variables: their present values and their sources. */
const credentials = (
  read: ReturnType<typeof environment.reader>,
  text: Texts,
  identityFile: ((path: string) => Source) | undefined
) => {
  const credential = (kind: Kind, setting: keyof Credentials) => {
    const [value, file] = [text[setting], text[`${setting}File`]]
    if (kind !== "identity token" || value !== undefined || file === undefined || identityFile === undefined) {
      return read.credential(kind, setting, value, file, variables.client[setting])
    }
    const source = identityFile(file)
    return Effect.map(Effect.either(source as Effect.Effect<unknown, { readonly problem: string }>), (now) => ({
      now: source,
      source,
      problem: Either.isRight(now)
        ? undefined
        : { setting: `${setting}File`, expected: `the path of a file with an identity token (${now.left.problem})` }
    }))
  }
  return Effect.map(
    Effect.all({
      clientSecret: credential("client secret", "clientSecret"),
      previousClientSecret: credential("client secret", "previousClientSecret"),
      privateKey: credential("private key", "privateKey"),
      previousPrivateKey: credential("private key", "previousPrivateKey"),
      dpopKey: credential("private key", "dpopKey"),
      clientAssertion: credential("identity token", "clientAssertion"),
      subjectToken: credential("identity token", "subjectToken")
    }),
    (found) => ({
      problems: Object.values(found).flatMap((one) => one?.problem ?? []),
      by: (which: "now" | "source"): Credentials => ({
        clientSecret: found.clientSecret?.[which],
        previousClientSecret: found.previousClientSecret?.[which],
        privateKey: found.privateKey?.[which],
        previousPrivateKey: found.previousPrivateKey?.[which],
        dpopKey: found.dpopKey?.[which],
        clientAssertion: found.clientAssertion?.[which],
        subjectToken: found.subjectToken?.[which]
      })
    })
  )
}

/**
 * Reads the settings of a client from the variables; `overrides` take precedence. `examine` reports problems that require an
 * Effect. Fails with an `InvalidConfig` for invalid options, and with errors that name the variables otherwise.
 */
export const read = <A extends client.Authentication, G extends client.GrantOption>(
  { examine, isPlain, loadSelectable, methods }: {
    /** True for programs without Effect, which do not know its `ConfigError`. */
    readonly isPlain: boolean
    readonly methods: client.Methods<A>
    readonly loadSelectable: Effect.Effect<Selectable<A, G>>
    readonly examine: (settings: client.Settings<A, G>) => Effect.Effect<void, ReadonlyArray<Problem>>
  },
  options: unknown,
  partRules: rules.Rules = allParts
): Effect.Effect<
  client.Settings<A, G>,
  ConfigError.ConfigError | InvalidConfig,
  FileSystem.FileSystem
> =>
  Effect.gen(function*() {
    const { overrides, prefix } = yield* environment.given(
      options,
      [...client.names, ...Object.keys(partRules)],
      (check, found) => client.readParts(check, partRules, found)
    )
    const reader = environment.reader(prefix, isPlain)
    const isOverridden = (setting: string) => {
      const name = setting.replace(/File$/, "")
      return Object.hasOwn(overrides, groups[name] ?? name)
    }
    const text = yield* reader.all(variables.client, isOverridden)
    const selectable = selectsAny(text) ? yield* loadSelectable : undefined
    const { by, problems } = yield* credentials(reader, text, selectable?.grants.file)
    const now: Values = { ...text, ...by("now") }
    const statuses = text.rejectedStatuses === undefined
      ? {}
      : environment.statusVariable(overrides, variables.client.rejectedStatuses)
    const errors = reader.errors(
      { ...variables.client, ...statuses },
      { ...text, "rejectedWhen.statuses": text.rejectedStatuses },
      overrides,
      settingOf(now)
    )
    const more = {
      apiOrigins: text.apiOrigins?.split(" ").filter((origin) => origin !== ""),
      allowOutsideBasePath: reader.flag(text.allowOutsideBasePath),
      certificateBoundTokens: reader.flag(text.certificateBoundTokens),
      allowHttpLoopback: reader.flag(text.allowHttpLoopback),
      ...overrides,
      rejectedWhen: environment.rejectedWhen(overrides["rejectedWhen"], text.rejectedStatuses)
    }
    const made = (which: "now" | "source") => {
      const values: Values = { ...text, ...by(which) }
      const check = collect()
      const granted = grant(selectable?.grants, values)
      check.problems.push(...problems, ...misplaced(values), ...granted.problems)
      const proofs = { dpop: values.dpopKey === undefined ? reader.flag(text.dpop) : { key: values.dpopKey } }
      const chosen = {
        ...structured(values),
        ...authentication(selectable?.methods, values),
        ...granted.option,
        ...proofs
      }
      const all = { ...values, ...chosen, ...more }
      const settings = client.read<A, G>(check, methods, all)
      client.revocation(check, all)
      return settings === undefined || check.problems.length > 0
        ? Effect.fail(errors(check.problems))
        : Effect.as(Effect.mapError(examine(settings), errors), settings)
    }
    // The present content of files is validated like values; later content is validated when it is read.
    yield* made("now")
    return yield* made("source")
  })
