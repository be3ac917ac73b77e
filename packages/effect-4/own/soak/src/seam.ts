/**
 * Parts of Effect that differ between its majors. Effect 4 reports the start and the end of each fiber to a service.
 */
import * as Effect from "effect/Effect"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Metric from "effect/Metric"

let active = 0

const metrics: Metric.FiberRuntimeMetricsService = {
  recordFiberStart: () => {
    active += 1
  },
  recordFiberEnd: () => {
    active -= 1
  }
}

/** Counts the fibers of an effect. */
export const counted = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Metric.FiberRuntimeMetrics, metrics)

/** The number of counted fibers that have not ended. */
export const fibers: Effect.Effect<number> = Effect.sync(() => active)

/** Returns the error of a request whose connection was reset. */
export const reset = (request: HttpClientRequest.HttpClientRequest): HttpClientError.HttpClientError =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, description: "reset" }) })
