/**
 * The HTTP client of the settings: that of Node, or Undici if certificates, keys or proxies are configured. Undici doubles the
 * time to load.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

import type { Values } from "./profileText.js"
import { tlsVariables } from "./variables.js"

type Environment = Readonly<Record<string, string | undefined>>

const ofProcess = /^((https?|all)_proxy|NODE_TLS_REJECT_UNAUTHORIZED)$/i

/** Returns true if the settings change the connections of Node. */
export const isConfigured = (values: Values, environment: Environment): boolean =>
  tlsVariables.some((variable) => values[variable] !== undefined) ||
  Object.entries({ ...environment, ...values }).some(([name, value]) => ofProcess.test(name) && (value ?? "") !== "")

/** The lowest version is that of `NodeTls`, whatever the options of Node allow. */
const plain = NodeHttpClient.layerWithoutAgent.pipe(
  Layer.provide(NodeHttpClient.makeAgentLayer({ minVersion: "TLSv1.2" }))
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
