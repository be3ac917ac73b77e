/**
 * The HTTP control of a sandbox, below `/_control`: what tests in other languages see of the servers, and do to them.
 */
import * as Effect from "effect/Effect"

import * as Fault from "../Fault.js"
import type * as TestApi from "../TestApi.js"
import type * as TestAuthorizationServer from "../TestAuthorizationServer.js"
import * as host from "./host.js"

/** The servers of now, and what is done to both. */
export interface World {
  readonly server: () => TestAuthorizationServer.TestAuthorizationServer
  readonly api: () => TestApi.TestApi
  readonly environment: Readonly<Record<string, string>>
  /** Moves the clock of the servers on, and returns the time in milliseconds. */
  readonly advance: (millis: number) => number
  /** Replaces both servers by new ones, and sets their clock to that of the machine. */
  readonly reset: Effect.Effect<void>
}

export const prefix = "/_control"

type Members = Readonly<Record<string, unknown>>

const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const words: ReadonlyArray<Fault.Fault> = ["hang", "reset", "refuse", "cutShort", "sameToken"]

const units: Readonly<Record<string, number>> = {
  milli: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000
}

/** A time span as JSON, in milliseconds: seconds, or a string such as `24 hours`. */
export const durationOf = (value: unknown): number | undefined => {
  if (typeof value === "number") return Number.isFinite(value) ? value * 1000 : undefined
  const [, count, unit = ""] = typeof value === "string" ? /^(-?\d+(?:\.\d+)?) ?([a-z]+?)s?$/.exec(value) ?? [] : []
  const millis = Object.hasOwn(units, unit) ? units[unit] : undefined
  return count === undefined || millis === undefined ? undefined : Number(count) * millis
}

const headersOf = (value: unknown): Readonly<Record<string, string>> =>
  isMembers(value) ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, String(one)])) : {}

/**
 * A fault as JSON: a word of `Fault`, `{ status, body, headers }` for another response, `{ error, status }` for an OAuth error,
 * `{ delay }` for a late response, or `{ clockAhead }` for the clock of the server, both as time spans.
 */
export const faultOf = (value: unknown): Fault.Fault | undefined => {
  if (typeof value === "string") return words.find((word) => word === value)
  if (!isMembers(value)) return undefined
  const { body, clockAhead, delay, error, headers, status } = value
  const [late, ahead] = [durationOf(delay), durationOf(clockAhead)]
  if (late !== undefined) return Fault.delay(late)
  if (ahead !== undefined) return Fault.clockOffset(ahead)
  if (typeof error === "string") return Fault.oauthError(error, typeof status === "number" ? status : 400)
  if (typeof status !== "number" || status < 200 || status > 599) return undefined
  return typeof body === "string" || body === undefined
    ? Fault.answer(status, body, headersOf(headers))
    : Fault.answer(status, JSON.stringify(body), { "content-type": "application/json", ...headersOf(headers) })
}

const faultsOf = (value: unknown): ReadonlyArray<Fault.Fault> | undefined => {
  const found = (Array.isArray(value) ? value as ReadonlyArray<unknown> : value === undefined ? [] : [value]).map(
    faultOf
  )
  return found.every((fault) => fault !== undefined) ? found : undefined
}

const refused = (problem: string): Response => host.json(400, { error: "invalid_request", error_description: problem })

const done = (): Response => new Response(null, { status: 204 })

interface Operation {
  readonly about: string
  readonly run: (world: World, body: Members) => Effect.Effect<Response>
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
    run: ({ server }, { number }) =>
      number === undefined || typeof number === "number"
        ? Effect.map(server().revoke(number), done)
        : Effect.succeed(refused("number must be the number of a token."))
  },
  "POST /secret": {
    about: "replaces the secret of a client: { clientId, secret }",
    run: ({ server }, { clientId, secret }) =>
      typeof clientId === "string" && typeof secret === "string"
        ? Effect.map(server().changeSecret(clientId, secret), done)
        : Effect.succeed(refused("clientId and secret must be strings."))
  },
  "POST /faults": {
    about: "faults of the next requests: { server: [...], api: [...] }",
    run: (world, body) => {
      const [server, api] = [faultsOf(body["server"]), faultsOf(body["api"])]
      return server === undefined || api === undefined
        ? Effect.succeed(refused(
          "server and api must be lists of \"hang\", \"reset\", \"refuse\", \"cutShort\", \"sameToken\", " +
            "{ status, body, headers }, { error, status }, { delay } or { clockAhead }."
        ))
        : Effect.map(
          Effect.zipRight(world.server().faults.next(...server), world.api().faults.next(...api)),
          done
        )
    }
  },
  "DELETE /faults": {
    about: "forgets faults that no request has met",
    run: ({ api, server }) => Effect.map(Effect.zipRight(server().faults.clear, api().faults.clear), done)
  },
  "POST /clock": {
    about: "moves the clock of the servers on: { advance: \"24 hours\" } or seconds",
    run: ({ advance }, body) => {
      const millis = durationOf(body["advance"])
      return Effect.succeed(
        millis === undefined
          ? refused("advance must be seconds, or a time span such as \"24 hours\".")
          : host.json(200, { now: new Date(advance(millis)).toISOString() })
      )
    }
  },
  "POST /reset": {
    about: "begins anew: no tokens, requests, calls or faults, and the clock of the machine",
    run: ({ reset }) => Effect.map(reset, done)
  }
}

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
    ? Effect.succeed(refused("The body must be a JSON object."))
    : operation.run(world, members)
}
