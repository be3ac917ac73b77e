/**
 * What takes part, and what each is given.
 */
import type { Agent } from "node:http"

import type * as Undici from "@effect/platform-node/Undici"
import type { AxiosRequestConfig } from "axios"
import type * as Effect from "effect/Effect"
import type { gaxios } from "google-auth-library"

/** The same transport, for each of the HTTP stacks. */
export interface Stacks {
  readonly fetch: typeof globalThis.fetch
  /** For the HttpClient of Effect, of both majors. Without it, that uses `fetch`. */
  readonly dispatcher?: Undici.Dispatcher | undefined
  /** Whether the clock of the process is virtual: Effect's clock reads that one then. */
  readonly isVirtual?: boolean | undefined
  readonly axios: AxiosRequestConfig
  readonly gaxios: gaxios.GaxiosOptions
  /** Of `node:http`, where it is not the one that the stack has anyway. */
  readonly agent: Agent | undefined
}

export interface Surroundings {
  readonly tokenUrl: string
  readonly apiUrl: string
  readonly clientId: string
  readonly clientSecret: string
  /** For the bare clients. */
  readonly fixedToken: string
  readonly stacks: Stacks
}

export interface Client {
  /** Calls the API once and reads the answer to its end. The answer's status; it rejects when there is none. */
  readonly call: () => Promise<number>
  /** For those who live in Effect: the same, to be run many times in one run. */
  readonly inEffect?: {
    readonly call: Effect.Effect<number, unknown>
    readonly run: <A>(effect: Effect.Effect<A, unknown>) => Promise<A>
  }
  readonly close: () => Promise<void>
}

export interface Contender {
  readonly name: string
  /** The packages that a program which uses it installs. */
  readonly packages: ReadonlyArray<string>
  /** The bare client whose call it is compared with; the bare clients have none. */
  readonly baseline: string | undefined
  /** The packages of its HTTP stack, and of Effect: counted apart. */
  readonly stack: ReadonlyArray<string>
  /** Whether a call makes it import more of itself or of its stack, which is then part of its bundle. */
  readonly importsToCall?: boolean
  /** Whether it keeps tokens by itself. */
  readonly caches: boolean
  /** Whether it replays a call that the API refused. */
  readonly replays: boolean
  /** How it is used here, and where its documentation says so. */
  readonly usage: string
  /** The file of `contenders/` without its ending. */
  readonly module: string
  /** The major of Effect that it is a program of. */
  readonly effect?: 3 | 4 | undefined
  readonly load: () => Promise<Loaded>
}

export interface Loaded {
  readonly make: (surroundings: Surroundings) => Promise<Client>
  /** Makes clients that share what those of one program can. Default: `make`. */
  readonly inOneRuntime?: ((surroundings: Surroundings) => Promise<() => Promise<Client>>) | undefined
  /** So many calls, by so many callers at once, each of which makes its next call when the last one was answered. */
  readonly repeat: (client: Client, calls: number, callers: number) => Promise<void>
}
