/**
 * A token exchange, then the token of a service account, as the recipe configures them, at Google's endpoints in
 * memory.
 */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { ApiClient, OAuthError } from "@effect-oauth/client-credentials"
import { Effect, Layer, Redacted, TestClock } from "effect"

import { Api } from "../src/recipes/google-impersonation.js"

const account = "inventory@acme.iam.gserviceaccount.com"
const impersonate = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${account}:generateAccessToken`

/** Responds as Google; the second API accepts only the last federated token, or none. */
const google = () => {
  const sent: Array<string> = []
  const state = { federated: 0, impersonated: 0, accepted: 0, allows: true, time: 0 }
  const respond = (url: URL, authorization: string | null, body: string): Response => {
    sent.push(`${url.href} ${authorization} ${body}`)
    switch (url.href) {
      case "https://sts.googleapis.com/v1/token":
        state.accepted = ++state.federated
        return Response.json({
          access_token: `federated-${state.federated}`,
          issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
          token_type: "Bearer",
          expires_in: 3600
        })
      case impersonate:
        return authorization !== `Bearer federated-${state.accepted}`
          ? Response.json({ error: { code: 401, status: "UNAUTHENTICATED" } }, { status: 401 })
          : !state.allows
          ? Response.json({ error: { code: 403, status: "PERMISSION_DENIED" } }, { status: 403 })
          : Response.json({
            accessToken: `service-account-${++state.impersonated}`,
            expireTime: new Date(state.time + 600_000).toISOString()
          })
      default:
        return Response.json({ items: [] })
    }
  }
  const layer = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request, url) =>
      Effect.sync(() => {
        const { body, headers } = request
        const text = body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""
        return HttpClientResponse.fromWeb(request, respond(url, headers["authorization"] ?? null, text))
      })
    )
  )
  return { sent, state, api: Layer.provide(Api(Effect.succeed(Redacted.make("identity"))), layer) }
}

const call = Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/storage/v1/b"))

describe("the token of a service account, by a federated token", () => {
  it.effect("is requested with it, and both are cached for their lifetimes", () => {
    const { api, sent, state } = google()
    return Effect.gen(function*() {
      yield* call
      yield* call
      assert.deepStrictEqual(sent.map((one) => one.replace(/subject_token_type=.*/, "...")), [
        "https://sts.googleapis.com/v1/token null " +
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&requested_token_type=" +
        "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token&...",
        `${impersonate} Bearer federated-1 ` +
        "{\"scope\":[\"https://www.googleapis.com/auth/devstorage.read_only\"],\"lifetime\":\"3600s\"}",
        "https://storage.googleapis.com/storage/v1/b Bearer service-account-1 ",
        "https://storage.googleapis.com/storage/v1/b Bearer service-account-1 "
      ])
      yield* TestClock.adjust("10 minutes")
      state.time = 600_000
      yield* call
      assert.strictEqual(state.federated, 1)
      assert.strictEqual(state.impersonated, 2)
    }).pipe(Effect.provide(api))
  })

  it.effect("is requested with another federated one when the first is rejected", () => {
    const { api, state } = google()
    return Effect.gen(function*() {
      yield* call
      state.accepted = 0
      state.time = 600_000
      yield* TestClock.adjust("10 minutes")
      yield* call
      assert.deepStrictEqual([state.federated, state.impersonated], [2, 2])
    }).pipe(Effect.provide(api))
  })

  it.effect("is not issued without the permission, which the error states", () => {
    const { api, state } = google()
    state.allows = false
    return Effect.gen(function*() {
      const error = yield* Effect.flip(call)
      assert.instanceOf(error, OAuthError.TokenErrorResponse)
      assert.strictEqual(error.status, 403)
      assert.strictEqual(state.federated, 1)
    }).pipe(Effect.provide(api))
  })
})
