/**
 * Shows how many tokens a fleet has counted, in its own store, and with `--reset` counts from zero again. It requests no token.
 * Run it with the environment of the fleet: `OAUTH_*`, `API_BASE_URL`, `TOKEN_STORE_KEY` and `REDIS_URL`.
 */
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { ClientConfig, IssuanceBudget, TokenSeal } from "@effect-oauth/client-credentials"
import { RedisTokenStore } from "@effect-oauth/redis"
import { Console, Effect, Layer } from "effect"

/** The `issuanceBudget` of the fleet. */
const options: IssuanceBudget.Options = { limit: 50, window: { timeZone: "Europe/Amsterdam" } }

// On Postgres: SqlTokenStore.layerWithClient, with the PgClient of the fleet.
const Store = RedisTokenStore.layerEnv()

const program = Effect.gen(function*() {
  const budget = yield* IssuanceBudget.make(options)
  if (process.argv.includes("--reset")) yield* budget.reset
  const { announced, limits } = yield* budget.ledger
  for (const { counted, left, limit, roomAt } of [...limits, ...announced]) {
    yield* Console.log(
      `${counted} of ${limit} tokens are counted, ${left} left, the next one from ${new Date(roomAt).toISOString()}`
    )
  }
})

program.pipe(
  Effect.scoped,
  Effect.provide(
    Layer.mergeAll(ClientConfig.layerEnv(), Store, TokenSeal.layerEnv()).pipe(Layer.provide(NodeContext.layer))
  ),
  NodeRuntime.runMain
)
