/**
 * The sandbox, as a program in another language uses it: by its variables and by HTTP.
 */
import { writeFile } from "node:fs/promises"

import { assert, describe, it } from "@effect/vitest"
import * as Sandbox from "@effect-oauth/testing/Sandbox"
import { Effect } from "effect"

import * as certificates from "../../client-credentials/test/support/certificates.js"
import * as servers from "../../testing/dist/internal/servers.js"
import { serverNames } from "../src/internal/serverNames.js"
import * as binary from "./support/binary.js"

const minute = 300_000

type Environment = Readonly<Record<string, string>>

/** Runs the command until the test has done its part, which then sends Ctrl-C. */
const running = (args: ReadonlyArray<string>, test: (environment: Environment) => Promise<void>) =>
  Effect.gen(function*() {
    const { spawn } = yield* binary.home
    let failure: unknown
    const ended = yield* spawn(["sandbox", "--json", ...args], {
      isOpen: true,
      started: (child) => {
        let seen = ""
        child.stdout?.on("data", (text: string) => {
          seen += text
          if (!seen.endsWith("\n")) return
          void test(JSON.parse(seen) as Environment).catch((error: unknown) => {
            failure = error
          }).finally(() => child.kill("SIGINT"))
        })
      }
    })
    if (failure !== undefined) throw failure
    return ended
  })

const token = async ({ OAUTH_CLIENT_ID = "", OAUTH_CLIENT_SECRET = "", OAUTH_TOKEN_URL = "" }: Environment) => {
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: OAUTH_CLIENT_ID,
    client_secret: OAUTH_CLIENT_SECRET
  })
  const response = await fetch(OAUTH_TOKEN_URL, { method: "POST", body })
  return [response.status, await response.json() as { readonly access_token?: string }] as const
}

describe("sandbox", () => {
  it.scopedLive("serves a token, an API and the control until Ctrl-C", () =>
    Effect.gen(function*() {
      const { exitCode, stderr } = yield* running(["--daily-limit", "1", "--jwt"], async (environment) => {
        const [status, { access_token = "" }] = await token(environment)
        assert.strictEqual(status, 200)
        assert.strictEqual(access_token.split(".").length, 3)
        const call = (path: string) =>
          fetch(environment["API_BASE_URL"] + path, { headers: { authorization: `Bearer ${access_token}` } })
        assert.deepInclude((await (await call("/items")).json() as ReadonlyArray<object>)[0], {
          sku: "SKU-1",
          quantity: 100
        })
        assert.deepInclude(await (await call("/a?b")).json() as object, {
          path: "/a?b",
          client: "test-client",
          token: 1
        })
        assert.strictEqual((await token(environment))[0], 429)
        await fetch(`${environment["SANDBOX_CONTROL_URL"]}/revoke`, { method: "POST" })
        assert.strictEqual((await call("/items")).status, 401)
      })
      assert.strictEqual(exitCode, 130)
      assert.match(stderr, /curl http:\/\/127\.0\.0\.1:\d+\/token -d grant_type=client_credentials/)
      assert.match(stderr, /\/_control\. Ctrl-C stops it\./)
    }), minute)

  it.scopedLive(
    "behaves as another server, and prints the settings that its clients require",
    () =>
      running(["--server", "auth0"], async (environment) => {
        assert.strictEqual(environment["OAUTH_AUDIENCE"], environment["API_BASE_URL"])
        const [status, body] = await token(environment)
        assert.deepStrictEqual([status, body], [403, {
          error: "access_denied",
          error_description: "No audience parameter was provided, and no default audience has been configured"
        }])
      }),
    minute
  )

  it.scopedLive(
    "registers the client for basic auth, and serves https with a certificate",
    () =>
      Effect.gen(function*() {
        const { cert, private: key } = yield* Effect.flatMap(certificates.authority("authority"), (ca) =>
          certificates.server(ca))
        const { directory } = yield* binary.home
        const files = ["cert.pem", "key.pem"].map((name) =>
          `${directory}/${name}`
        )
        yield* Effect.promise(async () => {
          await writeFile(files[0] ?? "", cert)
          await writeFile(files[1] ?? "", key)
        })
        yield* running(
          [
            ...["--client-authentication", "client_secret_basic"],
            ...["--tls-cert", files[0] ?? "", "--tls-key", files[1] ?? ""]
          ],
          (environment) => {
            assert.match(environment["OAUTH_TOKEN_URL"] ?? "", /^https:/)
            assert.match(environment["API_BASE_URL"] ?? "", /^https:/)
            assert.strictEqual(environment["OAUTH_CLIENT_AUTHENTICATION"], "client_secret_basic")
            assert.isUndefined(environment["OAUTH_ALLOW_HTTP_LOOPBACK"])
            return Promise.resolve()
          }
        )
      }),
    minute
  )

  it.scopedLive(
    "takes the options of the library, by name or from a file, which the command line overrides",
    () =>
      Effect.gen(function*() {
        const { directory } = yield* binary.home
        const file = `${directory}/sandbox.json`
        yield* Effect.promise(() =>
          writeFile(
            file,
            `\ufeff${
              JSON.stringify({
                publicHost: "localhost",
                server: {
                  server: "okta",
                  tokenLife: "2 hours",
                  scopes: ["read", "items:admin"],
                  clients: [{ id: "one", secret: "first", method: "client_secret_post" }, {
                    id: "two",
                    secret: "second"
                  }]
                },
                api: { rejection: { status: 403, body: "expired" }, audience: "items" }
              })
            }`
          )
        )
        const { stderr } = yield* running([
          ...["--options", file, "--token-life", "90s", "--require-scope", "read", "--rejection", "419"],
          ...["--legacy-token", "old:secret:1", "--one-token-per-client", "--hourly-limit", "2", "--jwt"]
        ], async (environment) => {
          assert.deepInclude(environment, {
            OAUTH_CLIENT_ID: "one",
            OAUTH_SCOPE: "read",
            OAUTH_AUDIENCE: "items",
            LEGACY_TOKEN_ID: "old",
            LEGACY_TOKEN_SECRET: "secret:1"
          })
          assert.match(environment["OAUTH_TOKEN_URL"] ?? "", /^http:\/\/localhost:/)
          const issue = async () => {
            const body = new URLSearchParams({
              grant_type: "client_credentials",
              client_id: "one",
              client_secret: "first",
              scope: "read",
              audience: "items"
            })
            const response = await fetch(environment["OAUTH_TOKEN_URL"] ?? "", { method: "POST", body })
            return [response.status, await response.json() as Readonly<Record<string, unknown>>] as const
          }
          const call = (token: unknown) =>
            fetch(environment["API_BASE_URL"] ?? "", { headers: { authorization: `Bearer ${String(token)}` } })
          const [status, first] = await issue()
          assert.deepStrictEqual([status, first["expires_in"]], [200, 90])
          assert.strictEqual((await call(first["access_token"])).status, 200)
          const { keys } = await (await fetch(environment["SANDBOX_JWKS_URL"] ?? "")).json() as {
            readonly keys: ReadonlyArray<unknown>
          }
          assert.lengthOf(keys, 1)
          assert.strictEqual((await issue())[0], 200)
          assert.strictEqual((await call(first["access_token"])).status, 419)
          assert.strictEqual((await issue())[0], 429)
        })
        assert.match(stderr, /Scopes that exist: read, items:admin\./)
        assert.match(stderr, /Clients: one, two\. The variables are those of the first\./)
      }),
    minute
  )

  it.scopedLive("states each wrong option of the file, and the nearest name", () =>
    Effect.gen(function*() {
      const { directory, run } = yield* binary.home
      const file = `${directory}/sandbox.json`
      const wrong = [
        [`{ "server": { "dailyLimt": 1 } }`, "server.dailyLimt: expected no such option", "the nearest is dailyLimit"],
        [`{ "sever": {} }`, "sever: expected no such option", "the nearest is server"],
        [`{ "api": [] }`, "api: expected an object"],
        [`{ "server": 1 }`, "server: expected one of"],
        [`{ "api": { "handler": "x" } }`, "api.handler: expected a function"],
        [`{ "port": "x" }`, "port: expected an integer"],
        ["[]", "must contain a JSON object"],
        ["{", "is not JSON"]
      ]
      for (const [content = "", ...stated] of wrong) {
        yield* Effect.promise(() => writeFile(file, content))
        const { exitCode, stderr } = yield* run(["sandbox", "--options", file])
        assert.strictEqual(exitCode, 2, content)
        for (const part of [...stated, "sandbox.json"]) assert.include(stderr.replaceAll(/\s+/g, " "), part, content)
      }
    }), minute)

  it.scopedLive("rejects options that it cannot use", () =>
    Effect.gen(function*() {
      const { run } = yield* binary.home
      const wrong = [
        ["--port", "70000"],
        ["--port", "-1"],
        ["--daily-limit", "0"],
        ["--hourly-limit", "0"],
        ["--token-life", "soon"],
        ["--rejection", "401x"],
        ["--legacy-token", "id"],
        ["--public-host", ""],
        ["--options", "/nowhere/sandbox.json"],
        ["--server", "other"],
        ["--client-authentication", "none"],
        ["--tls-cert", "cert.pem"],
        ["--tls-cert", "/nowhere/cert.pem", "--tls-key", "/nowhere/key.pem"]
      ]
      for (const args of wrong) {
        const { exitCode } = yield* run(["sandbox", ...args])
        assert.strictEqual(exitCode, 2, args.join(" "))
      }
      const { issuer } = yield* Effect.acquireRelease(
        Effect.promise(() => Sandbox.start()),
        (sandbox) => Effect.promise(() => sandbox.close())
      )
      const { exitCode, stderr } = yield* run(["sandbox", "--port", new URL(issuer).port])
      assert.strictEqual(exitCode, 2)
      assert.include(stderr, "EADDRINUSE")
      assert.include(stderr, "Pass another --port or --host.")
    }), minute)

  it("supports each server of the table", () => {
    assert.deepStrictEqual<ReadonlyArray<string>>(serverNames, servers.names)
  })
})
