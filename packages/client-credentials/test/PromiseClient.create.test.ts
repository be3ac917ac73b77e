import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import type * as Http from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"

import { FetchHttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ClientCredentials, InvalidConfig, OAuthError, PromiseClient } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { Duration, Effect, Layer, Redacted } from "effect"

import { tls } from "../src/internal/config/variables.js"
import * as certificates from "./support/certificates.js"
import * as servers from "./support/servers.js"
import * as shiftedClock from "./support/shiftedClock.js"
import * as spans from "./support/spans.js"

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then((value) => assert.fail(`resolved with ${String(value)}`), (error: unknown) => error)

interface Sent {
  readonly path: string
  readonly headers: Http.IncomingHttpHeaders
  readonly form: Readonly<Record<string, string>>
}

/** An authorization server that numbers its tokens, and an API on the same origin. */
const recording = (life = 60) => {
  const sent: Array<Sent> = []
  let issued = 0
  const listener: Http.RequestListener = (request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
      const path = request.url ?? ""
      sent.push({ path, headers: request.headers, form })
      if (path === "/token") {
        issued += 1
        const scope = form["scope"] === undefined ? {} : { scope: form["scope"] }
        return servers.json(response, 200, {
          access_token: `t0ken-${issued}`,
          token_type: "bearer",
          expires_in: life,
          ...scope
        })
      }
      if (path === "/v1/events") return response.write("data: leaf\n\n")
      return path === "/revoke" ? response.end() : servers.json(response, 200, [])
    })
  }
  return { listener, sent, of: (path: string) => sent.filter((one) => one.path === path) }
}

const managed = (make: () => PromiseClient.PromiseClient) =>
  Effect.acquireRelease(Effect.sync(make), ({ close }) => Effect.promise(close))

const started = (
  options: Partial<PromiseClient.Options> = {},
  transport?: PromiseClient.Platform
) =>
  Effect.gen(function*() {
    const server = recording()
    const origin = yield* servers.http(server.listener)
    const client = yield* managed(() =>
      PromiseClient.create({
        tokenUrl: `${origin}/token`,
        clientId: "inventory-sync",
        clientSecret: "s3cr3t",
        apiBaseUrl: `${origin}/v1`,
        allowHttpLoopback: true,
        ...options
      } as PromiseClient.Options, transport)
    )
    return { ...client, ...server, origin }
  })

describe("create", () => {
  it.scopedLive("calls the API with a cached token and returns plain values", () =>
    Effect.gen(function*() {
      const { fetch, of } = yield* started({ audience: "https://api.example.com" })
      yield* Effect.promise(async () => {
        await Promise.all([fetch("/items"), fetch("/items"), fetch("/items")])
        assert.deepStrictEqual(of("/token").map(({ form }) => form), [{
          grant_type: "client_credentials",
          audience: "https://api.example.com",
          client_id: "inventory-sync",
          client_secret: "s3cr3t"
        }])
        for (const { headers } of of("/v1/items")) assert.strictEqual(headers.authorization, "Bearer t0ken-1")
      })
    }))

  it.scopedLive("reads the secret by a function for each token request; a failing function is named in the error", () =>
    Effect.gen(function*() {
      let reads = 0
      const { of, token, with: withOverrides } = yield* started({
        clientSecret: () => {
          reads += 1
          return reads === 3 ? Promise.reject(new Error("s3cr3t of the vault")) : `s3cr3t-${reads}\n`
        }
      })
      yield* Effect.promise(async () => {
        await token()
        await token({ scope: "other" })
        assert.deepStrictEqual(of("/token").map(({ form }) => form["client_secret"]), ["s3cr3t-1", "s3cr3t-2"])
        // The secret that was read before is used, as for an Effect.
        await withOverrides({ scope: "third" }).token()
        assert.strictEqual(of("/token")[2]?.form["client_secret"], "s3cr3t-2")
      })
      const failing = yield* started({
        clientSecret: () => Promise.reject(Object.assign(new Error("s3cr3t of the vault"), { code: "ENOENT" })),
        tokenCache: { retryTimeout: 0 }
      })
      yield* Effect.promise(async () => {
        const error = await rejection(failing.token())
        assert.propertyVal(error, "_tag", "CredentialUnavailable")
        assert.include(String(error), "ENOENT")
        assert.notInclude(inspect(error), "vault")
      })
    }))

  it.scopedLive("names a function that returns no string, and the arguments of plain JavaScript that are wrong", () =>
    Effect.gen(function*() {
      for (const value of [undefined, null, 5]) {
        const { token } = yield* started({ clientSecret: () => value as never, tokenCache: { retryTimeout: 0 } })
        const error = yield* Effect.promise(() => rejection(token()))
        assert.propertyVal(error, "_tag", "CredentialUnavailable")
        assert.include(String(error), "its source returned no string")
      }
      const { invalidate, token } = yield* started({})
      yield* Effect.promise(async () => {
        assert.strictEqual((await token(undefined, null as never)).value, "t0ken-1")
        for (const wrong of [undefined, null, 5]) {
          assert.match(String(await rejection(invalidate(wrong as never))), /TypeError: invalidate: expected a token/)
        }
      })
      const error = yield* Effect.promise(() => rejection(PromiseClient.fromEnv(null as never).token()))
      assert.propertyVal(error, "_tag", "InvalidConfig")
    }))

  it.scopedLive("needs no API when only tokens are used; a call then rejects with a message that names the option", () =>
    Effect.gen(function*() {
      const { fetch, of, token } = yield* started({ apiBaseUrl: undefined })
      yield* Effect.promise(async () => {
        assert.strictEqual((await token()).value, "t0ken-1")
        for (const url of ["/items", "https://api.example.com/items"]) {
          const error = await rejection(fetch(url))
          assert.instanceOf(error, OAuthError.OriginNotAllowed)
          assert.include(error.message, "apiBaseUrl")
        }
        assert.lengthOf(of("/token"), 1)
      })
      const incomplete = yield* started({ apiBaseUrl: undefined, apiOrigins: ["https://files.example.com"] })
      yield* Effect.promise(async () => {
        const error = await rejection(incomplete.token())
        assert.instanceOf(error, InvalidConfig.InvalidConfig)
        assert.include(error.message, "apiBaseUrl")
      })
    }))

  it.scopedLive("rejects the first call with all problems of invalid options", () =>
    Effect.gen(function*() {
      const { token } = yield* started(
        { tokenUrl: "http://auth.example.com", clientSecret: "", audiense: "x" } as Partial<PromiseClient.Options>
      )
      yield* Effect.promise(async () => {
        const error = await rejection(token())
        assert.instanceOf(error, InvalidConfig.InvalidConfig)
        assert.deepStrictEqual(error.problems.map(({ setting }) => setting).sort(), [
          "audiense",
          "clientSecret",
          "tokenUrl"
        ])
      })
    }))

  it.scopedLive("rejects the first call when a function of the program or an option cannot be used", () =>
    Effect.gen(function*() {
      const make = PromiseClient as unknown as {
        readonly create: (...options: ReadonlyArray<unknown>) => PromiseClient.PromiseClient
        readonly fromEnv: (...options: ReadonlyArray<unknown>) => PromiseClient.PromiseClient
      }
      const options = { issuer: "https://auth.example.com", clientId: "a", clientSecret: "s3cr3t" }
      const env = { OAUTH_ISSUER: "https://auth.example.com", OAUTH_CLIENT_ID: "a", OAUTH_CLIENT_SECRET: "s3cr3t" }
      const clients: ReadonlyArray<readonly [() => PromiseClient.PromiseClient, string]> = [
        [() => make.create(options, { fecth: fetch }), "fecth"],
        [() => make.create(options, { fetch: 3 }), "fetch"],
        [() => make.create(options, { fetch, httpClient: FetchHttpClient.layer }), "fetch"],
        [() => make.create(options, { httpClient: 3 }), "httpClient"],
        [() => make.create(options, { log: "all" }), "log"],
        [() => make.create(options, null), "platform"],
        [() => make.create(null), "tokenUrl"],
        [() => make.fromEnv({ env, overides: {} }), "overides"],
        [() => make.fromEnv({ env: null }), "env"]
      ]
      for (const [one, setting] of clients) {
        const client = yield* managed(one)
        const error = yield* Effect.promise(() => rejection(client.token()))
        assert.instanceOf(error, InvalidConfig.InvalidConfig, setting)
        assert.include(error.problems.map((problem) => problem.setting), setting)
      }
      const { invalidate } = yield* managed(() => PromiseClient.create(options))
      for (const wrong of [null, 3, {}]) {
        assert.instanceOf(yield* Effect.promise(() => rejection(invalidate(wrong as string))), TypeError)
      }
    }))

  it.scopedLive("logs by the function given", () =>
    Effect.gen(function*() {
      const lines: Array<readonly [string, string]> = []
      let isGiven = true
      const { token, with: withOverrides } = yield* started({
        clientSecret: () => isGiven ? "s3cr3t" : Promise.reject(new Error("gone"))
      }, { log: (level, message) => lines.push([level, message]) })
      yield* Effect.promise(async () => {
        await token()
        isGiven = false
        await withOverrides({ scope: "other" }).token()
      })
      assert.strictEqual(lines[0]?.[0], "WARN")
      assert.match(lines[0]?.[1] ?? "", /The client secret could not be used/)
    }))

  it.scopedLive("decodes other token responses with a plain function", () =>
    Effect.gen(function*() {
      const { token } = yield* started({
        tokenResponse: (json) => {
          const { access_token } = json as { readonly access_token: string }
          return access_token === "t0ken-1"
            ? { access_token: `${access_token}-decoded`, token_type: "bearer" }
            : undefined
        }
      })
      yield* Effect.promise(async () => {
        assert.strictEqual((await token()).value, "t0ken-1-decoded")
        assert.propertyVal(await rejection(token({ scope: "other" })), "_tag", "InvalidTokenResponse")
      })
    }))

  it.scopedLive("uses another fetch, which receives the options of the call, including those of a Request", () =>
    Effect.gen(function*() {
      const calls: Array<readonly [string, Readonly<Record<string, unknown>>]> = []
      const { fetch, origin } = yield* started({}, {
        fetch: (input, init) => {
          calls.push([String(input), { ...init }])
          return globalThis.fetch(input, init)
        }
      })
      yield* Effect.promise(async () => {
        const options = { cache: "no-store", keepalive: true, credentials: "omit", priority: "high" } as const
        const framework = { next: { revalidate: 60 }, cf: { cacheTtl: 5 } }
        await fetch("/items", { ...options, ...framework })
        await fetch(new Request(`${origin}/v1/items`, options))
        const [[token, tokenOptions] = [], [, called] = [], [, ofRequest] = []] = calls
        assert.strictEqual(token, `${origin}/token`)
        for (const name of [...Object.keys(options), ...Object.keys(framework)]) {
          assert.notProperty(tokenOptions, name)
        }
        assert.deepInclude(called, { ...options, ...framework })
        assert.deepInclude(ofRequest, { cache: "no-store", keepalive: true, credentials: "omit" })
        assert.notProperty(ofRequest, "mode")
      })
    }))
})

describe("token", () => {
  it.scopedLive("returns value, type, scope and expiry; printing it does not show the value", () =>
    Effect.gen(function*() {
      const { token } = yield* started({ scope: "items:read" })
      yield* Effect.promise(async () => {
        const before = Date.now()
        const found = await token()
        assert.deepStrictEqual([found.value, found.type, found.scope], ["t0ken-1", "Bearer", ["items:read"]])
        Object.assign(found.scope ?? [], ["admin"])
        assert.deepStrictEqual((await token()).scope, ["items:read"])
        assert.isAtLeast(found.expiresAt.getTime(), before + 60_000)
        for (const shown of [inspect(found, { depth: 9 }), JSON.stringify(found), JSON.stringify({ ...found })]) {
          assert.notInclude(shown, "t0ken")
        }
      })
    }))

  it.scopedLive("of another request is cached separately", () =>
    Effect.gen(function*() {
      const { fetch, of, token, with: withOverrides } = yield* started({ audience: "one" })
      yield* Effect.promise(async () => {
        const orders = withOverrides({ audience: "two" })
        const writing = orders.with({ scope: "write" })
        const values = async () => [
          (await token()).value,
          (await orders.token()).value,
          (await token({ audience: "two" })).value,
          (await writing.token()).value,
          (await withOverrides({ audience: "two", scope: "write" }).token()).value
        ]
        const expected = ["t0ken-1", "t0ken-2", "t0ken-2", "t0ken-3", "t0ken-3"]
        assert.deepStrictEqual(await values(), expected)
        assert.deepStrictEqual(await values(), expected)
        await writing.fetch("/orders")
        await fetch("/items")
        assert.strictEqual(of("/v1/orders")[0]?.headers.authorization, "Bearer t0ken-3")
        assert.strictEqual(of("/v1/items")[0]?.headers.authorization, "Bearer t0ken-1")
        assert.deepStrictEqual(
          of("/token").map(({ form }) => [form["audience"], form["scope"]]),
          [["one", undefined], ["two", undefined], ["two", "write"]]
        )
        const wrong = { audiense: "x" } as PromiseClient.Overrides
        for (const call of [token(wrong), withOverrides(wrong).fetch("/items"), withOverrides(wrong).health()]) {
          assert.instanceOf(await rejection(call), InvalidConfig.InvalidConfig)
        }
      })
    }))

  it.scopedLive("that is reported as rejected is replaced, for every request, also by its value alone", () =>
    Effect.gen(function*() {
      const { invalidate, token, with: withOverrides } = yield* started()
      yield* Effect.promise(async () => {
        const orders = withOverrides({ audience: "two" })
        await token()
        const second = await orders.token()
        assert.isTrue(await invalidate(second))
        assert.strictEqual((await token()).value, "t0ken-1")
        assert.strictEqual((await orders.token()).value, "t0ken-3")
        assert.isTrue(await orders.invalidate("t0ken-1"))
        assert.strictEqual((await token()).value, "t0ken-4")
        // A token that was replaced before changes nothing.
        assert.isTrue(await invalidate("t0ken-1"))
        assert.strictEqual((await token()).value, "t0ken-4")
      })
    }))
})

it.scopedLive("confirms a token that was not rejected for a while: rejections hours apart are followed by new tokens", () =>
  Effect.gen(function*() {
    const server = recording(86_400)
    const origin = yield* servers.http(server.listener)
    const time = shiftedClock.make()
    const client = (accepts: (token: string) => boolean) =>
      Effect.map(
        managed(() =>
          PromiseClient.make(
            ClientCredentials.layer({
              tokenUrl: `${origin}/token`,
              clientId: "inventory-sync",
              clientSecret: Redacted.make("s3cr3t"),
              apiBaseUrl: "none",
              allowHttpLoopback: true
            }).pipe(Layer.provide(FetchHttpClient.layer), Layer.provideMerge(time.layer))
          )
        ),
        ({ invalidate, token }) => async () => {
          const { value } = await token()
          if (accepts(value)) return
          await invalidate(value)
          await token()
        }
      )
    let revoked = ""
    const working = yield* client((token) => token !== revoked)
    for (let rejections = 1; rejections <= 8; rejections += 1) {
      for (let calls = 0; calls < 3; calls += 1) {
        yield* Effect.promise(working)
        yield* time.forward(Duration.hours(1))
      }
      assert.lengthOf(server.of("/token"), rejections)
      revoked = `t0ken-${rejections}`
    }
    // An API that rejects everything costs as many tokens as with `ApiClient`.
    const hopeless = yield* client(() => false)
    for (let calls = 0; calls < 24; calls += 1) {
      yield* Effect.promise(hopeless)
      yield* time.forward(Duration.hours(1))
    }
    assert.isAtMost(server.of("/token").length - 8, 7)
  }))

it.scopedLive("health describes the token of the client, in milliseconds", () =>
  Effect.gen(function*() {
    const { health, token, with: withOverrides } = yield* started()
    yield* Effect.promise(async () => {
      assert.deepInclude(await health(), { isReady: true, hasToken: false, expiresIn: undefined })
      await token()
      const { expiresIn, hasToken } = await health()
      assert.isTrue(hasToken)
      assert.isTrue(expiresIn !== undefined && expiresIn > 0 && expiresIn <= 60_000)
      assert.isFalse((await withOverrides({ scope: "other" }).health()).hasToken)
    })
  }))

it.scopedLive("an abort ends only the wait for a token, not the token request", () =>
  Effect.gen(function*() {
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const { of, token } = yield* started({}, {
      fetch: async (input, init) => {
        await gate
        return fetch(input, init)
      }
    })
    yield* Effect.promise(async () => {
      const controller = new AbortController()
      const [aborted, waiting] = [rejection(token(undefined, { signal: controller.signal })), token()]
      controller.abort(new Error("no longer"))
      assert.propertyVal(await aborted, "message", "no longer")
      assert.propertyVal(await rejection(token({}, { signal: controller.signal })), "message", "no longer")
      open()
      assert.strictEqual((await waiting).value, "t0ken-1")
      assert.strictEqual((await token(undefined, { signal: AbortSignal.timeout(2 ** 31 - 1) })).value, "t0ken-1")
      assert.lengthOf(of("/token"), 1)
    })
  }))

it.scopedLive("revoke revokes and removes all tokens; without an endpoint it rejects", () =>
  Effect.gen(function*() {
    const server = yield* started()
    const { health, of, revoke, token } = yield* started({ revocationUrl: `${server.origin}/revoke` })
    yield* Effect.promise(async () => {
      await token()
      await token({ scope: "other" })
      await revoke()
      assert.deepStrictEqual(server.of("/revoke").map(({ form }) => form["token"]).sort(), ["t0ken-1", "t0ken-2"])
      assert.isFalse((await health()).hasToken)
      // However often it runs: a revocation is not a rejection, which would suspend token requests.
      for (const count of [3, 4, 5, 6]) {
        assert.strictEqual((await token()).value, `t0ken-${count}`)
        await revoke()
        assert.isFalse((await health()).hasToken)
        assert.lengthOf(server.of("/revoke"), count)
      }
      assert.lengthOf(of("/token"), 6)
      await server.token()
      assert.propertyVal(await rejection(server.revoke()), "_tag", "RevocationUnsupported")
    })
  }))

it.scopedLive("after close, everything rejects with ClientClosed, for each client that shares it", () =>
  Effect.gen(function*() {
    const { close, ...client } = yield* started()
    yield* Effect.promise(async () => {
      const other = client.with({ scope: "other" })
      await client.token()
      const events = (await client.fetch("/events")).body?.getReader()
      await events?.read()
      const rest = rejection(events?.read() ?? Promise.resolve())
      await other.close()
      assert.instanceOf(await rest, OAuthError.ClientClosed)
      await close()
      for (const { fetch, health, invalidate, revoke, token } of [client, other]) {
        for (const call of [fetch("/items"), health(), invalidate("t0ken-1"), revoke(), token()]) {
          assert.instanceOf(await rejection(call), OAuthError.ClientClosed)
        }
      }
    })
  }))

describe("trace headers", () => {
  const names = ["b3", "traceparent"]

  it.scopedLive("are not sent when no tracer is installed", () =>
    Effect.gen(function*() {
      const { fetch, sent } = yield* started()
      yield* Effect.promise(() => fetch("/items"))
      assert.lengthOf(sent, 2)
      for (const { headers } of sent) for (const name of names) assert.notProperty(headers, name)
    }))

  it.scopedLive("are sent by a layer with a tracer", () =>
    Effect.gen(function*() {
      const server = recording()
      const origin = yield* servers.http(server.listener)
      const { tracer } = spans.make()
      const { fetch } = yield* Effect.acquireRelease(
        Effect.sync(() =>
          PromiseClient.make(
            ClientCredentials.layer({
              tokenUrl: `${origin}/token`,
              clientId: "inventory-sync",
              clientSecret: Redacted.make("s3cr3t"),
              apiBaseUrl: origin,
              allowHttpLoopback: true
            }).pipe(Layer.provide(FetchHttpClient.layer), Layer.provideMerge(spans.layer(tracer)))
          )
        ),
        ({ close }) => Effect.promise(close)
      )
      yield* Effect.promise(() => fetch("/items"))
      assert.property(server.of("/items")[0]?.headers, "traceparent")
    }))
})

describe("fromEnv", () => {
  it.scopedLive("reads the variables given, with a prefix and files; options prevail", () =>
    Effect.gen(function*() {
      const server = recording()
      const origin = yield* servers.http(server.listener)
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "oauth-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      writeFileSync(join(directory, "secret"), "s3cr3t\n")
      const { fetch } = yield* managed(() =>
        PromiseClient.fromEnv({
          prefix: "BILLING",
          env: {
            BILLING_OAUTH_TOKEN_URL: `${origin}/token`,
            BILLING_OAUTH_CLIENT_ID: "inventory-sync",
            BILLING_OAUTH_CLIENT_SECRET_FILE: join(directory, "secret"),
            BILLING_OAUTH_AUDIENCE: "one",
            BILLING_OAUTH_ALLOW_HTTP_LOOPBACK: "true",
            BILLING_API_BASE_URL: `${origin}/v1`,
            BILLING_UNSET: undefined
          },
          overrides: { audience: "two" }
        })
      )
      yield* Effect.promise(() => fetch("/items"))
      assert.deepInclude(server.of("/token")[0]?.form, { client_secret: "s3cr3t", audience: "two" })
    }))

  it.scopedLive("rejects with an error that names missing variables and unreadable files", () =>
    Effect.gen(function*() {
      const { token } = yield* managed(() =>
        PromiseClient.fromEnv({ env: { OAUTH_CLIENT_ID: "x", OAUTH_CLIENT_SECRET_FILE: "/nowhere/s3cr3t-here" } })
      )
      yield* Effect.promise(async () => {
        const error = await rejection(token())
        assert.instanceOf(error, Error)
        assert.propertyVal(error, "_tag", "InvalidConfig")
        for (const text of ["OAUTH_TOKEN_URL", "OAUTH_CLIENT_SECRET_FILE", "NotFound"]) {
          assert.include(error.message, text)
        }
        assert.notInclude(error.message, "API_BASE_URL")
      })
    }))

  it.scopedLive("accepts a transport that reads further variables, such as a private certificate authority", () =>
    Effect.gen(function*() {
      const authority = yield* certificates.authority("company")
      const server = recording()
      const origin = yield* servers.https(yield* certificates.server(authority), server.listener)
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "oauth-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      writeFileSync(join(directory, "ca.pem"), authority.cert)
      const env = {
        OAUTH_TOKEN_URL: `${origin}/token`,
        OAUTH_CLIENT_ID: "inventory-sync",
        OAUTH_CLIENT_SECRET: "s3cr3t",
        OAUTH_TLS_EXTRA_CA_FILE: join(directory, "ca.pem"),
        API_BASE_URL: origin
      }
      const trusting = yield* managed(() => PromiseClient.fromEnv({ env, httpClient: NodeTls.layerEnv() }))
      const untrusting = yield* managed(() => PromiseClient.fromEnv({ env }))
      yield* Effect.promise(async () => {
        assert.strictEqual((await trusting.fetch("/items")).status, 200)
        assert.instanceOf(await rejection(untrusting.fetch("/items")), Error)
      })
    }))

  for (const variable of Object.values(tls)) {
    it.scopedLive(`rejects ${variable} without a transport that can read it`, () =>
      Effect.gen(function*() {
        const server = recording()
        const origin = yield* servers.http(server.listener)
        const env = {
          MY_OAUTH_TOKEN_URL: `${origin}/token`,
          MY_OAUTH_CLIENT_ID: "inventory-sync",
          MY_OAUTH_CLIENT_SECRET: "s3cr3t",
          MY_OAUTH_ALLOW_HTTP_LOOPBACK: "true",
          [`MY_${variable}`]: "/file",
          MY_API_BASE_URL: origin
        }
        const untrusting = yield* managed(() => PromiseClient.fromEnv({ env, prefix: "MY" }))
        const own = yield* managed(() => PromiseClient.fromEnv({ env, prefix: "MY", fetch, log: () => {} }))
        yield* Effect.promise(async () => {
          for (const call of [() => untrusting.fetch("/items"), () => untrusting.token()]) {
            const error = await rejection(call())
            assert.deepInclude(error, { _tag: "InvalidConfig" })
            assert.include(String(error), `MY_${variable}: expected absent`)
            assert.include(String(error), "NodeTls.layerEnv()")
          }
          // Its `fetch` may have the certificates.
          assert.strictEqual((await own.fetch("/items")).status, 200)
        })
      }))
  }
})
