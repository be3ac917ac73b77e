/**
 * `effect-oauth sandbox`: an authorization server and a protected API on this machine, for programs in any language.
 */
import * as FileSystem from "node:fs/promises"

import { InvalidConfig } from "@effect-oauth/client-credentials"
import * as Sandbox from "@effect-oauth/testing/Sandbox"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import { isRecord } from "../../../../client-credentials/dist/internal/protocol/json.js"
import * as durationText from "../durationText.js"
import { type Failure, usage } from "../Failure.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"

type Server = Exclude<Sandbox.Options["server"], string | undefined>

export interface Options extends Common {
  readonly options: Option.Option<string>
  readonly port: Option.Option<number>
  readonly host: Option.Option<string>
  readonly publicHost: Option.Option<string>
  readonly dailyLimit: Option.Option<number>
  readonly hourlyLimit: Option.Option<number>
  readonly tokenLife: Option.Option<string>
  readonly oneTokenPerClient: boolean
  readonly jwt: boolean
  readonly server: Option.Option<NonNullable<Server["server"]>>
  readonly clientAuthentication: Option.Option<"client_secret_post" | "client_secret_basic" | "either">
  readonly requireScope: Option.Option<string>
  readonly audience: Option.Option<string>
  readonly rejection: Option.Option<string>
  readonly legacyToken: Option.Option<string>
  readonly tlsCert: Option.Option<string>
  readonly tlsKey: Option.Option<string>
  readonly json: boolean
}

/** The scopes that exist, unless the file of options states others. */
const existing = ["items:read", "items:write"]

/** The API: items, as the first call of the guides reads them, and what it received at any other path. */
const handler: NonNullable<NonNullable<Sandbox.Options["api"]>["handler"]> = ({ method, url }, token) => {
  const { pathname, search } = new URL(url)
  return pathname === "/items"
    ? Response.json([{ sku: "SKU-1", quantity: 100 }, { sku: "SKU-2", quantity: 8 }])
    : Response.json({
      method,
      path: pathname + search,
      client: token.clientId,
      token: token.number,
      scope: token.scope
    })
}

const readFile = (option: string, path: string) =>
  Effect.tryPromise({
    // The decoder drops the byte order mark of Windows editors.
    try: async () => new TextDecoder().decode(await FileSystem.readFile(path)),
    catch: (error) => usage(`${option} ${path} cannot be read: ${error instanceof Error ? error.message : "unknown"}.`)
  })

/** Certificate and key, which belong together. */
const tlsOf = ({ tlsCert, tlsKey }: Options) =>
  Effect.gen(function*() {
    if (Option.isNone(tlsCert) && Option.isNone(tlsKey)) return undefined
    if (Option.isNone(tlsCert) || Option.isNone(tlsKey)) {
      return yield* usage("--tls-cert and --tls-key belong together. Pass both.")
    }
    return { cert: yield* readFile("--tls-cert", tlsCert.value), key: yield* readFile("--tls-key", tlsKey.value) }
  })

const methodsOf = ({ clientAuthentication }: Options) =>
  Option.map(
    clientAuthentication,
    (method) => method === "either" ? ["client_secret_post", "client_secret_basic"] as const : [method]
  )

type Members = Readonly<Record<string, unknown>>

/** Reads the file of options, which the library validates. */
const fileOf = ({ options }: Options): Effect.Effect<Members, Failure> =>
  Effect.gen(function*() {
    if (Option.isNone(options)) return {}
    const path = options.value
    const content = yield* readFile("--options", path)
    const found = yield* Effect.try({
      try: (): unknown => JSON.parse(content),
      catch: (error) => usage(`--options ${path} is not JSON: ${error instanceof Error ? error.message : "unknown"}.`)
    })
    return isRecord(found) ? found : yield* usage(`--options ${path} must contain a JSON object.`)
  })

const lifeOf = ({ tokenLife }: Options) =>
  Effect.transposeMapOption(
    tokenLife,
    (text) =>
      Effect.mapError(durationText.read(text), () => usage("--token-life must be a duration such as 1h, 15min or 30s."))
  )

const legacyTokensOf = ({ legacyToken }: Options) =>
  Effect.transposeMapOption(legacyToken, (text) => {
    const [, id, secret] = /^([^:]+):(.+)$/.exec(text) ?? []
    return id === undefined || secret === undefined
      ? usage("--legacy-token must be an id and its secret: ID:SECRET.")
      : Effect.succeed([{ id, secret }])
  })

/** Returns the values that are present. */
const stated = (values: Readonly<Record<string, Option.Option<unknown>>>): Members =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => Option.isSome(value) ? [[name, value.value]] : [])
  )

const when = <A>(flag: boolean, value: A): Option.Option<A> => flag ? Option.some(value) : Option.none()

/** Returns the options of the library: those of the file, and those of the command line, which prevail. */
const librarySettings = (options: Options) =>
  Effect.gen(function*() {
    const { api = {}, server = {}, ...file } = yield* fileOf(options)
    const { audience, dailyLimit, host, hourlyLimit, jwt, oneTokenPerClient, port, publicHost, rejection } = options
    const requiredScope = Option.map(options.requireScope, (text) => text.split(" ").filter((scope) => scope !== ""))
    const tls = yield* tlsOf(options)
    const scopes = [...new Set([...existing, ...Option.getOrElse(requiredScope, () => [])])]
    return {
      ...file,
      ...stated({ port, host, publicHost, tls: Option.fromNullable(tls) }),
      // A value that is not an object is passed on, to be named in the message of the library.
      server: typeof server === "string" || isRecord(server)
        ? {
          scopes,
          ...(typeof server === "string" ? { server } : server),
          ...stated({
            server: options.server,
            dailyLimit,
            hourlyLimit,
            tokenLife: yield* lifeOf(options),
            onePerClient: when(oneTokenPerClient, "revoke"),
            accessTokens: when(jwt, "jwt"),
            secretMethods: methodsOf(options)
          })
        }
        : server,
      api: isRecord(api)
        ? {
          handler,
          ...api,
          ...stated({ requiredScope, audience, rejection, legacyTokens: yield* legacyTokensOf(options) })
        }
        : api
    } as Sandbox.Options
  })

const failed = ({ options }: Options) => (error: unknown): Failure => {
  const message = error instanceof Error ? error.message : "unknown"
  if (!(error instanceof InvalidConfig.InvalidConfig)) {
    return usage(`The servers cannot listen: ${message}.`, "Pass another --port or --host.")
  }
  const names = "The README of effect-oauth states where the names are listed, under \"A server for tests\"."
  return Option.match(options, {
    onNone: () => usage(`${message}.`),
    onSome: (path) => usage(`${path}: ${message}.`, names)
  })
}

const start = (options: Options, settings: Sandbox.Options) =>
  Effect.acquireRelease(
    Effect.tryPromise({ try: () => Sandbox.start(settings), catch: failed(options) }),
    (sandbox) => Effect.promise(() => sandbox.close())
  )

/** Returns a warning where clients of the library send no credentials: by `http:` to another machine. */
const noTls = (
  { API_BASE_URL = "", OAUTH_ALLOW_HTTP_LOOPBACK, OAUTH_TOKEN_URL = "" }: Sandbox.Sandbox["environment"]
) => {
  const [plain] = [OAUTH_TOKEN_URL, API_BASE_URL].map((url) => new URL(url)).filter(({ protocol }) =>
    protocol === "http:"
  )
  return OAUTH_ALLOW_HTTP_LOOPBACK !== undefined || plain === undefined ?
    undefined :
    `\nClients of effect-oauth send no ` +
    `credentials by http: to ${plain.hostname}, which is not a loopback address. Pass --tls-cert and --tls-key, with ` +
    "OAUTH_TLS_CA_FILE for the clients, or --host 127.0.0.1. Other programs may use the variables."
}

/** A value as a shell reads it. */
const quoted = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`

const firstCall = ({ apiBaseUrl, environment, tokenUrl }: Sandbox.Sandbox): string => {
  const { OAUTH_AUDIENCE, OAUTH_CLIENT_AUTHENTICATION, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OAUTH_SCOPE } = environment
  const credentials = OAUTH_CLIENT_AUTHENTICATION === "client_secret_basic"
    ? `-u ${OAUTH_CLIENT_ID}:${OAUTH_CLIENT_SECRET}`
    : `-d client_id=${OAUTH_CLIENT_ID} -d client_secret=${OAUTH_CLIENT_SECRET}`
  const more = [["scope", OAUTH_SCOPE], ["audience", OAUTH_AUDIENCE]].flatMap(([name, value]) =>
    value === undefined ? [] : [` -d ${name}=${value}`]
  )
  return [
    `curl ${tokenUrl} -d grant_type=client_credentials ${credentials}${more.join("")}`,
    `curl ${apiBaseUrl}/items -H "Authorization: Bearer $TOKEN"`,
    "effect-oauth call /items"
  ].map((line) => `  ${line}`).join("\n")
}

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const { note, print } = yield* Screen
    const settings = yield* librarySettings(options)
    const sandbox = yield* start(options, settings)
    const { controlUrl, environment } = sandbox
    if (options.json) yield* print(JSON.stringify(environment))
    else for (const [name, value] of Object.entries(environment)) yield* print(`export ${name}=${quoted(value)}`)
    const warning = noTls(environment)
    if (warning !== undefined) yield* note(warning)
    const { OAUTH_SCOPE = "" } = environment
    const { clients = [], scopes = [] } = settings.server as Server
    // Of a server whose scopes name the resource, the variable is the only one.
    const named = OAUTH_SCOPE.endsWith("/.default") ? OAUTH_SCOPE : scopes.join(", ")
    yield* note(`\nScopes that exist: ${named}. With these variables, in another terminal:\n`)
    yield* note(firstCall(sandbox))
    if (clients.length > 1) {
      yield* note(`\nClients: ${clients.map(({ id }) => id).join(", ")}. The variables are those of the first.`)
    }
    yield* note(`\nControl for tests: ${controlUrl}. Ctrl-C stops it.`)
    return yield* Effect.never
  }).pipe(Effect.scoped)
