/**
 * Servers without sockets: a received request, a web `Response`, and the ways in which a connection breaks.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Chunk from "effect/Chunk"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"

import * as certificates from "./certificates.js"
import * as httpErrors from "./seam/httpErrors.js"

export interface Incoming {
  readonly method: string
  readonly url: URL
  /** Headers by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  /** The reason of the token request, if the client is this library. */
  readonly reason: string | undefined
  readonly certificate: certificates.Certificate | undefined
  /** Aborted when the client disconnects. */
  readonly signal?: AbortSignal | undefined
}

export class Broken extends Data.TaggedError("Broken")<{ readonly code: "ECONNRESET" | "ECONNREFUSED" }> {}

export interface Host {
  readonly origin: string
  /** The longest body that the server reads, in bytes. More than that needs not be received. Default: any length. */
  readonly longestBody?: number | undefined
  readonly handle: (incoming: Incoming) => Effect.Effect<Response, Broken>
}

const bytesOf = (request: HttpClientRequest.HttpClientRequest): Effect.Effect<Uint8Array> => {
  const { body } = request
  switch (body._tag) {
    case "Empty":
      return Effect.succeed(new Uint8Array())
    case "Uint8Array":
      return Effect.succeed(body.body)
    case "Raw":
      return Effect.promise(async () => new Uint8Array(await new Response(body.body as string).arrayBuffer()))
    case "FormData":
      return Effect.promise(async () => new Uint8Array(await new Response(body.formData).arrayBuffer()))
    case "Stream":
      return Stream.runCollect(body.stream).pipe(
        Effect.map((chunks) => Uint8Array.from(Chunk.toReadonlyArray(chunks).flatMap((chunk) => [...chunk]))),
        Effect.orDie
      )
  }
}

const reasonOf = (span: Option.Option<Tracer.AnySpan>): string | undefined => {
  if (span._tag === "None" || span.value._tag !== "Span") return undefined
  const reason = span.value.attributes.get("oauth.token.reason")
  return typeof reason === "string" ? reason : reasonOf(span.value.parent)
}

/** A refresh of this library states its reason in its span. */
const reasonOfCaller = Effect.map(Effect.option(Effect.currentParentSpan), reasonOf)

export const client = (
  hosts: ReadonlyArray<Host>,
  certificate: string | undefined
): HttpClient.HttpClient =>
  HttpClient.make((request, url) =>
    Effect.gen(function*() {
      const fail = (code: string) => httpErrors.ofTransport(request, Object.assign(new Error(code), { code }))
      const host = hosts.find(({ origin }) => origin === url.origin)
      if (host === undefined) return yield* fail("ENOTFOUND")
      const { body, headers, method } = request
      const type = body._tag === "Empty" ? undefined : body.contentType
      const response = yield* Effect.mapError(
        host.handle({
          method,
          url,
          headers: { ...(type === undefined ? {} : { "content-type": type }), ...headers },
          body: yield* bytesOf(request),
          reason: yield* reasonOfCaller,
          certificate: certificate === undefined ? undefined : yield* certificates.named(certificate)
        }),
        ({ code }) => fail(code)
      )
      return HttpClientResponse.fromWeb(request, response)
    })
  )

export const json = (
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  type: string | null = "application/json",
  byteOrderMark = false
): Response =>
  // As bytes: a string would get a content type.
  new Response(new TextEncoder().encode((byteOrderMark ? "\ufeff" : "") + JSON.stringify(body)), {
    status,
    headers: { ...(type === null ? {} : { "content-type": type }), "cache-control": "no-store", ...headers }
  })
