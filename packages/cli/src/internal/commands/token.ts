/**
 * `effect-oauth token`: prints a token, or hands it to a command.
 */
import { spawn } from "node:child_process"
import { constants } from "node:os"

import type { AccessToken } from "@effect-oauth/client-credentials"
import { ClientConfig, SharedTokens, TokenCache } from "@effect-oauth/client-credentials"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import * as client from "../client.js"
import { Failure, usage } from "../Failure.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import * as settings from "../settings.js"

export interface Options extends Common {
  readonly json: boolean
  readonly header: boolean
  readonly exec: Option.Option<string>
  readonly fresh: boolean
}

/** What a program that was given a token needs no more. */
const isCredential = (variable: string): boolean =>
  /^(OAUTH_(CLIENT_SECRET|PRIVATE_KEY)|LEGACY_TOKEN_SECRET)/.test(variable)

const environment = (token: AccessToken.AccessToken) => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([variable]) => !isCredential(variable))),
  OAUTH_ACCESS_TOKEN: Redacted.value(token.value),
  OAUTH_ACCESS_TOKEN_EXPIRES_AT: new Date(token.expiresAt).toISOString()
})

/** In the shell, with the token in its environment, where other users do not see it as they would an argument. */
const execute = (command: string, token: AccessToken.AccessToken): Effect.Effect<Ended, Failure> =>
  Effect.async((resume) => {
    const child = spawn("sh", ["-c", command], { stdio: "inherit", env: environment(token) })
    let heard: NodeJS.Signals = "SIGTERM"
    const interrupted = () => {
      heard = "SIGINT"
    }
    process.prependOnceListener("SIGINT", interrupted)
    child.once("close", () => process.off("SIGINT", interrupted))
    const closed = new Promise<void>((resolve) => void child.once("close", () => resolve()))
    child.once("error", () => resume(new Failure({ outcome: "usage", message: "The shell for --exec did not start." })))
    child.once(
      "close",
      (code, signal) =>
        resume(Effect.succeed({ code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) }))
    )
    // The command may need a moment to tidy up. Ctrl-C of a terminal has reached it already, since it goes to both.
    return Effect.promise(() => {
      if (heard === "SIGTERM" || process.stdin.isTTY !== true) child.kill(heard)
      return closed
    })
  })

const shown = (token: AccessToken.AccessToken, now: number) => ({
  access_token: Redacted.value(token.value),
  token_type: "Bearer",
  expires_in: Math.max(0, Math.floor((token.expiresAt - now) / 1000)),
  expires_at: new Date(token.expiresAt).toISOString(),
  ...(token.scope === undefined ? {} : { scope: token.scope.join(" ") })
})

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const wanted = [options.json, options.header, Option.isSome(options.exec)].filter(Boolean)
    if (wanted.length > 1) return yield* usage("--json, --header and --exec exclude each other.", "Say one of them.")
    const chosen = settings.withoutApi(yield* settings.load(options.profile))
    const use = Effect.gen(function*() {
      const { dpop } = yield* ClientConfig.ClientConfig
      if (dpop !== undefined) {
        return yield* new Failure({
          outcome: "configuration",
          message:
            "The tokens of this client are bound to a key (OAUTH_DPOP, OAUTH_DPOP_KEY): an API rejects them without a " +
            "proof of that key.",
          remedy: "Use effect-oauth call, which proves that it has the key."
        })
      }
      const cache = yield* TokenCache.TokenCache
      // Without a token in the store, the one that is requested now is the fresh one.
      const stored = options.fresh ? yield* Effect.orElseSucceed(SharedTokens.stored, () => undefined) : undefined
      const cached = yield* cache.get
      const isStored = stored !== undefined && Redacted.value(stored.value) === Redacted.value(cached.value)
      const token = isStored ? yield* cache.refresh(cached) : cached
      const { print } = yield* Screen
      if (Option.isSome(options.exec)) return yield* execute(options.exec.value, token)
      const now = yield* Clock.currentTimeMillis
      yield* print(
        options.json
          ? JSON.stringify(shown(token, now))
          : options.header
          ? `Authorization: Bearer ${Redacted.value(token.value)}`
          : Redacted.value(token.value)
      )
      return "success" as const
    })
    return yield* Effect.provide(use, client.layer(chosen))
  })
