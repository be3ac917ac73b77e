/**
 * Client authentication as `init` reads it from options or prompts: the method, its key or certificate, and the encoding of the
 * secret.
 */
import * as Path from "node:path"

import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import { type Failure, usage } from "./Failure.js"
import type { Values } from "./profileText.js"
import type { methods } from "./proofMethods.js"
import * as question from "./question.js"

export type Method = typeof methods[number]

export interface Options {
  readonly authentication: Option.Option<Method>
  readonly privateKeyFile: Option.Option<string>
  readonly privateKeyId: Option.Option<string>
  readonly certificateFile: Option.Option<string>
  readonly certificateKeyFile: Option.Option<string>
  readonly basicEncoding: Option.Option<"form" | "raw">
}

export const needsSecret = (method: Method | undefined): boolean =>
  method === undefined || method.startsWith("client_secret_")

export const needsKey = (method: Method | undefined): boolean => method === "private_key_jwt"

export const needsCertificate = (method: Method | undefined): boolean =>
  method === "tls_client_auth" || method === "self_signed_tls_client_auth"

/** The method that the options name, or that follows from a key. */
export const methodOf = ({ authentication, privateKeyFile }: Options): Method | undefined =>
  Option.getOrElse(authentication, () => Option.isSome(privateKeyFile) ? "private_key_jwt" as const : undefined)

/** The options that the method requires and that are absent. */
export const missing = (method: Method | undefined, options: Options): ReadonlyArray<string> => [
  ...(needsKey(method) && Option.isNone(options.privateKeyFile) ? ["--private-key-file"] : []),
  ...(needsCertificate(method)
    ? (["certificateFile", "certificateKeyFile"] as const).flatMap((name) =>
      Option.isNone(options[name]) ? [name === "certificateFile" ? "--certificate-file" : "--certificate-key-file"] : []
    )
    : [])
]

const choices: ReadonlyArray<question.Choice<Method | undefined>> = [
  { name: "By a secret", value: undefined, description: "in the way that the server supports" },
  { name: "By a secret in the header", value: "client_secret_basic" },
  { name: "By a secret in the body", value: "client_secret_post" },
  { name: "By a JWT, signed by a private key", value: "private_key_jwt" },
  { name: "By a JWT, signed by the secret", value: "client_secret_jwt" },
  { name: "By a certificate", value: "tls_client_auth" },
  { name: "By a self-signed certificate", value: "self_signed_tls_client_auth" }
]

export const askMethod = question.select({ message: "How does the client prove itself?", choices })

const some = (text: string): true | string => text.trim() === "" ? "This is needed" : true

const askFor = (given: Option.Option<string>, isNeeded: boolean, message: string) =>
  Option.isSome(given) || !isNeeded
    ? Effect.succeed(given)
    : Effect.asSome(question.text({ message, validate: some }))

/** Prompts for the files that the method requires. */
export const askFiles = (method: Method | undefined, options: Options): Effect.Effect<Options, Failure> =>
  Effect.gen(function*() {
    return {
      ...options,
      privateKeyFile: yield* askFor(options.privateKeyFile, needsKey(method), "File of the private key"),
      certificateFile: yield* askFor(options.certificateFile, needsCertificate(method), "File of the certificate"),
      certificateKeyFile: yield* askFor(options.certificateKeyFile, needsCertificate(method), "File of its key")
    }
  })

/** The variables. */
export const values = (method: Method | undefined, options: Options): Values => {
  const text = (variable: string, value: Option.Option<string>): Values =>
    Option.isSome(value) ? { [variable]: value.value } : {}
  const path = (variable: string, value: Option.Option<string>) =>
    text(variable, Option.map(value, (file) => Path.resolve(file)))
  return {
    ...text("OAUTH_CLIENT_AUTHENTICATION", Option.fromNullable(method)),
    ...text("OAUTH_BASIC_ENCODING", options.basicEncoding),
    ...path("OAUTH_PRIVATE_KEY_FILE", options.privateKeyFile),
    ...text("OAUTH_PRIVATE_KEY_ID", options.privateKeyId),
    ...path("OAUTH_TLS_CERTIFICATE_FILE", options.certificateFile),
    ...path("OAUTH_TLS_KEY_FILE", options.certificateKeyFile)
  }
}

/** Fails if an option is set that the method does not use. */
export const check = (method: Method | undefined, secrets: number): Effect.Effect<void, Failure> =>
  !needsSecret(method) && secrets > 0
    ? Effect.fail(usage(`${method} uses no client secret.`, "Leave out the --secret options."))
    : Effect.void
