/**
 * The transports as the HTTP client of Effect.
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Layer from "effect/Layer"

import type { Stacks, Surroundings } from "../contender.js"

/** The surroundings of a program of Effect. */
export interface InEffect extends Surroundings {
  readonly httpClient: Layer.Layer<HttpClient.HttpClient>
}

export const layerOf = async (
  { dispatcher, fetch, isVirtual = false }: Stacks
): Promise<Layer.Layer<HttpClient.HttpClient>> => {
  if (dispatcher !== undefined) return (await import("./undici.js")).layer(dispatcher)
  const client = FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch)))
  return isVirtual ? Layer.provideMerge(client, (await import("./virtualClock.js")).layer) : client
}
