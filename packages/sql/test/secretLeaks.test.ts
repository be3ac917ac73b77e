/**
 * Nothing secret is shown by the store: not the password of the database, nor what is kept in it.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { TokenStore } from "@effect-oauth/client-credentials"
import * as Package from "@effect-oauth/sql"
import { Config, Duration, Effect, Layer, Redacted } from "effect"

import { printed } from "../../client-credentials/test/support/printed.js"
import { shownBy } from "../../client-credentials/test/support/shown.js"
import { any } from "./databases.js"

const { SqlTokenStore } = Package

const everything = Effect.gen(function*() {
  const store = yield* TokenStore.TokenStore
  const value = { value: "c4n4ry-sealed", expiresAt: Date.now() + 60_000 }
  // What was put there is given back to the caller, and shown nowhere else.
  const outcomes = yield* Effect.forEach([
    Effect.asVoid(store.swap("key", 0, value)),
    Effect.asVoid(store.swap("key", 1, value)),
    Effect.asVoid(store.acquire("key", "one", Duration.seconds(1))),
    store.release("key", "one"),
    Effect.asVoid(store.load("key"))
  ], Effect.exit)
  return [store, outcomes, printed(store)]
})

/** There is no database at that port. */
const away = PgClient.layer({
  url: Redacted.make("postgres://user:c4n4ry@127.0.0.1:1/c4n4ry"),
  connectTimeout: "1 second"
})
const working = Layer.unwrapScoped(Effect.map(any.database, ({ connect }) => connect()))

const uses: Readonly<Record<keyof typeof SqlTokenStore, ReadonlyArray<Effect.Effect<unknown, unknown>>>> = {
  make: [
    Effect.flatMap(SqlTokenStore.make(), (store) => Effect.provideService(everything, TokenStore.TokenStore, store))
      .pipe(
        Effect.provide(working)
      )
  ],
  layer: [working, away].map((client) => Effect.provide(everything, Layer.provide(SqlTokenStore.layer(), client))),
  layerConfig: [working, away].map((client) =>
    Effect.provide(
      everything,
      Layer.provide(SqlTokenStore.layerConfig({ timeout: Config.succeed("1 second") }), client)
    )
  ),
  layerWithClient: [Effect.provide(everything, SqlTokenStore.layerWithClient(away, { timeout: "1 second" }))]
}

describe.skipIf(!any.isInstalled)("nothing secret is shown by the store", () => {
  it("and nothing that is exported is forgotten here", () => {
    assert.deepStrictEqual(Object.keys(Package), ["SqlTokenStore"])
    assert.sameMembers(Object.keys(uses), Object.keys(SqlTokenStore))
  })

  for (const [name, all] of Object.entries(uses)) {
    it.live(name, () =>
      Effect.gen(function*() {
        for (const use of all) {
          const shown = yield* shownBy(use)
          assert.include(shown, "_tag")
          assert.notInclude(shown, "c4n4ry")
        }
      }))
  }
})
