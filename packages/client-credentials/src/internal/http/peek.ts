/**
 * Reads a bounded part of a body so that the caller can still read the complete body: the part first, then the rest.
 */
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

import { decode } from "../protocol/contentDecoding.js"
import { builtin } from "../protocol/platformModule.js"
import * as httpErrors from "../seam/httpErrors.js"
import * as responses from "../seam/responses.js"
import * as streams from "../seam/streams.js"
import * as body from "./body.js"
import * as contentCoding from "./contentCoding.js"

type Response = HttpClientResponse.HttpClientResponse

type Bytes = Uint8Array<ArrayBuffer>

const join = (chunks: Iterable<Uint8Array>): Bytes => {
  const parts = [...chunks]
  const whole = new Uint8Array(parts.reduce((size, { length }) => size + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const abandon = (scope: Scope.CloseableScope): Effect.Effect<void> => Scope.close(scope, Exit.interrupt(FiberId.none))

/** Closes the connections of responses whose body is not read, as the platform does for its responses. */
const unread = "FinalizationRegistry" in globalThis
  ? new FinalizationRegistry<Scope.CloseableScope>((scope) => {
    Effect.runFork(abandon(scope))
  })
  : undefined

/** Response with the given body; the rest is that of another response. */
class Peeked extends responses.Derived {
  readonly #head: Response
  readonly #content: Stream.Stream<Uint8Array, httpErrors.ResponseError>
  #bytes: Effect.Effect<Bytes, httpErrors.ResponseError> | undefined

  constructor(
    head: Response,
    content: Stream.Stream<Uint8Array, httpErrors.ResponseError>,
    scope: Scope.CloseableScope
  ) {
    super(head)
    this.#head = head
    this.#content = content
    unread?.register(this, scope, this)
  }

  /** True if the transport decoded the body, which only the original response shows. */
  get isDecoded() {
    return contentCoding.isDecoded(this.#head)
  }
  get stream(): Response["stream"] {
    return Stream.suspend(() => {
      unread?.unregister(this)
      return this.#content
    })
  }
  /** Complete body, read once, as on the platform, so that `text` and `json` may both be used. */
  get #whole(): Effect.Effect<Bytes, httpErrors.ResponseError> {
    return this.#bytes ??= Effect.runSync(Effect.cached(Effect.map(Stream.runCollect(this.stream), join)))
  }
  #read<A>(read: (bytes: Bytes) => A | Promise<A>): Effect.Effect<A, httpErrors.ResponseError> {
    return Effect.flatMap(this.#whole, (bytes) =>
      Effect.tryPromise({
        try: async () => await read(bytes),
        catch: (cause) => httpErrors.ofResponse(this, "Decode", { cause })
      }))
  }
  get arrayBuffer() {
    return this.#read((bytes) => bytes.slice().buffer)
  }
  get text() {
    return this.#read((bytes) => new TextDecoder().decode(bytes))
  }
  get json() {
    return this.#read((bytes): Effect.Effect.Success<Response["json"]> => {
      const text = new TextDecoder().decode(bytes)
      return text === "" ? null : JSON.parse(text)
    })
  }
  get urlParamsBody() {
    return this.#read((bytes) => UrlParams.fromInput(new URLSearchParams(new TextDecoder().decode(bytes))))
  }
  get formData() {
    const type = this.headers["content-type"]
    return this.#read((bytes) =>
      new globalThis.Response(bytes, type === undefined ? {} : { headers: { "content-type": type } }).formData()
    )
  }
}

export interface Peek {
  /** Response to use in place of the one that was read. */
  readonly response: Response
  /** Beginning of the body, or the complete body. */
  readonly bytes: Uint8Array
  readonly isComplete: boolean
}

/**
 * Decodes the beginning of a body as far as possible, to at most `limit` bytes. Never fails: a body that cannot be decoded is
 * reported as incomplete.
 */
const decodedWithin = (bytes: Uint8Array, codings: ReadonlyArray<string>, limit: number) =>
  Effect.promise(async () => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    let isComplete = false
    const encoded = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(bytes)
        controller.close()
      }
    })
    const reader = decode(encoded, codings, builtin).getReader()
    try {
      while (size <= limit && !isComplete) {
        const { done, value } = await reader.read()
        isComplete = done
        if (value === undefined) continue
        chunks.push(value)
        size += value.length
      }
      await reader.cancel()
    } catch {
      // The rest of the body was not read, or is not encoded as its header states.
    }
    return { bytes: join(chunks).subarray(0, limit), isComplete: isComplete && size <= limit }
  })

/**
 * Reads at most `limit` bytes of the body, and the rest of their chunk. A body that ends by then has released its connection.
 * The returned bytes are decoded; those of the response are unchanged.
 */
export const peek = (original: Response, limit: number): Effect.Effect<Peek, httpErrors.ResponseError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const chunks: Array<Uint8Array> = []
      const read = Effect.gen(function*() {
        const pull = yield* streams.pull(body.bytes(original), scope)
        let size = 0
        while (size <= limit) {
          const next = yield* pull
          if (next.length === 0) return { pull, isComplete: true }
          for (const chunk of next) {
            chunks.push(chunk)
            size += chunk.length
          }
        }
        return { pull, isComplete: false }
      })
      const { isComplete, pull } = yield* Effect.onError(restore(read), () => abandon(scope))
      if (isComplete) yield* Scope.close(scope, Exit.void)
      const content = streams.resumed(chunks, isComplete ? Effect.succeed([]) : pull).pipe(
        streams.onExit((exit) => Scope.close(scope, exit))
      )
      const whole = join(chunks)
      const codings = contentCoding.isDecoded(original)
        ? []
        : contentCoding.codings(original.headers["content-encoding"])
      const seen = codings.length === 0
        ? { bytes: whole.subarray(0, limit), isComplete: whole.length <= limit }
        : yield* decodedWithin(whole, codings, limit)
      return {
        response: new Peeked(original, content, scope),
        bytes: seen.bytes,
        isComplete: isComplete && seen.isComplete
      }
    })
  )
