/**
 * Responses that a user has declared to be rejections: by status, or by a predicate of the response.
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

import type * as httpErrors from "../seam/httpErrors.js"
import * as peek from "./peek.js"

/** Input of the predicate. */
export interface Excerpt {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  readonly bytes: Uint8Array
  readonly isComplete: boolean
}

export interface Settings {
  readonly statuses: ReadonlySet<number>
  readonly response: ((excerpt: Excerpt) => boolean | Effect.Effect<boolean, unknown>) | undefined
  readonly maxBodyBytes: number
}

export interface Judged {
  /** Response to use in place of the one that was judged. */
  readonly response: HttpClientResponse.HttpClientResponse
  readonly isRejected: boolean
}

const endless: ReadonlySet<string> = new Set([
  "text/event-stream",
  "multipart/x-mixed-replace",
  ...["ndjson", "x-ndjson", "jsonl", "x-jsonl", "json-seq", "stream+json", "x-json-stream"].map((name) =>
    `application/${name}`
  )
])

/** Returns whether the body is a stream of events. It may stay open without data, so waiting for its beginning is unbounded. */
const isEndless = (contentType: string | undefined): boolean => {
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? ""
  return endless.has(type) || type.startsWith("application/grpc")
}

const nameOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error && /^\w{1,60}$/.test(error.name) ? error.name : "unknown error"
}

const evaluate = (predicate: NonNullable<Settings["response"]>, excerpt: Excerpt): Effect.Effect<boolean> =>
  Effect.suspend(() => {
    const answer: unknown = predicate(excerpt)
    return Effect.isEffect(answer) ? answer as Effect.Effect<unknown, unknown> : Effect.succeed(answer)
  }).pipe(
    Effect.flatMap((answer) =>
      typeof answer === "boolean" ? Effect.succeed(answer) : Effect.dieMessage("neither true nor false")
    ),
    // Its error may contain the body, so only its name is shown.
    Effect.catchAllCause((cause) =>
      Effect.as(
        Effect.logWarning(
          `rejectedWhen.response failed (${nameOf(cause)}), so the response with status ${excerpt.status} counts as ` +
            "accepted. Return true or false for every response, or an Effect of it."
        ),
        false
      )
    )
  )

/** Judges a response that is not a rejection by the standards. */
export const judge = (
  { maxBodyBytes, response: predicate, statuses }: Settings,
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<Judged, httpErrors.ResponseError> => {
  const { headers, status } = response
  if (statuses.has(status)) return Effect.succeed({ response, isRejected: true })
  if (predicate === undefined) return Effect.succeed({ response, isRejected: false })
  if (isEndless(headers["content-type"])) {
    const excerpt = { status, headers, body: "", bytes: new Uint8Array(), isComplete: false }
    return Effect.map(evaluate(predicate, excerpt), (isRejected) => ({ response, isRejected }))
  }
  return Effect.flatMap(peek.peek(response, maxBodyBytes), ({ bytes, isComplete, response }) =>
    Effect.map(
      evaluate(predicate, { status, headers, body: new TextDecoder().decode(bytes), bytes, isComplete }),
      (isRejected) => ({ response, isRejected })
    ))
}
