/**
 * An HTTP client that records responses for the rules.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

import type { Answer } from "./answer.js"

export interface Recorder {
  readonly answers: Array<Answer>
  /** Requests with the credentials of the client that were sent. */
  tokenRequests: number
}

export const make = (): Recorder => ({ answers: [], tokenRequests: 0 })

/** The most bytes that are kept of a response. */
const maxBytes = 1_048_577

/** The part of it that the rules examine. */
const maxExamined = 65_536

const isEndless = (type: string | undefined): boolean => /event-stream|ndjson|grpc/i.test(type ?? "")

/** Reads the content of the response, as far as it arrives in time, and returns a response with it. */
const kept = (response: HttpClientResponse.HttpClientResponse, timeout: number) =>
  Effect.gen(function*() {
    const chunks: Array<Uint8Array> = []
    let size = 0
    let hasEnded = true
    const most = timeout / 2
    if (!isEndless(response.headers["content-type"])) {
      const read = yield* Stream.runForEach(response.stream, (chunk) =>
        Effect.sync(() => {
          if (size < maxBytes) chunks.push(chunk)
          size += chunk.length
        })).pipe(
          // RFC 9110 section 6.4.1: these have no body, and none of its errors count.
          Effect.catchAll((error) => size === 0 && error.reason === "EmptyBody" ? Effect.void : error),
          // A stream may never end.
          Effect.timeoutOption(most)
        )
      hasEnded = read._tag === "Some"
    }
    const body = Buffer.concat(chunks)
    const { headers, request, status } = response
    const hasBody = ![101, 103, 204, 205, 304].includes(status)
    return {
      body: body.subarray(0, maxExamined).toString("utf8"),
      unendedAfter: hasEnded ? undefined : most,
      response: HttpClientResponse.fromWeb(
        request,
        new Response(hasBody ? body : null, { status: Math.max(200, status), headers: { ...headers } })
      )
    }
  })

export const layer = (recorder: Recorder, timeout: number) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpClient.transform(client, (sent, request) =>
        Effect.gen(function*() {
          const isCall = /^(Bearer|DPoP) /i.test(request.headers["authorization"] ?? "")
          if (!isCall && request.method === "POST") recorder.tokenRequests += 1
          const { origin, pathname } = new URL(request.url)
          const record = (
            { headers, status }: HttpClientResponse.HttpClientResponse,
            content: Pick<Answer, "body" | "isCut" | "unendedAfter">
          ) =>
            Effect.map(Clock.currentTimeMillis, (at) => {
              recorder.answers.push({ method: request.method, url: origin + pathname, status, headers, at, ...content })
            })
          const answered = yield* sent
          const { response, ...content } = yield* Effect.tapError(
            kept(answered, timeout),
            () => record(answered, { body: "", isCut: true })
          )
          yield* record(response, content)
          return response
        })))
  )
