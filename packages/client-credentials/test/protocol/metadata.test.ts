import { assert, describe, it } from "@effect/vitest"

import * as metadata from "../../src/internal/protocol/metadata.js"

const issuer = "https://auth.example.com/tenant"
const tokenEndpoint = "https://auth.example.com/token"
const decode = (document: unknown, allowHttpLoopback = false) =>
  metadata.decode(issuer, typeof document === "string" ? document : JSON.stringify(document), allowHttpLoopback)

describe("a metadata document", () => {
  it("may be at three locations, or at two without a path", () => {
    assert.deepStrictEqual(metadata.locations(`${issuer}/`), [
      "https://auth.example.com/.well-known/oauth-authorization-server/tenant",
      "https://auth.example.com/.well-known/openid-configuration/tenant",
      "https://auth.example.com/tenant/.well-known/openid-configuration"
    ])
    assert.deepStrictEqual(metadata.locations("https://auth.example.com"), [
      "https://auth.example.com/.well-known/oauth-authorization-server",
      "https://auth.example.com/.well-known/openid-configuration"
    ])
  })

  it("has an issuer, which its URL names", () => {
    for (
      const url of [
        "https://auth.example.com/.well-known/oauth-authorization-server/tenant",
        "https://auth.example.com/.well-known/openid-configuration/tenant",
        "https://auth.example.com/tenant/.well-known/openid-configuration"
      ]
    ) {
      assert.strictEqual(metadata.issuerOfDocument(url), issuer)
    }
    assert.isUndefined(metadata.issuerOfDocument(issuer))
  })

  it("is definite when it names an issuer", () => {
    assert.isTrue(metadata.isDefinite("{\"issuer\":\"a\"}"))
    for (const body of ["{}", "{\"issuer\":1}", "[]", "<html>"]) assert.isFalse(metadata.isDefinite(body))
  })

  it("that is missing is described by its status and redirect target", () => {
    const url = "https://auth.example.com/a"
    assert.strictEqual(metadata.described(url, 404, "/login"), "status 404")
    assert.strictEqual(metadata.described(url, 299, "/login"), "status 299")
    assert.strictEqual(metadata.described(url, 400, "/login"), "status 400")
    assert.strictEqual(metadata.described(url, 302, undefined), "status 302")
    assert.strictEqual(
      metadata.described(url, 300, "/login?s=1"),
      "status 300, a redirect to https://auth.example.com/login"
    )
    assert.strictEqual(metadata.described(url, 302, "https://["), "status 302, a redirect to an invalid URL")
    const long = metadata.described(url, 302, `/${"a".repeat(400)}`)
    assert.strictEqual(long.length, "status 302, a redirect to ".length + 300)
  })

  it("is decoded to the members that a client uses", () => {
    assert.deepStrictEqual(
      decode({
        issuer,
        token_endpoint: tokenEndpoint,
        revocation_endpoint: "https://auth.example.com/revoke",
        mtls_endpoint_aliases: {
          token_endpoint: "https://mtls.example.com/token",
          revocation_endpoint: "https://mtls.example.com/revoke"
        },
        token_endpoint_auth_methods_supported: ["private_key_jwt", 1, "a b", "", "n".repeat(101)],
        token_endpoint_auth_signing_alg_values_supported: ["PS256"],
        dpop_signing_alg_values_supported: Array.from({ length: 101 }, () => "ES256"),
        tls_client_certificate_bound_access_tokens: true
      }),
      {
        _tag: "Success",
        value: {
          issuer,
          tokenEndpoint,
          revocationEndpoint: "https://auth.example.com/revoke",
          mutualTls: {
            tokenEndpoint: "https://mtls.example.com/token",
            revocationEndpoint: "https://mtls.example.com/revoke"
          },
          authenticationMethods: ["private_key_jwt"],
          signingAlgorithms: ["PS256"],
          dpopAlgorithms: Array.from({ length: 100 }, () => "ES256"),
          certificateBoundTokens: true
        }
      }
    )
  })

  it("has defaults for the members that are missing or unusable", () => {
    for (
      const more of [{}, {
        revocation_endpoint: "http://auth.example.com/revoke",
        mtls_endpoint_aliases: [],
        token_endpoint_auth_signing_alg_values_supported: [],
        dpop_signing_alg_values_supported: "ES256",
        tls_client_certificate_bound_access_tokens: "true"
      }]
    ) {
      assert.deepStrictEqual(decode({ issuer, token_endpoint: tokenEndpoint, ...more }), {
        _tag: "Success",
        value: {
          issuer,
          tokenEndpoint,
          revocationEndpoint: undefined,
          mutualTls: { tokenEndpoint: undefined, revocationEndpoint: undefined },
          authenticationMethods: ["client_secret_basic"],
          signingAlgorithms: undefined,
          dpopAlgorithms: undefined,
          certificateBoundTokens: false
        }
      })
    }
  })

  for (
    const [name, document, problem] of [
      ["is not JSON", "<html>", "the document is not a JSON object"],
      ["is a list", [], "the document is not a JSON object"],
      ["names no issuer", {}, "the document there names another issuer, or none"],
      [
        "names another issuer",
        { issuer: "https://other.example/" },
        "the document there names another issuer, https://other.example/. If that is the server, set the issuer " +
        "(OAUTH_ISSUER) to exactly that"
      ],
      [
        "names an issuer without a path",
        { issuer: "https://other.example" },
        "the document there names another issuer, https://other.example. If that is the server, set the issuer " +
        "(OAUTH_ISSUER) to exactly that"
      ],
      [
        "names the issuer with a slash",
        { issuer: `${issuer}/` },
        `the document there names another issuer, ${issuer}/, which differs by a slash at its end. If that is the ` +
        "server, set the issuer (OAUTH_ISSUER) to exactly that"
      ],
      ["has no token endpoint", { issuer }, "it names no token endpoint with https:"],
      [
        "has an insecure token endpoint",
        { issuer, token_endpoint: "http://localhost/token" },
        "it names no token endpoint with https:"
      ]
    ] as const
  ) {
    it(`is a problem when it ${name}`, () =>
      assert.deepStrictEqual(decode(document), { _tag: "Failure", error: problem }))
  }

  it("may name loopback endpoints if the option allows it", () => {
    const found = decode({ issuer, token_endpoint: "http://localhost/token" }, true)
    assert.strictEqual(found._tag === "Success" ? found.value.tokenEndpoint : "", "http://localhost/token")
  })
})
