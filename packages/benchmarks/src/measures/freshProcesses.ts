/**
 * What is measured in a process of its own, so that nothing was loaded or compiled before.
 */
import { addedToBare, contenders } from "../contenders.js"
import { collect, run } from "../freshProcess.js"
import { type Measure, scaled } from "../measure.js"
import * as loopback from "../transport/loopback.js"

export const start: Measure = {
  name: "start",
  title: "From nothing to the first answer",
  method:
    "A fresh process, sockets on loopback: the time to import what the program needs, and the time until the first " +
    "call with its first token has been answered, import included. Effect's HTTP client is `FetchHttpClient` here.",
  run: async (settings) => {
    const { close, surroundings: { apiUrl, tokenUrl } } = await loopback.serveApart()
    const rows = await collect(
      contenders,
      scaled(settings, 5),
      ({ name }) => run<"firstCall" | "import">([], ["start", name, tokenUrl, apiUrl])
    )
    await close()
    return [
      { id: "import", title: "Time to import", unit: "ms", better: "lower", rows: rows("import") },
      {
        id: "first-token",
        title: "Time to the first answer, import included",
        unit: "ms",
        better: "lower",
        rows: rows("firstCall")
      },
      {
        id: "import-added",
        title: "Time to import, beyond the bare client",
        unit: "ms",
        better: "lower",
        rows: addedToBare(rows("import"))
      },
      {
        id: "first-token-added",
        title: "Time to the first answer, beyond the bare client",
        unit: "ms",
        better: "lower",
        rows: addedToBare(rows("firstCall"))
      }
    ]
  }
}

export const allocations: Measure = {
  name: "allocations",
  title: "Memory allocated by a call with a cached token",
  method:
    "A fresh process, the transport in memory: how much the heap has grown after 500 calls, with a young generation " +
    "so large that nothing is collected meanwhile. Added: the difference to the bare client of the same HTTP stack.",
  run: async (settings) => {
    const rows = await collect(
      contenders,
      scaled(settings, 1),
      ({ name }) =>
        run<"bytes">(
          ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"],
          ["allocations", name, "500"]
        )
    )
    const whole = rows("bytes")
    return [
      {
        id: "allocations-added",
        title: "Memory allocated in addition by a call",
        unit: "bytes",
        better: "lower",
        rows: addedToBare(whole)
      },
      { id: "allocations-whole", title: "Allocated by the whole call", unit: "bytes", better: "lower", rows: whole }
    ]
  }
}

export const memory: Measure = {
  name: "memory",
  title: "Memory held by a client with its token",
  method:
    "A fresh process, the transport in memory: how much the heap has grown by 2,000 clients after 500, each with a " +
    "token of its own of 730 characters, after garbage collection. Those of effect-oauth are made in one runtime " +
    "(`ClientCredentials.make`), as a program with a client for each tenant makes them.",
  run: async (settings) => {
    const tokens = contenders.filter(({ baseline }) => baseline !== undefined)
    const rows = await collect(
      tokens,
      scaled(settings, 1),
      ({ name }) => run<"bytes">(["--expose-gc"], ["memory", name, "500", "2000"])
    )
    return [{
      id: "memory",
      title: "Memory held by a client with its token",
      unit: "bytes",
      better: "lower",
      rows: rows("bytes")
    }]
  }
}
