/**
 * The HTTP client of the settings: that of Node, or Undici if certificates, keys or proxies are configured. Undici doubles the
 * time to load.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

import { proxies } from "../../../client-credentials/dist/internal/config/variables.js"
import type { Values } from "./profileText.js"
import { tlsVariables } from "./variables.js"

type Environment = Readonly<Record<string, string | undefined>>

/** Variables of other programs that change connections, in lower case: names have no case on Windows. */
const ofProcess = new Set<string>([...proxies, "node_tls_reject_unauthorized"])

/** Returns true if the settings change the connections of Node. */
export const isConfigured = (values: Values, environment: Environment): boolean =>
  tlsVariables.some((variable) => values[variable] !== undefined) ||
  Object.entries({ ...environment, ...values }).some(([name, value]) =>
    ofProcess.has(name.toLowerCase()) && (value ?? "") !== ""
  )

/** The client of Node, loaded with the first request: while a token is cached, `token` sends none. */
const plain = Layer.scoped(
  HttpClient.HttpClient,
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const client = yield* Effect.promise(() => import("./plainClient.js")).pipe(
      Effect.flatMap(({ layer }) => Layer.buildWithScope(layer, scope)),
      Effect.map(Context.get(HttpClient.HttpClient)),
      Effect.cached
    )
    return HttpClient.makeWith<HttpClientError.HttpClientError, never, HttpClientError.HttpClientError, never>(
      (request) => Effect.flatMap(client, ({ execute }) => Effect.flatMap(request, execute)),
      Effect.succeed
    )
  })
)

export const layer = (values: Values) =>
  Layer.unwrapEffect(Effect.suspend(() =>
    isConfigured(values, process.env)
      ? Effect.map(
        Effect.promise(() => import("@effect-oauth/client-credentials/NodeTls")),
        (NodeTls) => NodeTls.layerEnv()
      )
      : Effect.succeed(plain)
  ))
