/**
 * Provides the key of proofs of possession (RFC 9449) from the options.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

import { InvalidConfig } from "../../InvalidConfig.js"
import type { ProofKey } from "../http/proofKey.js"
import { RequestBound } from "../http/requestBound.js"
import type { Problem } from "../protocol/options.js"
import type { Dpop } from "./client.js"
import * as credentialSource from "./credentialSource.js"

/** Loads the code with the first key, so that a program without DPoP does not load it. */
const load = Effect.promise(() => import("../http/proofKey.js"))

/** Reports the problems of a key that is a value. */
export const examine = (
  { dpop }: { readonly dpop: Dpop | undefined }
): Effect.Effect<void, ReadonlyArray<Problem>> => {
  const { algorithm, key } = dpop ?? { algorithm: undefined, key: undefined }
  return key === undefined || Effect.isEffect(key) ? Effect.void : Effect.flatMap(load, ({ problems }) => {
    const found = problems(key, algorithm)
    return found.length === 0 ? Effect.void : Effect.fail(found)
  })
}

const make = ({ algorithm, key }: Dpop): Effect.Effect<ProofKey, InvalidConfig> =>
  Effect.gen(function*() {
    const { make } = yield* load
    const known = key === undefined || !Effect.isEffect(key) ? key : yield* Effect.mapError(
      credentialSource.read("private key", key),
      ({ problem }) => [{ setting: "dpop.key", expected: `a private key that can be read, but ${problem}` }]
    )
    return yield* make({ algorithm, key: known })
  }).pipe(Effect.mapError((problems) => new InvalidConfig({ problems })))

/** Returns the first success of an effect to all callers. Until there is one, each caller runs the effect. */
const firstOf = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> => {
  let first: { readonly value: A } | undefined
  return Effect.suspend(() =>
    first === undefined
      ? Effect.map(effect, (value) => (first ??= { value }).value)
      : Effect.succeed(first.value)
  )
}

/**
 * Returns the settings with the key in place of its options. The key is created once, by a separate fiber: interrupting the
 * first use does not interrupt the others. On platforms where requests must not wait for each other, each request creates a
 * key until there is one.
 */
export const provide = <S extends { readonly dpop: Dpop | undefined }>(
  settings: S
): Effect.Effect<Omit<S, "dpop"> & { readonly dpop: Effect.Effect<ProofKey, InvalidConfig> | undefined }> => {
  const { dpop } = settings
  return dpop === undefined
    ? Effect.succeed({ ...settings, dpop })
    : Effect.gen(function*() {
      if (yield* RequestBound) return { ...settings, dpop: firstOf(make(dpop)) }
      const key = yield* Deferred.make<ProofKey, InvalidConfig>()
      const made = yield* Effect.cached(Effect.forkDaemon(Effect.intoDeferred(make(dpop), key)))
      return { ...settings, dpop: Effect.zipRight(Effect.uninterruptible(made), Deferred.await(key)) }
    })
}
