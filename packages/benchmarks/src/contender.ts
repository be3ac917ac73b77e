/**
 * The contenders, and their environment.
 */
import type { Agent } from "node:http"

import type * as Undici from "@effect/platform-node/Undici"
import type { AxiosRequestConfig } from "axios"
import type * as Effect from "effect/Effect"
import type { gaxios } from "google-auth-library"

/** A transport in the form of each HTTP stack. */
export interface Stacks {
  readonly fetch: typeof globalThis.fetch
  /** For the HttpClient of Effect, of both majors. Without it, `fetch` is used. */
  readonly dispatcher?: Undici.Dispatcher | undefined
  /** Set if the clock of the process is virtual: Effect's clock then reads it. */
  readonly isVirtual?: boolean | undefined
  readonly axios: AxiosRequestConfig
  readonly gaxios: gaxios.GaxiosOptions
  /** An agent of `node:http`, if it is not the default of the stack. */
  readonly agent: Agent | undefined
}

export interface Surroundings {
  readonly tokenUrl: string
  readonly apiUrl: string
  readonly clientId: string
  readonly clientSecret: string
  /** The token of the bare clients. */
  readonly fixedToken: string
  readonly stacks: Stacks
}

export interface Client {
  /** Calls the API once and reads the response to its end. Returns the status; rejects without a response. */
  readonly call: () => Promise<number>
  /** For programs of Effect: the call as an effect, to be run many times in one run. */
  readonly inEffect?: {
    readonly call: Effect.Effect<number, unknown>
    readonly run: <A>(effect: Effect.Effect<A, unknown>) => Promise<A>
  }
  readonly close: () => Promise<void>
}

export interface Contender {
  readonly name: string
  /** The packages that a program with this library installs. */
  readonly packages: ReadonlyArray<string>
  /** The bare client whose call is the baseline; undefined for the bare clients. */
  readonly baseline: string | undefined
  /** The packages of its HTTP stack, and of Effect, which are counted separately. */
  readonly stack: ReadonlyArray<string>
  /** Set if a call imports further parts of the library or its stack, which are then part of its bundle. */
  readonly importsToCall?: boolean
  /** True if the library caches tokens. */
  readonly caches: boolean
  /** True if the library replays a rejected call. */
  readonly replays: boolean
  /** The use in this benchmark, by the documentation of the library. */
  readonly usage: string
  /** The file in `contenders/`, without its extension. */
  readonly module: string
  /** The major of Effect of the program. */
  readonly effect?: 3 | 4 | undefined
  readonly load: () => Promise<Loaded>
}

export interface Loaded {
  readonly make: (surroundings: Surroundings) => Promise<Client>
  /** Creates clients that share the resources of one program. Default: `make`. */
  readonly inOneRuntime?: ((surroundings: Surroundings) => Promise<() => Promise<Client>>) | undefined
  /**
   * Sends a number of calls from concurrent callers, each of which sends its next call after the response to the last
   * one. With Effect, the calls may be in one trace. Default: they are in none.
   */
  readonly repeat: (client: Client, calls: number, callers: number, isTraced?: boolean) => Promise<void>
}
