/**
 * Uses all exports with canaries for secrets, and records all output that could show them: results, errors, causes,
 * loggers, spans, metrics, output streams, unhandled rejections, files, process arguments.
 */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"

import type { HttpClientError } from "@effect/platform"
import { FileSystem, HttpClientRequest } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import * as Library from "@effect-oauth/client-credentials"
import * as JwkSet from "@effect-oauth/client-credentials/JwkSet"
import * as Mcp from "@effect-oauth/client-credentials/Mcp"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import type { Context } from "effect"
import { Config as EffectConfig, ConfigProvider, Effect, Exit, Layer, Option, Redacted, Schema } from "effect"
import { exportPKCS8, generateKeyPair } from "jose"

import * as certificates from "./support/certificates.js"
import * as exportsOfMajor from "./support/exportsOfMajor.js"
import * as fakeHttp from "./support/fakeHttp.js"
import * as httpErrors from "./support/httpErrors.js"
import { printed } from "./support/printed.js"
import { sample } from "./support/runs.js"
import * as scenario from "./support/scenario.js"
import { shownBy } from "./support/shown.js"

const {
  AccessToken,
  ApiClient,
  Authorization,
  ClientAuthentication,
  ClientConfig,
  ClientCredentials,
  Grant,
  InvalidConfig,
  IssuanceBudget,
  LegacyToken,
  OAuthError,
  PromiseClient,
  ReplaySchedule,
  ServerMetadata,
  SharedClientCredentials,
  SharedTokens,
  Signer,
  TokenCache,
  TokenEndpoint,
  TokenRequest,
  TokenRevocation,
  TokenSeal,
  TokenStore
} = Library

const secret = Redacted.make("c4n4ry s3cr3t/+ %: of thirty-two bytes or more")
const previous = Redacted.make("c4n4ry previous s3cr3t of thirty-two bytes")
const storeKey = Buffer.from("c4n4ry-key-of-32-bytes-and-no-m.").toString("base64")

const withPlainSecret = {
  tokenUrl: "https://auth.example.com/token",
  clientId: "client",
  clientSecret: Redacted.value(secret),
  apiBaseUrl: "https://api.example.com"
}

/** Returns the result or the rejection of a client for programs without Effect. */
const promised = (make: () => ReturnType<typeof PromiseClient.create>) =>
  Effect.promise(async () => {
    const client = make()
    const settled = await Promise.allSettled([
      client.fetch("/items"),
      client.fetch("https://elsewhere.example/"),
      client.token(),
      client.health(),
      client.revoke()
    ])
    await client.close()
    return [client, ...settled]
  })

/** The places of secrets in requests: a value sent there must not be shown either. */
const canariesOf = (sent: ReadonlyArray<fakeHttp.Sent>): ReadonlyArray<string> =>
  sent.flatMap(({ body, headers }) => {
    const parameters = new URLSearchParams(body)
    return [
      parameters.get("client_secret"),
      parameters.get("client_assertion"),
      parameters.get("assertion"),
      parameters.get("subject_token"),
      parameters.get("actor_token"),
      parameters.get("token"),
      headers["authorization"]?.replace(/^\w+ /, ""),
      headers["dpop"]
    ].filter((one) => typeof one === "string")
  })

/** A server that repeats the request in every possible place. */
const echo = (status: number) => ({ body, headers }: fakeHttp.Sent): Response => {
  const all = `${body} ${[...new URLSearchParams(body).values()].join(" ")} ${JSON.stringify(headers)}`
  return Response.json({ error: "invalid_request", error_description: all, error_uri: all }, {
    status,
    headers: { location: `https://elsewhere.example/?${body}`, "retry-after": "0" }
  })
}

/** Sends a header that no transport of the platform sends. */
const breaksWithEcho = (sent: fakeHttp.Sent) =>
  httpErrors.ofRequest(HttpClientRequest.post(sent.url, { headers: sent.headers }), "Transport", {
    description: JSON.stringify(sent),
    cause: Object.assign(new Error(JSON.stringify(sent)), { code: "ECONNRESET", sent })
  })

const breaks = (sent: fakeHttp.Sent) =>
  httpErrors.ofRequest(HttpClientRequest.post(sent.url, { headers: sent.headers }), "Transport", {
    cause: Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })
  })

const token = (count: number) =>
  Response.json({
    access_token: `c4n4ry-t0k3n-${count}`,
    token_type: "Bearer",
    expires_in: 60,
    scope: "a",
    instance: "c4n4ry-instance"
  })

/** Returns the secret of a request, in the spelling of a server that escapes or encodes repeated values. */
const spelled = (spell: (secret: string) => string) => (sent: fakeHttp.Sent): Response => {
  const parameters = new URLSearchParams(sent.body)
  const basic = Buffer.from(sent.headers["authorization"]?.replace(/^\w+ /, "") ?? "", "base64").toString()
  const secret = parameters.get("client_secret") ?? basic
  return Response.json({ error: "invalid_client", error_description: `not known: ${spell(secret)}` }, { status: 401 })
}

const entities = (text: string) => [...text].map((one) => `&#${one.codePointAt(0)};`).join("")
const hex = (text: string) => Buffer.from(text).toString("hex")

type Answer = (sent: fakeHttp.Sent, count: number) => Response | HttpClientError.HttpClientError

const isRevocation = ({ url }: fakeHttp.Sent): boolean => url.endsWith("/revoke")

const tokenEndpoints: Readonly<Record<string, Answer>> = {
  works: (_, count) => token(count),
  "rejects revocations with an echo": (sent, count) => isRevocation(sent) ? echo(400)(sent) : token(count),
  "revokes with a custom response": (sent, count) =>
    isRevocation(sent) ? new Response(sent.body, { status: 202 }) : token(count),
  "returns 400 with an echo": echo(400),
  "returns 401 with an echo": echo(401),
  "returns 500 with an echo": echo(500),
  redirects: echo(307),
  "returns 200 with an echo": echo(200),
  "breaks the connection with an echo": breaksWithEcho,
  "repeats the secret in entities": spelled(entities),
  "repeats the secret in base64": spelled((secret) => Buffer.from(secret).toString("base64")),
  "repeats the secret in hex": spelled(hex),
  "repeats a part of the secret": spelled((secret) => secret.slice(0, 8)),
  "returns a date in place of a lifetime": (sent) =>
    Response.json({ access_token: "c4n4ry-t0k3n", token_type: "Bearer", expires_in: "tomorrow", scope: sent.body }),
  "returns a part of the response": (sent) =>
    new Response(`{"access_token":"c4n4ry-t0k3n","x":${JSON.stringify(sent)}`),
  "returns a token that cannot be a header value": () =>
    Response.json({ access_token: "c4n4ry\r\nt0k3n", token_type: "Bearer" }),
  "returns a token of another type": (sent) =>
    Response.json({ access_token: "c4n4ry-t0k3n", token_type: sent.body, expires_in: sent.body })
}

/** Returns the credentials of a call before they were encoded. */
const plain = ({ headers }: fakeHttp.Sent): string => {
  const [scheme, credentials = ""] = (headers["authorization"] ?? "").split(" ")
  return scheme === "Basic" ? Buffer.from(credentials, "base64").toString().replace(/^.*?:/, "") : credentials
}

const apis: Readonly<Record<string, Answer>> = {
  works: () => Response.json({ ok: true }),
  "repeats the credentials in headers": (sent) =>
    Response.json({ ok: true }, {
      headers: { "x-token": sent.headers["authorization"] ?? "", "x-plain": encodeURIComponent(plain(sent)) }
    }),
  "requires a scope named like the credentials": (sent) =>
    new Response(null, {
      status: 403,
      headers: { "www-authenticate": `Bearer error="insufficient_scope", scope="${plain(sent).replace(/"/g, "")}"` }
    }),
  // A body belongs to the caller; a header is shown by traces.
  "rejects every call, with an echo": ({ headers }) =>
    new Response("{}", {
      status: 401,
      headers: { "www-authenticate": `Bearer error="invalid_token", error_description="${headers["authorization"]}"` }
    }),
  "requires more scope, with an echo": ({ headers }) =>
    new Response(null, {
      status: 403,
      headers: {
        "www-authenticate": `Bearer error="insufficient_scope", error_description="${headers["authorization"]}"`
      }
    }),
  "requires a nonce": () =>
    new Response(null, {
      status: 401,
      headers: { "www-authenticate": "DPoP error=\"use_dpop_nonce\"", "dpop-nonce": "n" }
    }),
  breaks
}

const network = (tokens: Answer, api: Answer) => {
  let count = 0
  return fakeHttp.make((sent) =>
    Effect.suspend(() => {
      count += 1
      const answer = sent.url.startsWith("https://auth.") ? tokens(sent, count) : api(sent, count)
      return answer instanceof Response ? Effect.succeed(answer) : Effect.fail(answer)
    })
  )
}

const assertNothing = (shown: string, sent: ReadonlyArray<fakeHttp.Sent>, more: ReadonlyArray<string> = []) => {
  const spellings = [entities("c4n4ry"), hex("c4n4ry"), Buffer.from("c4n4ry").toString("base64")]
  for (const canary of ["c4n4ry", ...spellings, storeKey, ...canariesOf(sent), ...more]) {
    const at = shown.indexOf(canary)
    if (at >= 0) assert.fail(`shown: ${shown.slice(Math.max(0, at - 300), at + canary.length + 40)}`)
  }
}

const keys = await generateKeyPair("ES256", { extractable: true })
const pem = await exportPKCS8(keys.privateKey)

/** An identity token of a platform. */
const identity = Redacted.make(
  `${Buffer.from("{\"alg\":\"none\"}").toString("base64url")}.${
    Buffer.from("{\"sub\":\"c4n4ry-workload\",\"exp\":4102444800}").toString("base64url")
  }.c4n4ry-s1gn4ture`
)

const methods = {
  client_secret_post: { clientSecret: secret, clientAuthentication: "client_secret_post" },
  client_secret_basic: { clientSecret: secret, clientAuthentication: "client_secret_basic" },
  client_secret_jwt: { clientSecret: undefined, clientAuthentication: ClientAuthentication.clientSecretJwt(secret) },
  private_key_jwt: {
    clientSecret: undefined,
    clientAuthentication: ClientAuthentication.privateKeyJwt({ key: Redacted.make(pem) })
  },
  workload_identity: {
    clientSecret: undefined,
    clientAuthentication: ClientAuthentication.workloadIdentity(Effect.succeed(identity))
  },
  jwt_bearer: { clientSecret: undefined, clientId: undefined, grant: Grant.jwtBearer(Effect.succeed(identity)) },
  signed_assertion: {
    clientSecret: undefined,
    grant: Grant.signedAssertion({ issuer: "a", key: Redacted.make(pem) })
  },
  token_exchange: {
    clientSecret: undefined,
    grant: Grant.tokenExchange({ subject: Effect.succeed(identity), actor: secret })
  },
  "private_key_jwt by a signer": {
    clientSecret: undefined,
    clientAuthentication: ClientAuthentication.privateKeyJwt({
      signer: await Effect.runPromise(Signer.fromCryptoKey({ key: keys }))
    })
  },
  "private_key_jwt by a signer that fails": {
    clientSecret: undefined,
    clientAuthentication: ClientAuthentication.privateKeyJwt({
      signer: Signer.fromDer({
        algorithm: "ES256",
        signDigest: () => Effect.tryPromise(() => Promise.reject(new Error(`c4n4ry ${pem}`)))
      })
    })
  }
} as const

/** Without an assertion there is no token request. */
const sendsNothing = (method: string): boolean => method === "private_key_jwt by a signer that fails"

/** All operations of a client. */
const everything = Effect.gen(function*() {
  const api = yield* ApiClient.ApiClient
  const cache = yield* TokenCache.TokenCache
  const { revoke } = yield* TokenRevocation.TokenRevocation
  const cached = yield* Effect.exit(cache.get)
  const outcomes: Array<unknown> = [api, cache, cached, printed(cached)]
  const note = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.map(Effect.exit(effect), (exit) => {
      outcomes.push(exit)
    })
  yield* note(api.get("/items"))
  yield* note(Effect.flatMap(api.get("/items"), (response) => response.json))
  yield* note(api.post("/items", { headers: { "x-own": "mine" } }))
  yield* note(api.get("https://elsewhere.example/items"))
  yield* note(api.get("/other").pipe(TokenRequest.withOverrides({ scope: "b" })))
  yield* note(ApiClient.toHttpClient(api).get("/items"))
  yield* note(cache.health)
  yield* note(cache.cached)
  if (Exit.isSuccess(cached)) {
    yield* note(cache.invalidate(cached.value))
    yield* note(cache.refresh(cached.value))
    yield* note(revoke(cached.value))
  }
  return outcomes
})

const options = (more: Partial<Library.ClientCredentials.Options> = {}): Library.ClientCredentials.Options => ({
  ...scenario.options,
  clientSecret: undefined,
  revocationUrl: "https://auth.example.com/revoke",
  tokenCache: { retryTimeout: 0 },
  ...more
})

const conversations = Object.entries(tokenEndpoints).flatMap(([name, tokens]) =>
  Object.entries(name === "works" ? apis : { works: () => Response.json({}) }).map(([apiName, api]) =>
    ({ name, tokens, apiName, api }) as const
  )
)

describe("nothing secret is shown by a client", () => {
  const clients = Object.entries(methods).flatMap(([method, authentication]) =>
    [false, true, { key: Redacted.make(pem) }].map((dpop) => ({ method, authentication, dpop }))
  )
  for (const [index, { authentication, dpop, method }] of clients.entries()) {
    const title = `${method}${dpop === false ? "" : dpop === true ? " with DPoP" : " with DPoP by a configured key"}`
    it.effect(`${title}, whatever the servers do`, () =>
      Effect.gen(function*() {
        // Each client starts with another conversation, so that together they have all of them.
        const rotated = [...conversations.slice(index), ...conversations.slice(0, index)]
        for (const { api, apiName, name, tokens } of sample(`conversations by ${title}`, rotated, 1)) {
          const { layer, sent } = network(
            dpop !== false && name === "works" ?
              (_, count) =>
                Response.json({ access_token: `c4n4ry-t0k3n-${count}`, token_type: "DPoP", expires_in: 60 }) :
              tokens,
            api
          )
          const client = ClientCredentials.layer(options({ ...authentication, dpop }))
          const shown = yield* shownBy(Effect.provide(everything, Layer.provide(client, layer)))
          assert.strictEqual(canariesOf(sent).length === 0, sendsNothing(method), `${name}, ${apiName}`)
          assertNothing(shown, sent, pem.split("\n").slice(1, -2))
        }
      }))
  }
})

it.effect("nothing secret is shown by a legacy token, for any response of the API", () =>
  Effect.gen(function*() {
    for (const [name, api] of Object.entries(apis)) {
      const { layer, sent } = network((_, count) => token(count), api)
      const client = LegacyToken.layer({
        apiBaseUrl: "https://api.example.com",
        tokenId: "tok_17",
        tokenSecret: secret
      })
      const calls = Effect.flatMap(ApiClient.ApiClient, (api) =>
        Effect.all([
          Effect.exit(api.get("/items")),
          Effect.exit(api.get("https://elsewhere.example/items")),
          Effect.exit(ApiClient.toHttpClient(api).get("/items"))
        ]))
      const shown = yield* shownBy(Effect.provide(calls, Layer.provide(client, layer)))
      assert.isNotEmpty(canariesOf(sent), name)
      assertNothing(shown, sent)
    }
  }))

it.effect("nothing secret is shown to the caller by a transport that repeats what it sends", () =>
  Effect.gen(function*() {
    const { layer, sent } = network((_, count) => token(count), breaksWithEcho)
    const client = ClientCredentials.layer(options({ clientSecret: secret }))
    const outcome = yield* Effect.exit(Effect.provide(everything, Layer.provide(client, layer)))
    assertNothing(printed(outcome), sent)
    // Values that errors omit when printed can be reached too.
    assertNothing(inspect(outcome, { depth: 12, showHidden: true, customInspect: false }), sent)
    assert.include(printed(outcome), "Transport")
  }))

const environment = ConfigProvider.fromMap(
  new Map([
    ["OAUTH_TOKEN_URL", "https://auth.example.com/oauth/token"],
    ["OAUTH_CLIENT_ID", "inventory-sync"],
    ["OAUTH_CLIENT_SECRET", Redacted.value(secret)],
    ["API_BASE_URL", "https://api.example.com"],
    ["LEGACY_TOKEN_ID", "tok_17"],
    ["LEGACY_TOKEN_SECRET", Redacted.value(secret)]
  ])
)

const withSecret = options({ clientSecret: secret, previousClientSecret: previous })
const Seal = TokenSeal.layer([Redacted.make(storeKey)])
const Config = ClientConfig.layer(withSecret)
/** The store of the context, with every entry corrupted. */
const Tampered = Layer.effect(
  TokenStore.TokenStore,
  Effect.map(TokenStore.TokenStore, (store) => ({
    ...store,
    load: (key: string) =>
      Effect.map(store.load(key), (found) => ({
        ...found,
        entry: Option.map(found.entry, (entry) => ({ ...entry, value: `${entry.value}x` }))
      }))
  }))
)
const accessToken = new AccessToken.AccessToken({
  value: Redacted.make("c4n4ry-t0k3n"),
  scope: undefined,
  requestedAt: 0,
  expiresAt: 1
})

type Use = exportsOfMajor.Use
type Entry = exportsOfMajor.Entry

const built = (layer: Layer.Layer<never, unknown>): Use =>
  Effect.map(Layer.build(layer), (context) => [
    context,
    ...(context as Context.Context<unknown>).unsafeMap.values()
  ])

const tag = "the name of a service"
const error = "its fields are strings without secrets, as the suite above and the tests of failures show"
const surface: Readonly<Record<string, Entry>> = {
  ...exportsOfMajor.uses(secret),
  "AccessToken.membersOf": () =>
    Effect.sync(() => {
      const token = new AccessToken.AccessToken({
        ...accessToken,
        members: Redacted.make(JSON.stringify({ key: "c4n4ry", region: "eu" }))
      })
      return [token, AccessToken.membersOf(token, Schema.Struct({ region: Schema.String })), printed(token)]
    }),
  "AccessToken.AccessToken": () => Effect.succeed([accessToken, { ...accessToken }, accessToken.toString()]),
  "ApiClient.ApiClient": tag,
  "ApiClient.layer": (http) =>
    built(Layer.provide(ApiClient.layer, [
      Layer.provide(
        LegacyToken.layer({
          apiBaseUrl: "https://api.example.com",
          tokenId: "tok_17",
          tokenSecret: secret
        }),
        http
      ),
      http,
      Layer.provide(Authorization.layer, [Config, Layer.provide(ClientCredentials.layer(withSecret), http)])
    ])),
  "ApiClient.layerHttpClient": (http) =>
    built(ApiClient.layerHttpClient.pipe(Layer.provide(ClientCredentials.layer(withSecret)), Layer.provide(http))),
  "ApiClient.make": (http) =>
    Effect.provide(ApiClient.make, [
      http,
      Layer.provide(Authorization.layer, [Config, Layer.provide(ClientCredentials.layer(withSecret), http)])
    ]),
  "ApiClient.toHttpClient": "used in the suite above",
  "Authorization.Authorization": tag,
  "Authorization.layer": (http) =>
    built(Layer.provide(Authorization.layer, [Config, Layer.provide(ClientCredentials.layer(withSecret), http)])),
  "Authorization.make": (http) =>
    Effect.flatMap(
      Authorization.make,
      (service) =>
        Effect.flatMap(
          service.authorize(HttpClientRequest.get("https://api.example.com/x")),
          (authorized) =>
            Effect.map(
              Effect.all([service.confirm(authorized), service.invalidate(authorized)]),
              (results) => [service, authorized.credential, results]
            )
        )
    ).pipe(Effect.provide([Config, Layer.provide(ClientCredentials.layer(withSecret), http)])),
  "Challenge.meaning": "a pure function of what an API sent",
  "Challenge.parse": "a pure function of what an API sent",
  "ClientAuthentication.clientSecretJwt": () => Effect.succeed(ClientAuthentication.clientSecretJwt(secret)),
  "ClientAuthentication.custom": () =>
    Effect.succeed(
      ClientAuthentication.custom("own", () => Effect.succeed({ headers: { "x-proof": Redacted.value(secret) } }))
    ),
  "ClientAuthentication.privateKeyJwt": () =>
    Effect.succeed(ClientAuthentication.privateKeyJwt({ key: Redacted.make("c4n4ry") })),
  "ClientAuthentication.workloadIdentity": () => Effect.succeed(ClientAuthentication.workloadIdentity(identity)),
  "ClientConfig.ClientConfig": tag,
  "ClientConfig.fromEnv": () =>
    Effect.withConfigProvider(Effect.provide(ClientConfig.ClientConfig, ClientConfig.layerEnv()), environment).pipe(
      Effect.provide(NodeContext.layer)
    ),
  "ClientConfig.layer": () => built(Config),
  "ClientConfig.layerConfig": () => built(ClientConfig.layerConfig(EffectConfig.succeed(withSecret))),
  "ClientConfig.layerEnv": () =>
    built(
      ClientConfig.layerEnv().pipe(
        Layer.provide([Layer.setConfigProvider(environment), NodeContext.layer])
      )
    ),
  "ClientConfig.withParts": "used by the `layer` of a client",
  "ClientConfig.make": () =>
    Effect.forEach([
      ClientConfig.make(withSecret),
      ClientConfig.make({ ...withSecret, tokenUrl: "https://user:c4n4ry@auth.example.com/?client_secret=c4n4ry" }),
      ClientConfig.make({ ...withSecret, clientSecret: "c4n4ry" as never }),
      ClientConfig.make({ ...withSecret, clientId: "c4n4ry\u0000" })
    ], Effect.exit),
  "ClientCredentials.compose": "used by the layers of a client",
  "ClientAuthentication.selfSignedTlsClientAuth": "the certificate is the HTTP client's",
  "ClientAuthentication.tlsClientAuth": "the certificate is the HTTP client's",
  "ClientCredentials.rejectTls": "shows names of variables, see PromiseClient.create.test.ts",
  "ClientCredentials.reportUnreadTls": "shows names of variables, see NodeTls.test.ts",
  "ClientCredentials.layer": (http) => built(Layer.provide(ClientCredentials.layer(withSecret), http)),
  "ClientCredentials.layerConfig": (http) =>
    built(Layer.provide(ClientCredentials.layerConfig(EffectConfig.succeed(withSecret)), http)),
  "ClientCredentials.layerEnv": (http) =>
    built(
      ClientCredentials.layerEnv().pipe(
        Layer.provide([http, Layer.setConfigProvider(environment), NodeContext.layer])
      )
    ),
  "SharedClientCredentials.layer": (http) =>
    Effect.provide(
      everything,
      SharedClientCredentials.layer({ ...withSecret, issuanceBudget: { limit: 10 } }).pipe(
        Layer.provide([http, TokenStore.layerMemory, Seal])
      )
    ),
  "SharedClientCredentials.layerConfig": (http) =>
    Effect.provide(
      everything,
      SharedClientCredentials.layerConfig(EffectConfig.succeed(withSecret)).pipe(
        Layer.provide([http, TokenStore.layerMemory, Seal])
      )
    ),
  "SharedClientCredentials.layerEnv": (http) =>
    Effect.provide(
      everything,
      SharedClientCredentials.layerEnv().pipe(
        Layer.provide([http, TokenStore.layerMemory, Seal, Layer.setConfigProvider(environment), NodeContext.layer])
      )
    ),
  "SharedClientCredentials.make": (http) =>
    Effect.flatMap(
      SharedClientCredentials.make(withSecret),
      (client) => Effect.map(Effect.exit(client.get("/x")), (exit) => [client, exit])
    ).pipe(Effect.provide([http, TokenStore.layerMemory, Seal])),
  "ClientCredentials.make": (http) =>
    Effect.flatMap(
      ClientCredentials.make(withSecret),
      (client) => Effect.map(Effect.exit(client.get("/x")), (exit) => [client, exit])
    ).pipe(Effect.provide(http)),
  "InvalidConfig.InvalidConfig": () =>
    Effect.succeed(new InvalidConfig.InvalidConfig({ problems: [{ setting: "x", expected: "y" }] })),
  "IssuanceBudget.IssuanceBudget": tag,
  "IssuanceBudget.layer": "a layer of `make`",
  "IssuanceBudget.make": (http) =>
    Effect.gen(function*() {
      const budget = yield* IssuanceBudget.make({ limit: 1 })
      const endpoint = budget.decorate(yield* TokenEndpoint.TokenEndpoint)
      const request = endpoint.requestToken(endpoint.request, { reason: "rejected", replaces: accessToken })
      const exits = [yield* Effect.exit(request), yield* Effect.exit(request)]
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false])
      return [budget, yield* budget.left, endpoint, exits]
    }).pipe(Effect.provide([
      TokenStore.layerMemory,
      Seal,
      Config,
      Layer.provide(TokenEndpoint.layer(), [http, Config, Layer.provide(ServerMetadata.layer(), [http, Config])])
    ])),
  "LegacyToken.layer": (http) =>
    built(Layer.provide(
      LegacyToken.layer({ apiBaseUrl: "https://api.example.com", tokenId: "tok_17", tokenSecret: secret }),
      http
    )),
  "LegacyToken.layerConfig": (http) =>
    built(Layer.provide(
      LegacyToken.layerConfig({
        apiBaseUrl: EffectConfig.succeed("https://api.example.com"),
        tokenId: EffectConfig.succeed("tok_17"),
        tokenSecret: EffectConfig.succeed(secret)
      }),
      http
    )),
  "LegacyToken.make": (http) =>
    Effect.flatMap(
      LegacyToken.make({ apiBaseUrl: "https://api.example.com", tokenId: "tok_17", tokenSecret: secret }),
      (client) => Effect.map(Effect.exit(client.get("/x")), (exit) => [client, exit])
    ).pipe(Effect.provide(http)),
  "LegacyToken.layerEnv": (http) =>
    built(Layer.provide(LegacyToken.layerEnv(), [http, Layer.setConfigProvider(environment), NodeContext.layer])),
  "JwkSet.make": () =>
    Effect.forEach(
      [[{ key: Redacted.make(pem) }], [{ key: Redacted.make("c4n4ry") }], [{ key: Effect.fail("c4n4ry") }]],
      (keys) => Effect.exit(JwkSet.make({ keys }))
    ),
  "JwkSet.response": () =>
    Effect.forEach(
      [[{ key: Redacted.make(pem) }], [{ key: Redacted.make("c4n4ry") }], [{ key: Effect.fail("c4n4ry") }]],
      (keys) => JwkSet.response({ keys })
    ),
  "Mcp.authProvider": (http) =>
    Effect.forEach([{}, { dpop: true }], (more) =>
      Mcp.authProvider.pipe(
        Effect.tap(({ onUnauthorized }) => Effect.promise(onUnauthorized)),
        Effect.flatMap((provider) =>
          // Its result is for the SDK; its rejections may be shown.
          Effect.promise(() => provider.token().then(() => provider, (error: unknown) => [provider, error]))
        ),
        Effect.provide(Layer.provide(ClientCredentials.layer({ ...withSecret, ...more }), http)),
        Effect.scoped
      )),
  "NodeTls.layer": () =>
    Effect.flatMap(certificates.authority("own"), ({ cert, private: own }) =>
      Effect.forEach(
        [
          { key: Redacted.make(own) },
          { key: Redacted.make(pem) },
          { key: secret, passphrase: previous },
          { key: Redacted.make(own), ca: Redacted.value(secret) }
        ],
        (options) => Effect.exit(built(NodeTls.layer({ certificate: cert, ...options })))
      )),
  "NodeTls.layerConfig": "`NodeTls.layer` with options that are read",
  "NodeTls.layerEnv": "the key is a file or a Redacted string; its errors are tested in NodeTls.test.ts",
  "OAuthError.ClientClosed": error,
  "OAuthError.CredentialUnavailable": error,
  "OAuthError.DiscoveryFailed": error,
  "OAuthError.InsufficientClaims": error,
  "OAuthError.InsufficientScope": error,
  "OAuthError.InsufficientUserAuthentication": error,
  "OAuthError.InvalidTokenResponse": error,
  "OAuthError.IssuanceBudgetExhausted": error,
  "OAuthError.OriginNotAllowed": error,
  "OAuthError.PathNotAllowed": error,
  "OAuthError.ResourceMetadataInvalid": error,
  "OAuthError.RevocationUnsupported": error,
  "OAuthError.TokenEndpointUnavailable": error,
  "OAuthError.TokenErrorResponse": error,
  "OAuthError.TokenStoreError": error,
  "OAuthError.isOAuthError": () => Effect.succeed(OAuthError.isOAuthError(accessToken)),
  "PromiseClient.create": (http) => promised(() => PromiseClient.create(withPlainSecret, { httpClient: http })),
  "PromiseClient.fromEnv": (http) =>
    promised(() =>
      PromiseClient.fromEnv({
        env: {
          OAUTH_TOKEN_URL: "https://auth.example.com/token",
          OAUTH_CLIENT_ID: "client",
          OAUTH_CLIENT_SECRET: Redacted.value(secret),
          API_BASE_URL: "https://api.example.com"
        },
        httpClient: http
      })
    ),
  "PromiseClient.secret": () => Effect.succeed(PromiseClient.secret(Redacted.value(secret))),
  "PromiseClient.make": (http) =>
    Effect.promise(async () => {
      const client = PromiseClient.make(Layer.provide(ClientCredentials.layer(withSecret), http))
      const response = await client.fetch("/items")
      const rejected: unknown = await client.fetch("https://elsewhere.example/").catch((reason: unknown) => reason)
      await client.close()
      return [client, response, rejected]
    }),
  "ProtectedResource.discover": "reads public metadata, without credentials",
  "ReplaySchedule.Rejection": () => Effect.succeed(new ReplaySchedule.Rejection({ challenges: [], renewable: true })),
  "ReplaySchedule.ReplaySchedule": tag,
  "ServerMetadata.ServerMetadata": tag,
  "ServerMetadata.layer": "reads public metadata, without credentials",
  "ServerMetadata.make": () => {
    const { layer } = network(({ url }, count) =>
      count === 1
        ? Response.json({ issuer: "https://auth.example.com", token_endpoint: "https://auth.example.com/token" })
        : breaksWithEcho({ body: "", headers: {}, method: "GET", url }), () => Response.json({}))
    return Effect.flatMap(
      ServerMetadata.make({ life: "1 millis" }),
      (metadata) => Effect.all([metadata.get, Effect.delay(metadata.get, "10 millis")])
    ).pipe(
      Effect.provide([
        layer,
        ClientConfig.layer({ ...withSecret, tokenUrl: undefined, issuer: "https://auth.example.com" })
      ])
    )
  },
  "SharedTokens.forget": (http) =>
    Effect.gen(function*() {
      const token = yield* Effect.flatMap(TokenCache.TokenCache, ({ get }) => get)
      const before = yield* SharedTokens.stored
      return [before, yield* SharedTokens.forget(token), yield* SharedTokens.stored]
    }).pipe(
      Effect.provide(Layer.provideMerge(
        Layer.provide(SharedClientCredentials.layer(withSecret), http),
        Layer.mergeAll(TokenStore.layerMemory, Seal, Config)
      ))
    ),
  "SharedTokens.decorate": (http) =>
    Effect.flatMap(
      Effect.flatMap(TokenEndpoint.TokenEndpoint, SharedTokens.decorate),
      (endpoint) => Effect.map(endpoint.requestToken(endpoint.request), (token) => [endpoint, token])
    ).pipe(
      // The second one cannot open the entry of the first one.
      (request) => Effect.all([request, Effect.provide(request, Tampered)]),
      Effect.provide([
        TokenStore.layerMemory,
        Seal,
        Config,
        Layer.provide(TokenEndpoint.layer(), [http, Config, Layer.provide(ServerMetadata.layer(), [http, Config])])
      ])
    ),
  "SharedTokens.layer": "a layer of `decorate`",
  "SharedTokens.stored": "used with `forget`",
  "Signer.fromCryptoKey": () => Signer.fromCryptoKey({ key: keys }),
  "Signer.fromDer": () =>
    Effect.succeed(Signer.fromDer({ algorithm: "ES256", sign: () => Effect.fail({ secret: "c4n4ry" }) })),
  "Signer.make": () =>
    Effect.succeed(
      Signer.make({
        algorithm: "ES256",
        publicKey: "c4n4ry",
        ...{ secret: "c4n4ry" },
        sign: () => Effect.fail("c4n4ry")
      })
    ),
  "TokenCache.TokenCache": tag,
  "TokenCache.layer": "a layer of `make`",
  "TokenCache.make": (http) =>
    Effect.flatMap(TokenCache.make(), (cache) => Effect.map(cache.get, (token) => [cache, token])).pipe(
      Effect.provide(
        Layer.provide(TokenEndpoint.layer(), [http, Config, Layer.provide(ServerMetadata.layer(), [http, Config])])
      )
    ),
  "TokenEndpoint.TokenEndpoint": tag,
  "TokenEndpoint.layer": "a layer of `make`",
  "TokenEndpoint.make": (http) =>
    Effect.flatMap(
      TokenEndpoint.make(),
      (endpoint) => Effect.map(endpoint.requestToken(endpoint.request), (token) => [endpoint, token])
    ).pipe(
      Effect.provide([http, Config, Layer.provide(ServerMetadata.layer(), [http, Config])])
    ),
  "Grant.custom": () =>
    Effect.succeed(
      Grant.custom("own", { present: () => Effect.succeed({ parameters: { token: Redacted.value(identity) } }) })
    ),
  "Grant.jwtBearer": () => Effect.succeed(Grant.jwtBearer(identity)),
  "Grant.onBehalfOf": (http) =>
    Effect.forEach(
      [identity, "c4n4ry" as never],
      (user) =>
        Effect.exit(Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(Grant.onBehalfOf(user)))
    ).pipe(
      Effect.provide(Layer.provide(
        ClientCredentials.layer(options({ clientSecret: secret, grant: Grant.jwtBearer("onBehalfOf") })),
        http
      ))
    ),
  "Grant.signedAssertion": () => Effect.succeed(Grant.signedAssertion({ issuer: "a", key: Redacted.make("c4n4ry") })),
  "Grant.tokenExchange": () => Effect.succeed(Grant.tokenExchange({ subject: identity, actor: secret })),
  "TokenRequest.CurrentOverrides": tag,
  "TokenRequest.TokenRequest": "the request without its proof",
  "TokenRequest.withOverrides": "used in the suite above",
  "TokenRevocation.TokenRevocation": tag,
  "TokenRevocation.layer": "a layer of `make`",
  "TokenRevocation.make": (http) =>
    Effect.flatMap(
      TokenRevocation.make,
      (revocation) => Effect.map(Effect.exit(revocation.revoke(accessToken)), (exit) => [revocation, exit])
    ).pipe(
      Effect.provide([http, Config, Layer.provide(ServerMetadata.layer(), [http, Config])])
    ),
  "TokenSeal.TokenSeal": tag,
  "TokenSeal.layer": () => Effect.all([built(Seal), Effect.exit(built(TokenSeal.layer([Redacted.make("c4n4ry")])))]),
  "TokenSeal.layerConfig": () => built(TokenSeal.layerConfig(EffectConfig.succeed([Redacted.make(storeKey)]))),
  "TokenSeal.layerEnv": "reads keys; a test for leaks is in TokenSeal.test.ts",
  "TokenSeal.layerFile": "reads keys; a test for leaks is in TokenSeal.test.ts",
  "TokenSeal.make": () =>
    Effect.flatMap(TokenSeal.make([Redacted.make(storeKey)]), (seal) =>
      Effect.all([
        Effect.succeed(seal),
        seal.seal("key", "c4n4ry"),
        seal.name("c4n4ry"),
        seal.open("elsewhere", "v1.c4n4ry.x.y")
      ])),
  "TokenStore.TokenStore": tag,
  "TokenStore.layerFiles": (http) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const outcome = yield* Effect.provide(
        everything,
        SharedClientCredentials.layer({ ...withSecret, issuanceBudget: { limit: 10 } }).pipe(
          Layer.provide([http, TokenStore.layerFiles(directory), Seal])
        )
      )
      const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).map((name) => join(directory, name))
        .filter((file) => statSync(file).isFile())
      assert.isNotEmpty(files)
      return [outcome, files, files.map((file) => readFileSync(file, "utf8"))]
    }).pipe(Effect.provide(NodeContext.layer)),
  "WorkloadIdentity.azureManagedIdentity": "see WorkloadIdentity.test.ts",
  "WorkloadIdentity.file": "see WorkloadIdentity.test.ts",
  "WorkloadIdentity.gitHubActions": "see WorkloadIdentity.test.ts",
  "WorkloadIdentity.googleMetadata": "see WorkloadIdentity.test.ts",
  "TokenStore.validateServerOptions": "reads options that hold no secret",
  "TokenStore.layerMemory": "used with `SharedClientCredentials.layer`"
}

describe("nothing secret is shown by what is exported", () => {
  const exported = Object.entries({ ...Library, JwkSet, Mcp, NodeTls, ...exportsOfMajor.modules }).flatMap((
    [module, members]
  ) => Object.keys(members).map((name) => `${module}.${name}`))

  it("and every export is in this list", () => {
    assert.deepStrictEqual(Object.keys(surface).sort(), exported.sort())
  })

  for (const [name, use] of Object.entries(surface)) {
    if (typeof use === "string") continue
    it.live(name, () =>
      Effect.gen(function*() {
        const { layer, sent } = network((_, count) => token(count), () => Response.json({ ok: true }))
        const shown = yield* shownBy(use(layer))
        assert.notInclude(shown, "is not a function")
        assertNothing(shown, sent)
      }))
  }
})
