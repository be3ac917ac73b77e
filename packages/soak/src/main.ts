/**
 * `npm run soak`: an hour of virtual days, then ten minutes of real load. Prints the progress, and at the end a report;
 * exits with 1 if a resource grew or a call is missing. `--days-minutes 1 --load-minutes 1` makes it short, `--days 10`
 * ends after that many virtual days, however long they take.
 */
import { parseArgs } from "node:util"

import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Exit } from "effect"

import * as load from "./load.js"
import { hasPassed, lines } from "./report.js"
import type { Sample } from "./samples.js"
import * as virtualDays from "./virtualDays.js"

const { values } = parseArgs({
  options: {
    "days-minutes": { type: "string", default: "60" },
    days: { type: "string" },
    "load-minutes": { type: "string", default: "10" },
    callers: { type: "string", default: "100" },
    seed: { type: "string", default: String(process.pid) }
  }
})

const progress = (unit: string) => ({ bytes, fibers, sockets, timers }: Sample, count: number) =>
  Console.log(
    `${count.toLocaleString("en").padStart(12)} ${unit}: ${(bytes / 1e6).toFixed(1)} MB, ${fibers} fibers, ` +
      `${sockets} sockets, ${timers} timers`
  )

const program = Effect.gen(function*() {
  const { days: count, "days-minutes": minutes } = values
  yield* Console.log(
    `Virtual days${count === undefined ? ` for ${minutes} minutes` : `: ${count}`} (--seed ${values.seed})`
  )
  const days = yield* virtualDays.run({
    length: count === undefined ? { seconds: Number(minutes) * 60 } : { days: Number(count) },
    seed: values.seed,
    onSample: progress("days")
  })
  yield* Console.log(`Load for ${values["load-minutes"]} minutes, ${values.callers} callers`)
  const loaded = yield* load.run({
    seconds: Number(values["load-minutes"]) * 60,
    callers: Number(values.callers),
    onSample: progress("calls")
  })
  yield* Console.log(lines("Virtual days", days).join("\n"))
  yield* Console.log(lines("Real load", loaded).join("\n"))
  return hasPassed(days) && hasPassed(loaded)
})

NodeRuntime.runMain(program, {
  // A leaked timer or socket would keep the process from exiting, and hide the failure.
  teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) && exit.value === true ? 0 : 1)
})
