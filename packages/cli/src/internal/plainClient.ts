/**
 * The HTTP client of Node, with its own certificate authorities and without a proxy.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Layer from "effect/Layer"

/** The lowest version is that of `NodeTls`, whatever the options of Node allow. */
export const layer = NodeHttpClient.layerWithoutAgent.pipe(
  Layer.provide(NodeHttpClient.makeAgentLayer({ minVersion: "TLSv1.2" }))
)
