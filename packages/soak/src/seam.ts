/**
 * Parts of Effect that differ between its majors.
 */
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as RuntimeFlagsPatch from "effect/RuntimeFlagsPatch"

/** Counts the fibers of an effect. */
export const counted = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withRuntimeFlagsPatch(effect, RuntimeFlagsPatch.enable(RuntimeFlags.RuntimeMetrics))

/** The number of counted fibers that have not ended. */
export const fibers: Effect.Effect<number> = Effect.map(Metric.value(Metric.fiberActive), ({ count }) => count)

/** Returns the error of a request whose connection was reset. */
export const reset = (request: HttpClientRequest.HttpClientRequest): HttpClientError.HttpClientError =>
  new HttpClientError.RequestError({ request, reason: "Transport", description: "reset" })
