import * as PromiseClient from "@effect-oauth/client-credentials/PromiseClient"
import * as Sandbox from "@effect-oauth/testing/Sandbox"
import { createRemoteJWKSet, exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from "jose"
import { assert, describe, it } from "vitest"

import * as servers from "../src/internal/servers.js"
import { certificate } from "./support/certificate.js"

const token = async (environment: Readonly<Record<string, string>>) => {
  const { OAUTH_CLIENT_ID = "", OAUTH_CLIENT_SECRET = "", OAUTH_TOKEN_URL = "" } = environment
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: OAUTH_CLIENT_ID,
    client_secret: OAUTH_CLIENT_SECRET
  })
  const response = await fetch(OAUTH_TOKEN_URL, { method: "POST", body })
  const { access_token } = await response.json() as { readonly access_token?: string }
  return { status: response.status, value: access_token ?? "" }
}

const call = (environment: Readonly<Record<string, string>>, value: string) =>
  fetch(`${environment["API_BASE_URL"]}/items`, { headers: { authorization: `Bearer ${value}` } })

describe("Sandbox", () => {
  it("records requests, revokes tokens, and clears the record on a reset", async () => {
    await using sandbox = await Sandbox.start({
      api: { handler: (_request, { number }) => Promise.resolve(Response.json({ number })) }
    })
    const { environment } = sandbox
    const { value } = await token(environment)
    const response = await call(environment, value)
    assert.deepStrictEqual(await response.json(), { number: 1 })
    assert.deepStrictEqual((await sandbox.issued()).map((one) => one.value), [value])
    await sandbox.revoke()
    assert.strictEqual((await call(environment, value)).status, 401)
    assert.deepStrictEqual((await sandbox.calls()).map(({ status, token }) => [status, token]), [[200, 1], [
      401,
      undefined
    ]])
    assert.deepInclude((await sandbox.received())[0]?.parameters, { client_secret: "<redacted>" })
    await sandbox.reset()
    assert.deepStrictEqual(await sandbox.issued(), [])
    assert.match((await token(environment)).value, /^token-1-/)
  })

  for (const accessTokens of ["opaque", "jwt"] as const) {
    it(`rejects tokens from before a reset, or of another sandbox: ${accessTokens}`, async () => {
      await using sandbox = await Sandbox.start({ server: { accessTokens } })
      await using other = await Sandbox.start({ server: { accessTokens } })
      const before = await token(sandbox.environment)
      await sandbox.reset()
      const { value } = await token(sandbox.environment)
      await token(other.environment)
      assert.strictEqual((await call(sandbox.environment, before.value)).status, 401)
      assert.strictEqual((await call(other.environment, value)).status, 401)
      assert.strictEqual((await call(sandbox.environment, value)).status, 200)
    })
  }

  it("expires tokens by its own clock, and the client of the library continues", async () => {
    await using sandbox = await Sandbox.start({ server: { tokenLife: "1 hour" } })
    const client = PromiseClient.fromEnv({ env: sandbox.environment })
    assert.strictEqual((await client.fetch("/items")).status, 200)
    await sandbox.advanceClock("2 hours")
    assert.strictEqual((await client.fetch("/items")).status, 200)
    assert.deepStrictEqual((await sandbox.calls()).map(({ status }) => status), [200, 401, 200])
    await client.close()
  })

  it("lets time pass for tokens and limits only, so that programs with the clock of the machine continue", async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true })
    await using sandbox = await Sandbox.start({
      server: {
        accessTokens: "jwt",
        tokenLife: "1 hour",
        dailyLimit: 1,
        clients: [{ id: "client", keys: [await exportJWK(publicKey)], dpop: true }]
      }
    })
    const env = { ...sandbox.environment, OAUTH_PRIVATE_KEY: await exportPKCS8(privateKey) }
    await sandbox.advanceClock("30 days")
    for (const url of [sandbox.jwksUrl, sandbox.apiBaseUrl]) {
      const date = Date.parse((await fetch(url)).headers.get("date") ?? "")
      assert.isBelow(Math.abs(date - Date.now()), 3_600_000, url)
    }
    const client = PromiseClient.fromEnv({ env })
    assert.strictEqual((await client.fetch("/items")).status, 200)
    await sandbox.advanceClock("30 days")
    // An assertion and a proof by the clock of the machine, and a token that has not expired for it.
    assert.strictEqual((await client.fetch("/items")).status, 200)
    assert.deepStrictEqual((await sandbox.calls()).map(({ status }) => status).slice(1), [200, 401, 200])
    for (const { value } of await sandbox.issued()) {
      const { payload } = await jwtVerify(value, createRemoteJWKSet(new URL(sandbox.jwksUrl)))
      assert.strictEqual((payload.exp ?? 0) - (payload.iat ?? 0), 3600)
    }
    await client.close()
  })

  it("reports the lifetime of tokens by the clock of the machine", async () => {
    await using sandbox = await Sandbox.start({ server: { tokenLife: "3 hours", expiresIn: "time" } })
    const { value } = await token(sandbox.environment)
    await sandbox.advanceClock("2 hours")
    const response = await fetch(`${sandbox.issuer}/token/introspection`, {
      method: "POST",
      body: new URLSearchParams({ token: value, client_id: "test-client", client_secret: "test-secret" })
    })
    const { active, exp } = await response.json() as { readonly active: boolean; readonly exp: number }
    assert.isTrue(active)
    assert.closeTo(exp * 1000, Date.now() + 3_600_000, 600_000)
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: "test-client",
      client_secret: "test-secret"
    })
    const next = await (await fetch(sandbox.tokenUrl, { method: "POST", body })).json() as {
      readonly expires_in: number
    }
    assert.closeTo(next.expires_in * 1000, Date.now() + 10_800_000, 600_000)
    const [issued] = await sandbox.issued()
    assert.closeTo(issued?.issuedAt ?? 0, Date.now(), 600_000)
    assert.closeTo((await sandbox.received()).at(-1)?.at ?? 0, Date.now() + 7_200_000, 600_000)
  })

  it("applies faults", async () => {
    await using sandbox = await Sandbox.start()
    await sandbox.faults.server.next("reset")
    await token(sandbox.environment).then(
      () => assert.fail("no reset"),
      (error: unknown) => assert.instanceOf(error, TypeError)
    )
    await sandbox.faults.server.rule(({ pathname }) =>
      pathname === "/token" ? { _tag: "ClockOffset", millis: 1 } : undefined
    )
    assert.strictEqual((await token(sandbox.environment)).status, 200)
  })

  it("issues JWTs that an API verifies with the keys of its URL", async () => {
    await using sandbox = await Sandbox.start({ server: { accessTokens: "jwt" } })
    const { value } = await token(sandbox.environment)
    const { payload } = await jwtVerify(value, createRemoteJWKSet(new URL(sandbox.jwksUrl)), { issuer: sandbox.issuer })
    assert.strictEqual(payload["client_id"], "test-client")
  })

  it("states the whole lifetime of a token, although signing takes time", async () => {
    await using sandbox = await Sandbox.start({ server: { accessTokens: "jwt", tokenLife: "1 hour" } })
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: "test-client",
      client_secret: "test-secret"
    })
    const response = await fetch(sandbox.tokenUrl, { method: "POST", body })
    assert.deepInclude(await response.json() as object, { expires_in: 3600 })
  })

  it("keeps its key through a reset, for an API that has read it", async () => {
    await using sandbox = await Sandbox.start({ server: { accessTokens: "jwt" } })
    const keys = createRemoteJWKSet(new URL(sandbox.jwksUrl))
    await jwtVerify((await token(sandbox.environment)).value, keys)
    await sandbox.reset()
    await jwtVerify((await token(sandbox.environment)).value, keys)
  })

  for (const accessTokens of ["opaque", "jwt"] as const) {
    it(`enforces the daily limit and one token per client, for concurrent requests too: ${accessTokens}`, async () => {
      await using limited = await Sandbox.start({ server: { accessTokens, dailyLimit: 3 } })
      await using single = await Sandbox.start({ server: { accessTokens, onePerClient: "reissue" } })
      const several = ({ environment }: Sandbox.Sandbox) =>
        Promise.all(Array.from({ length: 8 }, () => token(environment)))
      const statuses = (await several(limited)).map(({ status }) => status).sort()
      assert.deepStrictEqual(statuses, [200, 200, 200, 429, 429, 429, 429, 429])
      assert.strictEqual(new Set((await several(single)).map(({ value }) => value)).size, 1)
    })
  }

  for (const baseUrl of [undefined, "https://instance.example.com"]) {
    it(`states the URL of its API where servers do: ${baseUrl ?? "that of its socket"}`, async () => {
      await using sandbox = await Sandbox.start({ server: { server: "salesforce" }, api: { baseUrl } })
      const response = await fetch(sandbox.tokenUrl, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "client_credentials",
          client_id: "test-client",
          client_secret: "test-secret"
        })
      })
      assert.deepInclude(await response.json() as object, { instance_url: baseUrl ?? sandbox.apiBaseUrl })
    })
  }

  it("names the URLs by which other machines reach the servers", async () => {
    await using sandbox = await Sandbox.start({ publicHost: "sandbox.internal", server: { server: "keycloak" } })
    const { environment, issuer } = sandbox
    for (const name of ["OAUTH_ISSUER", "OAUTH_TOKEN_URL", "API_BASE_URL", "SANDBOX_CONTROL_URL", "SANDBOX_JWKS_URL"]) {
      assert.match(environment[name] ?? "", /^http:\/\/sandbox\.internal:\d+/, name)
    }
    // The library sends no credentials there by http:.
    assert.isUndefined(environment["OAUTH_ALLOW_HTTP_LOOPBACK"])
    assert.strictEqual((await fetch(`http://127.0.0.1:${new URL(issuer).port}/_control/issued`)).status, 200)
  })

  it("lists the URL of the keys with the variables if access tokens are JWTs", async () => {
    for (const accessTokens of ["opaque", "jwt"] as const) {
      await using sandbox = await Sandbox.start({ server: { accessTokens } })
      assert.strictEqual(sandbox.environment["SANDBOX_JWKS_URL"], accessTokens === "jwt" ? sandbox.jwksUrl : undefined)
    }
  })

  it("rejects a body at the token endpoint that is longer than 1 MiB, and remains usable", async () => {
    await using sandbox = await Sandbox.start()
    for (const length of [1_048_577, 8_000_000]) {
      const response = await fetch(sandbox.tokenUrl, { method: "POST", body: new Uint8Array(length) })
      assert.strictEqual(response.status, 413)
      assert.include(await response.text(), "1048576 bytes")
    }
    assert.strictEqual((await token(sandbox.environment)).status, 200)
  })

  const [secret, described] = [
    [
      "client_secret",
      "CLIENT_SECRET",
      "clientSecret",
      "password",
      "new-password",
      "assertion",
      "client_assertion",
      "accessToken",
      "X-Access-Token",
      "id_token",
      "apikey",
      "apiKey",
      "api_key",
      "key",
      "code",
      "authorization_code",
      "signature",
      "token"
    ],
    [
      "grant_type",
      "token_type",
      "token_type_hint",
      "tokenLife",
      "client_assertion_type",
      "country_code",
      "sort_key",
      "secretary"
    ]
  ]

  it("shows no secret in the record, in any place and spelling, and all that describes one", async () => {
    await using sandbox = await Sandbox.start()
    for (const [names, shows] of [[secret, false], [described, true]] as const) {
      for (const name of names) {
        await sandbox.reset()
        await fetch(`${sandbox.tokenUrl}?${name}=canary`, {
          method: "POST",
          body: new URLSearchParams({ [name]: "canary" })
        })
        await fetch(`${sandbox.apiBaseUrl}/items?${name}=canary`)
        for (const [record] of [await sandbox.received(), await sandbox.calls()]) {
          assert.strictEqual(JSON.stringify(record).includes("canary"), shows, `${name}: ${JSON.stringify(record)}`)
        }
      }
    }
  })

  it("requires the type of a client assertion", async () => {
    await using sandbox = await Sandbox.start()
    for (const type of [undefined, "foo"]) {
      const body = new URLSearchParams({
        grant_type: "client_credentials",
        client_assertion: "e30.eyJzdWIiOiJhIn0.e30"
      })
      if (type !== undefined) body.set("client_assertion_type", type)
      const response = await fetch(sandbox.tokenUrl, { method: "POST", body })
      assert.deepInclude(await response.json(), { error: "invalid_request" })
    }
  })

  it("listens at the configured address, and rejects if it cannot", async () => {
    const free = await Sandbox.start()
    const port = Number(new URL(free.issuer).port)
    const taken = await Sandbox.start({ port }).then(() => undefined, (error: unknown) => error)
    assert.deepInclude(taken, { _tag: "ListenFailed", port })
    await free.close()
    await using again = await Sandbox.start({ port, apiPort: 0, host: "localhost" })
    assert.strictEqual(again.issuer, `http://localhost:${port}`)
  })

  it("lists the variables for a client that is registered in another way", async () => {
    await using sandbox = await Sandbox.start({
      server: { server: "okta" },
      api: { requiredScope: ["items:read"], audience: "items", legacyTokens: [{ id: "id", secret: "secret" }] }
    })
    const { environment } = sandbox
    assert.deepInclude(environment, {
      OAUTH_CLIENT_AUTHENTICATION: "client_secret_basic",
      OAUTH_BASIC_ENCODING: "raw",
      OAUTH_SCOPE: "items:read",
      OAUTH_AUDIENCE: "items",
      LEGACY_TOKEN_ID: "id"
    })
    assert.strictEqual(environment["OAUTH_ISSUER"], sandbox.issuer)
    assert.match(sandbox.issuer, /\/oauth2\/default$/)
    assert.strictEqual(environment["SANDBOX_CONTROL_URL"], `${new URL(sandbox.issuer).origin}/_control`)
    const client = PromiseClient.fromEnv({ env: environment })
    assert.strictEqual((await client.fetch("/items")).status, 200)
    await client.close()
  })

  it("serves HTTPS with a certificate", async () => {
    await using sandbox = await Sandbox.start({ tls: await certificate() })
    assert.match(sandbox.tokenUrl, /^https:/)
    assert.isUndefined(sandbox.environment["OAUTH_ALLOW_HTTP_LOOPBACK"])
  })
})

describe("the variables", () => {
  for (
    const [issuer, baseUrl, allowed] of [
      ["http://127.0.0.1:1", "http://[::1]:1", "true"],
      ["http://localhost:1", "https://api.example.com", "true"],
      ["https://auth.example.com", "https://api.example.com", undefined],
      // The library sends nothing by http: there, with any option.
      ["http://192.0.2.1:1", "http://192.0.2.1:2", undefined],
      ["http://localhost:1", "http://sandbox:2", undefined]
    ] as const
  ) {
    it(`allow http: to loopback addresses only: ${issuer}, ${baseUrl}`, async () => {
      await using sandbox = await Sandbox.start({ server: { issuer }, api: { baseUrl } })
      assert.strictEqual(sandbox.environment["OAUTH_ALLOW_HTTP_LOOPBACK"], allowed)
    })
  }

  const statuses = async (sandbox: Sandbox.Sandbox, env: Readonly<Record<string, string>>) => {
    const client = PromiseClient.fromEnv({ env })
    const first = await client.fetch("/items")
    await sandbox.revoke()
    const second = await client.fetch("/items")
    if (sandbox.revocationUrl !== undefined) await client.revoke().catch(() => undefined)
    await client.close()
    return [first.status, second.status]
  }

  for (const server of servers.names) {
    it(`are sufficient for a client at ${server}, by the token endpoint and by the issuer`, async () => {
      await using sandbox = await Sandbox.start({ server: { server, scopes: ["items:read"] } })
      const { OAUTH_TOKEN_URL: _tokenUrl, ...byIssuer } = sandbox.environment
      assert.deepStrictEqual(await statuses(sandbox, sandbox.environment), [200, 200])
      if (byIssuer["OAUTH_ISSUER"] !== undefined) assert.deepStrictEqual(await statuses(sandbox, byIssuer), [200, 200])
    })
  }

  for (const requestFormat of ["form", "json", "any"] as const) {
    for (const secretMethods of [["client_secret_basic"], ["client_secret_post"], ["client_secret_jwt"]] as const) {
      it(`are all that a client needs: ${requestFormat}, ${secretMethods.join(" ")}`, async () => {
        await using sandbox = await Sandbox.start({
          server: {
            requestFormat,
            secretMethods,
            clients: [{ id: "client", secret: "a secret of 32 bytes or more, for HS256" }]
          },
          api: { requiredScope: ["a", "b"], audience: "items" }
        })
        assert.deepStrictEqual(await statuses(sandbox, sandbox.environment), [200, 200])
      })
    }
  }
})

describe("the control by HTTP", () => {
  const send = async (sandbox: Sandbox.Sandbox, method: string, path: string, body?: unknown) => {
    const response = await fetch(sandbox.controlUrl + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await response.text()
    return { status: response.status, json: text === "" ? undefined : JSON.parse(text) as unknown }
  }

  it("lists its operations", async () => {
    await using sandbox = await Sandbox.start()
    const { json, status } = await send(sandbox, "GET", "")
    assert.strictEqual(status, 200)
    assert.deepStrictEqual(Object.keys(json as object), [
      "GET /_control/environment",
      "GET /_control/issued",
      "GET /_control/received",
      "GET /_control/calls",
      "POST /_control/revoke",
      "POST /_control/secret",
      "POST /_control/faults",
      "DELETE /_control/faults",
      "POST /_control/clock",
      "POST /_control/reset"
    ])
    assert.strictEqual((await send(sandbox, "GET", "/unknown")).status, 404)
  })

  it("returns the data and runs the operations that a test in another language needs", async () => {
    await using sandbox = await Sandbox.start({ server: { tokenLife: "1 hour" } })
    const { json: environment } = await send(sandbox, "GET", "/environment")
    assert.deepStrictEqual(environment, sandbox.environment)
    const { value } = await token(sandbox.environment)
    await call(sandbox.environment, value)
    assert.strictEqual((await send(sandbox, "POST", "/revoke", { number: 1 })).status, 204)
    assert.deepInclude(((await send(sandbox, "GET", "/issued")).json as ReadonlyArray<object>)[0], { revoked: true })
    assert.notInclude(JSON.stringify((await send(sandbox, "GET", "/issued")).json), value)
    assert.deepInclude(((await send(sandbox, "GET", "/calls")).json as ReadonlyArray<object>)[0], {
      status: 200,
      token: 1
    })
    assert.deepInclude(((await send(sandbox, "GET", "/received")).json as ReadonlyArray<object>)[0], { status: 200 })

    await send(sandbox, "POST", "/faults", {
      server: [{ status: 503, headers: { "retry-after": "1" } }, { error: "x" }]
    })
    assert.deepStrictEqual(
      [
        await token(sandbox.environment).then(({ status }) => status, () => 0),
        (await token(sandbox.environment)).status
      ],
      [0, 400]
    )
    await send(sandbox, "POST", "/faults", { api: ["reset"] })
    await send(sandbox, "DELETE", "/faults")
    const next = await token(sandbox.environment)
    assert.strictEqual((await call(sandbox.environment, next.value)).status, 200)
    const { json } = await send(sandbox, "POST", "/clock", { advance: "2 hours" })
    assert.isAbove(Date.parse((json as { readonly now: string }).now), Date.now() + 7_000_000)
    assert.strictEqual((await call(sandbox.environment, next.value)).status, 401)
    await send(sandbox, "POST", "/secret", { clientId: "test-client", secret: "new" })
    assert.strictEqual((await token(sandbox.environment)).status, 401)
    await send(sandbox, "POST", "/reset")
    assert.match((await token(sandbox.environment)).value, /^token-1-/)
  })

  /** Each case has the member, what was expected and what was found. */
  const wrong: ReadonlyArray<readonly [path: string, body: unknown, ...stated: ReadonlyArray<string>]> = [
    ["/revoke", { number: "one" }, "number: ", "number", "\"one\""],
    ["/revoke", { number: 1.5 }, "number: ", "1.5"],
    ["/revoke", { number: 1 }, "number: ", "issued"],
    ["/revoke", { nubmer: 1 }, "nubmer"],
    ["/secret", {}, "clientId", "secret"],
    ["/secret", { clientId: "test-clent", secret: "new" }, "clientId: ", "nearest", "test-client"],
    ["/secret", { clientId: "test-client", secret: 1 }, "secret: ", "string", "1"],
    ["/secret", { clientId: "test-client", secret: "new", method: "client_secret_basic" }, "method"],
    ["/faults", {}, "server or api"],
    ["/faults", { sevrer: ["reset"] }, "sevrer: ", "nearest", "server"],
    ["/faults", { server: "refuse" }, "server: ", "reset"],
    ["/faults", { server: { fault: "refuse" } }, "server.fault: ", "reset"],
    ["/faults", { server: { fault: { status: 1 } } }, "server.fault.status: "],
    ["/faults", { server: { fault: "reset", times: 0 } }, "server.times: ", "1"],
    ["/faults", { server: { fault: "reset", times: "allways" } }, "server.times: ", "always"],
    ["/faults", { server: [{ fault: "reset", endpoint: "tokens" }] }, "server[0].endpoint: ", "nearest", "token"],
    ["/faults", { api: { fault: "reset", path: "items" } }, "api.path: ", "/"],
    ["/faults", { api: { fault: "reset", count: 2 } }, "api.count: "],
    ["/faults", { api: { status: 200, bodyBase64: "?" } }, "api.bodyBase64: ", "base64"],
    ["/faults", { server: ["explode"] }, "server[0]: ", "\"cutShort\"", "\"explode\""],
    ["/faults", { api: ["reset", 5] }, "api[1]: ", "5"],
    ["/faults", { api: null }, "api: "],
    ["/faults", { server: { status: "503" } }, "server.status: ", "\"503\""],
    ["/faults", { server: [{ status: 99 }] }, "server[0].status: ", "200", "599", "99"],
    ["/faults", { server: [{ status: 600 }] }, "server[0].status: ", "600"],
    ["/faults", { server: [{ status: 503, header: {} }] }, "server[0].header: "],
    [
      "/faults",
      { server: [{ status: 503, headers: { "retry-after": 1 } }] },
      "server[0].headers.retry-after: ",
      "string"
    ],
    ["/faults", { server: [{ status: 503, headers: { "a b": "1" } }] }, "server[0].headers: ", "a b"],
    ["/faults", { server: [{ status: 503, headers: { a: "1\n2" } }] }, "server[0].headers: "],
    ["/faults", { server: [{ status: 503, headers: [] }] }, "server[0].headers"],
    ["/faults", { server: [{}] }, "server[0].status: "],
    ["/faults", { server: [{ error: 5 }] }, "server[0].error: ", "5"],
    ["/faults", { server: [{ error: "x", status: 1 }] }, "server[0].status: "],
    ["/faults", { server: [{ error: "x", body: "" }] }, "server[0].body: "],
    ["/faults", { server: [{ delay: "soon" }] }, "server[0].delay: ", "2 hours", "\"soon\""],
    ["/faults", { server: [{ delay: -1 }] }, "server[0].delay: ", "1 day", "-1"],
    ["/faults", { server: [{ delay: 1e300 }] }, "server[0].delay: ", "1e+300"],
    ["/faults", { server: [{ delay: 1, status: 500 }] }, "server[0].status: "],
    ["/faults", { server: [{ clockAhead: "99999999 days" }] }, "server[0].clockAhead: ", "3650 days"],
    ["/clock", {}, "advance"],
    ["/clock", { advance: null }, "advance: ", "null"],
    ["/clock", { advance: "1 fortnight" }, "advance: ", "fortnight"],
    ["/clock", { advance: -1 }, "advance: ", "-1"],
    ["/clock", { advance: "1e9 days" }, "advance: "],
    ["/clock", { advance: 1e12 }, "advance: ", "3650 days"],
    ["/clock", { advance: 1, by: 2 }, "by: "],
    ["/clock", [], "JSON object"],
    ["/clock", "text", "JSON object"],
    ["/reset", { all: true }, "all: "]
  ]

  it("rejects each invalid body with a message, and changes nothing", async () => {
    await using sandbox = await Sandbox.start()
    for (const [path, body, ...stated] of wrong) {
      const { json, status } = await send(sandbox, "POST", path, body)
      const name = `${path} ${JSON.stringify(body)}: ${JSON.stringify(json)}`
      assert.strictEqual(status, 400, name)
      const { error, error_description } = json as Readonly<Record<string, string>>
      assert.strictEqual(error, "invalid_request")
      for (const part of stated) assert.include(error_description, part, name)
      assert.match(error_description ?? "", /\.$/)
    }
    assert.strictEqual((await token(sandbox.environment)).status, 200)
  })

  it("applies faults by endpoint, path and method, as often as stated, with any bytes", async () => {
    await using sandbox = await Sandbox.start()
    const statusAt = async (path: string, method = "GET") => (await fetch(sandbox.apiBaseUrl + path, { method })).status
    const bytes = Uint8Array.of(0xff, 0x00, 0xfe)
    await send(sandbox, "POST", "/faults", {
      server: [
        { fault: { error: "server_error", status: 500 }, endpoint: "token", times: 2 },
        { fault: { status: 503 }, endpoint: "jwks", times: "always" }
      ],
      api: [
        { fault: { status: 410 }, path: "/old/*", times: "always" },
        { fault: { status: 409 }, method: "POST" },
        { fault: { status: 200, bodyBase64: "/wD+" }, path: "/bytes" }
      ]
    })
    for (const status of [500, 500, 200]) assert.strictEqual((await token(sandbox.environment)).status, status)
    for (const status of [503, 503, 503]) assert.strictEqual((await fetch(sandbox.jwksUrl)).status, status)
    assert.deepStrictEqual(
      [await statusAt("/old/1"), await statusAt("/old/2", "POST"), await statusAt("/older")],
      [410, 410, 401]
    )
    assert.deepStrictEqual([await statusAt("/a", "POST"), await statusAt("/b", "POST")], [409, 401])
    assert.deepStrictEqual(new Uint8Array(await (await fetch(`${sandbox.apiBaseUrl}/bytes`)).arrayBuffer()), bytes)
    assert.strictEqual(await statusAt("/bytes"), 401)
    await send(sandbox, "DELETE", "/faults")
    assert.strictEqual((await fetch(sandbox.jwksUrl)).status, 200)
  })

  for (const status of [200, 204, 205, 304, 404, 500, 599]) {
    it(`a fault with status ${status} and a body`, async () => {
      await using sandbox = await Sandbox.start()
      await send(sandbox, "POST", "/faults", { api: { status, body: { a: 1 }, headers: { "x-test": "1" } } })
      const response = await fetch(sandbox.apiBaseUrl)
      assert.deepStrictEqual([response.status, response.headers.get("x-test")], [status, "1"])
      assert.strictEqual(await response.text(), [204, 205, 304].includes(status) ? "" : "{\"a\":1}")
    })
  }
})
