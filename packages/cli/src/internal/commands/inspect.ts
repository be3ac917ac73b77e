/**
 * `effect-oauth inspect`: shows the properties of the token, and not the token.
 */
import type * as AccessToken from "@effect-oauth/client-credentials/AccessToken"
import * as ClientConfig from "@effect-oauth/client-credentials/ClientConfig"
import * as TokenCache from "@effect-oauth/client-credentials/TokenCache"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import { timeOf } from "../../../../client-credentials/dist/internal/protocol/identityToken.js"
import { harmless } from "../ansi.js"
import * as client from "../client.js"
import * as deadline from "../deadline.js"
import * as durationText from "../durationText.js"
import { usage } from "../Failure.js"
import * as jwt from "../jwt.js"
import * as printing from "../printing.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import * as secretSource from "../secretSource.js"
import * as settings from "../settings.js"
import * as stdio from "../stdio.js"
import * as table from "../table.js"

export interface Options extends Common, deadline.Options {
  readonly stdin: boolean
  readonly json: boolean
}

const warning =
  "A client must not rely on these claims: the token is the API's to read (RFC 9068 section 6), and may change " +
  "its form any day."

const dates = ["exp", "iat", "nbf", "auth_time"]

/** Returns the claims that are times, as dates. */
const times = (claims: Readonly<Record<string, unknown>>): ReadonlyArray<readonly [string, string]> =>
  dates.flatMap((name) => {
    const time = timeOf(claims[name])
    return time === undefined ? [] : [[name, new Date(time).toISOString()] as const]
  })

const facts = (
  { profile, request, token }: {
    readonly profile: string
    readonly request: ClientConfig.ClientConfig["request"]
    readonly token: AccessToken.AccessToken
  },
  found: jwt.Jwt | undefined,
  now: number
): ReadonlyArray<readonly [string, string]> => {
  const value = Redacted.value(token.value)
  const scope = token.scope?.join(" ")
  return [
    ["client", `${request.clientId}, from ${profile}`],
    ["issued by", request.tokenUrl ?? request.issuer ?? ""],
    [
      "requested",
      [
        ...(request.audience === undefined ? [] : [`audience ${request.audience}`]),
        ...(request.resource === "" ? [] : [`resource ${request.resource}`]),
        ...(request.scope === "" ? [] : [`scope ${request.scope}`])
      ].join(", ") || "nothing in particular"
    ],
    ["scope", scope === undefined ? "as requested: the response has no scope" : scope === "" ? "none" : scope],
    [
      "type",
      `${token.type ?? "Bearer"}, ${value.length} characters, ${
        found === undefined ? "opaque" : `a JWT signed by ${String(found.header["alg"])}`
      }`
    ],
    ["requested at", `${new Date(token.requestedAt).toISOString()}, ${durationText.show(now - token.requestedAt)} ago`],
    ["expires at", `${new Date(token.expiresAt).toISOString()}, in ${durationText.show(token.expiresAt - now)}`]
  ].map(([name = "", text = ""]) => [name, harmless(text)] as const)
}

/** Shows the parts of a JWT, with a warning that they are not verified. */
const showClaims = (found: jwt.Jwt) =>
  Effect.gen(function*() {
    const { complain, isTerminal, out, print } = yield* Screen
    const look = { style: out, isFormatted: true }
    const show = (value: unknown) => printing.body(printing.harmlessBody(JSON.stringify(value)), undefined, look)
    yield* print(
      `\n${out.bold("header")} ${show(found.header)}`
    )
    yield* print(
      `${out.bold("claims")} ${show(found.claims)}`
    )
    yield* print(times(found.claims).map(([name, text]) => out.dim(`${name} is ${text}`)).join("\n"))
    yield* complain(`${isTerminal ? "\n" : ""}${out.yellow("warning:")} ${warning}`)
  })

/** Shows the claims of a token that was pasted or piped; requires no client. */
const ofStdin = ({ json }: Options) =>
  Effect.gen(function*() {
    const text = process.stdin.isTTY === true
      ? Redacted.value(yield* secretSource.ask("Token (not shown): "))
      : new TextDecoder().decode(yield* stdio.readAll)
    const token = text.trim().replace(/^(authorization:\s*)?(bearer|dpop)\s+/i, "")
    const found = jwt.read(token)
    if (token === "" || /\s/.test(token)) {
      return yield* usage("Standard input holds no token.", "Write the token on one line, and nothing else.")
    }
    const { print } = yield* Screen
    if (json) {
      yield* print(printing.harmlessBody(JSON.stringify({ characters: token.length, jwt: found })))
      return "success" as const
    }
    yield* print(
      `${token.length} characters, ${
        found === undefined ? "opaque" : `a JWT signed by ${harmless(String(found.header["alg"]))}`
      }`
    )
    if (found !== undefined) yield* showClaims(found)
    return "success" as const
  })

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    if (options.stdin) return yield* ofStdin(options)
    const chosen = settings.withoutApi(yield* settings.load(options.profile))
    const use = Effect.gen(function*() {
      const { request } = yield* ClientConfig.ClientConfig
      const token = yield* Effect.flatMap(TokenCache.TokenCache, ({ get }) => get)
      const { out, print, room } = yield* Screen
      const found = jwt.read(Redacted.value(token.value))
      const now = yield* Clock.currentTimeMillis
      if (options.json) {
        yield* print(printing.harmlessBody(JSON.stringify({
          client_id: request.clientId,
          token_url: request.tokenUrl,
          issuer: request.issuer,
          audience: request.audience,
          scope: token.scope?.join(" "),
          token_type: token.type ?? "Bearer",
          requested_at: new Date(token.requestedAt).toISOString(),
          expires_at: new Date(token.expiresAt).toISOString(),
          expires_in: Math.max(0, Math.floor((token.expiresAt - now) / 1000)),
          jwt: found
        })))
        return "success" as const
      }
      yield* print(
        table.list(
          facts({ profile: chosen.origin, request, token }, found, now).map(([name, text]) => [out.cyan(name), text]),
          room
        )
      )
      if (found !== undefined) yield* showClaims(found)
      return "success" as const
    })
    return yield* Effect.provide(use, client.layer(chosen)).pipe(deadline.within(options, "authorizationServer"))
  })
