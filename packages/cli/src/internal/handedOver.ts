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
import type { Successor } from "./run.js"
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

/** The failure for a program that does not start, with the exit code of a shell. */
const notStarted = (program: Program, code: string): Failure =>
  "line" in program
    ? new Failure({ outcome: "notExecutable", message: `The shell for --exec did not start (${code}).` })
    : code === "ENOENT"
    ? new Failure({
      outcome: "notFound",
      message: `${program.file} could not be found.`,
      remedy: "Check its name, its interpreter and PATH."
    })
    : new Failure({
      outcome: "notExecutable",
      message: `${program.file} could not be executed (${code}).`,
      remedy: "Check that it is a program, and that you may execute it."
    })

/** The signals that are passed on. */
const signals = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const

/** Returns true if a terminal sends the signal to all processes in its foreground, to the program too. */
const isOfTerminal = (signal: NodeJS.Signals): boolean =>
  (signal === "SIGINT" || signal === "SIGQUIT") &&
  [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY)

/**
 * Runs a program with the token, in place of this command: signals are passed on to it, and it decides how both end. Returns its
 * exit code, or that of a shell for a program that a signal ended.
 */
export const run = (program: Program, token: AccessToken.AccessToken, chosen: Settings): Successor =>
  Effect.async((resume) => {
    const options = { stdio: "inherit", env: environment(token, chosen) } as const
    const child = "line" in program
      ? spawn(program.line, { ...options, shell: true })
      : spawn(program.file, program.args, options)
    const passOn = (signal: NodeJS.Signals) => {
      if (!isOfTerminal(signal)) child.kill(signal)
    }
    for (const signal of signals) process.on(signal, passOn)
    const end = (ended: Successor) => {
      for (const signal of signals) process.off(signal, passOn)
      resume(ended)
    }
    child.once("error", (error) => end(notStarted(program, errorCode.of(error))))
      .once(
        "exit",
        (code, signal) => end(Effect.succeed(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
      )
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
