/**
 * The variables that this command reads, and checks of those that are set: misspelt names, and secrets with quotes or blanks
 * around them.
 */
import * as Redacted from "effect/Redacted"

import { client, tls } from "../../../client-credentials/dist/internal/config/variables.js"
import { harmless } from "./ansi.js"
import { nearest, withWords } from "./nearest.js"
import { own, type Values } from "./profileText.js"

/** The variables of the library's `ClientConfig`. */
const clientVariables: ReadonlyArray<string> = Object.values(client)

/** The variables of the library's `NodeTls`. */
export const tlsVariables: ReadonlyArray<string> = Object.values(tls)

const ofClient: ReadonlyArray<string> = [...clientVariables, ...Object.values(own)]

const known: ReadonlyArray<string> = [...ofClient, ...tlsVariables]

/** Variables that `token --exec` and `exec` set for the programs that they run. */
export const handedOver = { token: "OAUTH_ACCESS_TOKEN", expiresAt: "OAUTH_ACCESS_TOKEN_EXPIRES_AT" } as const

export const isKnown = (variable: string): boolean => known.includes(variable)

/**
 * Returns true if the variable shows that a client is configured. Variables of connections and APIs do not, since other programs
 * read them too.
 */
export const showsClient = (variable: string): boolean =>
  ofClient.includes(variable) &&
  (variable.startsWith("OAUTH_") || variable === "API_BASE_URL" || variable === "API_ORIGINS")

/** Variables that are not read: those named `OAUTH_...`, and misspelt ones of which the correct one is not set. */
const ignored = (names: ReadonlyArray<string>): ReadonlyArray<{ readonly name: string; readonly meant?: string }> =>
  names.flatMap((name) => {
    if (isKnown(name) || name === handedOver.token || name === handedOver.expiresAt) return []
    const isOwn = name.startsWith("OAUTH_")
    // Other programs have short variables, which are part of many names.
    const similar = isOwn || /^(oauth|api)_/i.test(name) ? nearest(name, known) : undefined
    const meant = similar ?? (isOwn ? withWords(name, known) : undefined)
    if (!isOwn && (meant === undefined || names.includes(meant))) return []
    return [{ name, ...meant !== undefined && { meant } }]
  })

/** Returns a sentence for each variable that is not read. */
export const unknown = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  ignored(names).map(({ meant, name }) =>
    `${harmless(name)} is not a variable of effect-oauth, and is ignored.${
      meant === undefined ? "" : ` Did you mean ${meant}?`
    }`
  )

/** Returns the first misspelt variable that would configure a client, and the correct one. */
export const misspeltClient = (names: ReadonlyArray<string>): readonly [name: string, meant: string] | undefined =>
  ignored(names).flatMap(({ meant, name }) =>
    meant !== undefined && showsClient(meant) ? [[name, meant] as const] : []
  )[0]

/** The variables that hold a secret, and those that name its file. */
export const secrets = {
  values: [client.clientSecret, client.previousClientSecret, client.privateKey, client.previousPrivateKey],
  files: [client.clientSecretFile, client.previousClientSecretFile]
} as const

/** Names the quotes or blanks around a secret that are probably not part of it. Ignores the line break at the end of a file. */
export const surrounded = (secret: string): string | undefined => {
  const text = secret.replace(/\r?\n$/, "")
  if (text !== text.trim()) return "blanks or line breaks"
  return text.length > 1 && /^(["'`]).*\1$/s.test(text) ? "quotes" : undefined
}

/** Returns a sentence for each secret in quotes or blanks. `files` are the contents by the variables that name them. */
export const surroundings = (values: Values, files: Values): ReadonlyArray<string> =>
  [
    ...secrets.values.map((variable) => [variable, values[variable]] as const),
    ...Object.entries(files).map(([variable, content]) => [`the file of ${variable}`, content] as const)
  ].flatMap(([where, secret]) => {
    const found = secret === undefined ? undefined : surrounded(secret)
    return found === undefined
      ? []
      : [
        `The secret in ${where} has ${found} around it, which are sent with it. Remove them unless they are part of it.`
      ]
  })

/** Returns true for variables that a program with a token does not need. */
export const isCredential = (variable: string): boolean =>
  /^(OAUTH_(CLIENT_SECRET|CLIENT_ASSERTION|PRIVATE_KEY|DPOP_KEY|SUBJECT_TOKEN)|LEGACY_TOKEN_SECRET)/.test(variable)

/** A token that another command passed to this one, without its credentials. */
export interface Given {
  readonly value: Redacted.Redacted<string>
  readonly expiresAt: number
}

/** Returns the token of the environment, if there are no credentials to request another. */
export const given = (environment: Readonly<Record<string, string | undefined>>): Given | undefined => {
  const value = environment[handedOver.token] ?? ""
  const expiresAt = Date.parse(environment[handedOver.expiresAt] ?? "")
  const hasCredential = Object.entries(environment).some(([variable, text]) =>
    isCredential(variable) && (text ?? "") !== ""
  )
  return value === "" || Number.isNaN(expiresAt) || hasCredential
    ? undefined
    : { value: Redacted.make(value), expiresAt }
}

/** Returns true for settings of a client that are not about its authentication. */
export const withoutAuthentication = (variable: string): boolean =>
  !/^OAUTH_(CLIENT_AUTHENTICATION|BASIC_ENCODING|SIGNING_ALGORITHM|ASSERTION_|GRANT|CERTIFICATE_BOUND|DPOP)/.test(
    variable
  )
