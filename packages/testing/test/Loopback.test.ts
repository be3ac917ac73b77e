import { execFile } from "node:child_process"

import { assert, it } from "@effect/vitest"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect, Redacted } from "effect"

/** A program without Effect and without this library. */
const program = `
  const { OAUTH_TOKEN_URL, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, API_BASE_URL } = process.env
  const body = new URLSearchParams({
    grant_type: "client_credentials", client_id: OAUTH_CLIENT_ID, client_secret: OAUTH_CLIENT_SECRET
  })
  const { access_token } = await (await fetch(OAUTH_TOKEN_URL, { method: "POST", body })).json()
  const response = await fetch(API_BASE_URL + "/items", { headers: { authorization: "Bearer " + access_token } })
  console.log(response.status, await response.text())
`

const run = (environment: Readonly<Record<string, string>>) =>
  Effect.async<string>((resume) => {
    execFile(
      process.execPath,
      ["--input-type=module", "-e", program],
      { env: { PATH: process.env["PATH"], ...environment } },
      (error, stdout, stderr) => resume(Effect.succeed(error === null ? stdout : stderr))
    )
  })

it.scopedLive("serves programs of any kind on sockets, and stops with its scope", () =>
  Effect.gen(function*() {
    const environment = yield* Effect.scoped(Effect.gen(function*() {
      const { api, environment, server } = yield* Loopback.start({
        api: { handler: () => Effect.succeed(Response.json(["SKU-1"])) }
      })
      assert.deepInclude(environment, {
        OAUTH_ISSUER: server.issuer,
        OAUTH_TOKEN_URL: `${server.issuer}/token`,
        OAUTH_REVOCATION_URL: `${server.issuer}/token/revocation`
      })
      assert.strictEqual(yield* run(environment), "200 [\"SKU-1\"]\n")
      const [token] = yield* server.issued
      assert.match(token === undefined ? "" : Redacted.value(token.value), /^token-1-/)
      assert.deepInclude((yield* api.calls)[0], { method: "GET", token: 1, status: 200 })
      yield* server.faults.next("reset")
      assert.match(yield* run(environment), /fetch failed/)
      return environment
    }))
    assert.match(yield* run(environment), /fetch failed/)
  }))

for (const accessTokens of ["opaque", "jwt"] as const) {
  it.scopedLive(`accepts no token of an earlier server at the same port: ${accessTokens}`, () =>
    Effect.gen(function*() {
      const issue = (port: number) =>
        Effect.scoped(Effect.gen(function*() {
          const { environment, server } = yield* Loopback.start({ port, apiPort: 0, server: { accessTokens } })
          assert.match(yield* run(environment), /^200 /)
          const [token] = yield* server.issued
          return { port: Number(new URL(server.issuer).port), token, verify: server.verify }
        }))
      const earlier = yield* issue(0)
      const later = yield* issue(earlier.port)
      const value = earlier.token === undefined ? "" : Redacted.value(earlier.token.value)
      assert.strictEqual((yield* earlier.verify(value))._tag, "Active")
      assert.strictEqual((yield* later.verify(value))._tag, "Inactive")
    }))
}
