/**
 * The cost of signatures: a client assertion for each token, and a DPoP proof for each call.
 */
import { contenders, peers, signed } from "../contenders.js"
import { collect, run } from "../freshProcess.js"
import { type Measure, scaled } from "../measure.js"
import type { Row, Table } from "../result.js"

const rounds = 5
const calls = 60

type Cost = "dpop call" | "private_key_jwt refresh" | "secret call" | "secret refresh"

const participants = contenders.filter(({ name }) => name in signed)

/** The rows of the contenders that sign, and a reason for the others. */
const withOthers = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> =>
  peers.map(({ name }) =>
    rows.find(({ contender }) => contender === name) ??
      { contender: name, absent: "does not support both `private_key_jwt` and DPoP" }
  )

export const credentials: Measure = {
  name: "credentials",
  title: "private_key_jwt and DPoP",
  method:
    `Fresh processes with the transport in memory, processor time of all threads, ES256: ${calls} token requests, and ` +
    `${calls} calls with a cached token, in ${rounds} rounds. Added: the difference from the same library with a client ` +
    "secret and a bearer token.",
  run: async (settings) => {
    const chosen = participants.filter(({ name }) => settings.names?.includes(name) ?? true)
    const rows = await collect(chosen, scaled(settings, 3), async ({ name }) => {
      const sample = await run<Cost>(
        ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"],
        ["signed", name, `${scaled(settings, rounds)}`, `${scaled(settings, calls)}`]
      )
      return {
        ...sample,
        token: sample["private_key_jwt refresh"] - sample["secret refresh"],
        call: sample["dpop call"] - sample["secret call"]
      }
    })
    const table = (id: string, title: string, key: Cost | "call" | "token"): Table => ({
      id: `credentials-${id}`,
      title,
      unit: "µs",
      better: "lower",
      rows: withOthers(rows(key))
    })
    return [
      table("assertion", "Time of a token with private_key_jwt", "private_key_jwt refresh"),
      table("dpop", "Time of a call with DPoP", "dpop call"),
      table("assertion-added", "Time added to a token by private_key_jwt", "token"),
      table("dpop-added", "Time added to a call by DPoP", "call")
    ]
  }
}
