import { assert, describe, it } from "@effect/vitest"

import { type Failure, mayHaveIssued, wasNeverSent } from "../../src/internal/token/issuance.js"

const unavailable = (reason: string, detail: string): Failure => ({ _tag: "TokenEndpointUnavailable", reason, detail })

const never = [true, false] as const
const rejected = [false, false] as const
const perhaps = [false, true] as const

describe("a failed token request", () => {
  for (
    const [name, error, expected] of [
      ["without a credential", { _tag: "CredentialUnavailable" }, never],
      ["without metadata", { _tag: "DiscoveryFailed" }, never],
      ["beyond the budget", { _tag: "IssuanceBudgetExhausted" }, never],
      ["without a count", { _tag: "TokenStoreError" }, never],
      ["of a closed client", { _tag: "ClientClosed" }, never],
      ["to a server whose certificate is not trusted", unavailable("certificate", "CERT_HAS_EXPIRED"), never],
      ...[
        "EAI_AGAIN",
        "ECONNREFUSED",
        "EHOSTUNREACH",
        "ENETDOWN",
        "ENETUNREACH",
        "ENOTFOUND",
        "UND_ERR_CONNECT_TIMEOUT"
      ].map((code) => [`without a connection, ${code}`, unavailable("connection", code), never] as const),
      ["whose connection was closed", unavailable("connection", "ECONNRESET"), perhaps],
      ["whose connection failed without a code", { _tag: "TokenEndpointUnavailable", reason: "connection" }, perhaps],
      ["without a response in time", unavailable("timeout", "30s"), perhaps],
      ["after which only the reason is a connection's code", unavailable("timeout", "ECONNREFUSED"), perhaps],
      ["after a gateway's timeout", unavailable("status", "504"), perhaps],
      ["after Cloudflare's timeout", unavailable("status", "524"), perhaps],
      ["with status 502", unavailable("status", "502"), rejected],
      ["with a status that is unknown", { _tag: "TokenEndpointUnavailable", reason: "status" }, rejected],
      ["that the server rejected", { _tag: "TokenErrorResponse", status: 200 }, rejected],
      ["whose successful response cannot be used", { _tag: "InvalidTokenResponse", status: 299 }, perhaps],
      ["with a redirect", { _tag: "InvalidTokenResponse", status: 300 }, rejected],
      ["with an unknown error", { _tag: "Other", status: 200 }, rejected]
    ] as ReadonlyArray<readonly [string, Failure, readonly [boolean, boolean]]>
  ) {
    it(`was never sent, or may have issued a token: ${name}`, () => {
      assert.deepStrictEqual([wasNeverSent(error), mayHaveIssued(error)], [...expected])
    })
  }
})
