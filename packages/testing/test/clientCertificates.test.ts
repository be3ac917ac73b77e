/** Client certificates on sockets, with real TLS: `oidc-provider` and the test server give the same responses. */
import * as Https from "node:https"

import { assert, describe, it } from "@effect/vitest"
import { ApiClient, ClientCredentials } from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import type { TestAuthorizationServer } from "@effect-oauth/testing"
import * as Loopback from "@effect-oauth/testing/Loopback"
import { Effect, Layer, Redacted } from "effect"
import { decodeJwt, importJWK, SignJWT } from "jose"

import * as RealServer from "../../client-credentials/test/support/authorizationServer.js"
import * as certificates from "../../client-credentials/test/support/certificates.js"

interface Sent {
  readonly form?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly certificate?: certificates.Pems | undefined
}

/** Sends one request on its own connection, with or without a client certificate. */
const send = (url: string, ca: string, { certificate, form, headers = {} }: Sent) =>
  Effect.async<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }>((resume) => {
    const request = Https.request(url, {
      method: form === undefined ? "GET" : "POST",
      agent: false,
      ca,
      headers: { ...(form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }), ...headers },
      ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.private })
    }, async (response) => {
      let text = ""
      for await (const chunk of response) text += chunk
      resume(Effect.succeed({
        status: response.statusCode ?? 0,
        body: text.startsWith("{") ? JSON.parse(text) as Readonly<Record<string, unknown>> : {}
      }))
    })
    request.end(form === undefined ? undefined : new URLSearchParams(form).toString())
  })

const grant = { grant_type: "client_credentials" }

const started = (ca: certificates.Pems, options: TestAuthorizationServer.Options) =>
  Effect.flatMap(
    certificates.server(ca),
    (pems) => Loopback.start({ server: options, tls: { cert: pems.cert, key: pems.private, ca: ca.cert } })
  )

describe("client certificates", () => {
  it.scopedLive("authenticate clients and bind tokens as at oidc-provider", () =>
    Effect.gen(function*() {
      const real = yield* RealServer.start
      const { ca, clientCertificate, keys, selfSigned } = real
      const stranger = yield* certificates.client(ca, "other.example.com")
      const forged = yield* certificates.selfSigned("payments.example.com")
      const { server } = yield* started(ca, {
        server: "oidc-provider",
        clients: [
          { id: "tls", certificate: "payments.example.com" },
          { id: "self-signed", certificate: selfSigned.cert, method: "self_signed_tls_client_auth" },
          { id: "bound", keys: [keys.ES256.jwk], certificateBound: true }
        ]
      })
      const outcomes = (issuer: string) =>
        Effect.gen(function*() {
          const key = yield* Effect.promise(() => importJWK(keys.ES256.privateJwk))
          const assertion = Effect.promise(() =>
            new SignJWT({ jti: crypto.randomUUID() }).setProtectedHeader({ alg: "ES256", kid: "kid-ES256" })
              .setIssuer("bound").setSubject("bound").setAudience(issuer).setExpirationTime("1 minute").sign(key)
          )
          const found: Record<string, unknown> = {}
          for (
            const [name, client_id, certificate] of [
              ["tls", "tls", clientCertificate],
              ["tls without a certificate", "tls", undefined],
              ["tls with that of another client", "tls", stranger],
              ["tls with its name, self-signed", "tls", forged],
              ["self-signed", "self-signed", selfSigned],
              ["self-signed without a certificate", "self-signed", undefined],
              ["self-signed with another certificate", "self-signed", forged],
              ["self-signed with one of the authority", "self-signed", clientCertificate],
              ["bound", "bound", clientCertificate],
              ["bound without a certificate", "bound", undefined]
            ] as const
          ) {
            const credentials = client_id !== "bound" ? { client_id } : {
              client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
              client_assertion: yield* assertion
            }
            const form = { ...grant, ...credentials }
            const { body, status } = yield* send(`${issuer}/token`, ca.cert, { form, certificate })
            found[name] = [status, body["error"], body["token_type"]]
          }
          return found
        })
      assert.deepStrictEqual(yield* outcomes(server.issuer), yield* outcomes(real.issuer))
    }))

  it.scopedLive("are registered by name or as PEM, and a token that is bound to one needs it at the API", () =>
    Effect.gen(function*() {
      const ca = yield* certificates.authority("an authority of the test")
      const mine = yield* certificates.client(ca, "payments.example.com")
      const other = yield* certificates.client(ca, "other.example.com")
      const { api, server } = yield* started(ca, {
        accessTokens: "jwt",
        clients: [
          { id: "subject", certificate: "CN=payments.example.com", certificateBound: true },
          { id: "pem", certificate: mine.cert },
          { id: "another subject", certificate: "CN=other.example.com" },
          { id: "named", certificate: "payments.example.com", method: "self_signed_tls_client_auth" }
        ]
      })
      const statuses = []
      for (const client_id of ["subject", "pem", "another subject", "named"]) {
        const { status } = yield* send(server.tokenUrl, ca.cert, { form: { ...grant, client_id }, certificate: mine })
        statuses.push(status)
      }
      assert.deepStrictEqual(statuses, [200, 200, 401, 401])
      const [bound] = yield* server.issued
      const value = Redacted.value(bound?.value ?? assert.fail())
      assert.deepStrictEqual(decodeJwt(value)["cnf"], { "x5t#S256": bound?.certificate })
      const introspected = yield* send(`${server.issuer}/token/introspection`, ca.cert, {
        form: { token: value, client_id: "pem" },
        certificate: mine
      })
      assert.deepStrictEqual(introspected.body["cnf"], { "x5t#S256": bound?.certificate })
      const headers = { authorization: `Bearer ${value}` }
      for (const [certificate, status] of [[mine, 200], [other, 401], [undefined, 401]] as const) {
        assert.strictEqual((yield* send(api.baseUrl, ca.cert, { headers, certificate })).status, status)
      }
    }))

  it.scopedLive("are those of the client of the library", () =>
    Effect.gen(function*() {
      const ca = yield* certificates.authority("an authority of the test")
      const mine = yield* certificates.client(ca, "payments.example.com")
      const { api, server } = yield* started(ca, {
        clients: [{ id: "tls", certificate: "payments.example.com", certificateBound: true }]
      })
      const { status } = yield* Effect.flatMap(ApiClient.ApiClient, (client) => client.get("/items")).pipe(
        Effect.provide(
          ClientCredentials.layer({
            issuer: server.issuer,
            clientId: "tls",
            clientAuthentication: "tls_client_auth",
            apiBaseUrl: api.baseUrl
          }).pipe(
            Layer.provide(NodeTls.layer({ ca: ca.cert, certificate: mine.cert, key: Redacted.make(mine.private) }))
          )
        )
      )
      assert.strictEqual(status, 200)
      assert.isString((yield* server.issued)[0]?.certificate)
    }))
})
