/**
 * Real load: many callers at full speed, over sockets, to servers that fail at random.
 */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"

import { NodeHttpClient } from "@effect/platform-node"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import { Clock, Effect, Fiber, Layer, Logger, Redacted, Scope } from "effect"

import * as samples from "./samples.js"
import { counted } from "./seam.js"
import * as tally from "./tally.js"

/** Counts of the servers. */
export interface Counts {
  readonly tokens: number
  readonly requests: number
  readonly connections: number
  /** Connections that are open now. */
  readonly open: number
}

export interface Options {
  readonly seconds: number
  readonly callers: number
  readonly onSample?: (sample: samples.Sample, calls: number) => Effect.Effect<void>
}

export interface Report {
  readonly calls: number
  readonly callsPerSecond: number
  readonly missing: number
  readonly outcomes: Readonly<Record<string, number>>
  readonly tokens: number
  readonly connections: number
  /** Connections that are still open at the servers when the client has ended. */
  readonly leftOpen: number
  readonly growth: ReadonlyArray<samples.Growth>
}

const message = <A>(child: ChildProcess) =>
  Effect.async<A>((resume) => {
    child.once("message", (value) => resume(Effect.succeed(value as A)))
  })

const servers = Effect.gen(function*() {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => fork(fileURLToPath(new URL("servers.js", import.meta.url)), { execArgv: [] })),
    (child) => Effect.sync(() => child.kill())
  )
  const port = yield* message<number>(child)
  const counts = Effect.suspend(() => {
    child.send("counts")
    return message<Counts>(child)
  })
  return { counts, origin: `http://127.0.0.1:${port}` }
})

/** Calls before each sample, however slow the machine is: fewer show neither growth nor the rare faults. */
const callsPerSample = 100

/** Runs the load in one process: the callers stop at a gate while a sample is taken. */
export const run = ({ callers, onSample, seconds }: Options): Effect.Effect<Report> =>
  Effect.gen(function*() {
    const { counts, origin } = yield* servers
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(
      ClientCredentials.layer({
        tokenUrl: `${origin}/token`,
        clientId: "soak",
        clientSecret: Redacted.make("s3cr3t"),
        apiBaseUrl: origin,
        allowHttpLoopback: true,
        tokenCache: { retryTimeout: "2 seconds" }
      }).pipe(Layer.provide(NodeHttpClient.layerUndici)),
      scope
    )

    const calls = tally.make()
    const gate = yield* Effect.makeLatch(true)
    const call = Effect.flatMap(ApiClient.ApiClient, (api) =>
      Effect.tap(api.get("/items"), (response) => response.json).pipe(Effect.timeout("3 seconds")))
    const caller = Effect.forever(Effect.zipRight(gate.await, calls.count(call)))

    const started = yield* Clock.currentTimeMillis
    const working = yield* Effect.forkDaemon(
      Effect.provide(
        Effect.all(
          Array.from({ length: callers }, () =>
            caller),
          { concurrency: "unbounded" }
        ),
        context
      )
    )
    const found: Array<samples.Sample> = []
    while (found.length < 40) {
      yield* Effect.sleep(seconds * 1000 / 40)
      while (calls.made() < (found.length + 1) * callsPerSample) yield* Effect.sleep("10 millis")
      yield* gate.close
      while (calls.underWay() > 0) yield* Effect.sleep("10 millis")
      const sample = yield* samples.take({ sockets: (yield* counts).open })
      found.push(sample)
      if (onSample !== undefined) yield* onSample(sample, calls.made())
      yield* gate.open
    }
    yield* Fiber.interrupt(working)
    const elapsed = (yield* Clock.currentTimeMillis) - started
    yield* Scope.close(scope, yield* Effect.exit(Effect.void))
    // The other side takes time to register closed connections, on a busy machine a long time. The limit is a minute.
    for (let waited = 0; waited < 600 && (yield* counts).open > 0; waited += 1) yield* Effect.sleep("100 millis")
    const { connections, open, tokens } = yield* counts

    return {
      calls: calls.made(),
      callsPerSecond: Math.round(calls.made() / elapsed * 1000),
      missing: tally.missing(calls) + calls.underWay(),
      outcomes: Object.fromEntries(calls.outcomes),
      tokens,
      connections,
      leftOpen: open,
      growth: samples.growth(found)
    }
  }).pipe(Effect.scoped, Effect.orDie, counted, Effect.provide(Logger.remove(Logger.defaultLogger)))
