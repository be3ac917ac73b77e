import { FetchHttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { PromiseClient, SharedClientCredentials, TokenSeal, TokenStore } from "@effect-oauth/client-credentials"
import { Layer } from "effect"

// From OAUTH_*, API_BASE_URL and TOKEN_STORE_KEY. Only the user of this process can read the directory.
const Api = SharedClientCredentials.layerEnv().pipe(
  Layer.provide([TokenStore.layerFiles(process.env["TOKEN_STORE_DIR"] ?? "tokens"), TokenSeal.layerEnv()]),
  Layer.provide([FetchHttpClient.layer, NodeContext.layer])
)

const api = PromiseClient.make(Api)

export const items = async () => (await api.fetch("/items")).json()
