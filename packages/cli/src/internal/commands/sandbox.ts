/**
 * `effect-oauth sandbox`: an authorization server and a protected API on this machine, for programs in any language.
 */
import * as FileSystem from "node:fs/promises"

import * as Sandbox from "@effect-oauth/testing/Sandbox"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

import { usage } from "../Failure.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"

export interface Options extends Common {
  readonly port: number
  readonly host: string
  readonly dailyLimit: Option.Option<number>
  readonly jwt: boolean
  readonly server: Option.Option<NonNullable<Exclude<Sandbox.Options["server"], object>>>
  readonly clientAuthentication: Option.Option<"client_secret_post" | "client_secret_basic" | "either">
  readonly tlsCert: Option.Option<string>
  readonly tlsKey: Option.Option<string>
  readonly json: boolean
}

const scopes = ["items:read", "items:write"]

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

const checked = ({ dailyLimit, port }: Options) =>
  port < 0 || port > 65_534
    ? usage("--port must be from 0 to 65534, and the API gets the next one. 0 takes two free ports.")
    : Option.exists(dailyLimit, (limit) => limit < 1)
    ? usage("--daily-limit must be 1 or more tokens.")
    : Effect.void

const readFile = (option: string, path: string) =>
  Effect.tryPromise({
    try: () => FileSystem.readFile(path, "utf8"),
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
  Option.getOrUndefined(Option.map(
    clientAuthentication,
    (method) => method === "either" ? ["client_secret_post", "client_secret_basic"] as const : [method]
  ))

const start = (options: Options, tls: Sandbox.Options["tls"]) => {
  const { dailyLimit, host, jwt, port, server } = options
  return Effect.acquireRelease(
    Effect.tryPromise({
      try: () =>
        Sandbox.start({
          host,
          port,
          tls,
          api: { handler },
          server: {
            scopes,
            server: Option.getOrUndefined(server),
            dailyLimit: Option.getOrUndefined(dailyLimit),
            accessTokens: jwt ? "jwt" : undefined,
            secretMethods: methodsOf(options)
          }
        }),
      catch: (error) =>
        usage(
          `The servers cannot listen: ${error instanceof Error ? error.message : "unknown"}.`,
          "Pass another --port or --host."
        )
    }),
    (sandbox) => Effect.promise(() => sandbox.close())
  )
}

const noTls = ({ host }: Options): string =>
  `\nClients of effect-oauth send no credentials by http: to ${host}, which is not a loopback address. Pass --tls-cert and ` +
  "--tls-key, with OAUTH_TLS_CA_FILE for the clients, or --host 127.0.0.1. Other programs may use the variables."

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
    yield* checked(options)
    const { note, print } = yield* Screen
    const tls = yield* tlsOf(options)
    const sandbox = yield* start(options, tls)
    const { controlUrl, environment, jwksUrl } = sandbox
    if (options.json) yield* print(JSON.stringify(environment))
    else for (const [name, value] of Object.entries(environment)) yield* print(`export ${name}=${quoted(value)}`)
    if (tls === undefined && environment["OAUTH_ALLOW_HTTP_LOOPBACK"] === undefined) yield* note(noTls(options))
    const { OAUTH_SCOPE = "" } = environment
    // Of a server whose scopes name the resource, the variable is the only one.
    const existing = OAUTH_SCOPE.endsWith("/.default") ? OAUTH_SCOPE : scopes.join(", ")
    yield* note(`\nScopes that exist: ${existing}. With these variables, in another terminal:\n`)
    yield* note(firstCall(sandbox))
    if (options.jwt) yield* note(`\nThe keys of its tokens: ${jwksUrl}`)
    yield* note(`\nControl for tests: ${controlUrl}. Ctrl-C stops it.`)
    return yield* Effect.never
  }).pipe(Effect.scoped)
