/**
 * Tokens that are passed to other programs by their environment, which other users cannot read, unlike arguments; and their use
 * by this command when such a program runs it.
 */
import { spawn } from "node:child_process"
import { constants } from "node:os"

import * as AccessToken from "@effect-oauth/client-credentials/AccessToken"
import * as OAuthError from "@effect-oauth/client-credentials/OAuthError"
import type * as TokenEndpoint from "@effect-oauth/client-credentials/TokenEndpoint"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import * as errorCode from "./errorCode.js"
import { Failure } from "./Failure.js"
import type { Ended } from "./run.js"
import type { Settings } from "./settings.js"
import { type Given, handedOver, isCredential } from "./variables.js"

/** The token as variables. */
export const variablesOf = (token: AccessToken.AccessToken): Readonly<Record<string, string>> => ({
  [handedOver.token]: Redacted.value(token.value),
  [handedOver.expiresAt]: new Date(token.expiresAt).toISOString()
})

/** The environment of the program: this command uses the profile below it too. */
const environment = (token: AccessToken.AccessToken, { profile }: Settings): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([variable]) => !isCredential(variable))),
  ...(profile === undefined ? {} : { EFFECT_OAUTH_PROFILE: profile }),
  ...variablesOf(token)
})

/** A line for the shell, or a program with its arguments. */
export type Program = { readonly line: string } | { readonly file: string; readonly args: ReadonlyArray<string> }

const notStarted = (program: Program, code: string): Ended | Failure =>
  "line" in program
    ? new Failure({ outcome: "usage", message: `The shell for --exec did not start (${code}).` })
    : new Failure({
      outcome: "usage",
      message: `${program.file} could not be started (${code}).`,
      remedy: "Check its name, and that it may be executed."
    })

/** Runs a program with the token, and ends as it does. */
export const run = (
  program: Program,
  token: AccessToken.AccessToken,
  chosen: Settings
): Effect.Effect<Ended, Failure> =>
  Effect.async((resume) => {
    const options = { stdio: "inherit", env: environment(token, chosen) } as const
    const child = "line" in program
      ? spawn(program.line, { ...options, shell: true })
      : spawn(program.file, program.args, options)
    let received: NodeJS.Signals = "SIGTERM"
    const interrupted = () => {
      received = "SIGINT"
    }
    process.prependOnceListener("SIGINT", interrupted)
    child.once("close", () => process.off("SIGINT", interrupted))
    const closed = new Promise<void>((resolve) => void child.once("close", () => resolve()))
    child.once("error", (error) => {
      const ended = notStarted(program, errorCode.of(error))
      resume(ended instanceof Failure ? ended : Effect.succeed(ended))
    })
    child.once(
      "close",
      (code, signal) =>
        resume(Effect.succeed({ code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) }))
    )
    // The command may need time to clean up. Ctrl-C on a terminal is sent to both processes.
    return Effect.promise(() => {
      if (received === "SIGTERM" || process.stdin.isTTY !== true) child.kill(received)
      return closed
    })
  })

/** Returns the token that was passed, until it expires. */
export const endpoint = (
  network: TokenEndpoint.TokenEndpoint,
  { expiresAt, value }: Given
): TokenEndpoint.TokenEndpoint => ({
  ...network,
  requestToken: ({ scope }, options) =>
    options?.replaces !== undefined || Date.now() >= expiresAt
      ? new OAuthError.CredentialUnavailable({
        credential: "client secret",
        problem:
          `${handedOver.token} of the environment is expired or rejected, and the credentials are not handed over`,
        check: "Start the program again by effect-oauth exec, or use a profile.",
        permanent: true
      })
      : Effect.succeed({
        token: new AccessToken.AccessToken({
          value,
          scope: scope === "" ? undefined : scope.split(" "),
          requestedAt: Date.now(),
          expiresAt
        }),
        quotas: []
      })
})
