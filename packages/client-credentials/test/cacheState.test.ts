import { assert, describe, it } from "@effect/vitest"
import { AccessToken } from "@effect-oauth/client-credentials"
import { FastCheck as fc, Redacted } from "effect"

import * as cacheState from "../src/internal/cacheState.js"

type Step =
  | { readonly _tag: "Ask" | "Issue" | "Fail" | "Reject" | "RejectOld" | "StrayIssue" | "StrayFail" }
  | { readonly _tag: "Wait"; readonly millis: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ _tag: "Ask" } as const) },
  { weight: 2, arbitrary: fc.constant({ _tag: "Issue" } as const) },
  fc.constantFrom<Step>({ _tag: "Fail" }, { _tag: "Reject" }, { _tag: "RejectOld" }, { _tag: "StrayIssue" }, {
    _tag: "StrayFail"
  }),
  fc.record({ _tag: fc.constant("Wait" as const), millis: fc.integer({ min: 0, max: 100_000 }) })
)

const life = 60_000

const token = (name: number, now: number) =>
  new AccessToken.AccessToken({
    value: Redacted.make(`token-${name}`),
    scope: undefined,
    requestedAt: now,
    expiresAt: now + life
  })

describe("the state of the cache", () => {
  it.prop("keeps its promises through any sequence of events", [fc.array(step, { maxLength: 60 })], ([steps]) => {
    let state: cacheState.State<number> = cacheState.empty
    let now = 0
    let flights = 0
    // The model: the flight under way and the token held, as a user would describe them.
    let flight: number | undefined
    let held: AccessToken.AccessToken | undefined

    const send = (event: cacheState.Event<number>) => {
      const [next, command] = cacheState.step(state, now, event)
      state = next
      return command
    }

    for (const one of steps) {
      switch (one._tag) {
        case "Wait":
          now += one.millis
          break
        case "Ask": {
          const command = send({ _tag: "Asked", flight: flights += 1 })
          if (held !== undefined && now < held.expiresAt - life / 10) {
            assert.deepStrictEqual(command, { _tag: "Serve", token: held })
          } else if (flight !== undefined) {
            assert.deepStrictEqual(command, { _tag: "Join", flight })
          } else {
            assert.deepStrictEqual(command, { _tag: "Begin", flight: flights })
            flight = flights
          }
          break
        }
        case "Issue":
          if (flight === undefined) break
          held = token(flight, now)
          send({ _tag: "Issued", flight, token: held })
          flight = undefined
          break
        case "Fail":
          if (flight === undefined) break
          send({ _tag: "Failed", flight })
          flight = undefined
          break
        case "Reject":
          if (held === undefined) break
          send({ _tag: "Rejected", token: held })
          held = undefined
          break
        case "RejectOld":
        case "StrayIssue":
        case "StrayFail": {
          const before = state
          send(
            one._tag === "RejectOld"
              ? { _tag: "Rejected", token: token(-1, now) }
              : one._tag === "StrayIssue"
              ? { _tag: "Issued", flight: -1, token: token(-1, now) }
              : { _tag: "Failed", flight: -1 }
          )
          assert.deepStrictEqual(state, before)
        }
      }
    }
  })
})
