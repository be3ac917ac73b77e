import { assert, it } from "@effect/vitest"

import { isFailedAuthentication } from "../../src/internal/protocol/refusal.js"

for (
  const [status, error, expected] of [
    [400, "invalid_client", true],
    [400, "INVALID_CLIENT", true],
    [401, "access_denied", true],
    [401, "unauthorized_client", true],
    [401, "use_dpop_nonce", false],
    [401, "Invalid_DPoP_Proof", false],
    [403, "access_denied", false],
    [400, "unauthorized_client", false],
    [402, "", false]
  ] as const
) {
  it(`status ${status} with "${error}" is ${expected ? "a" : "no"} failed authentication`, () =>
    assert.strictEqual(isFailedAuthentication({ status, error }), expected))
}
