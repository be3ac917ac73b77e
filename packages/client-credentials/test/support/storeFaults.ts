/**
 * The faults of a store on a server, each as a period with a beginning and an end.
 */
import { Effect } from "effect"

import type { Mode } from "./proxy.js"

export interface Period<E = never, R = never> {
  readonly begin: Effect.Effect<unknown, E, R>
  readonly end: Effect.Effect<unknown, E, R>
}

interface Server {
  readonly kill: Effect.Effect<void>
  readonly restart: Effect.Effect<void>
}

interface Proxy {
  readonly become: (mode: Mode) => Effect.Effect<void>
}

/** The server is killed, and started again. */
export const outageOf = ({ kill, restart }: Server): Period => ({ begin: kill, end: restart })

const modeOf = ({ become }: Proxy, mode: Mode): Period => ({ begin: become(mode), end: become("forward") })

/** Connections are reset at random, so that an operation fails before or after it takes effect. */
export const resetsOf = (proxy: Proxy): Period => modeOf(proxy, "faulty")

/** Returns all faults of a durable server, and of the proxy before it. */
export const faultsOf = (server: Server & Proxy): ReadonlyArray<Period> => [
  outageOf(server),
  resetsOf(server),
  ...(["silent", "cut", 100] as const).map((mode) => modeOf(server, mode))
]

/** Returns a period of a server that the context has. */
export const periodIn = <A, E, R>(
  server: Effect.Effect<A, never, R>,
  periodOf: (server: A) => Period<E>
): Period<E, R> => ({
  begin: Effect.flatMap(server, (found) => periodOf(found).begin),
  end: Effect.flatMap(server, (found) => periodOf(found).end)
})
