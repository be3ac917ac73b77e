/** A worker whose clients are in the module, each under the name of a test, so that tests do not share tokens. */
import { FetchHttpClient } from "@effect/platform"
import { ApiClient, ClientCredentials, PromiseClient } from "@effect-oauth/client-credentials"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"

const layerOf = (name: string) =>
  ClientCredentials.layer({
    tokenUrl: `https://auth.test/${name}`,
    clientId: name,
    clientSecret: Redacted.make("s3cr3t"),
    apiBaseUrl: "https://api.test",
    ...(name.includes("proof") ? { dpop: {} } : {})
  }).pipe(Layer.provide(FetchHttpClient.layer))

const items = Effect.flatMap(
  ApiClient.ApiClient,
  (api) => Effect.flatMap(api.get("/items"), (response) => response.text)
)

const promises = (name: string) => {
  const { fetch } = PromiseClient.make(layerOf(name))
  return () => fetch("/items")
}

const effects = (name: string) => {
  const runtime = ManagedRuntime.make(layerOf(name))
  return async () => new Response(await runtime.runPromise(items))
}

const clients = new Map<string, () => Promise<Response>>()

const clientOf = (name: string) => {
  const client = clients.get(name) ?? (name.startsWith("PromiseClient") ? promises : effects)(name)
  clients.set(name, client)
  return client
}

// The clock of the module, which is set by a test.
const { now } = Date
let ahead = 0
Date.now = () => now() + ahead

/** The number of started calls. */
let begun = 0

export default {
  fetch: async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url)
    switch (pathname) {
      case "/begun":
        return new Response(String(begun))
      case "/later":
        ahead += Number(searchParams.get("millis"))
        return new Response()
      default:
        begun += 1
        try {
          return await clientOf(searchParams.get("client") ?? "")()
        } catch (error) {
          return new Response(String(error), { status: 500 })
        }
    }
  }
}
