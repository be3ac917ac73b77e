/**
 * Requirements, from guides/requirements.md:
 * - D3: Protected resource metadata is used only if its resource is the requested one and its issuer is allowed.
 */
import { assert, describe, it } from "@effect/vitest"
import { ProtectedResource } from "@effect-oauth/client-credentials"
import { Effect } from "effect"

import * as fakeHttp from "./support/fakeHttp.js"

const resource = "https://api.example.com/v1"
const issuer = "https://auth.example.com"

const discover = (document: unknown, options: Partial<Parameters<typeof ProtectedResource.discover>[0]> = {}) => {
  const { layer, sent } = fakeHttp.make(() =>
    Effect.sync(() => document instanceof Response ? document : Response.json(document))
  )
  return {
    sent,
    found: Effect.provide(ProtectedResource.discover({ resource, allowedIssuers: [issuer], ...options }), layer)
  }
}

describe("the metadata of a protected resource", () => {
  it.effect("D3 returns which of the allowed issuers to use, from the well-known URL of the resource", () =>
    Effect.gen(function*() {
      const { found, sent } = discover({ resource, authorization_servers: ["https://evil.example", issuer] })
      assert.deepStrictEqual(yield* found, { issuer, resource })
      assert.deepStrictEqual(
        sent.map(({ url }) => url),
        ["https://api.example.com/.well-known/oauth-protected-resource/v1"]
      )
    }))

  for (
    const [document, problem] of [
      [{ resource: `${resource}/`, authorization_servers: [issuer] }, "another resource"],
      [{ resource: "https://evil.example", authorization_servers: [issuer] }, "another resource"],
      [{ resource, authorization_servers: ["https://evil.example"] }, "none of the allowed issuers"],
      [{ resource, authorization_servers: [`${issuer}/`] }, "none of the allowed issuers"],
      [{ resource }, "none of the allowed issuers"],
      [[], "not a JSON object"],
      [new Response("<html>"), "not a JSON object"],
      [new Response("", { status: 404 }), "status 404"],
      [new Response("", { status: 302, headers: { location: "https://evil.example" } }), "status 302"]
    ] as const
  ) {
    it.effect(`D3 is rejected: ${problem}, ${document instanceof Response ? "" : JSON.stringify(document)}`, () =>
      Effect.gen(function*() {
        const { found, sent } = discover(document)
        const error = yield* Effect.flip(found)
        assert(error._tag === "ResourceMetadataInvalid")
        assert.include(error.message, problem)
        assert.lengthOf(sent, 1)
      }))
  }

  it.effect("D3 is not requested without TLS", () =>
    Effect.gen(function*() {
      const { found, sent } = discover({}, { resource: "http://169.254.169.254/" })
      assert.include((yield* Effect.flip(found)).message, "https:")
      assert.lengthOf(sent, 0)
    }))
})
