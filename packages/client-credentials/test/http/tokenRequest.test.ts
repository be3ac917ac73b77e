/**
 * Requirements, from guides/requirements.md:
 * - T1: A request authenticates the client by one method only.
 * - T2: HTTP Basic form-encodes client id and secret before it joins and encodes them.
 * - T3: Credentials in the body are never in the URL.
 * - T5: Token requests are sent by POST, keep the query of the URL, and have no empty and no repeated parameters.
 * - T6: The grant type is client_credentials, with an optional scope, form-encoded in UTF-8.
 */
import { assert, describe, it } from "@effect/vitest"
import { ClientConfig } from "@effect-oauth/client-credentials"
import { Effect, FastCheck as fc, Redacted } from "effect"

import * as tokenRequest from "../../src/internal/http/tokenRequest.js"
import { printed } from "../support/printed.js"
import * as scenario from "../support/scenario.js"

const printable = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !/[\x00-\x1f\x7f]/.test(text))

/** Returns the request that a client with this configuration sends, and its proof. */
const encoded = (more: Partial<ClientConfig.Options>) => {
  const { authentication, request } = Effect.runSync(ClientConfig.make({ ...scenario.options, ...more }))
  const target = { clientId: request.clientId, issuer: undefined, endpoint: request.endpoint, now: 0 }
  const { prove } = Effect.runSync(authentication(undefined).credentials[0])
  const proof = Effect.runSync(prove(target))
  return { proof, request: tokenRequest.encode(request.tokenUrl ?? assert.fail(), request, proof) }
}

const sent = (options: Partial<ClientConfig.Options>) => {
  const { body, headers, method, url } = encoded(options).request
  assert(body._tag === "Uint8Array")
  return { headers, method, url, type: body.contentType, text: new TextDecoder().decode(body.body) }
}

const formDecode = (text: string) => new URLSearchParams(`x=${text}`).get("x")

describe("the token request", () => {
  it("T5 T6 is the form of RFC 6749 section 4.4.2", () => {
    const { headers, method, text, type, url } = sent({
      audience: "https://api.example.com",
      scope: ["items:read", "items:write"],
      resource: ["https://a.example", "https://b.example"]
    })
    assert.deepStrictEqual([method, url, type], [
      "POST",
      "https://auth.example.com/oauth/token",
      "application/x-www-form-urlencoded"
    ])
    assert.strictEqual(headers["accept"], "application/json")
    assert.isUndefined(headers["authorization"])
    assert.strictEqual(
      text,
      "grant_type=client_credentials&audience=https%3A%2F%2Fapi.example.com&scope=items%3Aread+items%3Awrite" +
        "&resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example" +
        "&client_id=inventory-sync&client_secret=s3cr3t%2F%2B+%25%3Ax"
    )
  })

  it("T5 omits parameters without a value", () => {
    assert.deepStrictEqual([...new URLSearchParams(sent({}).text).keys()], ["grant_type", "client_id", "client_secret"])
  })

  it("T5 keeps the query of the token URL", () => {
    assert.strictEqual(
      sent({ tokenUrl: "https://auth.example.com/t?tenant=1" }).url,
      "https://auth.example.com/t?tenant=1"
    )
  })

  it.prop("contains every parameter", [printable, printable, printable], ([clientId, clientSecret, audience]) => {
    const parameters = { clientId, clientSecret: Redacted.make(clientSecret), audience }
    const expected = {
      grant_type: "client_credentials",
      audience,
      client_id: clientId,
      client_secret: clientSecret
    }
    assert.deepStrictEqual(Object.fromEntries(new URLSearchParams(sent(parameters).text)), expected)
    const json = sent({ ...parameters, requestFormat: "json" })
    assert.strictEqual(json.type, "application/json")
    assert.deepStrictEqual(JSON.parse(json.text), expected)
  })

  it.prop(
    "T1 T2 T3 encodes id and secret before it joins them, by basic auth",
    [printable, printable],
    ([clientId, clientSecret]) => {
      const { headers, text } = sent({
        clientId,
        clientSecret: Redacted.make(clientSecret),
        clientAuthentication: "client_secret_basic"
      })
      const [scheme, credentials] = (headers["authorization"] ?? "").split(" ")
      assert.strictEqual(scheme, "Basic")
      const pair = Buffer.from(credentials ?? "", "base64").toString().split(":")
      assert.deepStrictEqual(pair.map(formDecode), [clientId, clientSecret])
      assert.deepStrictEqual(Object.fromEntries(new URLSearchParams(text)), { grant_type: "client_credentials" })
    }
  )

  it("matches the basic auth that servers expect", () => {
    assert.strictEqual(
      sent({ clientAuthentication: "client_secret_basic" }).headers["authorization"],
      `Basic ${Buffer.from("inventory-sync:s3cr3t%2F%2B+%25%3Ax").toString("base64")}`
    )
  })

  it("writes one resource as a string in JSON, several as a list", () => {
    const resource = (value: ReadonlyArray<string>) =>
      JSON.parse(sent({ requestFormat: "json", resource: value }).text).resource
    assert.strictEqual(resource(["https://a.example"]), "https://a.example")
    assert.deepStrictEqual(resource(["https://a.example", "urn:b"]), ["https://a.example", "urn:b"])
  })

  for (const requestFormat of ["form", "json"] as const) {
    it(`does not show the secret when printed: ${requestFormat}`, () => {
      const { proof, request } = encoded({ requestFormat })
      // The bytes themselves are accessible by index.
      const text = printed(request.toJSON()) + printed(request)
      for (const secret of tokenRequest.secrets(proof)) assert.notInclude(text, secret)
    })
  }
})
