/**
 * Measurements in a separate process, in which nothing has been loaded or compiled before.
 */
import { addedToBare, contenders, peers } from "../contenders.js"
import { collect, run } from "../freshProcess.js"
import { type Measure, scaled } from "../measure.js"
import * as loopback from "../transport/loopback.js"

export const start: Measure = {
  name: "start",
  title: "Time to the first response",
  method:
    "A fresh process, sockets on loopback: the time to import the modules of the program, and the time until the " +
    "response to the first call with its first token, import included. Effect's HTTP client is `FetchHttpClient` here.",
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
        title: "Time to the first response, import included",
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
        title: "Time to the first response, beyond the bare client",
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
    "A fresh process with the transport in memory: the growth of the heap after 500 calls, with a young generation so " +
    "large that nothing is collected in between. Added: the difference from the bare client of the same HTTP stack.",
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
        title: "Additional memory allocated by a call",
        unit: "bytes",
        better: "lower",
        rows: addedToBare(whole)
      },
      {
        id: "allocations-whole",
        title: "Memory allocated by the whole call",
        unit: "bytes",
        better: "lower",
        rows: whole
      }
    ]
  }
}

export const tenants: Measure = {
  name: "tenants",
  title: "1,000 tenants in one process",
  method:
    "A fresh process with the transport in memory creates a client for each of 1,000 tenants, and sends the first call of " +
    "each at the same time: the time until all have their answers, and the growth of the heap, after garbage collection. " +
    "The clients of effect-oauth are created in one runtime.",
  run: async (settings) => {
    const rows = await collect(
      peers,
      scaled(settings, 3),
      ({ name }) => run<"bytes" | "ready" | "requests">(["--expose-gc"], ["tenants", name, "1000"])
    )
    return [
      {
        id: "tenants-ready",
        title: "First answers of 1,000 tenants",
        unit: "ms",
        better: "lower",
        rows: rows("ready")
      },
      {
        id: "tenants-memory",
        title: "Memory that 1,000 tenants hold",
        unit: "bytes",
        better: "lower",
        rows: rows("bytes")
      },
      {
        id: "tenants-requests",
        title: "Token requests of 1,000 tenants",
        unit: "requests",
        better: "lower",
        rows: rows("requests")
      }
    ]
  }
}

export const memory: Measure = {
  name: "memory",
  title: "Memory of a client with its token",
  method:
    "A fresh process with the transport in memory: the growth of the heap by 200 clients after the first 500, each " +
    "with a separate token of 730 characters, after garbage collection; the median of ten such rounds. The clients of effect-oauth are created in one " +
    "runtime (`ClientCredentials.make`), as in a program with a client for each tenant.",
  run: async (settings) => {
    const rows = await collect(
      peers,
      scaled(settings, 1),
      ({ name }) => run<"bytes">(["--expose-gc"], ["memory", name, "500", "200", "10"])
    )
    return [{
      id: "memory",
      title: "Memory of a client with its token",
      unit: "bytes",
      better: "lower",
      rows: rows("bytes")
    }]
  }
}
