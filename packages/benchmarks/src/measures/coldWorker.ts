/**
 * The first answer of a Worker in a new process of workerd, as after a deployment.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import { build } from "esbuild"

import type { Contender } from "../contender.js"
import { addedToBare, contenders, folderForEffect4 } from "../contenders.js"
import { interleaved, type Measure, scaled } from "../measure.js"
import { type Row, summarize } from "../result.js"
import { workerd } from "../runtimes.js"
import * as loopback from "../transport/loopback.js"
import * as World from "../world.js"
import { fetchClientOf } from "./bundle.js"

/** Returns a worker that creates its client with the first request, and sends a call for each. */
const worker = ({ effect, module }: Contender): string =>
  [
    `import { make } from "./${module}.js"`,
    ...(effect === undefined ? [] : [`import { layer as httpClient } from "${fetchClientOf(effect)}"`]),
    "const stacks = { fetch: (input, init) => fetch(input, init), axios: {}, gaxios: {} }",
    "let client",
    `const start = (settings) => make({ ...settings, stacks${effect === undefined ? "" : ", httpClient"} })`,
    "export default {",
    "  fetch: async (_request, { SETTINGS }) => {",
    "    client ??= await start(JSON.parse(SETTINGS))",
    "    return new Response(String(await client.call()))",
    "  }",
    "}"
  ].join("\n")

const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker), (name = "internet", network = (allow = ["local"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  bindings = [(name = "SETTINGS", text = embed "settings.json")],
  compatibilityDate = "2026-07-01",
  compatibilityFlags = ["nodejs_compat"]
);
`

/** Writes the worker of a contender into a folder. */
const write = async (contender: Contender, folder: string, settings: object): Promise<void> => {
  const base = contender.effect === 4 ? folderForEffect4 : new URL("../", import.meta.url)
  await build({
    stdin: {
      contents: worker(contender),
      resolveDir: fileURLToPath(new URL("contenders/", base)),
      sourcefile: "worker.js",
      loader: "js"
    },
    outfile: join(folder, "worker.js"),
    bundle: true,
    minify: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*"],
    logLevel: "silent"
  })
  await writeFile(join(folder, "settings.json"), JSON.stringify(settings))
  await writeFile(join(folder, "config.capnp"), config)
}

/** Returns the milliseconds from the start of workerd until the answer. */
const sample = async (path: string, folder: string): Promise<number> => {
  const began = performance.now()
  const child = spawn(path, ["serve", "config.capnp", "--control-fd=3"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    timeout: 60_000
  })
  const ended = once(child, "exit")
  try {
    const listening = once(child.stdio[3] as NodeJS.ReadableStream, "data")
    const first = await Promise.race([listening, ended.then(() => undefined)])
    if (first === undefined) throw new Error("workerd ended")
    const { port } = JSON.parse(String(first[0])) as { readonly port: number }
    const status = await (await fetch(`http://127.0.0.1:${port}/`)).text()
    if (status !== "200") throw new Error(`Expected 200, got ${status}`)
    return performance.now() - began
  } finally {
    child.kill("SIGKILL")
    await ended
  }
}

// A bundler does not separate gaxios from google-auth-library.
const all = contenders.filter(({ name }) => name !== "bare gaxios")

export const coldWorker: Measure = {
  name: "cold-worker",
  title: "First answer of a cold Worker",
  method:
    "A worker with the smallest program, bundled for Workers, in a new process of workerd with `nodejs_compat`: the time " +
    "from the start of the process until the answer to the first request, for which the worker requests its first token " +
    "and sends a call.",
  run: async (settings) => {
    const participants = all.filter(({ name }) => settings.names?.includes(name) ?? true)
    const folder = await mkdtemp(join(tmpdir(), "benchmarks-"))
    const { close, surroundings: { stacks: _, ...surroundings } } = await loopback.serve(World.make())
    const samples = new Map<string, ReadonlyArray<number>>()
    try {
      const built = new Map<Contender, string>()
      for (const contender of workerd === undefined ? [] : participants) {
        const own = await mkdtemp(join(folder, "worker-"))
        const isBuilt = await write(contender, own, surroundings).then(() => true, () => false)
        if (isBuilt) built.set(contender, own)
      }
      await interleaved(scaled(settings, 3), [...built], async ([{ name }, own]) => {
        const millis = await sample(workerd ?? "", own).catch(() => undefined)
        if (millis !== undefined) samples.set(name, [...samples.get(name) ?? [], millis])
      })
    } finally {
      await close()
      await rm(folder, { recursive: true })
    }
    const absent = workerd === undefined ? "workerd is not installed" : "does not run in workerd"
    const rows = participants.map(({ name }): Row => {
      const found = samples.get(name)
      return found === undefined ? { contender: name, absent } : summarize(name, found)
    })
    return [
      { id: "cold-worker", title: "First answer, workerd", unit: "ms", better: "lower", rows },
      {
        id: "cold-worker-added",
        title: "First answer, workerd, beyond the bare client",
        unit: "ms",
        better: "lower",
        rows: addedToBare(rows)
      }
    ]
  }
}
