/** The transports of the platform, for programs that tests start. */
export const imports = `
    import { FetchHttpClient } from "@effect/platform"
    import { NodeHttpClient } from "@effect/platform-node"
    const layers = {
      fetch: FetchHttpClient.layer,
      "node:http": NodeHttpClient.layer,
      Undici: NodeHttpClient.layerUndici
    }
`
