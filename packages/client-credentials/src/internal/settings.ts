/**
 * The checks behind every configuration: pure, and total over what a user may write, typed or not.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import type * as ClientConfig from "../ClientConfig.js"
import { ClientSecretUnavailable } from "../OAuthError.js"
import * as TokenRequest from "../TokenRequest.js"
import * as parameters from "./parameters.js"
import { collect, printable, type Problem } from "./problems.js"

/** What a user may have written: `unknown` where the environment or plain JavaScript leaves it open. */
type Loose<A> = { readonly [K in keyof A]?: unknown }

const isLoopback = (url: URL): boolean =>
  url.hostname === "localhost" || url.hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(url.hostname)

const secretParameters = ["client_secret", "client_assertion", "access_token", "password"]

const url = (value: unknown, allowHttpLoopback: boolean): URL | undefined => {
  const text = value instanceof URL ? value.href : value
  if (typeof text !== "string" || !URL.canParse(text)) return undefined
  const parsed = new URL(text)
  const transport = parsed.protocol === "https:" ||
    (parsed.protocol === "http:" && allowHttpLoopback && isLoopback(parsed))
  const bare = parsed.username === "" && parsed.password === "" && !text.includes("#")
  return transport && bare && !secretParameters.some((name) => parsed.searchParams.has(name)) ? parsed : undefined
}

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

const unusable = "it is empty or has line breaks in it"

/** A secret that is read when it is needed: then nothing but its source can tell whether it is sound. */
const source = (read: Effect.Effect<unknown, unknown>): ReturnType<typeof fixed> =>
  read.pipe(
    Effect.mapError((failure) => new ClientSecretUnavailable({ problem: tagOf(failure) })),
    Effect.flatMap((value) =>
      Redacted.isRedacted(value) && printable(Redacted.value(value))
        ? Effect.succeed(value as Redacted.Redacted<string>)
        : new ClientSecretUnavailable({ problem: unusable })
    )
  )

const fixed = (
  value: Redacted.Redacted<string>
): Effect.Effect<Redacted.Redacted<string>, ClientSecretUnavailable> => Effect.succeed(value)

/** All that is shown of an error from elsewhere, which may hold anything. */
const tagOf = (failure: unknown): string => {
  const { _tag, reason } = (typeof failure === "object" && failure !== null ? failure : {}) as {
    readonly _tag?: unknown
    readonly reason?: unknown
  }
  const shown = _tag === "SystemError" ? reason : _tag
  return typeof shown === "string" && /^\w{1,60}$/.test(shown) ? shown : "its source failed"
}

const secretOrSource = (found: ReturnType<typeof collect>, setting: string, value: unknown) => {
  if (Effect.isEffect(value)) return source(value as Effect.Effect<unknown, unknown>)
  const checked = secret(found, setting, value)
  return checked === undefined ? undefined : fixed(checked)
}

const api = (
  { expect }: ReturnType<typeof collect>,
  options: Loose<ClientConfig.Options>,
  loopback: boolean
): ClientConfig.Api | undefined => {
  const base = url(options.apiBaseUrl, loopback)
  const sound = expect(
    "apiBaseUrl",
    base !== undefined && base.search === "" ? base : undefined,
    `an absolute URL, ${scheme(loopback)}, without credentials, query or fragment`
  )
  const origins = parameters.words(options.apiOrigins).map((value) => {
    const origin = url(value, loopback)
    return expect(
      "apiOrigins",
      origin !== undefined && origin.pathname === "/" && origin.search === "" ? origin.origin : undefined,
      `origins such as "https://files.example.com", ${scheme(loopback)}, without path`
    )
  })
  if (sound === undefined) return undefined
  return {
    baseUrl: sound.href.replace(/\/+$/, ""),
    origins: new Set([sound.origin, ...origins.filter((origin) => origin !== undefined)])
  }
}

const oneOf = <const A extends ReadonlyArray<string>>(value: unknown, allowed: A): A[number] | undefined =>
  value === undefined ? allowed[0] : allowed.find((name) => name === value)

/**
 * On Node, this variable switches certificate verification off for the whole process: then no token is safe.
 */
const verifiesCertificates = (): boolean => {
  const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env
  return environment?.["NODE_TLS_REJECT_UNAUTHORIZED"] !== "0"
}

const environment = ({ expect }: ReturnType<typeof collect>) =>
  expect(
    "NODE_TLS_REJECT_UNAUTHORIZED",
    verifiesCertificates() ? true : undefined,
    "to be unset: with 0, Node verifies no certificate; trust a private authority with NODE_EXTRA_CA_CERTS instead"
  )

export const client = (
  options: Loose<ClientConfig.Options>
): Either.Either<ClientConfig.Service, ReadonlyArray<Problem>> => {
  const found = collect()
  const { expect, problems } = found
  const loopback = options.allowHttpLoopback === true

  environment(found)
  const tokenUrl = expect(
    "tokenUrl",
    url(options.tokenUrl, loopback),
    `an absolute URL, ${scheme(loopback)}, without credentials or fragment`
  )
  const clientId = expect(
    "clientId",
    printable(options.clientId) ? options.clientId : undefined,
    "a text of one or more characters, without line breaks"
  )
  const clientSecret = secretOrSource(found, "clientSecret", options.clientSecret)
  const previousClientSecret = options.previousClientSecret === undefined
    ? new ClientSecretUnavailable({ problem: "there is no previous one" })
    : secretOrSource(found, "previousClientSecret", options.previousClientSecret)
  problems.push(...parameters.problems(options))
  const clientAuthentication = expect(
    "clientAuthentication",
    oneOf(options.clientAuthentication, ["client_secret_post", "client_secret_basic"]),
    "client_secret_post or client_secret_basic"
  )
  const requestFormat = expect("requestFormat", oneOf(options.requestFormat, ["form", "json"]), "form or json")
  const resourceServer = api(found, options, loopback)

  if (
    problems.length > 0 || tokenUrl === undefined || clientId === undefined || clientSecret === undefined ||
    previousClientSecret === undefined || clientAuthentication === undefined || requestFormat === undefined ||
    resourceServer === undefined
  ) return Either.left(problems)
  return Either.right({
    request: TokenRequest.make({
      ...(options as TokenRequest.Change),
      tokenUrl: tokenUrl.href,
      clientId,
      clientAuthentication,
      requestFormat
    }),
    clientSecret,
    previousClientSecret,
    api: resourceServer
  })
}

export const legacy = (options: {
  readonly tokenId?: unknown
  readonly tokenSecret?: unknown
  readonly apiBaseUrl?: unknown
  readonly apiOrigins?: unknown
  readonly allowHttpLoopback?: unknown
}): Either.Either<
  { readonly tokenId: string; readonly tokenSecret: Redacted.Redacted<string>; readonly api: ClientConfig.Api },
  ReadonlyArray<Problem>
> => {
  const found = collect()
  const { expect, problems } = found
  environment(found)
  const tokenId = expect(
    "tokenId",
    printable(options.tokenId) && !options.tokenId.includes(":") ? options.tokenId : undefined,
    "a text of one or more characters, without line breaks and colons (RFC 7617 section 2)"
  )
  const tokenSecret = secret(found, "tokenSecret", options.tokenSecret)
  const resourceServer = api(found, options, options.allowHttpLoopback === true)
  if (problems.length > 0 || tokenId === undefined || tokenSecret === undefined || resourceServer === undefined) {
    return Either.left(problems)
  }
  return Either.right({ tokenId, tokenSecret, api: resourceServer })
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

    /** From the variable, or from the file, which is read now to see that it can be, and for each use. */
    secret: (
      value: string | undefined,
      file: string | undefined,
      [variable, fileVariable]: readonly [string, string]
    ): Effect.Effect<
      Redacted.Redacted<string> | Effect.Effect<Redacted.Redacted<string>, PlatformError> | undefined,
      ConfigError.ConfigError,
      FileSystem.FileSystem
    > => {
      if (file === undefined) return Effect.succeed(value === undefined ? undefined : Redacted.make(value))
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
        if (!printable(Redacted.value(now))) {
          return yield* Effect.fail(error(fileVariable, file, "the path of a file that holds one line, the secret"))
        }
        return read
      })
    },

    errors:
      (variables: Readonly<Record<string, string>>, given: Readonly<Record<string, unknown>>) =>
      (problems: ReadonlyArray<Problem>): ConfigError.ConfigError =>
        problems
          .map(({ expected, setting }) =>
            error(variables[setting] ?? setting, given[setting] ?? given[`${setting}File`], expected)
          )
          .reduce((left, right) => ConfigError.And(left, right))
  }
}
