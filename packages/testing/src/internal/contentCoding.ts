/**
 * Responses in a content coding (RFC 9110 section 8.4).
 */
import * as Effect from "effect/Effect"

import type { Behavior } from "./behavior.js"

type Transformation = ReadableWritablePair<Uint8Array, Uint8Array>

interface Builtins {
  readonly getBuiltinModule?: (id: string) => Readonly<Record<string, unknown>> | undefined
}

/** Brotli of the platform or of Node, which has it under another name. */
const brotli = (): Transformation => {
  const { process } = globalThis as { readonly process?: Builtins }
  const make = process?.getBuiltinModule?.("node:zlib")?.["createBrotliCompress"]
  const duplex = process?.getBuiltinModule?.("node:stream")?.["Duplex"] as
    | { readonly toWeb: (duplex: unknown) => Transformation }
    | undefined
  return typeof make === "function" && duplex !== undefined
    ? duplex.toWeb(make())
    : new CompressionStream("brotli" as CompressionFormat) as Transformation
}

/** Returns the response with its body in a coding. */
export const encode = (coding: Behavior["contentCoding"]) => (response: Response): Effect.Effect<Response> =>
  coding === "identity" || response.body === null ? Effect.succeed(response) : Effect.promise(async () => {
    const transformation = coding === "br" ? brotli() : new CompressionStream(coding) as Transformation
    const headers = new Headers(response.headers)
    headers.set("content-encoding", coding)
    headers.delete("content-length")
    const bytes = await new Response(response.body?.pipeThrough(transformation)).arrayBuffer()
    return new Response(bytes, { status: response.status, statusText: response.statusText, headers })
  })
