import { OpenAiClient, OpenAiLanguageModel } from "@effect/ai-openai"
import { ApiClient, ClientCredentials, Grant, type WorkloadIdentity } from "@effect-oauth/client-credentials"
import { Layer } from "effect"

/**
 * The language model, with the identity of this workload, such as `WorkloadIdentity.file(path)`, in place of an API
 * key.
 */
export const Model = (identity: WorkloadIdentity.Source) => {
  const Api = ClientCredentials.layer({
    tokenUrl: "https://auth.openai.com/oauth/token",
    grant: Grant.tokenExchange({ subject: identity }),
    requestFormat: "json",
    parameters: { identity_provider_id: "idp_abc123", service_account_id: "user-abc123" },
    apiBaseUrl: "https://api.openai.com/v1"
  })
  return OpenAiLanguageModel.layer({ model: "gpt-5" }).pipe(
    Layer.provide(OpenAiClient.layer({})),
    Layer.provide(ApiClient.layerHttpClient),
    Layer.provide(Api)
  )
}
