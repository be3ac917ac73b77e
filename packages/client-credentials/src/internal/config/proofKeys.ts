/**
 * Provides the key of proofs of possession (RFC 9449) from the options.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

import { InvalidConfig } from "../../InvalidConfig.js"
import * as proofKey from "../http/proofKey.js"
import { RequestBound } from "../process/requestBound.js"
import type { Problem } from "../protocol/options.js"
import type { Dpop } from "./client.js"
import * as credentialSource from "./credentialSource.js"

/** Reports the problems of a key that is a value. */
export const examine = (dpop: Dpop | undefined): Effect.Effect<void, ReadonlyArray<Problem>> => {
  const { algorithm, key } = dpop ?? { algorithm: undefined, key: undefined }
  if (key === undefined || Effect.isEffect(key)) return Effect.void
  const found = proofKey.problems(key, algorithm)
  return found.length === 0 ? Effect.void : Effect.fail(found)
}

const create = ({ algorithm, key }: Dpop): Effect.Effect<proofKey.ProofKey, InvalidConfig> =>
  Effect.gen(function*() {
    const known = key === undefined || !Effect.isEffect(key) ? key : yield* Effect.mapError(
      credentialSource.read("private key", key),
      ({ problem }) => [{ setting: "dpop.key", expected: `a private key that can be read, but ${problem}` }]
    )
    return yield* proofKey.make({ algorithm, key: known })
  }).pipe(Effect.mapError((problems) => new InvalidConfig({ problems })))

/** Returns the first success of an effect to all callers. Until there is one, each caller runs the effect. */
const firstOf = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => {
  // No `Ref`: it is set once, by the first caller, and all later ones read it.
  let first: { readonly value: A } | undefined
  return Effect.suspend(() =>
    first === undefined
      ? Effect.map(effect, (value) => (first ??= { value }).value)
      : Effect.succeed(first.value)
  )
}

/**
 * Returns the key of the options. It is created once, by a separate fiber: interrupting the first use does not interrupt the
 * others. On platforms where requests must not wait for each other, each request creates a key until there is one.
 */
export const make = (dpop: Dpop): Effect.Effect<Effect.Effect<proofKey.ProofKey, InvalidConfig>> =>
  Effect.gen(function*() {
    if (yield* RequestBound) return firstOf(create(dpop))
    const key = yield* Deferred.make<proofKey.ProofKey, InvalidConfig>()
    const made = yield* Effect.cached(Effect.forkDaemon(Effect.intoDeferred(create(dpop), key)))
    return Effect.zipRight(Effect.uninterruptible(made), Deferred.await(key))
  })
