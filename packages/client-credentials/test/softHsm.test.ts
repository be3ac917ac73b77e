/**
 * Keys that stay in a token of SoftHSM: a certified authorization server verifies their signatures.
 */
import { assert, describe, it } from "@effect/vitest"
import {
  ApiClient,
  ClientAuthentication,
  ClientCredentials,
  type OAuthError,
  Signer,
  TokenCache
} from "@effect-oauth/client-credentials"
import * as NodeTls from "@effect-oauth/client-credentials/NodeTls"
import { Effect, Layer } from "effect"

import * as AuthorizationServer from "./support/authorizationServer.js"
import * as softHsm from "./support/softHsm.js"

const pss = ["--mechanism", "RSA-PKCS-PSS", "--hash-algorithm", "SHA256", "--mgf", "MGF1-SHA256", "--salt-len", "32"]

/** A token with two keys, their signers, and a server that has their public keys. */
const started = Effect.gen(function*() {
  const hsm = yield* softHsm.start
  const [ec, rsa] = yield* Effect.all([hsm.generate("01", "EC:prime256v1"), hsm.generate("02", "rsa:2048")])
  const signers = {
    "hsm-der": Signer.fromDer({
      algorithm: "ES256",
      keyId: "ec",
      publicKey: ec,
      signDigest: hsm.sign("01", "--mechanism", "ECDSA", "--signature-format", "openssl")
    }),
    "hsm-es256": Signer.make({
      algorithm: "ES256",
      keyId: "ec",
      publicKey: ec,
      signDigest: hsm.sign("01", "--mechanism", "ECDSA")
    }),
    "hsm-rs256": Signer.make({
      algorithm: "RS256",
      keyId: "rsa",
      publicKey: rsa,
      sign: hsm.sign("02", "--mechanism", "SHA256-RSA-PKCS")
    }),
    "hsm-ps256": Signer.make({
      algorithm: "PS256",
      keyId: "rsa",
      publicKey: rsa,
      signDigest: hsm.sign("02", ...pss)
    })
  }
  const server = yield* AuthorizationServer.startWith(
    AuthorizationServer.algorithms,
    Object.entries(signers).map(([client_id, { algorithm, keyId, publicKey }]) => ({
      client_id,
      token_endpoint_auth_signing_alg: algorithm,
      jwks: { keys: [{ ...publicKey, kid: keyId, alg: algorithm, use: "sig" }] }
    }))
  )
  const client = (clientId: string, signer: Signer.Signer, more: Partial<ClientCredentials.Options> = {}) =>
    ClientCredentials.layer({
      issuer: server.issuer,
      clientId,
      clientAuthentication: ClientAuthentication.privateKeyJwt({ signer }),
      apiBaseUrl: server.apiBaseUrl,
      tokenCache: { retryTimeout: 0 },
      ...more
    }).pipe(Layer.provide(NodeTls.layer({ ca: server.ca.cert })))
  return { client, hsm, server, signers }
})

const token = Effect.flatMap(TokenCache.TokenCache, ({ get }) => get)

describe.skipIf(!softHsm.isInstalled)("a key in SoftHSM", () => {
  it.scopedLive("signs assertions that the server verifies, by ECDSA in both forms, RS256 and PS256", () =>
    Effect.gen(function*() {
      const { client, hsm, signers } = yield* started
      for (const [clientId, signer] of Object.entries(signers)) {
        assert.deepStrictEqual(signer.problems, [])
        yield* Effect.provide(token, client(clientId, signer))
      }
      assert.strictEqual(hsm.state.signatures, 4)
      // The signature of another key is rejected, which proves that the others were verified.
      const other = { ...signers["hsm-rs256"], sign: signers["hsm-ps256"].sign }
      const error: OAuthError.TokenError | { readonly _tag: "InvalidConfig" } = yield* Effect.flip(
        Effect.provide(token, client("hsm-rs256", other))
      )
      assert.include(JSON.stringify(error), "invalid_client")
    }))

  it.scopedLive("signs once for 1,000 calls", () =>
    Effect.gen(function*() {
      const { client, hsm, signers } = yield* started
      const statuses = yield* Effect.flatMap(
        ApiClient.ApiClient,
        (api) =>
          Effect.replicateEffect(Effect.map(api.get("/items"), ({ status }) => status), 1000, { concurrency: 20 })
      ).pipe(Effect.provide(client("hsm-der", signers["hsm-der"])))
      assert.deepStrictEqual(new Set(statuses), new Set([200]))
      assert.strictEqual(hsm.state.signatures, 1)
    }))

  it.scopedLive("is the key of proofs, to which the server binds tokens", () =>
    Effect.gen(function*() {
      const { client, hsm, signers } = yield* started
      const response = yield* Effect.flatMap(ApiClient.ApiClient, (api) => api.get("/items")).pipe(
        Effect.provide(client("hsm-der", signers["hsm-der"], { dpop: { key: signers["hsm-es256"] } }))
      )
      assert.strictEqual(response.status, 200)
      // The assertion, its proof, and the proof of the call.
      assert.strictEqual(hsm.state.signatures, 3)
    }))

  it.scopedLive("that no longer exists is an error that states what to check", () =>
    Effect.gen(function*() {
      const { client, hsm, signers } = yield* started
      const signer = { ...signers["hsm-der"], sign: hsm.sign("99", "--mechanism", "ECDSA") }
      const error = yield* Effect.flip(Effect.provide(token, client("hsm-der", signer)))
      assert.match(error.message, /its signer failed \(ToolFailed\)\. Check the signer/)
    }))
})
