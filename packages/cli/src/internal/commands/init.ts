/**
 * `effect-oauth init`: writes a profile from options, and prompts for absent ones.
 */
import * as Path from "node:path"

import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

import { isLoopback, parse } from "../../../../client-credentials/dist/internal/protocol/urls.js"
import * as client from "../client.js"
import * as clientProof from "../clientProof.js"
import { explain } from "../explain.js"
import { Failure, usage } from "../Failure.js"
import * as privateFile from "../privateFile.js"
import * as profileText from "../profileText.js"
import * as question from "../question.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import * as secretSource from "../secretSource.js"
import * as settings from "../settings.js"
import * as stdio from "../stdio.js"
import * as variables from "../variables.js"

export interface Options extends Common, clientProof.Options {
  readonly issuer: Option.Option<string>
  readonly tokenUrl: Option.Option<string>
  readonly clientId: Option.Option<string>
  readonly secretFile: Option.Option<string>
  readonly secretCommand: Option.Option<string>
  readonly secretPrompt: boolean
  readonly secretStdin: boolean
  readonly apiBaseUrl: Option.Option<string>
  readonly audience: Option.Option<string>
  readonly resource: Option.Option<string>
  readonly scope: Option.Option<string>
  readonly tokensPerDay: Option.Option<string>
  readonly caFile: Option.Option<string>
  readonly force: boolean
}

/** The location of the secret, or the secret itself, which is written to a separate file. */
type Secret =
  | { readonly _tag: "File"; readonly path: string }
  | { readonly _tag: "Command"; readonly command: string }
  | { readonly _tag: "Prompt" }
  | { readonly _tag: "None" }
  | { readonly _tag: "Given"; readonly secret: Redacted.Redacted<string> }

const isHttpLoopback = (text: string): boolean => {
  const url = parse(text)
  return url !== undefined && url.protocol === "http:" && isLoopback(url)
}

/** Returns true if the answer is valid, or else the expected value. */
type Check = (text: string) => true | string

const url: Check = (text) =>
  URL.canParse(text) && (text.startsWith("https://") || isHttpLoopback(text))
    ? true
    : "An absolute URL, https: (http: to this machine only)"

const some: Check = (text) => text.trim() === "" ? "This is needed" : true

const count: Check = (text) => text === "" || /^[1-9]\d{0,6}$/.test(text) ? true : "A positive integer, or nothing"

const ask = (message: string, validate: Check = () => true) => question.text({ message, validate })

const secretQuestion = "Client secret (not shown): "

const given = (options: Options): ReadonlyArray<Effect.Effect<Secret, Failure>> => [
  ...Option.toArray(
    Option.map(options.secretFile, (path) => Effect.succeed<Secret>({ _tag: "File", path: Path.resolve(path) }))
  ),
  ...Option.toArray(
    Option.map(options.secretCommand, (command) => Effect.succeed<Secret>({ _tag: "Command", command }))
  ),
  ...(options.secretPrompt ? [Effect.succeed<Secret>({ _tag: "Prompt" })] : []),
  ...(options.secretStdin
    ? [Effect.map(
      // A terminal would show what is typed.
      process.stdin.isTTY === true ? secretSource.ask(secretQuestion) : Effect.map(
        stdio.readAll,
        (content) => Redacted.make(new TextDecoder().decode(content).replace(/\r?\n$/, ""))
      ),
      (secret): Secret => ({ _tag: "Given", secret })
    )]
    : [])
]

/** Fails for options and a secret that are empty, with the option to pass in their place. */
const rejectEmpty = (options: Options) => {
  const empty = Object.entries({ "--secret-file": options.secretFile, "--secret-command": options.secretCommand })
    .find(([, value]) => Option.exists(value, (text) => text.trim() === ""))
  return empty === undefined ? Effect.void : usage(`${empty[0]} is empty.`, "Nothing was written.")
}

const rejectEmptySecret = (secret: Secret, options: Options) =>
  secret._tag !== "Given" || Redacted.value(secret.secret) !== ""
    ? Effect.void
    : options.secretStdin && process.stdin.isTTY !== true
    ? usage(
      "There is no secret in standard input. Nothing was written.",
      "Redirect it from a file (effect-oauth init --secret-stdin < FILE), or pass --secret-file, --secret-command or --secret-prompt."
    )
    : usage("The client secret is empty. Nothing was written.")

const askSecret = Effect.gen(function*() {
  const kind = yield* question.select<Exclude<Secret["_tag"], "None">>({
    message: "Where is the client secret?",
    choices: [
      { name: "I type it now", value: "Given", description: "it is kept in a file for you alone (0600)" },
      { name: "In a file", value: "File", description: "as Docker and Kubernetes mount them" },
      { name: "A command prints it", value: "Command", description: "for example, of a password manager" },
      { name: "Prompt each time a token is requested", value: "Prompt" }
    ]
  })
  switch (kind) {
    case "File":
      return { _tag: kind, path: Path.resolve(yield* ask("Path of the file", some)) } satisfies Secret
    case "Command":
      return { _tag: kind, command: yield* ask("Command, such as pass show acme/api", some) } satisfies Secret
    case "Prompt":
      return { _tag: kind } satisfies Secret
    case "Given":
      return { _tag: kind, secret: yield* secretSource.ask(secretQuestion) } satisfies Secret
  }
})

const isTerminal = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true

const named = (value: Option.Option<string>, variable: string): profileText.Values =>
  Option.match(Option.filter(value, (text) => text !== ""), {
    onNone: () => ({}),
    onSome: (text) => ({ [variable]: text })
  })

const needed =
  "Name --issuer or --token-url, --client-id, --api-base-url and one of --secret-file, --secret-command, --secret-prompt " +
  "and --secret-stdin."

/** None for a method without a secret. */
const secretOf = (
  method: clientProof.Method | undefined,
  [first]: ReadonlyArray<Effect.Effect<Secret, Failure>>
): Effect.Effect<Secret, Failure> =>
  !clientProof.needsSecret(method) ? Effect.succeed({ _tag: "None" }) : first ?? askSecret

const answers = (options: Options, name: string) =>
  Effect.gen(function*() {
    yield* rejectEmpty(options)
    const secrets = given(options)
    if (secrets.length > 1) return yield* usage("The secret is in one place only.", "Pass one of the --secret options.")
    const server = Option.orElse(options.issuer, () => options.tokenUrl)
    let method = clientProof.methodOf(options)
    yield* clientProof.check(method, secrets.length)
    const open = clientProof.missing(method, options)
    const isAsking = open.length > 0 || Option.isNone(server) || Option.isNone(options.clientId) ||
      Option.isNone(options.apiBaseUrl) ||
      (clientProof.needsSecret(method) && secrets.length === 0)
    if (isAsking && !isTerminal()) {
      return yield* usage(
        "Prompts require a terminal.",
        open.length > 0 ? `Name ${open.join(" and ")}.` : needed
      )
    }
    const { note } = yield* Screen
    if (isAsking) {
      yield* note(`A few questions for the profile "${name}". Leave empty what your server does not want.\n`)
    }
    let { audience, issuer, resource, scope, tokenUrl, tokensPerDay } = options
    if (Option.isNone(server)) {
      const kind = yield* question.select({
        message: "What do you know of the authorization server?",
        choices: [
          { name: "Its issuer", value: "issuer" as const, description: "the token endpoint is found by it" },
          { name: "Its token URL", value: "tokenUrl" as const }
        ]
      })
      if (kind === "issuer") issuer = Option.some(yield* ask("Issuer", url))
      else tokenUrl = Option.some(yield* ask("Token URL", url))
    }
    const clientId = Option.isSome(options.clientId) ? options.clientId.value : yield* ask("Client id", some)
    const isMethodOpen = method === undefined && secrets.length === 0
    if (isMethodOpen) method = yield* clientProof.askMethod
    const proof = yield* clientProof.askFiles(method, options)
    const secret = yield* secretOf(method, secrets)
    yield* rejectEmptySecret(secret, options)
    const apiBaseUrl = Option.isSome(options.apiBaseUrl)
      ? options.apiBaseUrl.value
      : yield* ask("Base URL of the API", url)
    if (isAsking) {
      audience = Option.isSome(audience) ? audience : Option.some(yield* ask("Audience"))
      resource = Option.isSome(resource) ? resource : Option.some(yield* ask("Resource, a URI"))
      scope = Option.isSome(scope) ? scope : Option.some(yield* ask("Scope"))
      tokensPerDay = Option.isSome(tokensPerDay)
        ? tokensPerDay
        : Option.some(yield* ask("Tokens that the server gives in a day", count))
    }
    const values: profileText.Values = {
      // The files of a private authority, or of a client certificate, that are in use now.
      ...Object.fromEntries(
        Object.entries(process.env).flatMap(([variable, value]) =>
          /^OAUTH_TLS_\w+_FILE$/.test(variable) && value !== undefined && value !== ""
            ? [[variable, Path.resolve(value)]]
            : []
        )
      ),
      ...named(issuer, "OAUTH_ISSUER"),
      ...named(tokenUrl, "OAUTH_TOKEN_URL"),
      OAUTH_CLIENT_ID: clientId,
      ...clientProof.values(method, proof),
      API_BASE_URL: apiBaseUrl,
      ...named(audience, "OAUTH_AUDIENCE"),
      ...named(resource, "OAUTH_RESOURCE"),
      ...named(scope, "OAUTH_SCOPE"),
      ...named(tokensPerDay, profileText.own.tokensPerDay),
      ...([issuer, tokenUrl, Option.some(apiBaseUrl)].some((one) => Option.exists(one, isHttpLoopback))
        ? { OAUTH_ALLOW_HTTP_LOOPBACK: "true" }
        : {}),
      ...named(Option.map(options.caFile, (path) => Path.resolve(path)), "OAUTH_TLS_CA_FILE")
    }
    return { values, secret }
  })

const withSecret = (values: profileText.Values, secret: Secret, kept: string): profileText.Values => {
  switch (secret._tag) {
    case "File":
      return { ...values, OAUTH_CLIENT_SECRET_FILE: secret.path }
    case "Command":
      return { ...values, [profileText.own.secretCommand]: secret.command }
    case "Prompt":
      return { ...values, [profileText.own.secretPrompt]: "true" }
    case "None":
      return values
    case "Given":
      return { ...values, OAUTH_CLIENT_SECRET_FILE: kept }
  }
}

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const { err, note, out, print } = yield* Screen
    const name = Option.getOrUndefined(options.profile) ?? (yield* settings.profileOfVariable) ?? "default"
    const path = yield* settings.profilePath(name)
    if (!options.force && (yield* privateFile.read(path)) !== undefined) {
      return yield* usage(
        `There is a profile "${name}" already (${path}).`,
        "Pass --force to replace it, or another --profile."
      )
    }
    const { secret, values } = yield* answers(options, name)
    const kept = Path.join((yield* settings.places).secrets, name)
    const profile = withSecret(values, secret, kept)
    const text = yield* Either.mapLeft(profileText.write(profile), (message) => usage(message))
    // Everything is validated before anything is written. The file of a secret that was typed does not exist yet, so its value
    // is used.
    const checked = secret._tag === "Given"
      ? { ...values, OAUTH_CLIENT_SECRET: Redacted.value(secret.secret) }
      : profile
    const chosen = { origin: "the answers", profile: name, values: checked }
    yield* Effect.all([secretSource.configure(chosen), client.budget(chosen)]).pipe(
      Effect.mapError((error) =>
        new Failure({
          outcome: "configuration",
          message: `${explain(error).message}.`.replace(/\.+$/, "."),
          remedy: "Nothing was written."
        })
      )
    )
    if (secret._tag === "Given") {
      for (const warning of variables.surroundings({}, { OAUTH_CLIENT_SECRET_FILE: Redacted.value(secret.secret) })) {
        yield* note(`${err.yellow("warning:")} ${warning}`)
      }
      yield* privateFile.write(kept, `${Redacted.value(secret.secret)}\n`)
    }
    yield* privateFile.write(path, text)
    yield* print(`${out.green("✓")} ${path}`)
    if (secret._tag === "Given") yield* print(`${out.green("✓")} ${kept}, for you alone`)
    const argument = name === "default" ? "" : ` --profile ${name}`
    yield* note(`\nTry it: effect-oauth doctor${argument}`)
    return "success" as const
  }).pipe(Effect.provide(NodeFileSystem.layer))
