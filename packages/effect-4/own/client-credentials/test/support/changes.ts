/** Changes of an HTTP client beneath the library that only one major of Effect allows. */
import { Effect, Schedule, Scheduler, Tracer } from "effect"
import { HttpClient } from "effect/http"

type Change = (client: HttpClient.HttpClient) => HttpClient.HttpClient

const retry: Change = (client) => HttpClient.retryTransient(client, { schedule: Schedule.spaced(1), times: 3 })

export const changes: Readonly<Record<string, Change>> = {
  "retryTransient without propagation of traces": (client) =>
    HttpClient.transformResponse(retry(client), Effect.provideService(Tracer.DisablePropagation, true)),
  "retryTransient by a separate scheduler": (client) =>
    HttpClient.transformResponse(
      retry(client),
      Effect.provideService(Scheduler.Scheduler, new Scheduler.MixedScheduler())
    ),
  "retryTransient without yielding": (client) =>
    HttpClient.transformResponse(retry(client), Effect.provideService(Scheduler.PreventSchedulerYield, true))
}
