/**
 * An `HttpClient` without a network: a function responds, and every request is recorded.
 */
import { HttpClient, type HttpClientError, type HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Effect, Layer } from "effect"

export interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const bodyText = (request: HttpClientRequest.HttpClientRequest): string =>
  request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : request.body._tag

export const make = (
  answer: (sent: Sent) => Effect.Effect<Response, HttpClientError.HttpClientError>
) => {
  const sent: Array<Sent> = []
  const client = HttpClient.make((request, url) =>
    Effect.suspend(() => {
      const { headers, method } = request
      const one = { method, url: url.href, headers, body: bodyText(request) }
      sent.push(one)
      return Effect.map(answer(one), (response) => HttpClientResponse.fromWeb(request, response))
    })
  )
  return { sent, layer: Layer.succeed(HttpClient.HttpClient, client) }
}
