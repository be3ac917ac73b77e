/** Uses of the exports that only one major of Effect has: none here. */
import type { HttpClient } from "@effect/platform"
import type { Effect, Layer, Redacted, Scope } from "effect"

export type Use = Effect.Effect<unknown, unknown, Scope.Scope>

/** A use of an export, with a working HTTP client; or the reason why it contains no secret. */
export type Entry = ((http: Layer.Layer<HttpClient.HttpClient>) => Use) | string

/** Modules that no index exports. */
export const modules = {}

export const uses = (_secret: Redacted.Redacted<string>): Readonly<Record<string, Entry>> => ({})
