/**
 * The HTTP control of a sandbox, below `/_control`: what tests in other languages see of the servers, and do to them.
 */
import type { InvalidConfig } from "@effect-oauth/client-credentials"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"

import type * as TestApi from "../TestApi.js"
import type * as TestAuthorizationServer from "../TestAuthorizationServer.js"
import * as controlBody from "./controlBody.js"
import * as host from "./host.js"

/** The current servers, and the operations on both. */
export interface World {
  readonly server: () => TestAuthorizationServer.TestAuthorizationServer
  readonly api: () => TestApi.TestApi
  readonly environment: Readonly<Record<string, string>>
  /** Advances the clock of the servers, and returns the time in milliseconds. */
  readonly advance: (millis: number) => number
  /** Replaces both servers by new ones, and sets their clock to that of the machine. */
  readonly reset: Effect.Effect<void>
}

export const prefix = "/_control"

type Members = Readonly<Record<string, unknown>>

const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const rejected = (problem: string): Response => host.json(400, { error: "invalid_request", error_description: problem })

const done = (): Response => new Response(null, { status: 204 })

interface Operation {
  readonly about: string
  readonly run: (
    world: World,
    body: Members
  ) => Effect.Effect<Response, controlBody.WrongBody | InvalidConfig.InvalidConfig>
}

const operations: Readonly<Record<string, Operation>> = {
  "GET /environment": {
    about: "the variables for a program that is tested",
    run: ({ environment }) => Effect.succeed(host.json(200, environment))
  },
  "GET /issued": {
    about: "the tokens that were issued, in order",
    run: ({ server }) =>
      Effect.map(server().issued, (all) => host.json(200, all.map(({ value: _value, ...token }) => token)))
  },
  "GET /received": {
    about: "the requests at the authorization server, in order",
    run: ({ server }) => Effect.map(server().received, (all) => host.json(200, all))
  },
  "GET /calls": {
    about: "the calls at the API, in order, each with the number of its token",
    run: ({ api }) => Effect.map(api().calls, (all) => host.json(200, all))
  },
  "POST /revoke": {
    about: "revokes the valid tokens, or the one of { number }",
    run: ({ server }, body) =>
      Effect.map(
        Effect.flatMap(controlBody.readRevocation(body), ({ number }) => server().revoke(number)),
        done
      )
  },
  "POST /secret": {
    about: "replaces the secret of a client, or of a legacy token: { clientId, secret }",
    run: ({ api, server }, body) =>
      controlBody.readSecret(body).pipe(
        Effect.flatMap(({ clientId, secret }) => changeSecret({ server: server(), api: api() }, clientId, secret)),
        Effect.map(done)
      )
  },
  "POST /faults": {
    about:
      "faults of the next requests: { server: [...], api: [...] }, each a fault or { fault, times, endpoint, path, method }",
    run: (world, body) =>
      controlBody.readFaults(body).pipe(
        Effect.flatMap(({ api, server }) =>
          Effect.zipRight(world.server().faults.next(...server), world.api().faults.next(...api))
        ),
        Effect.map(done)
      )
  },
  "DELETE /faults": {
    about: "removes faults that no request has met",
    run: ({ api, server }, body) =>
      controlBody.readNothing(body).pipe(
        Effect.zipRight(server().faults.clear),
        Effect.zipRight(api().faults.clear),
        Effect.map(done)
      )
  },
  "POST /clock": {
    about: "lets time pass for tokens and limits, and not for Date and JWTs: { advance: \"24 hours\" } or seconds",
    run: ({ advance }, body) =>
      Effect.map(
        controlBody.readAdvance(body),
        (millis) => host.json(200, { now: new Date(advance(millis)).toISOString() })
      )
  },
  "POST /reset": {
    about: "starts again: no tokens, requests, calls or faults, and the clock of the machine",
    run: ({ reset }, body) => Effect.map(Effect.zipRight(controlBody.readNothing(body), reset), done)
  }
}

/** Replaces the secret of the client and of the legacy token with this id. Fails if there is neither. */
export const changeSecret = (
  { api, server }: {
    readonly server: TestAuthorizationServer.TestAuthorizationServer
    readonly api: TestApi.TestApi
  },
  id: string,
  secret: string
): Effect.Effect<void, InvalidConfig.InvalidConfig> =>
  Effect.flatMap(
    Effect.all([Effect.either(server.changeSecret(id, secret)), Effect.either(api.changeSecret(id, secret))]),
    ([client, token]) => Either.isRight(token) ? Effect.void : client
  )

const bodyOf = (bytes: Uint8Array): Members | undefined => {
  if (bytes.length === 0) return {}
  try {
    const found: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return isMembers(found) ? found : undefined
  } catch {
    return undefined
  }
}

/** Returns the response of the control; undefined for any other path. */
export const respond = (world: World, { body, method, url }: host.Incoming): Effect.Effect<Response> | undefined => {
  if (url.pathname !== prefix && !url.pathname.startsWith(`${prefix}/`)) return undefined
  const name = `${method} ${url.pathname.slice(prefix.length)}`
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined
  if (operation === undefined) {
    const all = Object.entries(operations).map(([name, { about }]) => [name.replace(" ", ` ${prefix}`), about])
    return Effect.succeed(host.json(url.pathname === prefix ? 200 : 404, Object.fromEntries(all)))
  }
  const members = bodyOf(body)
  return members === undefined
    ? Effect.succeed(rejected("The body must be a JSON object."))
    : Effect.catchAll(operation.run(world, members), ({ message }) => Effect.succeed(rejected(`${message}.`)))
}
