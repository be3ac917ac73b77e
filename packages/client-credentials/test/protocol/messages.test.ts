import { assert, describe, it } from "@effect/vitest"

import * as messages from "../../src/internal/protocol/messages.js"

const endpoint = "https://auth.example.com/token"
const rejection = { endpoint, status: 400, error: "unlisted" }
const exhausted = { limit: 7, resetsAt: 0, reserved: false, by: "budget" } as const
const acr = { endpoint, acrValues: [] }

/** Messages, with the strings that each must and must not contain. */
const table: ReadonlyArray<
  readonly [string, () => string, ReadonlyArray<string>, ReadonlyArray<string>]
> = [
  ["an unlisted error", () => messages.tokenErrorResponse(rejection), [endpoint, "\"unlisted\". It", "400"], [
    ": ",
    "undefined"
  ]],
  [
    "an error with a description and a hint",
    () =>
      messages.tokenErrorResponse({ ...rejection, error: "invalid_scope", errorDescription: "no", hint: "A hint." }),
    ["\"invalid_scope\": no. ", "OAUTH_SCOPE", " A hint."],
    ["400"]
  ],
  [
    "a limit that ends with the last of the used quotas",
    () =>
      messages.tokenErrorResponse({
        ...rejection,
        status: 429,
        retryAfterMillis: 5000,
        quotas: [[0, 1000], [0, 2000], [3, 9000]].map(([remaining = 0, resetsAt = 0]) => ({
          name: "a",
          counts: "client",
          limit: 9,
          remaining,
          resetsAt
        }))
      }),
    [" It issues tokens again from 1970-01-01T00:00:02.000Z."],
    [" s."]
  ],
  [
    "a limit that ends after a pause",
    () => messages.tokenErrorResponse({ ...rejection, status: 429, retryAfterMillis: 4001, quotas: [] }),
    [" It issues tokens again in 5 s."],
    ["from"]
  ],
  [
    "a limit without an end",
    () => messages.tokenErrorResponse({ ...rejection, status: 429 }),
    ["have the limit raised."],
    ["again"]
  ],
  [
    "an error that is not a limit",
    () => messages.tokenErrorResponse({ ...rejection, retryAfterMillis: 1000 }),
    [],
    ["again"]
  ],
  [
    "a response that cannot be used",
    () => messages.invalidTokenResponse({ endpoint, status: 200, problem: "it is empty" }),
    [endpoint, "200", "it is empty"],
    []
  ],
  ...([
    ["connection", ["OAUTH_TOKEN_URL", "token endpoint", "could not be reached", "network"]],
    ["certificate", ["token endpoint", "NODE_EXTRA_CA_CERTS", "Do not disable verification"]],
    ["timeout", ["token endpoint", "within DETAIL", "TokenEndpoint.layer"]],
    ["client", ["OAUTH_TOKEN_URL", "to DETAIL", "prependUrl"]],
    ["status", ["token endpoint", "status DETAIL", "later"]]
  ] as const).map(([reason, expected]) =>
    [
      `an unavailable endpoint: ${reason}`,
      () => messages.tokenEndpointUnavailable({ endpoint, reason, detail: "DETAIL" }),
      [endpoint, "DETAIL", ...expected],
      ["metadata", "OAUTH_ISSUER"]
    ] as const
  ),
  ...(["connection", "timeout"] as const).map((reason) =>
    [
      `unavailable metadata: ${reason}`,
      () => messages.tokenEndpointUnavailable({ endpoint: "https://a/.well-known/b", reason, detail: "DETAIL" }),
      ["metadata document https://a/.well-known/b", reason === "timeout" ? "ServerMetadata.layer" : "OAUTH_ISSUER"],
      ["token endpoint", "OAUTH_TOKEN_URL", "TokenEndpoint"]
    ] as const
  ),
  [
    "a secret",
    () => messages.credentialUnavailable({ credential: "client secret", problem: "it is empty" }),
    ["client secret", "it is empty", "OAUTH_CLIENT_SECRET_FILE"],
    ["OAUTH_PRIVATE_KEY_FILE"]
  ],
  [
    "a private key",
    () => messages.credentialUnavailable({ credential: "private key", problem: "it is empty" }),
    ["private key", "it is empty", "OAUTH_PRIVATE_KEY_FILE"],
    ["OAUTH_CLIENT_SECRET_FILE"]
  ],
  ["metadata", () => messages.discoveryFailed({ issuer: endpoint, problem: "PROBLEM" }), [endpoint, "PROBLEM"], []],
  [
    "a reserve",
    () => messages.issuanceBudgetExhausted({ ...exhausted, reserved: true }),
    ["7", "1970-01-01T00:00:00.000Z", "early", "reserved for callers without a token."],
    ["SharedClientCredentials"]
  ],
  [
    "a budget",
    () => messages.issuanceBudgetExhausted(exhausted),
    ["budget of 7", "1970-01-01T00:00:00.000Z", "SharedClientCredentials.layer", "raise the limit"],
    ["early", "authorization server"]
  ],
  [
    "an issuer's quota",
    () => messages.issuanceBudgetExhausted({ ...exhausted, by: "issuer" }),
    [
      "authorization server",
      "1970-01-01T00:00:00.000Z",
      "SharedClientCredentials.layer",
      "limit raised",
      "not enforce, set issuanceBudget.followIssuerQuotas to false."
    ],
    ["early", "budget of"]
  ],
  [
    "requests without an answer",
    () => messages.issuanceBudgetExhausted({ ...exhausted, by: "unanswered" }),
    ["no response", "7 tokens", "until 1970-01-01T00:00:00.000Z", "token endpoint"],
    ["early", "SharedClientCredentials"]
  ],
  ["revocation", () => messages.revocationUnsupported({ endpoint }), [endpoint, "OAUTH_REVOCATION_URL"], []],
  [
    "an origin",
    () => messages.originNotAllowed({ origin: "https://c", allowed: ["https://a", "https://b"] }),
    ["https://a, https://b", "to https://c", "API_ORIGINS", "another HTTP client"],
    []
  ],
  [
    "an origin without an API",
    () => messages.originNotAllowed({ origin: "https://c", allowed: [] }),
    ["No API is configured", "nothing was sent", "API_BASE_URL"],
    ["https://c", "API_ORIGINS"]
  ],
  ["a client", () => messages.namedClient("a"), ["the client a"], ["without"]],
  ["a client that its grant identifies", () => messages.namedClient(""), ["the client without an id"], []],
  [
    "a path",
    () => messages.pathNotAllowed({ baseUrl: "https://a/b", path: "/c" }),
    ["/c", "https://a/b", "\"..\"", "encodeURIComponent", "API_ALLOW_OUTSIDE_BASE_PATH=true"],
    []
  ],
  ["a scope", () => messages.insufficientScope({ endpoint, scope: ["a", "b"] }), [endpoint, "\"a b\"", "OAUTH_SCOPE"], [
    "does not name"
  ]],
  ["an unnamed scope", () => messages.insufficientScope({ endpoint, scope: [] }), [endpoint, "does not name"], ["\""]],
  [
    "metadata of a resource",
    () => messages.resourceMetadataInvalid({ resource: endpoint, problem: "PROBLEM" }),
    [endpoint, "PROBLEM"],
    []
  ],
  [
    "a store",
    () => messages.tokenStoreError({ operation: "get", problem: "PROBLEM" }),
    [" get ", "(PROBLEM)", "it is available"],
    []
  ],
  [
    "a store whose problem states the remedy",
    () => messages.tokenStoreError({ operation: "swap", problem: "OOM: no memory; raise maxmemory" }),
    ["not swap (OOM: no memory; raise maxmemory)."],
    ["it is available"]
  ],
  ["another authentication", () => messages.insufficientUserAuthentication(acr), [endpoint, "OAUTH_PARAMETERS"], [
    "acr_values",
    "max_age"
  ]],
  [
    "another authentication with its values",
    () => messages.insufficientUserAuthentication({ ...acr, acrValues: ["a", "b"], maxAge: 0 }),
    [" (acr_values \"a b\", max_age 0)", "TokenRequest.withOverrides", "have the API accept"],
    []
  ],
  ["claims", () => messages.insufficientClaims({ endpoint, claims: "e30" }), [endpoint, "certain", "withOverrides"], [
    "e30"
  ]],
  ["unnamed claims", () => messages.insufficientClaims({ endpoint }), ["does not name", "this error"], ["certain"]],
  ["a closed client", () => messages.clientClosed, ["may have reached the API", "program", "PromiseClient"], []],
  [
    "settings",
    () => messages.invalidConfig([{ setting: "a", expected: "b" }, { setting: "c", expected: "d" }]),
    ["a: expected b\nc: expected d"],
    []
  ]
]

describe("the message of an error states what failed and what to change, and repeats no other error", () => {
  for (const [name, message, expected, absent] of table) {
    it(name, () => {
      for (const text of expected) assert.include(message(), text)
      for (const text of absent) assert.notInclude(message(), text)
    })
  }
})

it("the message of an error contains only the known facts", () => {
  assert.strictEqual(
    messages.tokenErrorResponse(rejection),
    `The token endpoint ${endpoint} returned "unlisted". It has status 400. See the documentation of the authorization ` +
      "server for this code."
  )
  assert.strictEqual(
    messages.insufficientUserAuthentication(acr),
    `${endpoint} requires another authentication, so no new token was requested. If the authorization server issues such ` +
      "tokens to this client, request one with these parameters (TokenRequest.withOverrides with the overrides of this " +
      "error, or OAUTH_PARAMETERS for all calls); otherwise have the API accept this client."
  )
  assert.strictEqual(
    messages.tokenErrorResponse({ ...rejection, errorDescription: "Version 1.2 is unknown." }),
    `The token endpoint ${endpoint} returned "unlisted": Version 1.2 is unknown. It has status 400. See the documentation ` +
      "of the authorization server for this code."
  )
  assert.match(messages.tokenErrorResponse({ ...rejection, status: 429 }), /have the limit raised\.$/)
  assert.strictEqual(
    messages.tokenStoreError({ operation: "swap", problem: "OOM: no memory; raise maxmemory" }),
    "The token store could not swap (OOM: no memory; raise maxmemory)."
  )
  assert.include(messages.insufficientUserAuthentication({ ...acr, maxAge: 1 }), " (max_age 1),")
  const many = Array.from({ length: 1000 }, () => "abc")
  const message = messages.insufficientUserAuthentication({ ...acr, acrValues: many })
  assert.include(message, `"${"abc ".repeat(50)}…"),`)
  assert.isBelow(messages.insufficientScope({ endpoint, scope: many }).length, 500)
  assert.include(messages.insufficientScope({ endpoint, scope: ["a".repeat(200)] }), `"${"a".repeat(200)}".`)
  assert.include(messages.insufficientScope({ endpoint, scope: ["a".repeat(201)] }), `"${"a".repeat(200)}…".`)
  assert.include(messages.insufficientUserAuthentication({ ...acr, acrValues: ["a"] }), " (acr_values \"a\"),")
})
