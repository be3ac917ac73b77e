import { OAuthError, TokenStore } from "@effect-oauth/client-credentials"
import { Duration, Effect, Layer, Option } from "effect"

/** State of a Durable Object for one key. */
interface Stored {
  readonly generation: number
  readonly value: string
  readonly expiresAt: number
  readonly owner: string
  readonly leasedUntil: number
}

const nothing: Stored = { generation: 0, value: "", expiresAt: 0, owner: "", leasedUntil: 0 }

type Operation =
  | { readonly name: "load" }
  | {
    readonly name: "swap"
    readonly generation: number
    readonly value: string
    readonly expiresAt: number
    readonly release: string | undefined
  }
  | { readonly name: "acquire"; readonly owner: string; readonly millis: number }
  | { readonly name: "release"; readonly owner: string }

const released = (stored: Stored, owner: string | undefined): Stored =>
  owner !== undefined && stored.owner === owner ? { ...stored, owner: "", leasedUntil: 0 } : stored

/** Returns whether an operation was done, and the new state. */
const apply = (operation: Operation, stored: Stored, now: number): readonly [done: boolean, next: Stored] => {
  switch (operation.name) {
    case "load":
      return [false, stored]
    case "release":
      return [true, released(stored, operation.owner)]
    case "acquire": {
      const { millis, owner } = operation
      const isFree = stored.leasedUntil <= now || stored.owner === owner
      return isFree ? [true, { ...stored, owner, leasedUntil: now + millis }] : [false, stored]
    }
    case "swap": {
      const { expiresAt, generation, release, value } = operation
      const next = released(stored, release)
      return stored.generation === generation
        ? [true, { ...next, generation: generation + 1, value, expiresAt }]
        : [false, next]
    }
  }
}

interface Storage {
  readonly get: (key: string) => Promise<unknown>
  readonly put: (key: string, value: unknown) => Promise<void>
  readonly setAlarm: (at: number) => Promise<void>
  readonly deleteAll: () => Promise<void>
}

/** A generation outlives its token by a day, so that a process that was paused never finds its number again. */
const day = 86_400_000

/** One key of the store. An object handles one event at a time, and none while it reads or writes its storage. */
export class TokenStoreObject {
  private readonly storage: Storage

  constructor(state: { readonly storage: Storage }) {
    this.storage = state.storage
  }

  async fetch(request: Request): Promise<Response> {
    const operation = await request.json() as Operation
    const stored = (await this.storage.get("stored") ?? nothing) as Stored
    const now = Date.now()
    const [done, next] = apply(operation, stored, now)
    if (next !== stored) {
      await this.storage.put("stored", next)
      await this.storage.setAlarm(Math.max(next.expiresAt, next.leasedUntil, now) + day)
    }
    return Response.json({ done, now, stored: next })
  }

  async alarm(): Promise<void> {
    await this.storage.deleteAll()
  }
}

interface Namespace<Id> {
  readonly idFromName: (name: string) => Id
  readonly get: (id: Id) => { readonly fetch: (url: string, init: RequestInit) => Promise<Response> }
}

/** Creates the store over a binding of Durable Objects: `layer(env.TOKENS)`. */
export const layer = <Id>(namespace: Namespace<Id>): Layer.Layer<TokenStore.TokenStore> => {
  const run = (key: string, operation: Operation) =>
    Effect.tryPromise({
      try: async (): Promise<TokenStore.Attempt> => {
        // A stub belongs to the request in which it is created.
        const stub = namespace.get(namespace.idFromName(key))
        const response = await stub.fetch("https://token.store", { method: "POST", body: JSON.stringify(operation) })
        const { done, now, stored } = await response.json() as { done: boolean; stored: Stored; now: number }
        const { expiresAt, generation, leasedUntil, value } = stored
        return {
          done,
          now,
          leasedFor: Math.max(0, leasedUntil - now),
          entry: generation === 0 ? Option.none() : Option.some({ generation, value, expiresAt })
        }
      },
      catch: () => new OAuthError.TokenStoreError({ operation: operation.name, problem: "the Durable Object failed" })
    })
  return Layer.succeed(TokenStore.TokenStore, {
    load: (key) => run(key, { name: "load" }),
    swap: (key, generation, { expiresAt, value }, release) =>
      run(key, { name: "swap", generation, value, expiresAt, release }),
    acquire: (key, owner, life) => run(key, { name: "acquire", owner, millis: Duration.toMillis(life) }),
    release: (key, owner) => Effect.asVoid(run(key, { name: "release", owner }))
  })
}
