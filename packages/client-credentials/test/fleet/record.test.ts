import { assert, it } from "@effect/vitest"
import { AccessToken } from "@effect-oauth/client-credentials"
import { Option, Redacted } from "effect"

import * as record from "../../src/internal/fleet/record.js"

const shown = ({ members, value, ...rest }: AccessToken.AccessToken) => ({
  ...rest,
  value: Redacted.value(value),
  members: members && Redacted.value(members)
})

it("a stored token has the value, the times, the scope and the members that it had", () => {
  const members = Redacted.make("{\"instance_url\":\"https://eu7.example.com\"}")
  for (const more of [{}, { members }, { scope: ["a", "b"] }]) {
    const token = new AccessToken.AccessToken({
      value: Redacted.make("t0k3n"),
      type: "Bearer",
      scope: undefined,
      requestedAt: 1000,
      expiresAt: 61_000,
      ...more
    })
    const stored = Option.getOrThrow(record.decode(record.encode({ ...record.empty, token }))).token ?? assert.fail()
    assert.deepStrictEqual(shown(stored), shown(token))
  }
})
