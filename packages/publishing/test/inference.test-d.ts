/**
 * The types that the compiler infers in programs with the library: each error and each requirement, and nothing more.
 */
import type { HttpApiError, HttpClient, HttpClientError, HttpClientResponse } from "@effect/platform"
import {
  FetchHttpClient,
  type FileSystem,
  HttpApi,
  HttpApiBuilder,
  HttpApiClient,
  HttpApiEndpoint,
  HttpApiGroup,
  type Path
} from "@effect/platform"
import { NodeContext, NodeHttpClient } from "@effect/platform-node"
import type {
  InvalidConfig,
  OAuthError,
  TokenCache,
  TokenRevocation,
  TokenSeal
} from "@effect-oauth/client-credentials"
import {
  ApiClient,
  ClientAuthentication,
  ClientCredentials,
  LegacyToken,
  PromiseClient,
  SharedClientCredentials,
  TokenRequest,
  TokenStore
} from "@effect-oauth/client-credentials"
import type { TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { OAuthTest, TestTokenCache } from "@effect-oauth/testing"
import type { ConfigError, ParseResult, Scope } from "effect"
import { Config, Effect, Layer, Redacted, Schema } from "effect"
import { describe, expectTypeOf, it } from "vitest"

const options = {
  tokenUrl: "https://auth.example.com/oauth/token",
  clientId: "inventory-sync",
  clientSecret: Redacted.make("s3cr3t"),
  apiBaseUrl: "https://api.example.com"
}

type Services = ApiClient.ApiClient | TokenCache.TokenCache | TokenRevocation.TokenRevocation
type Failure = HttpClientError.HttpClientError | OAuthError.OAuthError

const Item = Schema.Struct({ sku: Schema.String, quantity: Schema.Int })
class OutOfStock extends Schema.TaggedError<OutOfStock>()("OutOfStock", { sku: Schema.String }) {}
class Inventory extends HttpApi.make("inventory").add(
  HttpApiGroup.make("items").add(
    HttpApiEndpoint.get("list", "/items").addSuccess(Schema.Array(Item)).addError(OutOfStock)
  )
) {}

const call = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items"))

describe("ClientCredentials", () => {
  it("layer: invalid settings, and an HttpClient", () => {
    expectTypeOf(ClientCredentials.layer(options)).toEqualTypeOf<
      Layer.Layer<Services, InvalidConfig.InvalidConfig, HttpClient.HttpClient>
    >()
  })

  it("layerEnv: the environment may be invalid, and a secret may be in a file", () => {
    expectTypeOf(ClientCredentials.layerEnv()).toEqualTypeOf<
      Layer.Layer<
        Services,
        ConfigError.ConfigError | InvalidConfig.InvalidConfig,
        FileSystem.FileSystem | HttpClient.HttpClient
      >
    >()
  })

  it("layerConfig: options from Configs, also of the parts", () => {
    expectTypeOf(ClientCredentials.layerConfig({
      issuer: Config.string("ISSUER"),
      clientId: Config.succeed("inventory-sync"),
      clientSecret: Config.redacted("SECRET"),
      apiBaseUrl: Config.string("INVENTORY_URL"),
      tokenCache: { refreshBefore: Config.duration("REFRESH_BEFORE") }
    })).toEqualTypeOf<
      Layer.Layer<Services, ConfigError.ConfigError | InvalidConfig.InvalidConfig, HttpClient.HttpClient>
    >()
    // @ts-expect-error no endpoint: tokenUrl or issuer
    ClientCredentials.layerConfig({
      clientId: Config.succeed("inventory-sync"),
      clientSecret: Config.redacted("SECRET"),
      apiBaseUrl: Config.string("INVENTORY_URL")
    })
  })

  it("SharedClientCredentials: a store and a seal as well", () => {
    expectTypeOf(SharedClientCredentials.layer(options)).toEqualTypeOf<
      Layer.Layer<
        Services,
        InvalidConfig.InvalidConfig,
        HttpClient.HttpClient | TokenSeal.TokenSeal | TokenStore.TokenStore
      >
    >()
    expectTypeOf<Layer.Layer.Context<ReturnType<typeof SharedClientCredentials.layerEnv>>>().toEqualTypeOf<
      FileSystem.FileSystem | HttpClient.HttpClient | TokenSeal.TokenSeal | TokenStore.TokenStore
    >()
  })

  it("make: a client as a value, which closes with its scope", () => {
    expectTypeOf(ClientCredentials.make(options)).toEqualTypeOf<
      Effect.Effect<ApiClient.Client, InvalidConfig.InvalidConfig, HttpClient.HttpClient | Scope.Scope>
    >()
  })

  it("a program without an HttpClient has the requirement in its type", () => {
    expectTypeOf(Effect.provide(call, ClientCredentials.layer(options))).toEqualTypeOf<
      Effect.Effect<
        HttpClientResponse.HttpClientResponse,
        Failure | InvalidConfig.InvalidConfig,
        HttpClient.HttpClient
      >
    >()
  })

  it("no requirement is left on Node.js, nor with fetch", () => {
    expectTypeOf(
      call.pipe(
        Effect.provide(ClientCredentials.layerEnv()),
        Effect.provide([NodeHttpClient.layerUndici, NodeContext.layer])
      )
    ).toEqualTypeOf<
      Effect.Effect<
        HttpClientResponse.HttpClientResponse,
        Failure | ConfigError.ConfigError | InvalidConfig.InvalidConfig
      >
    >()
    expectTypeOf(Layer.provide(ClientCredentials.layer(options), FetchHttpClient.layer)).toEqualTypeOf<
      Layer.Layer<Services, InvalidConfig.InvalidConfig>
    >()
  })

  it("rejects invalid options", () => {
    // @ts-expect-error a secret that could be printed by mistake
    ClientCredentials.layer({ ...options, clientSecret: "s3cr3t" })
    // @ts-expect-error no such method
    ClientCredentials.layer({ ...options, clientAuthentication: "client_secret" })
    // @ts-expect-error no API to call
    ClientCredentials.layer({ clientId: options.clientId, clientSecret: options.clientSecret })
    // @ts-expect-error neither an endpoint nor a credential
    ClientCredentials.layer({ clientId: options.clientId, apiBaseUrl: options.apiBaseUrl })
    // @ts-expect-error no endpoint: tokenUrl or issuer
    ClientCredentials.layer({
      clientId: options.clientId,
      clientSecret: options.clientSecret,
      apiBaseUrl: options.apiBaseUrl
    })
    // @ts-expect-error no credential: clientSecret or clientAuthentication
    ClientCredentials.layer({ tokenUrl: options.tokenUrl, clientId: options.clientId, apiBaseUrl: options.apiBaseUrl })
    // @ts-expect-error a misspelt setting
    ClientCredentials.layer({ ...options, scopes: "items:read" })
    // @ts-expect-error a key that is not a Redacted string
    ClientAuthentication.privateKeyJwt({ key: "-----BEGIN PRIVATE KEY-----" })
    // @ts-expect-error a budget is counted in a store, so it requires shared tokens
    ClientCredentials.layer({ ...options, issuanceBudget: { limit: 50 } })
  })
})

describe("the options of a client", () => {
  const { apiBaseUrl, clientId, clientSecret, tokenUrl } = options
  const issuer = "https://auth.example.com"

  it("may be undefined when a program decides at run time", () => {
    const variables: { readonly tokenUrl: string | undefined; readonly issuer: string | undefined } = {
      tokenUrl: undefined,
      issuer
    }
    ClientCredentials.layer({ clientId, clientSecret, apiBaseUrl, issuer })
    ClientCredentials.layer({ clientId, clientSecret, apiBaseUrl, tokenUrl: undefined, issuer })
    ClientCredentials.layer({ clientId, clientSecret, apiBaseUrl, ...variables })
    ClientCredentials.layer({
      clientId,
      clientSecret: undefined,
      clientAuthentication: "tls_client_auth",
      apiBaseUrl,
      tokenUrl
    })
    expectTypeOf(options).toExtend<ClientCredentials.Options>()
  })

  it("can be passed on", () => {
    const audited = (given: ClientCredentials.Options) => ClientCredentials.layer({ ...given, audience: apiBaseUrl })
    const changed = (more: Partial<ClientCredentials.Options>) => ClientCredentials.layer({ ...options, ...more })
    expectTypeOf(audited).parameter(0).toEqualTypeOf<ClientCredentials.Options>()
    expectTypeOf(changed).returns.toEqualTypeOf<ReturnType<typeof audited>>()
  })
})

describe("ApiClient", () => {
  it("fails as an HttpClient does, or with an OAuthError", () => {
    expectTypeOf(call).toEqualTypeOf<
      Effect.Effect<HttpClientResponse.HttpClientResponse, Failure, ApiClient.ApiClient>
    >()
  })

  it("typed calls: their own errors, those of the transport, and OAuthError", () => {
    const list = Effect.gen(function*() {
      const httpClient = yield* ApiClient.ApiClient
      const inventory = yield* HttpApiClient.makeWith(Inventory, { httpClient })
      return yield* inventory.items.list()
    })
    expectTypeOf(list).toExtend<Effect.Effect<unknown, unknown, unknown>>()
    expectTypeOf<Effect.Effect.Success<typeof list>>().toEqualTypeOf<
      ReadonlyArray<{ readonly sku: string; readonly quantity: number }>
    >()
    expectTypeOf<Effect.Effect.Context<typeof list>>().toEqualTypeOf<ApiClient.ApiClient>()
    expectTypeOf<Exclude<Effect.Effect.Error<typeof list>, OAuthError.OAuthError>>().toEqualTypeOf<
      OutOfStock | HttpApiError.HttpApiDecodeError | HttpClientError.HttpClientError | ParseResult.ParseError
    >()
    expectTypeOf<Extract<Effect.Effect.Error<typeof list>, OAuthError.OAuthError>>().toEqualTypeOf<
      OAuthError.OAuthError
    >()
  })

  it("each error can be caught by its name, which removes it from the type", () => {
    const caught = Effect.catchTags(call, {
      TokenErrorResponse: ({ error }) => Effect.succeed(error),
      IssuanceBudgetExhausted: () => Effect.succeed("tomorrow")
    })
    expectTypeOf(caught).toExtend<Effect.Effect<unknown, unknown, ApiClient.ApiClient>>()
    expectTypeOf<Effect.Effect.Error<typeof caught>>().toEqualTypeOf<
      Exclude<Failure, OAuthError.TokenErrorResponse | OAuthError.IssuanceBudgetExhausted>
    >()
    // @ts-expect-error no such error
    Effect.catchTag(call, "TokenExpired", () => Effect.void)
  })

  it("is not an HttpClient by accident, and is converted to one explicitly", () => {
    // It may fail with errors that an HttpClient does not have.
    expectTypeOf<ApiClient.Client>().not.toExtend<HttpClient.HttpClient>()
    expectTypeOf(ApiClient.toHttpClient).returns.toEqualTypeOf<HttpClient.HttpClient>()
    expectTypeOf(ApiClient.layerHttpClient).toEqualTypeOf<
      Layer.Layer<HttpClient.HttpClient, never, ApiClient.ApiClient>
    >()
  })
})

describe("TokenRequest.withOverrides", () => {
  it("adds the error of invalid overrides, and keeps everything else", () => {
    const changed = call.pipe(TokenRequest.withOverrides({ scope: "items:write" }))
    expectTypeOf(changed).toEqualTypeOf<
      Effect.Effect<HttpClientResponse.HttpClientResponse, Failure | InvalidConfig.InvalidConfig, ApiClient.ApiClient>
    >()
  })

  it("rejects invalid overrides", () => {
    // @ts-expect-error the client id cannot be overridden
    TokenRequest.withOverrides({ clientId: "another" })
    // @ts-expect-error a number is not a scope
    TokenRequest.withOverrides({ scope: 1 })
  })
})

describe("PromiseClient", () => {
  it("is a fetch that can be closed, for every error of the layer", () => {
    const Api = Layer.provide(ClientCredentials.layer(options), FetchHttpClient.layer)
    expectTypeOf(PromiseClient.make(Api)).toEqualTypeOf<PromiseClient.PromiseClient>()
    expectTypeOf<PromiseClient.PromiseClient["fetch"]>().toExtend<
      (input: string | URL | Request, init?: RequestInit) => Promise<Response>
    >()
  })

  it("has tokens if the layer has a token cache, and only fetch for legacy tokens", () => {
    const Legacy = Layer.provide(
      LegacyToken.layer({
        tokenId: "id",
        tokenSecret: Redacted.make("s3cr3t"),
        apiBaseUrl: "https://api.example.com"
      }),
      FetchHttpClient.layer
    )
    expectTypeOf(PromiseClient.make(Legacy)).toEqualTypeOf<PromiseClient.ApiFetch>()
    expectTypeOf<PromiseClient.PromiseClient["token"]>().returns.resolves.toEqualTypeOf<PromiseClient.Token>()
  })

  it("is created from plain values; a missing or invalid one is a type error", () => {
    const plain = { tokenUrl: "https://auth.example.com/token", clientId: "a", clientSecret: "s3cr3t" }
    expectTypeOf(PromiseClient.create(plain)).toEqualTypeOf<PromiseClient.PromiseClient>()
    PromiseClient.create({ ...plain, clientSecret: async () => "s3cr3t" }, { fetch })
    // @ts-expect-error there is neither a token endpoint nor an issuer
    PromiseClient.create({ clientId: "a", clientSecret: "s3cr3t" })
    // @ts-expect-error a number is not a secret
    PromiseClient.create({ ...plain, clientSecret: 1 })
    // @ts-expect-error a misspelt option
    PromiseClient.create({ ...plain, audiense: "https://api.example.com" })
  })

  it("requires a layer without requirements", () => {
    expectTypeOf(ClientCredentials.layer(options)).not.toExtend<Parameters<typeof PromiseClient.make>[0]>()
    expectTypeOf(Layer.provide(ClientCredentials.layer(options), FetchHttpClient.layer)).toExtend<
      Parameters<typeof PromiseClient.make>[0]
    >()
  })
})

describe("LegacyToken and TokenStore", () => {
  it("provide the same client, and the store", () => {
    const options = { tokenId: "a", tokenSecret: Redacted.make("s"), apiBaseUrl: "https://api.example.com" }
    expectTypeOf(LegacyToken.make(options)).toEqualTypeOf<ReturnType<typeof ClientCredentials.make>>()
    expectTypeOf(LegacyToken.layerEnv()).toEqualTypeOf<
      Layer.Layer<
        ApiClient.ApiClient,
        ConfigError.ConfigError | InvalidConfig.InvalidConfig,
        FileSystem.FileSystem | HttpClient.HttpClient
      >
    >()
    expectTypeOf(TokenStore.layerFiles("tokens")).toEqualTypeOf<
      Layer.Layer<TokenStore.TokenStore, InvalidConfig.InvalidConfig, FileSystem.FileSystem | Path.Path>
    >()
  })
})

describe("OAuthTest", () => {
  type Test = Services | TestAuthorizationServer.TestAuthorizationServer | TestApi.TestApi

  it("layer: all services, without requirements", () => {
    expectTypeOf(OAuthTest.layer()).toEqualTypeOf<Layer.Layer<Test, InvalidConfig.InvalidConfig>>()
    expectTypeOf(OAuthTest.expect({ tokensIssued: 1 })).toExtend<
      Effect.Effect<
        void,
        { readonly _tag: "ExpectationFailed" },
        TestAuthorizationServer.TestAuthorizationServer | TestApi.TestApi
      >
    >()
  })

  it("layerHttpApi: the requirements and errors of the API under test, without those that the layer provides", () => {
    class Database extends Effect.Service<Database>()("Database", { succeed: { count: 1 } }) {}
    const Items = HttpApiBuilder.group(
      Inventory,
      "items",
      (handlers) => handlers.handle("list", () => Effect.as(Database, []))
    )
    expectTypeOf(OAuthTest.layerHttpApi(HttpApiBuilder.api(Inventory).pipe(Layer.provide(Items)))).toEqualTypeOf<
      Layer.Layer<Test, InvalidConfig.InvalidConfig, Database>
    >()
  })

  it("layer: the parts that may be replaced", () => {
    // A handler that fails would be a fault in the test.
    type Handler = NonNullable<TestApi.Options["handler"]>
    expectTypeOf<() => Effect.Effect<Response, string>>().not.toExtend<Handler>()
    expectTypeOf<() => Effect.Effect<Response>>().toExtend<Handler>()
    // @ts-expect-error a cache fails with errors of tokens only
    TestTokenCache.layer({ error: new Error("no") })
  })
})
