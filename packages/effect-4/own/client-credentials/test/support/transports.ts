/** The transports of the platform, for programs that tests start. */
export const imports = `
    import { FetchHttpClient } from "effect/http"
    import { NodeHttpClient } from "@effect/platform-node"
    const layers = {
      fetch: FetchHttpClient.layer,
      "node:http": NodeHttpClient.layerNodeHttp,
      Undici: NodeHttpClient.layerUndici
    }
`
