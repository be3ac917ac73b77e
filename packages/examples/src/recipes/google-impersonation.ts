import { HttpClientRequest, HttpClientResponse } from "@effect/platform"
import {
  AccessToken,
  ApiClient,
  Authorization,
  ClientConfig,
  ClientCredentials,
  Grant,
  OAuthError,
  TokenCache,
  TokenEndpoint,
  type WorkloadIdentity
} from "@effect-oauth/client-credentials"
import { Clock, Effect, Layer, Schema } from "effect"

const provider = "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/build/providers/github"
const account = "inventory@acme.iam.gserviceaccount.com"
const endpoint = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${account}:generateAccessToken`

/** The client of the API that issues tokens of service accounts, with the federated token. */
const Federated = (identity: WorkloadIdentity.Source) =>
  ClientCredentials.layer({
    tokenUrl: "https://sts.googleapis.com/v1/token",
    grant: Grant.tokenExchange({ subject: identity, requestedType: "access_token" }),
    audience: provider,
    scope: "https://www.googleapis.com/auth/cloud-platform",
    apiBaseUrl: "https://iamcredentials.googleapis.com"
  })

const Response = Schema.Struct({ accessToken: Schema.Redacted(Schema.NonEmptyString), expireTime: Schema.Date })

const unavailable = (detail: string) =>
  new OAuthError.TokenEndpointUnavailable({ endpoint, reason: "connection", detail })

/** A token endpoint over that client: its request and response are not those of OAuth. */
const ServiceAccount = Layer.effect(
  TokenEndpoint.TokenEndpoint,
  Effect.gen(function*() {
    const { request } = yield* ClientConfig.ClientConfig
    const api = ApiClient.toHttpClient(yield* ApiClient.ApiClient)
    const requestToken: TokenEndpoint.TokenEndpoint["requestToken"] = ({ scope }) =>
      Effect.gen(function*() {
        const requestedAt = yield* Clock.currentTimeMillis
        const response = yield* HttpClientRequest.post(endpoint).pipe(
          HttpClientRequest.bodyUnsafeJson({ scope: scope.split(" "), lifetime: "3600s" }),
          api.execute,
          Effect.mapError(({ message }) => unavailable(message))
        )
        const { status } = response
        if (status !== 200) return yield* new OAuthError.TokenErrorResponse({ endpoint, status, error: "no_token" })
        const { accessToken, expireTime } = yield* HttpClientResponse.schemaBodyJson(Response)(response).pipe(
          Effect.mapError(() => unavailable("the response contains no token"))
        )
        const life = { requestedAt, expiresAt: expireTime.getTime() }
        return { token: new AccessToken.AccessToken({ value: accessToken, scope: undefined, ...life }), quotas: [] }
      })
    return { request, requestToken }
  })
)

export const Api = (identity: WorkloadIdentity.Source) =>
  ApiClient.layer.pipe(
    Layer.provide(Authorization.layer),
    Layer.provide(TokenCache.layer()),
    Layer.provide(Layer.provide(ServiceAccount, Federated(identity))),
    Layer.provide(ClientConfig.layer({
      tokenUrl: endpoint,
      clientId: account,
      grant: Grant.custom("generateAccessToken"),
      scope: "https://www.googleapis.com/auth/devstorage.read_only",
      apiBaseUrl: "https://storage.googleapis.com"
    }))
  )
