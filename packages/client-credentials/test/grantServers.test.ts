/**
 * Grants at real authorization servers: a token exchange at `@jmondi/oauth2-server`, JWT bearer and assertions of a
 * platform at `oidc-provider`, which verifies them by the keys of a cluster.
 */
import * as Http from "node:http"
import type { AddressInfo } from "node:net"

import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ClientAuthentication, ClientCredentials, Grant, TokenCache } from "@effect-oauth/client-credentials"
import { AuthorizationServer } from "@jmondi/oauth2-server"
import { handleVanillaError, requestFromVanilla, responseToVanilla } from "@jmondi/oauth2-server/vanilla"
import { Effect, Either, Layer, Redacted, type Scope } from "effect"
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from "jose"

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
const tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"

const listen = (server: Http.Server): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.async<string>((resume) => {
      server.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)))
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() =>
          resume(Effect.void)
        )
        server.closeAllConnections()
      })
  )

const textOf = async (request: Http.IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** A cluster that issues identity tokens to its workloads, a new one for each request. */
const cluster = Effect.promise(async () => {
  const { privateKey, publicKey } = await generateKeyPair("RS256")
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid: "cluster", alg: "RS256", use: "sig" }
  let count = 0
  const issue = (subject: string, audience: string, issuer = "https://cluster.example", life = 600) =>
    Effect.promise(() =>
      new SignJWT({ jti: `${++count}` })
        .setProtectedHeader({ alg: "RS256", kid: "cluster" })
        .setIssuer(issuer).setSubject(subject).setAudience(audience).setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + life)
        .sign(privateKey)
    ).pipe(Effect.map((token) => Redacted.make(token)))
  const verify = (token: string, audience: string) =>
    jwtVerify(token, createLocalJWKSet({ keys: [jwk] }), { issuer: "https://cluster.example", audience })
  return { jwk, issue, verify, issued: () => count }
})

const quietly = <A>(load: () => Promise<A>): Promise<A> => {
  const { info, warn } = console
  console.warn = () => {}
  console.info = () => {}
  return load().finally(() => Object.assign(console, { warn, info }))
}

/** `oidc-provider` with the grant of RFC 7523 section 2.1. */
const provider = (platform: Effect.Effect.Success<typeof cluster>) =>
  Effect.gen(function*() {
    const server = Http.createServer()
    const issuer = yield* listen(server)
    const found = yield* Effect.promise(() =>
      quietly(async () => {
        const { Provider, errors } = await import("oidc-provider")
        const common = { response_types: [], redirect_uris: [], scope: "items:read" }
        const provider = new Provider(issuer, {
          clients: [
            { ...common, client_id: "public", grant_types: [jwtBearer], token_endpoint_auth_method: "none" },
            {
              ...common,
              client_id: "federated",
              grant_types: ["client_credentials"],
              token_endpoint_auth_method: "private_key_jwt",
              token_endpoint_auth_signing_alg: "RS256",
              jwks: { keys: [platform.jwk] }
            }
          ],
          clientAuthMethods: ["none", "private_key_jwt"],
          features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
          scopes: ["items:read"],
          ttl: { ClientCredentials: 3600 }
        } as never)
        provider.registerGrantType(jwtBearer, async (ctx) => {
          const { assertion } = ctx.oidc.params ?? {}
          try {
            await platform.verify(String(assertion), issuer)
          } catch {
            throw new errors.InvalidGrant("the assertion is not accepted")
          }
          const client = ctx.oidc.client ?? assert.fail()
          const token = new provider.ClientCredentials({ client, scope: "items:read" } as never)
          ctx.body = {
            access_token: await token.save(),
            token_type: "Bearer",
            expires_in: token.expiration,
            scope: "items:read"
          }
        }, ["assertion", "scope"])
        return provider
      })
    )
    server.on("request", found.callback())
    const active = (token: string) =>
      Effect.promise(async () => (await found.ClientCredentials.find(token))?.isValid === true)
    return { issuer, active }
  })

/** `@jmondi/oauth2-server` with a token exchange that accepts the workloads of the cluster. */
const exchange = (platform: Effect.Effect.Success<typeof cluster>) =>
  Effect.gen(function*() {
    const client = {
      id: "exchanger",
      name: "exchanger",
      secret: "s3cr3t",
      redirectUris: [],
      allowedGrants: [tokenExchange] as const,
      scopes: []
    }
    const issued: Array<string> = []
    const seen: Array<Record<string, unknown>> = []
    const issuer = new AuthorizationServer(
      {
        getByIdentifier: () => Promise.resolve({ ...client, allowedGrants: [...client.allowedGrants] }),
        isClientValid: (_, { id }, secret) => Promise.resolve(id === client.id && secret === client.secret)
      },
      {
        issueToken: (client, scopes, user) =>
          Promise.resolve({
            accessToken: "token",
            accessTokenExpiresAt: new Date(Date.now() + 3_600_000),
            client,
            scopes,
            user: user ?? null
          }),
        issueRefreshToken: (token) => Promise.resolve(token),
        persist: ({ accessToken }) => Promise.resolve(void issued.push(accessToken)),
        revoke: () => Promise.resolve(),
        isRefreshTokenRevoked: () => Promise.resolve(true),
        getByRefreshToken: () => Promise.reject(new Error("none"))
      },
      { getAllByIdentifiers: () => Promise.resolve([]), finalize: (scopes) => Promise.resolve(scopes) },
      "a key of the server"
    )
    issuer.enableGrantType({
      grant: tokenExchange,
      processTokenExchange: async (request) => {
        seen.push({ ...request })
        const { payload } = await platform.verify(request.subjectToken, "exchange")
        return { id: payload.sub ?? assert.fail() }
      }
    })
    const server = Http.createServer((request, response) => {
      void (async () => {
        const message = new Request(`http://127.0.0.1${request.url}`, {
          method: "POST",
          headers: request.headers as Record<string, string>,
          body: await textOf(request)
        })
        const answer = responseToVanilla(
          await requestFromVanilla(message).then((one) => issuer.respondToAccessTokenRequest(one)).catch(
            (error: unknown) => handleVanillaError(error)
          )
        )
        response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
      })()
    })
    return { tokenUrl: `${yield* listen(server)}/token`, seen, issued }
  })

const token = (options: Partial<ClientCredentials.Options>) =>
  Effect.flatMap(TokenCache.TokenCache, ({ get }) => get).pipe(
    Effect.provide(
      ClientCredentials.layer({
        apiBaseUrl: "http://127.0.0.1",
        allowHttpLoopback: true,
        tokenCache: { retryTimeout: 0 },
        ...options
      } as ClientCredentials.Options).pipe(Layer.provide(FetchHttpClient.layer))
    )
  )

describe("oidc-provider", () => {
  it.scopedLive("issues a token for the assertion of a workload, and none for that of another audience", () =>
    Effect.gen(function*() {
      const platform = yield* cluster
      const { active, issuer } = yield* provider(platform)
      const by = (audience: string) =>
        token({
          tokenUrl: `${issuer}/token`,
          clientId: "public",
          grant: Grant.jwtBearer(platform.issue("workload", audience))
        })
      const { scope, value } = yield* by(issuer)
      assert.isTrue(yield* active(Redacted.value(value)))
      assert.deepStrictEqual(scope, ["items:read"])
      const before = platform.issued()
      const rejected = yield* Effect.either(by("elsewhere"))
      assert(Either.isLeft(rejected) && rejected.left._tag === "TokenErrorResponse")
      assert.strictEqual(rejected.left.error, "invalid_grant")
      // Another assertion was read, and sent once.
      assert.strictEqual(platform.issued() - before, 2)
    }))

  it.scopedLive("reads an assertion again that expired in its file", () =>
    Effect.gen(function*() {
      const platform = yield* cluster
      const { active, issuer } = yield* provider(platform)
      let reads = 0
      const source = Effect.suspend(() => platform.issue("workload", issuer, undefined, reads++ === 0 ? -60 : 600))
      const { value } = yield* token({ issuer, clientId: "public", grant: Grant.jwtBearer(source) })
      assert.isTrue(yield* active(Redacted.value(value)))
      assert.strictEqual(reads, 2)
    }))

  it.scopedLive("accepts the identity token of a platform as the assertion of a client", () =>
    Effect.gen(function*() {
      const platform = yield* cluster
      const { active, issuer } = yield* provider(platform)
      const identity = platform.issue("federated", issuer, "federated")
      const { value } = yield* token({
        issuer,
        clientId: "federated",
        clientAuthentication: ClientAuthentication.workloadIdentity(identity)
      })
      assert.isTrue(yield* active(Redacted.value(value)))
    }))
})

describe("@jmondi/oauth2-server", () => {
  it.scopedLive("exchanges the identity token of a workload", () =>
    Effect.gen(function*() {
      const platform = yield* cluster
      const { issued, seen, tokenUrl } = yield* exchange(platform)
      const subject = yield* platform.issue("workload", "exchange")
      const { expiresAt, value } = yield* token({
        tokenUrl,
        clientId: "exchanger",
        clientSecret: Redacted.make("s3cr3t"),
        clientAuthentication: "client_secret_basic",
        audience: "https://api.example.com",
        grant: Grant.tokenExchange({
          subject: Effect.succeed(subject),
          actor: Redacted.make("actor"),
          actorType: "jwt"
        })
      })
      assert.strictEqual(issued.length, 1)
      assert.notStrictEqual(Redacted.value(value), "")
      assert.isAbove(expiresAt, Date.now())
      const [request] = seen
      assert.strictEqual(request?.["subjectToken"], Redacted.value(subject))
      assert.strictEqual(request?.["subjectTokenType"], "urn:ietf:params:oauth:token-type:jwt")
      assert.strictEqual(request?.["actorToken"], "actor")
      assert.strictEqual(request?.["audience"], "https://api.example.com")
    }))
})
