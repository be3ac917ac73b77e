/**
 * Options of programs without Effect: strings and functions in place of `Redacted` and `Effect`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import type { Overrides } from "../../TokenRequest.js"
import { isRecord } from "../protocol/json.js"
import { collect, type Problem } from "./check.js"
import type { Source } from "./credentialSource.js"

/** A secret, or a function that reads it whenever it is needed. */
export type Secret = string | Source | (() => string | Promise<string>)

export const source = (secret: Secret): Source =>
  typeof secret === "string"
    ? Redacted.make(secret)
    : typeof secret === "function"
    ? Effect.tryPromise(async () => {
      const value = await secret()
      // Files end with a line break. A value that is not a string, such as an unset variable, is reported when it is validated.
      return Redacted.make(typeof value === "string" ? value.replace(/\r?\n$/, "") : value)
    })
    : secret

/** Converts known types. Other values are passed through, and reported by the rules of the options. */
const converted = (
  options: unknown,
  conversions: Readonly<Record<string, (value: never) => unknown>>
): unknown =>
  isRecord(options)
    ? Object.fromEntries(
      Object.entries(options).map(([name, value]) => {
        const convert = Object.hasOwn(conversions, name) ? conversions[name] : undefined
        return [name, convert === undefined || value === undefined ? value : convert(value as never)]
      })
    )
    : options

const decoder = (decode: unknown): unknown =>
  typeof decode !== "function" || "ast" in decode ? decode : (json: unknown) => {
    const decoded: unknown = decode(json)
    return Option.isOption(decoded) ? decoded : Option.fromNullable(decoded)
  }

export const ofClient = (options: unknown): unknown =>
  converted(options, { clientSecret: source, previousClientSecret: source, tokenResponse: decoder })

/** Overrides of a token request in a program without Effect. */
export type PlainOverrides = Omit<Overrides, "onBehalfOf"> & {
  readonly onBehalfOf?: string | Overrides["onBehalfOf"]
}

export const ofRequest = (overrides: PlainOverrides): Overrides =>
  converted(overrides, {
    onBehalfOf: (token: unknown) => typeof token === "string" ? Redacted.make(token) : token
  }) as Overrides

const names = ["fetch", "httpClient", "log"]

/** Returns the problems of the platform and the variables that a program passes to a client. */
export const problemsOfPlatform = (platform: unknown, env: unknown): ReadonlyArray<Problem> => {
  const { expect, problems } = collect()
  expect("env", env === undefined || isRecord(env) ? true : undefined, "an object of variables")
  if (!isRecord(platform)) {
    expect("platform", undefined, "an object with fetch, httpClient or log")
    return problems
  }
  const { fetch, httpClient, log } = platform
  for (const name of Object.keys(platform)) {
    expect(name, names.includes(name) ? true : undefined, "no such option")
  }
  const isFunction = (value: unknown) => value === undefined || typeof value === "function" ? true : undefined
  expect("fetch", isFunction(fetch), "a function")
  expect("fetch", fetch === undefined || httpClient === undefined ? true : undefined, "absent if httpClient is set")
  expect("httpClient", httpClient === undefined || Layer.isLayer(httpClient) ? true : undefined, "a layer")
  expect("log", isFunction(log), "a function of a level and a message")
  return problems
}
