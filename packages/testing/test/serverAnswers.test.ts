/**
 * The responses of each server, as recorded or documented: status, body and headers. They do not come from the table
 * that the test server uses.
 */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { OAuthTest, TestApi, TestAuthorizationServer } from "@effect-oauth/testing"
import { Effect, Layer, TestClock } from "effect"
import { decodeJwt, decodeProtectedHeader } from "jose"

import * as servers from "../src/internal/servers.js"

type Server = servers.Server

const secret = "s3cr3t/+ %:x"
const audience = "https://api.example.com"
const scope = "items:read"

const options = (server: Server): TestAuthorizationServer.Options => ({
  server,
  scopes: [scope],
  audiences: [audience],
  dailyLimit: 2,
  clients: [
    { id: "client", secret },
    { id: "second", secret },
    { id: "other", secret, method: "client_secret_jwt" },
    { id: "bound", secret, method: "client_secret_post", dpop: true }
  ]
})

const network = (server: Server, more: TestAuthorizationServer.Options = {}) =>
  OAuthTest.layerHttpClient().pipe(
    Layer.provide(TestApi.layer()),
    Layer.provideMerge(TestAuthorizationServer.layer({ ...options(server), ...more }))
  )

type Form = ReadonlyArray<readonly [string, string]>

interface Sent {
  readonly method?: "GET" | "POST"
  readonly path?: string
  readonly client?: string
  readonly secret?: string
  readonly form?: Form
  readonly body?: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The servers that accept basic auth only; the others accept id and secret in the body. */
const byBasic: ReadonlyArray<Server> = ["okta"]

const send = (server: Server, sent: Sent) =>
  Effect.gen(function*() {
    const { tokenUrl } = yield* TestAuthorizationServer.TestAuthorizationServer
    const client = yield* HttpClient.HttpClient
    const [id, key] = [sent.client ?? "client", sent.secret ?? secret]
    const basic = byBasic.includes(server) && id !== "bound"
    const credentials: Form = basic || id === "" ? [] : [["client_id", id], ["client_secret", key]]
    const form = new URLSearchParams([...credentials, ...(sent.form ?? [])] as Array<[string, string]>)
    const request = HttpClientRequest.make(sent.method ?? "POST")(new URL(sent.path ?? "", tokenUrl)).pipe(
      HttpClientRequest.bodyText(sent.body ?? form.toString(), sent.type ?? "application/x-www-form-urlencoded"),
      HttpClientRequest.setHeaders({
        ...(basic && id !== "" ? { authorization: `Basic ${btoa(`${id}:${key}`)}` } : {}),
        ...sent.headers
      })
    )
    const response = yield* client.execute(request)
    return { status: response.status, text: yield* response.text, headers: response.headers }
  })

const grant: Form = [["grant_type", "client_credentials"]]

const scopeOf = (server: Server): string => server === "entra" ? `${audience}/.default` : scope

const whole = (server: Server): Form => [...grant, ["scope", scopeOf(server)], ["audience", audience]]

/** Returns a request for each situation. */
const requestsOf = (server: Server) => {
  const all = whole(server)
  const scoped: Form = [["scope", scopeOf(server)]]
  const basic = { authorization: `Basic ${btoa(`client:${secret}`)}` }
  return {
    token: { form: all },
    malformed: { form: [...all, ...scoped] },
    json: {
      body: JSON.stringify(Object.fromEntries([...all, ["client_id", "client"], ["client_secret", secret]])),
      type: "application/json"
    },
    otherFormat: { body: "<a/>", type: "text/xml" },
    noCredentials: { client: "", form: all },
    severalMethods: { client: "", form: [...all, ["client_id", "client"], ["client_secret", secret]], headers: basic },
    otherId: { client: "", form: [...all, ["client_id", "second"]], headers: basic },
    unknownClient: { client: "stranger", form: all },
    wrongCredential: { secret: "wrong", form: all },
    otherMethod: { client: "other", form: all },
    noGrantType: { form: [...scoped, ["audience", audience]] },
    otherGrantType: { form: [["grant_type", "password"]] },
    noScope: { form: [...grant, ["audience", audience]] },
    unknownScope: { form: [...grant, ["scope", "items:raed"], ["audience", audience]] },
    twoBlanks: { form: [...grant, ["scope", `${scopeOf(server)}  ${scopeOf(server)}`], ["audience", audience]] },
    noTarget: { form: [...grant, ...scoped] },
    unknownResource: {
      form: server === "entra"
        ? [...grant, ["scope", "https://nowhere.example/.default"]]
        : [...all, ["resource", "https://nowhere.example"]]
    },
    unknownAudience: { form: [...grant, ...scoped, ["audience", "https://nowhere.example"]] },
    noProof: { client: "bound", form: all },
    wrongProof: { form: all, headers: { dpop: "no proof" } },
    limit: { form: all },
    wrongPath: { path: "/nowhere", form: [] },
    wrongMethod: { method: "GET", form: [] }
  } as const satisfies Readonly<Record<string, Sent>>
}

type Situation = keyof ReturnType<typeof requestsOf>

/** The status and the body; of a body that is an object, the members to compare. */
type Answer = readonly [status: number, body: object | string]

const error = (code: string, description?: string) => ({
  error: code,
  ...(description === undefined ? {} : { error_description: description })
})

const token: Answer = [200, { token_type: "Bearer", expires_in: 86_400, scope }]

/** RFC 6749 section 5.2, RFC 8707, RFC 9449, RFC 9110. */
const standard: Readonly<Record<Situation, Answer>> = {
  token,
  malformed: [400, error("invalid_request")],
  json: [400, error("invalid_request")],
  otherFormat: [400, error("invalid_request")],
  noCredentials: [400, error("invalid_request")],
  severalMethods: [400, error("invalid_request")],
  otherId: [400, error("invalid_request")],
  unknownClient: [401, error("invalid_client")],
  wrongCredential: [401, error("invalid_client")],
  otherMethod: [401, error("invalid_client")],
  noGrantType: [400, error("invalid_request")],
  otherGrantType: [400, error("unsupported_grant_type")],
  noScope: [200, { token_type: "Bearer" }],
  unknownScope: [400, error("invalid_scope")],
  twoBlanks: [400, error("invalid_scope")],
  noTarget: token,
  unknownResource: [400, error("invalid_target")],
  unknownAudience: [403, error("access_denied")],
  noProof: [400, error("invalid_grant")],
  wrongProof: [400, error("invalid_dpop_proof")],
  limit: [429, error("too_many_requests")],
  wrongPath: [404, ""],
  wrongMethod: [405, ""]
}

const everyCredential = (answer: Answer) => ({ unknownClient: answer, wrongCredential: answer, otherMethod: answer })

const unauthorized = error("unauthorized_client", "Invalid client or Invalid client credentials")

const entra = (code: string, number: number, text: string): Answer => [400, {
  ...error(code, `AADSTS${number}: ${text}`),
  error_codes: [number]
}]

const noParameter = (name: string): Answer =>
  entra("invalid_request", 900_144, `The request body must contain the following parameter: '${name}'.`)

const noDefault = (found: string): Answer =>
  entra(
    "invalid_scope",
    1_002_012,
    `The provided value for scope ${found} is not valid. Client credential flows must have a scope value with /.default ` +
      "suffixed to the resource identifier (application ID URI)."
  )

const targetsIgnored = (answer: Answer) => ({ noTarget: answer, unknownResource: answer, unknownAudience: answer })

const fedexParameters: Answer = [422, {
  errors: [{ code: "BAD.REQUEST.ERROR", message: "Missing or duplicate parameters." }]
}]

/** The differences of each server from the standard. */
const others: { readonly [Name in Exclude<Server, "generic">]: { readonly [S in Situation]?: Answer } } = {
  auth0: {
    json: token,
    ...everyCredential([401, error("access_denied", "Unauthorized")]),
    noScope: token,
    unknownScope: [403, error("access_denied", "Client has not been granted scopes: items:raed")],
    twoBlanks: [403, error("access_denied")],
    noTarget: [
      403,
      error("access_denied", "No audience parameter was provided, and no default audience has been configured")
    ],
    unknownResource: token,
    unknownAudience: [403, error("access_denied", "Service not enabled within domain: https://nowhere.example")]
  },
  keycloak: {
    token: [200, { token_type: "Bearer", expires_in: 300, scope }],
    noCredentials: [400, error("invalid_client", "Missing client_id parameter")],
    unknownClient: [401, error("invalid_client", "Invalid client or Invalid client credentials")],
    wrongCredential: [401, unauthorized],
    otherMethod: [401, unauthorized],
    unknownScope: [400, error("invalid_scope", "Invalid scopes: items:raed")],
    ...targetsIgnored([200, { token_type: "Bearer", expires_in: 300, scope }])
  },
  entra: {
    token: [200, { token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599 }],
    noCredentials: noParameter("client_id"),
    unknownClient: entra(
      "unauthorized_client",
      700_016,
      "Application with identifier 'stranger' was not found in the directory 'tenant'."
    ),
    wrongCredential: [401, {
      ...error(
        "invalid_client",
        "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret " +
          "value, not the client secret ID, for a secret added to app 'client'."
      ),
      error_codes: [7_000_215]
    }],
    noGrantType: noParameter("grant_type"),
    noScope: noParameter("scope"),
    unknownScope: noDefault("items:raed"),
    twoBlanks: noDefault(`${audience}/.default  ${audience}/.default`),
    ...targetsIgnored([200, { token_type: "Bearer", expires_in: 3599 }]),
    unknownResource: entra(
      "invalid_resource",
      500_011,
      "The resource principal named https://nowhere.example was not found in the tenant named tenant."
    )
  },
  okta: {
    token: [200, { token_type: "Bearer", expires_in: 3600, scope }],
    unknownClient: [401, {
      errorCode: "invalid_client",
      errorSummary: "Invalid value for 'client_id' parameter.",
      errorLink: "invalid_client",
      errorCauses: []
    }],
    noScope: [
      400,
      error(
        "invalid_scope",
        "The authorization server resource does not have any configured default scopes, 'scope' must be provided."
      )
    ],
    unknownScope: [
      400,
      error("invalid_scope", "One or more scopes are not configured for the authorization server resource.")
    ],
    ...targetsIgnored([200, { token_type: "Bearer", expires_in: 3600, scope }])
  },
  cognito: {
    token: [200, { token_type: "Bearer", expires_in: 3600 }],
    ...everyCredential([400, error("invalid_client")]),
    ...targetsIgnored([200, { token_type: "Bearer", expires_in: 3600 }])
  },
  uaa: {
    token: [200, { token_type: "bearer", scope }],
    ...everyCredential([401, error("unauthorized", "Bad credentials")]),
    noScope: [200, { token_type: "bearer", scope }],
    ...targetsIgnored([200, { token_type: "bearer", scope }])
  },
  "oidc-provider": {
    unknownAudience: token,
    wrongMethod: [404, ""]
  },
  apigee: {
    token: [200, { token_type: "BearerToken", expires_in: "86400" }],
    noScope: [200, { token_type: "BearerToken" }],
    noTarget: [200, { token_type: "BearerToken" }]
  },
  shopify: {
    json: [200, { expires_in: 86_400, scope }],
    token: [200, { expires_in: 86_400, scope }],
    noScope: [200, {}],
    noTarget: [200, { scope }]
  },
  salesforce: {
    token: [200, { token_type: "Bearer", instance_url: "https://api.test" }],
    noTarget: [200, { token_type: "Bearer", instance_url: "https://api.test" }]
  },
  twitch: {
    unknownClient: [400, { status: 400, message: "invalid client" }],
    wrongCredential: [403, { status: 403, message: "invalid client secret" }]
  },
  fedex: {
    ...everyCredential([401, {
      errors: [{
        code: "NOT.AUTHORIZED.ERROR",
        message: "The given client credentials were not valid. Please modify your request and try again."
      }]
    }]),
    malformed: fedexParameters,
    otherId: fedexParameters,
    noGrantType: fedexParameters
  },
  vertex: {
    limit: [400, error("invalid_request", "Client client has exceeded the rate limit of 2 tokens/86400 seconds")]
  }
}

const all = ["generic", ...Object.keys(others)] as ReadonlyArray<Server>

it("all servers of the table are listed", () => {
  assert.sameMembers([...all], [...servers.names])
})

/** Members that successful responses do not contain. */
const absent: { readonly [Name in Server]?: ReadonlyArray<string> } = {
  cognito: ["scope"],
  entra: ["scope"],
  salesforce: ["expires_in"],
  shopify: ["token_type"]
}

for (const server of all) {
  describe(server, () => {
    for (const [name, sent] of Object.entries(requestsOf(server)) as ReadonlyArray<[Situation, Sent]>) {
      const [status, body] = (server === "generic" ? undefined : others[server][name]) ?? standard[name]
      it.effect(`${name}: ${status} ${JSON.stringify(body)}`, () =>
        Effect.gen(function*() {
          // The limit counts the tokens issued before.
          if (name === "limit") yield* Effect.replicateEffect(send(server, { form: whole(server) }), 2)
          const answer = yield* send(server, sent)
          const { received } = yield* TestAuthorizationServer.TestAuthorizationServer
          assert.strictEqual(answer.status, status, answer.text)
          const { problem } = (yield* received).at(-1) ?? assert.fail()
          assert.strictEqual(problem === undefined, status === 200)
          if (typeof body === "string") return assert.strictEqual(answer.text, body)
          assert.strictEqual(answer.headers["content-type"], "application/json")
          const found = JSON.parse(answer.text) as object
          assert.deepInclude(found, body)
          for (const member of status === 200 ? absent[server] ?? [] : []) assert.notProperty(found, member)
          return undefined
        }).pipe(Effect.provide(network(server))))
    }
  })
}

describe("headers", () => {
  const challenged: ReadonlyArray<readonly [Server, Sent, string | undefined]> = [
    ["okta", { secret: "wrong", form: whole("okta") }, "Basic realm=\"oauth\""],
    ["generic", { secret: "wrong", form: whole("generic") }, undefined]
  ]
  for (const [server, sent, challenge] of challenged) {
    it.effect(`${server}: a challenge to a client that used the header, ${challenge}`, () =>
      Effect.gen(function*() {
        const { headers, status } = yield* send(server, sent)
        assert.deepStrictEqual([status, headers["www-authenticate"]], [401, challenge])
      }).pipe(Effect.provide(network(server))))
  }

  it.effect("the methods of an endpoint", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* send("generic", { method: "GET" })).headers["allow"], "POST")
      const metadata = yield* send("generic", { path: "/.well-known/openid-configuration" })
      assert.deepStrictEqual([metadata.status, metadata.headers["allow"]], [405, "GET, HEAD"])
    }).pipe(Effect.provide(network("generic"))))

  it.effect("auth0: the quota of the day in UTC, on success and on 429", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("20 hours")
      const answers = yield* Effect.replicateEffect(send("auth0", { form: whole("auth0") }), 3)
      assert.deepStrictEqual(
        answers.map(({ headers, status }) => [status, headers["auth0-client-quota-limit"], headers["retry-after"]]),
        [
          [200, "b=per_day;q=2;r=1;t=14400", undefined],
          [200, "b=per_day;q=2;r=0;t=14400", undefined],
          [429, "b=per_day;q=2;r=0;t=14400", "14400"]
        ]
      )
      yield* TestClock.adjust("4 hours")
      assert.strictEqual((yield* send("auth0", { form: whole("auth0") })).status, 200)
    }).pipe(Effect.provide(network("auth0"))))

  it.effect("auth0: the quota of an organization, of all its clients", () =>
    Effect.gen(function*() {
      const request = (client: string, organization: string) =>
        Effect.map(
          send("auth0", { client, form: [...whole("auth0"), ["organization", organization]] }),
          ({ headers, status }) => [status, headers["auth0-organization-quota-limit"], headers["retry-after"]]
        )
      assert.deepStrictEqual(
        [
          yield* request("client", "org_1"),
          yield* request("second", "org_1"),
          yield* request("client", "org_2")
        ],
        [
          [200, "b=per_hour;q=1;r=0;t=3600,b=per_day;q=9;r=8;t=86400", undefined],
          [429, "b=per_hour;q=1;r=0;t=3600,b=per_day;q=9;r=8;t=86400", "3600"],
          [200, "b=per_hour;q=1;r=0;t=3600,b=per_day;q=9;r=8;t=86400", undefined]
        ]
      )
    }).pipe(Effect.provide(network("auth0", { organizationLimits: { hour: 1, day: 9 } }))))

  it.effect("vertex: no Retry-After", () =>
    Effect.gen(function*() {
      const answers = yield* Effect.replicateEffect(send("vertex", { form: whole("vertex") }), 3)
      assert.deepStrictEqual(answers.map(({ headers, status }) => [status, headers["retry-after"]]).at(-1), [
        400,
        undefined
      ])
    }).pipe(Effect.provide(network("vertex"))))
})

const openid = "/.well-known/openid-configuration"
const rfc8414 = "/.well-known/oauth-authorization-server"

interface Endpoints {
  readonly metadata: ReadonlyArray<string>
  readonly introspection?: string
  /**
   * The path, the responses to the revocation of an access token and of another client's, and whether the first is
   * revoked.
   */
  readonly revocation?: readonly [path: string, own: Answer, foreign: Answer, isRevoked: boolean]
}

const revokes = (path: string) => [path, [200, ""], [400, error("invalid_request")], true] as const

const endpoints: Readonly<Record<Server, Endpoints>> = {
  generic: {
    metadata: [openid, rfc8414],
    introspection: "/token/introspection",
    revocation: revokes("/token/revocation")
  },
  auth0: {
    metadata: [openid, rfc8414],
    // It is for refresh tokens.
    revocation: ["/oauth/revoke", [200, ""], [400, error("invalid_request")], false]
  },
  keycloak: {
    metadata: [`/realms/test${openid}`, `/realms/test${rfc8414}`, `${rfc8414}/realms/test`],
    introspection: "/realms/test/protocol/openid-connect/token/introspect",
    revocation: revokes("/realms/test/protocol/openid-connect/revoke")
  },
  entra: { metadata: [`/tenant/v2.0${openid}`] },
  okta: {
    metadata: [`/oauth2/default${openid}`, `/oauth2/default${rfc8414}`],
    introspection: "/oauth2/default/v1/introspect",
    revocation: revokes("/oauth2/default/v1/revoke")
  },
  cognito: {
    metadata: [`/pool${openid}`],
    revocation: ["/oauth2/revoke", [400, error("unsupported_token_type")], [400, error("invalid_request")], false]
  },
  uaa: { metadata: [openid, `/oauth/token${openid}`], introspection: "/introspect" },
  "oidc-provider": {
    metadata: [openid, rfc8414],
    introspection: "/token/introspection",
    revocation: revokes("/token/revocation")
  },
  apigee: { metadata: [] },
  shopify: { metadata: [] },
  salesforce: {
    metadata: [openid],
    introspection: "/services/oauth2/introspect",
    revocation: revokes("/services/oauth2/revoke")
  },
  twitch: { metadata: [`/oauth2${openid}`], revocation: revokes("/oauth2/revoke") },
  fedex: { metadata: [] },
  vertex: { metadata: [] }
}

/** Paths at which some server has an endpoint. */
const places = {
  metadata: [...new Set(Object.values(endpoints).flatMap(({ metadata }) => metadata))],
  introspection: [...new Set(Object.values(endpoints).flatMap(({ introspection = [] }) => introspection))],
  revocation: [...new Set(Object.values(endpoints).flatMap(({ revocation }) => revocation?.[0] ?? []))]
}

const isFound = (server: Server, method: "GET" | "POST") => (path: string) =>
  Effect.map(send(server, { method, path, client: "" }), ({ status }) => status !== 404 && status !== 405)

describe("endpoints", () => {
  for (const server of all) {
    const { introspection, metadata, revocation } = endpoints[server]
    it.effect(`${server}: has its endpoints, and no others`, () =>
      Effect.gen(function*() {
        const found = (kind: keyof typeof places, method: "GET" | "POST") =>
          Effect.filter(places[kind], isFound(server, method))
        assert.sameMembers(yield* found("metadata", "GET"), [...metadata])
        assert.sameMembers(yield* found("introspection", "POST"), introspection === undefined ? [] : [introspection])
        assert.sameMembers(yield* found("revocation", "POST"), revocation === undefined ? [] : [revocation[0]])
        const { issuer, revocationUrl } = yield* TestAuthorizationServer.TestAuthorizationServer
        const { origin } = new URL(issuer)
        assert.strictEqual(revocationUrl, revocation && origin + revocation[0])
        for (const path of metadata) {
          const body = JSON.parse((yield* send(server, { method: "GET", path })).text) as Record<string, unknown>
          assert.deepStrictEqual(
            [body["issuer"], body["revocation_endpoint"], body["introspection_endpoint"]],
            [issuer, revocation && origin + revocation[0], introspection && origin + introspection]
          )
        }
      }).pipe(Effect.provide(network(server))))

    if (revocation === undefined) continue
    const [path, own, foreign, isRevoked] = revocation
    it.effect(`${server}: revocation of the client's token ${own[0]}, of another client's ${foreign[0]}`, () =>
      Effect.gen(function*() {
        const { access_token } = JSON.parse((yield* send(server, { form: whole(server) })).text) as Record<
          string,
          string
        >
        const form: Form = [["token", access_token ?? ""]]
        for (const [client, [status, body]] of [["second", foreign], ["client", own]] as const) {
          const answer = yield* send(server, { path, client, form })
          assert.strictEqual(answer.status, status)
          if (typeof body === "string") assert.strictEqual(answer.text, body)
          else assert.deepInclude(JSON.parse(answer.text) as object, body)
        }
        const { issued } = yield* TestAuthorizationServer.TestAuthorizationServer
        assert.deepStrictEqual((yield* issued).map(({ revoked }) => revoked), [isRevoked])
        assert.strictEqual((yield* send(server, { path, form: [["token", "unknown"]] })).status, 200)
      }).pipe(Effect.provide(network(server))))
  }

  for (const path of ["/token/revocation", "/token/introspection"]) {
    it.effect(`JSON is rejected at ${path}`, () =>
      Effect.gen(function*() {
        const body = JSON.stringify({ token: "x", client_id: "client", client_secret: secret })
        const { status, text } = yield* send("generic", { path, body, type: "application/json" })
        assert.strictEqual(status, 400)
        assert.deepInclude(JSON.parse(text) as object, { error: "invalid_request" })
      }).pipe(Effect.provide(network("generic"))))
  }
})

/** Header and payload of access tokens, as documented by their servers. */
const jwts: { readonly [Name in Server]?: readonly [type: string | undefined, payload: object] } = {
  auth0: ["JWT", {
    iss: "https://auth.test/",
    // Auth0 has none.
    jti: "token-1",
    sub: "client@clients",
    aud: audience,
    iat: 0,
    exp: 86_400,
    scope,
    gty: "client-credentials",
    azp: "client"
  }],
  keycloak: ["JWT", {
    exp: 300,
    iat: 0,
    jti: "token-1",
    iss: "https://auth.test/realms/test",
    aud: audience,
    sub: "service-account-of-client",
    typ: "Bearer",
    azp: "client",
    acr: "1",
    scope,
    clientHost: "127.0.0.1",
    clientAddress: "127.0.0.1",
    preferred_username: "service-account-client",
    client_id: "client"
  }],
  entra: ["JWT", {
    aud: audience,
    iss: "https://auth.test/tenant/v2.0",
    iat: 0,
    nbf: 0,
    exp: 3599,
    azp: "client",
    azpacr: "1",
    idtyp: "app",
    oid: "object-of-client",
    roles: [scope],
    sub: "object-of-client",
    tid: "tenant",
    uti: "token-1",
    ver: "2.0"
  }],
  okta: [undefined, {
    ver: 1,
    jti: "AT.token-1",
    iss: "https://auth.test/oauth2/default",
    aud: audience,
    iat: 0,
    exp: 3600,
    cid: "client",
    scp: [scope],
    sub: "client"
  }],
  cognito: [undefined, {
    sub: "client",
    token_use: "access",
    scope,
    auth_time: 0,
    iss: "https://auth.test/pool",
    exp: 3600,
    iat: 0,
    version: 2,
    jti: "token-1",
    client_id: "client"
  }],
  uaa: ["JWT", {
    jti: "token-1",
    sub: "client",
    authorities: [scope],
    scope: [scope],
    client_id: "client",
    cid: "client",
    azp: "client",
    grant_type: "client_credentials",
    iat: 0,
    exp: 86_400,
    iss: "https://auth.test/oauth/token",
    zid: "uaa",
    aud: ["client", audience]
  }]
}

describe("access tokens", () => {
  for (const server of all) {
    const jwt = jwts[server]
    it.effect(`${server}: ${jwt === undefined ? "opaque" : JSON.stringify(jwt[1])}`, () =>
      Effect.gen(function*() {
        const { text } = yield* send(server, { form: whole(server) })
        const { access_token = "" } = JSON.parse(text) as { readonly access_token?: string }
        if (jwt === undefined) return assert.strictEqual(access_token, "token-1")
        assert.deepStrictEqual<object>(decodeJwt(access_token), jwt[1])
        const { alg, typ } = decodeProtectedHeader(access_token)
        assert.deepStrictEqual([alg, typ], ["RS256", jwt[0]])
        return undefined
      }).pipe(Effect.provide(network(server))))
  }
})
