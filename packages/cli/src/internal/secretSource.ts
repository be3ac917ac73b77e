/**
 * Secrets that are not in a file: a command prints them, or the user types them. They are read only when a token is requested;
 * while a token is cached, no command runs and no prompt appears.
 */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { Writable } from "node:stream"

import type * as FileSystem from "@effect/platform/FileSystem"
import * as ClientConfig from "@effect-oauth/client-credentials/ClientConfig"
import type * as InvalidConfig from "@effect-oauth/client-credentials/InvalidConfig"
import * as OAuthError from "@effect-oauth/client-credentials/OAuthError"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

import { Failure } from "./Failure.js"
import { own } from "./profileText.js"
import { provider, type Settings } from "./settings.js"

type Secret = Effect.Effect<Redacted.Redacted<string>, OAuthError.CredentialUnavailable>

/** A failure that another attempt would repeat: a command would run again, and may prompt again. */
const unavailable = (problem: string, check: string) =>
  new OAuthError.CredentialUnavailable({ credential: "client secret", problem, check, permanent: true })

/** The part of a message that states what to check of the command. */
const checkCommand =
  `${own.secretCommand} by running it in a shell: it must print the secret on one line, and nothing else`

/** The exit codes of a shell for a command that it cannot run (POSIX, section 2.8.2). */
const shellProblems: Readonly<Record<string, string>> = { 126: " (it cannot be executed)", 127: " (it was not found)" }

const maxBytes = 65_536

/** Returns the standard output of the command without its last line break. The command may prompt the user. */
export const fromCommand = (command: string): Secret =>
  Effect.async<Redacted.Redacted<string>, OAuthError.CredentialUnavailable>((resume) => {
    const child = spawn(command, { stdio: ["inherit", "pipe", "inherit"], shell: true })
    const chunks: Array<Buffer> = []
    let size = 0
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length
      // Ends every process that still writes, in a pipe of the command too, by a broken pipe.
      if (size > maxBytes) child.stdout.destroy()
      else chunks.push(chunk)
    })
    child.once("error", () =>
      resume(
        Effect.fail(unavailable(`the shell for ${own.secretCommand} did not start`, "the shell of this machine"))
      ))
    child.once("close", (code, signal) => {
      const text = Buffer.concat(chunks).toString("utf8").replace(/\r?\n$/, "")
      resume(
        size > maxBytes || code !== 0 || text === "" || /[\r\n]/.test(text)
          ? Effect.fail(unavailable(
            code !== 0 && size <= maxBytes
              ? `the command of ${own.secretCommand} ended with ${code ?? signal}${shellProblems[String(code)] ?? ""}`
              : `the command of ${own.secretCommand} printed ${
                text === "" ? "nothing" : size > maxBytes ? "too much" : "more than one line"
              }`,
            checkCommand
          ))
          : Effect.succeed(Redacted.make(text))
      )
    })
    return Effect.sync(() => child.kill())
  })

/** The part of a message that states where the secret can be, in place of a prompt. */
const elsewhere =
  `that a terminal is there, or set OAUTH_CLIENT_SECRET_FILE or ${own.secretCommand} in place of ${own.secretPrompt}`

/** Prompts on the terminal without echo. The prompt is written to standard error: standard output is for results. */
export const ask = (question: string): Effect.Effect<Redacted.Redacted<string>, Failure> =>
  Effect.suspend(() => {
    if (process.stdin.isTTY !== true) {
      return new Failure({
        outcome: "credential",
        message: "The client secret is to be typed, and there is no terminal.",
        remedy: `Keep it in a file (OAUTH_CLIENT_SECRET_FILE), or let a command print it (${own.secretCommand}).`
      })
    }
    return Effect.async<Redacted.Redacted<string>, Failure>((resume) => {
      const muted = new Writable({ write: (_chunk, _encoding, done) => done() })
      // Disables the echo before the prompt is shown.
      const lines = createInterface({ input: process.stdin, output: muted, terminal: true, historySize: 0 })
      process.stderr.write(question)
      let isAnswered = false
      lines.once("SIGINT", () => lines.close())
      lines.once("line", (line) => {
        isAnswered = true
        lines.close()
        process.stderr.write("\n")
        resume(Effect.succeed(Redacted.make(line)))
      })
      lines.once("close", () => {
        if (isAnswered) return
        process.stderr.write("\n")
        resume(new Failure({ outcome: "interrupted", message: "Interrupted." }))
      })
      return Effect.sync(() => {
        isAnswered = true
        lines.close()
      })
    })
  })

const withSecret = (settings: Settings, secret: string) => {
  const { [own.secretCommand]: _command, [own.secretPrompt]: _prompt, ...values } = settings.values
  return Effect.provide(ClientConfig.ClientConfig, ClientConfig.layerEnv()).pipe(
    Effect.withConfigProvider(provider({ ...settings, values: { ...values, OAUTH_CLIENT_SECRET: secret } }))
  )
}

/** Placeholder of the secret while the other settings are validated: long enough for every method (RFC 7518 section 3.2). */
const notReadYet = "not read yet".padEnd(64, ".")

/** The configuration, with a secret that is read for each token request. `identity` identifies it until then. */
const deferred = (
  settings: Settings,
  secret: Secret,
  { checkSource, identity }: { readonly checkSource: string; readonly identity: string }
): Effect.Effect<
  ClientConfig.ClientConfig,
  ConfigError.ConfigError | InvalidConfig.InvalidConfig,
  FileSystem.FileSystem
> =>
  Effect.gen(function*() {
    const context = yield* Effect.context<FileSystem.FileSystem>()
    const checked = yield* withSecret(settings, notReadYet)
    const hasPrevious = ["OAUTH_CLIENT_SECRET_PREVIOUS", "OAUTH_CLIENT_SECRET_PREVIOUS_FILE"]
      .some((variable) => settings.values[variable] !== undefined)
    return {
      ...checked,
      authentication: (supported) => {
        const { credentials, method, mutualTls } = checked.authentication(supported)
        // The other credentials belong to the placeholder.
        const previous = hasPrevious ? credentials.slice(-1) : []
        return {
          method,
          mutualTls,
          credentials: [
            Effect.succeed({
              identity: Redacted.make(identity),
              prove: (target) =>
                Effect.gen(function*() {
                  const { authentication } = yield* Effect.mapError(
                    withSecret(settings, Redacted.value(yield* secret)),
                    () => unavailable("it has characters in it that no secret can have", checkSource)
                  )
                  const credential = yield* authentication(supported).credentials[0]
                  return yield* credential.prove(target)
                }).pipe(Effect.provide(context))
            }),
            ...previous
          ]
        }
      }
    }
  })

/** Returns the configuration of the settings, for each source of the secret. */
export const configure = (
  settings: Settings
): Effect.Effect<
  ClientConfig.ClientConfig,
  ConfigError.ConfigError | Failure | InvalidConfig.InvalidConfig,
  FileSystem.FileSystem
> => {
  if (settings.given !== undefined) return withSecret(settings, notReadYet)
  const command = settings.values[own.secretCommand]
  const isAsked = settings.values[own.secretPrompt] === "true"
  const others = ["OAUTH_CLIENT_SECRET", "OAUTH_CLIENT_SECRET_FILE"].filter((one) => settings.values[one] !== undefined)
  const sources = [
    ...others,
    ...(command === undefined ? [] : [own.secretCommand]),
    ...(isAsked ? [own.secretPrompt] : [])
  ]
  if (sources.length > 1) {
    return new Failure({
      outcome: "configuration",
      message: `${sources.join(" and ")} each define the client secret.`,
      remedy: "Keep one of them."
    })
  }
  if (command !== undefined) {
    return deferred(settings, fromCommand(command), { identity: `command ${command}`, checkSource: checkCommand })
  }
  if (isAsked) {
    const { OAUTH_CLIENT_ID: client = "" } = settings.values
    const asked = ask(`Client secret of ${client.replace(/[\x00-\x1f]/g, "")}: `).pipe(
      Effect.mapError(({ message }) =>
        unavailable(message.replace(/^T|\.$/g, (one) => one === "T" ? "t" : ""), elsewhere)
      )
    )
    return deferred(settings, asked, { identity: `typed for ${client}`, checkSource: "what was typed" })
  }
  return Effect.provide(ClientConfig.ClientConfig, ClientConfig.layerEnv()).pipe(
    Effect.withConfigProvider(provider(settings))
  )
}
