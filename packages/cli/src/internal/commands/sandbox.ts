/**
 * `effect-oauth sandbox`: an authorization server and a protected API on this machine, for programs in any language.
 */
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

const start = ({ dailyLimit, host, jwt, port, server }: Options) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () =>
        Sandbox.start({
          host,
          port,
          api: { handler },
          server: {
            scopes,
            server: Option.getOrUndefined(server),
            dailyLimit: Option.getOrUndefined(dailyLimit),
            accessTokens: jwt ? "jwt" : undefined
          }
        }),
      catch: (error) =>
        usage(
          `The servers cannot listen: ${error instanceof Error ? error.message : "unknown"}.`,
          "Say another --port."
        )
    }),
    (sandbox) => Effect.promise(() => sandbox.close())
  )

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
    const sandbox = yield* start(options)
    const { controlUrl, environment, jwksUrl } = sandbox
    if (options.json) yield* print(JSON.stringify(environment))
    else for (const [name, value] of Object.entries(environment)) yield* print(`export ${name}=${quoted(value)}`)
    yield* note(`\nScopes that exist: ${scopes.join(", ")}. With these variables, in another terminal:\n`)
    yield* note(firstCall(sandbox))
    if (options.jwt) yield* note(`\nThe keys of its tokens: ${jwksUrl}`)
    yield* note(`\nControl for tests: ${controlUrl}. Ctrl-C stops it.`)
    return yield* Effect.never
  }).pipe(Effect.scoped)
