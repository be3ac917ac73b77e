/**
 * An authorization server and a protected API on sockets of this machine, for tests with promises: of any runner, and of any
 * program that speaks HTTP. Needs Node, so it is not in the index: import `@effect-oauth/testing/Sandbox`.
 *
 * @since 3.0.0
 */
/// <reference lib="esnext.disposable" preserve="true" />
import type { InvalidConfig } from "@effect-oauth/client-credentials"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"

import type * as Fault from "./Fault.js"
import * as control from "./internal/control.js"
import type * as host from "./internal/host.js"
import type * as models from "./internal/models.js"
import * as onSockets from "./internal/onSockets.js"
import * as rules from "./internal/rules.js"
import type * as sockets from "./internal/sockets.js"
import type * as Loopback from "./Loopback.js"
import type * as TestApi from "./TestApi.js"
import type * as TestAuthorizationServer from "./TestAuthorizationServer.js"

/**
 * Options of the servers and their addresses: as `Loopback.Options`, with a handler of the API that is a plain function.
 *
 * @since 3.0.0
 * @category models
 */
export interface Options extends Omit<Loopback.Options, "api"> {
  readonly api?:
    | Omit<TestApi.Options, "handler"> & {
      /** Responds to calls with a valid token. Default: 200 with the method, the path and the client as JSON. */
      readonly handler?: ((request: Request, token: Token) => Response | Promise<Response>) | undefined
    }
    | undefined
}

/** An issued token. */
interface Token extends Omit<models.Issued, "value"> {
  readonly value: string
}

type Entries<A> = A extends Effect.Effect<ReadonlyArray<infer B>> ? B : never

/** Faults of a server. */
interface Faults {
  /** Adds faults, each for one request or for those that it states. The first one that applies to a request is used. */
  readonly next: (...faults: ReadonlyArray<Fault.Fault | Fault.Targeted>) => Promise<void>
  /** Sets a function that returns the fault for a URL; undefined for none. */
  readonly rule: (rule: (url: URL) => Fault.Fault | undefined) => Promise<void>
  readonly clear: () => Promise<void>
}

/**
 * The running servers.
 *
 * @since 3.0.0
 * @category models
 */
export interface Sandbox extends AsyncDisposable {
  readonly issuer: string
  readonly tokenUrl: string
  /** Undefined if the server has no such endpoint. */
  readonly revocationUrl: string | undefined
  /** The keys of JWT access tokens (RFC 7517 section 5): `server: { accessTokens: "jwt" }`. */
  readonly jwksUrl: string
  readonly apiBaseUrl: string
  /** The URL by which tests in other languages control the servers: a GET returns what they can do. */
  readonly controlUrl: string
  /** The variables for a program that reads its configuration from the environment. */
  readonly environment: Readonly<Record<string, string>>
  /** The tokens that were issued, in order. */
  readonly issued: () => Promise<ReadonlyArray<Token>>
  /** The requests at the authorization server, in order. Secrets show as `<redacted>`. */
  readonly received: () => Promise<ReadonlyArray<Entries<TestAuthorizationServer.TestAuthorizationServer["received"]>>>
  /** The calls at the API, in order, each with the number of its token. */
  readonly calls: () => Promise<ReadonlyArray<Entries<TestApi.TestApi["calls"]>>>
  /** Revokes the tokens that are valid now, or the one with this number. Rejects if no token with this number was issued. */
  readonly revoke: (number?: number) => Promise<void>
  /** Replaces the secret of a client, or of a legacy token. Rejects if there is none with this id. */
  readonly changeSecret: (clientId: string, secret: string) => Promise<void>
  /** Makes the API reject valid tokens by a rule. */
  readonly reject: (which: (token: Token) => boolean) => Promise<void>
  readonly faults: { readonly server: Faults; readonly api: Faults }
  /**
   * Lets time pass for the tokens and limits of the servers: tokens expire there, and are rejected with a 401. The clock of the
   * program does not change, and what it reads is by that clock: `Date`, the claims of JWTs, assertions and proofs. So another
   * API that verifies JWTs accepts them until they expire by its clock; set a short `tokenLife` for its tests. A server
   * whose clock is wrong is a fault, `ClockOffset`, as a rule.
   */
  readonly advanceClock: (by: Duration.DurationInput) => Promise<void>
  /** Resets the servers: no tokens, requests, calls or faults, and the clock of the machine. */
  readonly reset: () => Promise<void>
  /** Stops both servers. */
  readonly close: () => Promise<void>
}

const plain = (token: models.Issued): Token => ({ ...token, value: Redacted.value(token.value) })

const greeting = ({ method, url }: Request, { clientId, number, scope }: Token): Response => {
  const { pathname, search } = new URL(url)
  return Response.json({ method, path: pathname + search, client: clientId, token: number, scope })
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value)

/** Returns the options with the handler as an effect. Other values are passed on to their rules. */
const plainOptions = (options: Options): Loopback.Options => {
  const { api = {}, ...rest } = options
  if (!isObject(api)) return { ...rest, api: api as object as TestApi.Options }
  const { handler = greeting } = api
  return {
    ...rest,
    api: {
      ...api,
      handler: typeof handler === "function"
        ? (request, token) => Effect.promise(async () => handler(request, plain(token)))
        : handler
    }
  }
}

/** Starts the servers on their sockets, until the scope is closed. */
const serve = (
  options: Options
): Effect.Effect<control.World, sockets.ListenFailed | InvalidConfig.InvalidConfig, Scope.Scope> =>
  Effect.gen(function*() {
    const { build, environment, issuer, issuesJwts, sockets } = yield* onSockets.open(plainOptions(options))
    let ahead = 0
    const machine = yield* Effect.clock
    const built = build(() => ahead)
    let now = yield* built
    const world: control.World = {
      server: () => now.server,
      api: () => now.api,
      environment: {
        ...environment(now),
        SANDBOX_CONTROL_URL: new URL(issuer).origin + control.prefix,
        ...(issuesJwts ? { SANDBOX_JWKS_URL: now.server.jwksUrl } : {})
      },
      advance: (millis) => {
        ahead += millis
        return machine.unsafeCurrentTimeMillis() + ahead
      },
      reset: Effect.map(built, (servers) => {
        ahead = 0
        now = servers
      })
    }
    const withControl = ({ handle, ...rest }: host.Host): host.Host => ({
      ...rest,
      handle: (incoming) => control.respond(world, incoming) ?? handle(incoming)
    })
    const run = yield* FiberSet.makeRuntime()
    sockets.server.serve(() => withControl(now.server.host), run)
    sockets.api.serve(() => now.api.host, run)
    return world
  })

/** Rejects with the error itself, rather than with one that has it as a cause. */
const run = async <A, E>(effect: Effect.Effect<A, E>): Promise<A> => {
  const exit = await Effect.runPromiseExit(effect)
  if (Exit.isSuccess(exit)) return exit.value
  throw Cause.squash(exit.cause)
}

const faultsOf = (
  faults: () => {
    readonly next: (
      ...faults: ReadonlyArray<Fault.Fault | Fault.Targeted>
    ) => Effect.Effect<void, InvalidConfig.InvalidConfig>
    readonly rule: (
      rule: (request: { readonly url: URL }) => Fault.Fault | undefined
    ) => Effect.Effect<void, InvalidConfig.InvalidConfig>
    readonly clear: Effect.Effect<void>
  }
): Faults => ({
  next: (...more) => run(faults().next(...more)),
  rule: (rule) =>
    run(Effect.zipRight(
      rules.check(rules.callback, rule, "rule"),
      Effect.suspend(() => faults().rule(({ url }) => rule(url)))
    )),
  clear: () => run(faults().clear)
})

const sandbox = ({ advance, api, environment, reset, server }: control.World, close: () => Promise<void>): Sandbox => {
  const { issuer, jwksUrl, revocationUrl, tokenUrl } = server()
  return {
    issuer,
    tokenUrl,
    revocationUrl,
    jwksUrl,
    apiBaseUrl: api().baseUrl,
    controlUrl: environment["SANDBOX_CONTROL_URL"] ?? "",
    environment,
    issued: () => run(Effect.map(server().issued, (all) => all.map(plain))),
    received: () => run(server().received),
    calls: () => run(api().calls),
    revoke: (number) => run(server().revoke(number)),
    changeSecret: (id, secret) => run(control.changeSecret({ server: server(), api: api() }, id, secret)),
    reject: (which) =>
      run(Effect.zipRight(
        rules.check(rules.callback, which, "which"),
        Effect.suspend(() => api().reject((token) => which(plain(token))))
      )),
    faults: { server: faultsOf(() => server().faults), api: faultsOf(() => api().faults) },
    advanceClock: (by) =>
      run(Effect.zipRight(
        rules.check(rules.duration, by, "by"),
        Effect.sync(() => void advance(Duration.toMillis(by)))
      )),
    reset: () => run(reset),
    close,
    [Symbol.asyncDispose]: close
  }
}

/**
 * Starts both servers, on free ports of 127.0.0.1 unless the options state others. Rejects with `ListenFailed` where a port is in
 * use, and with `InvalidConfig` for options that are unknown or wrong. Other languages control the servers by HTTP: see
 * `controlUrl`.
 *
 * @example
 * import * as Sandbox from "@effect-oauth/testing/Sandbox"
 *
 * export const test = async () => {
 *   await using sandbox = await Sandbox.start({ server: { dailyLimit: 50 } })
 *   // ... run a program with sandbox.environment ...
 *   await sandbox.revoke()
 *   return (await sandbox.issued()).length
 * }
 *
 * @since 3.0.0
 * @category constructors
 */
export const start = (options: Options = {}): Promise<Sandbox> =>
  new Promise((resolve, reject) => {
    const fiber = Effect.runFork(
      serve(options).pipe(
        Effect.flatMap((world) => {
          resolve(sandbox(world, () => run(Effect.asVoid(Fiber.interrupt(fiber)))))
          return Effect.never
        }),
        Effect.scoped,
        Effect.catchAllCause((cause) => Effect.sync(() => reject(Cause.squash(cause))))
      )
    )
  })
