/**
 * The first answer of a bundled program in a fresh process, as of a serverless function after a deployment, by runtime.
 */
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

import type { Contender } from "../contender.js"
import { addedToBare, contenders } from "../contenders.js"
import { interleaved, type Measure, scaled } from "../measure.js"
import { type Row, summarize, type Table } from "../result.js"
import { runtimes } from "../runtimes.js"
import * as loopback from "../transport/loopback.js"
import * as World from "../world.js"
import { bundle } from "./bundle.js"

/** Prints the milliseconds since the start of the process, once the bundle has the answer. */
const main = (bundled: string) =>
  `await import(${JSON.stringify(`./${bundled}`)}); console.log(performance.now()); process.exit(0)`

/** Writes the bundle of a contender into a folder. Returns the program that prints its time. */
const written = async (contender: Contender, folder: string): Promise<string> => {
  const files = await bundle(contender, [])
  for (const { contents, path } of files) await writeFile(join(folder, path), contents)
  const program = join(folder, "main.mjs")
  await writeFile(program, main(files[0]?.path ?? ""))
  return program
}

interface Setting {
  readonly id: string
  readonly title: string
  readonly path: string | undefined
  readonly rounds: number
  readonly isCompiled: boolean
}

/** The runtime of this process is measured more often, and with the compile cache of V8. */
const settings: ReadonlyArray<Setting> = runtimes.flatMap(({ id, path, title }) => {
  const isOwn = path === process.execPath
  const plain = { id, title, path, rounds: isOwn ? 5 : 3, isCompiled: false }
  return isOwn
    ? [plain, { ...plain, id: `${id}-compiled`, title: `${title} with its compile cache`, isCompiled: true }]
    : [plain]
})

const sample = async (
  { isCompiled, path = "" }: Setting,
  program: string,
  { apiUrl, tokenUrl }: { readonly apiUrl: string; readonly tokenUrl: string }
): Promise<number> => {
  const { stdout } = await promisify(execFile)(path, [program], {
    timeout: 60_000,
    env: {
      PATH: process.env["PATH"],
      TOKEN_URL: tokenUrl,
      API_URL: apiUrl,
      CLIENT_ID: World.client.id,
      CLIENT_SECRET: World.client.secret,
      FIXED_TOKEN: World.fixedToken,
      ...(isCompiled ? { NODE_COMPILE_CACHE: `${program}.cache` } : {})
    }
  })
  const [status, millis] = stdout.trim().split("\n")
  if (status !== "200") throw new Error(`Expected 200, got ${status}`)
  return Number(millis)
}

// A bundler does not separate gaxios from google-auth-library.
const all = contenders.filter(({ name }) => name !== "bare gaxios")

export const coldFunction: Measure = {
  name: "cold-function",
  title: "First answer of a cold serverless function",
  method:
    "The bundle of the smallest program in a fresh process, sockets on loopback: the time from the start of the process " +
    "until the answer to the first call with its first token. The compile cache (`NODE_COMPILE_CACHE`) was filled by an " +
    "earlier process. The server is in a separate process. Runtimes other than this one are those that `npm run pack-test` installs.",
  run: async (measuring) => {
    const participants = all.filter(({ name }) => measuring.names?.includes(name) ?? true)
    const folder = await mkdtemp(join(tmpdir(), "benchmarks-"))
    const { close, surroundings } = await loopback.serve(World.make())
    const tables: Array<Table> = []
    try {
      const programs = new Map<string, string>()
      for (const contender of participants) {
        const own = await mkdtemp(join(folder, "program-"))
        programs.set(contender.name, await written(contender, own))
      }
      for (const setting of settings) {
        const samples = new Map<string, Array<number>>()
        const failed = new Set<string>()
        if (setting.path !== undefined) {
          const once = async ({ name }: Contender) => {
            if (failed.has(name)) return
            const millis = await sample(setting, programs.get(name) ?? "", surroundings)
              .catch(() => failed.add(name))
            if (typeof millis === "number") samples.set(name, [...samples.get(name) ?? [], millis])
          }
          if (setting.isCompiled) { for (const one of participants) await once(one) }
          samples.clear()
          await interleaved(scaled(measuring, setting.rounds), participants, once)
        }
        const absent = setting.path === undefined ? `${setting.title} is not installed` : `fails on ${setting.title}`
        const rows = participants.map(({ name }): Row => {
          const found = samples.get(name)
          return found === undefined ? { contender: name, absent } : summarize(name, found)
        })
        const id = `cold-function-${setting.id}`
        const title = `First answer, ${setting.title}`
        tables.push({ id, title, unit: "ms", better: "lower", rows })
        if (setting.isCompiled) {
          tables.push({
            id: `${id}-added`,
            title: `${title}, beyond the bare client`,
            unit: "ms",
            better: "lower",
            rows: addedToBare(rows)
          })
        }
      }
    } finally {
      await close()
      await rm(folder, { recursive: true })
    }
    return tables
  }
}
