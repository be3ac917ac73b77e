/** The README's first example from the archives, on every supported runtime. */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import * as Http from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { build, type BuildOptions } from "esbuild"
import { afterAll, assert, beforeAll, describe, inject, it } from "vitest"

import type { Major } from "./programs.js"
import { run } from "./run.js"
import * as Servers from "./servers.js"

const tools = inject("tools")

const tool = (...path: ReadonlyArray<string>) => join(tools, "node_modules", ...path)

type Environment = Readonly<Record<string, string>>

const bin = (name: string) => tool(".bin", name)

/** Runs the example of a project with an environment. Returns its output. */
type Runtime = (project: string, environment: Environment) => Promise<string>

const bundle = (project: string, entry: string, options: BuildOptions) =>
  build({
    absWorkingDir: project,
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    logLevel: "error",
    ...options
  })

/** Limit in milliseconds, after which a program is stopped. */
const limit = 300_000

/** Returns the environment of a program, with only the variables of this process that it needs to start. */
const own = (environment: Environment) => ({ PATH: process.env["PATH"], HOME: process.env["HOME"], ...environment })

const terminal = (command: string, ...args: ReadonlyArray<string>): Runtime => async (project, environment) => {
  const { code, output } = await run(command, args, { cwd: project, env: own(environment), timeout: limit })
  assert.strictEqual(code, 0, output)
  return output
}

const workerd: Runtime = async (project, environment) => {
  const directory = await mkdtemp(join(project, "workerd-"))
  await bundle(project, "worker.ts", {
    outfile: join(directory, "worker.js"),
    conditions: ["workerd", "worker", "browser"]
  })
  await writeFile(join(directory, "environment.json"), JSON.stringify(environment))
  await writeFile(
    join(directory, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private", "local"]))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  bindings = [(name = "ENVIRONMENT", text = embed "environment.json")],
  compatibilityDate = "2026-11-01"
);
`
  )
  const child = spawn(bin("workerd"), ["serve", "config.capnp", "--control-fd=3"], {
    cwd: directory,
    stdio: ["ignore", "inherit", "inherit", "pipe"],
    timeout: limit
  })
  try {
    const [listening] = await once(child.stdio[3] as NodeJS.ReadableStream, "data", {
      signal: AbortSignal.timeout(limit)
    })
    const { port } = JSON.parse(String(listening).split("\n")[0] ?? "")
    return await (await fetch(`http://127.0.0.1:${port}/`)).text()
  } finally {
    child.kill()
  }
}

const browser = ["chromium", "chromium-browser", "google-chrome"].find((name) =>
  spawnSync(name, ["--version"]).status === 0
)

const chromium: Runtime = async (project, environment) => {
  const out = await mkdtemp(join(project, "page-"))
  const profile = await mkdtemp(join(tmpdir(), "chromium-"))
  await bundle(project, "page.ts", { outdir: out, splitting: true })
  const server = Http.createServer()
  const result = new Promise<string>((resolve) =>
    server.on("request", async (request, response) => {
      const path = request.url ?? "/"
      if (path === "/result") {
        let text = ""
        for await (const chunk of request) text += chunk
        response.end()
        resolve(text)
      } else if (path === "/environment") response.end(JSON.stringify(environment))
      else if (path === "/") {
        response.setHeader("content-type", "text/html").end("<script type=\"module\" src=\"/page.js\"></script>")
      } else if (existsSync(join(out, path))) {
        response.setHeader("content-type", "text/javascript").end(await readFile(join(out, path)))
      } else response.writeHead(404).end()
    })
  )
  const child = spawn(browser ?? "chromium", [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--user-data-dir=${profile}`,
    await Servers.listen(server)
  ], { stdio: "ignore", timeout: limit })
  const closed = once(child, "close")
  try {
    return await Promise.race([result, closed.then(() => "Chromium ended before the page returned a result")])
  } finally {
    child.kill()
    await closed
    server.close()
    server.closeAllConnections()
    // Processes of Chromium may outlive it for a moment, and still write there.
    await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

interface Subject {
  readonly name: string
  /** The reason why it cannot be tested on this machine. */
  readonly missing: string | undefined
  readonly runtime: Runtime
}

const installed = (name: string, path: string, runtime: Runtime): Subject => ({
  name,
  missing: existsSync(path) ? undefined : "the npm registry has no binary of it for this machine",
  runtime
})

/** The transports on Node.js, by the programs that use them: the README uses Undici. */
const transports = { Undici: "node.ts", fetch: "terminal.ts", "node:http": "nodeHttpTerminal.ts" } as const

const script = (program: string) => program.replace(/ts$/, "js")

const node = (name: string, names: ReadonlyArray<keyof typeof transports>): ReadonlyArray<Subject> => {
  const binary = tool(name, "bin", "node")
  return names.map((transport) =>
    installed(`${name}, ${transport}`, binary, terminal(binary, script(transports[transport])))
  )
}

const subjects = (major: Major): ReadonlyArray<Subject> => [
  // Undici of Effect 4 needs Node 22.
  ...node("node-20", major === 3 ? ["Undici", "fetch", "node:http"] : ["fetch", "node:http"]),
  ...node("node-22", ["Undici", "fetch", "node:http"]),
  ...node("node-24", ["Undici", "fetch", "node:http"]),
  installed("bun", bin("bun"), terminal(bin("bun"), "terminal.ts")),
  installed(
    "deno",
    bin("deno"),
    terminal(
      bin("deno"),
      "run",
      "--allow-env",
      "--allow-read",
      "--allow-net=127.0.0.1",
      "--node-modules-dir=manual",
      "terminal.ts"
    )
  ),
  installed("workerd", bin("workerd"), workerd),
  {
    name: "headless Chromium",
    missing: browser === undefined ? "Chromium is not installed (on Debian, package chromium)" : undefined,
    runtime: chromium
  }
]

describe.each(inject("installed"))(
  "the README's first example, from the archives, Effect $major",
  ({ major, project }) => {
    let servers: Servers.Servers
    beforeAll(async () => {
      // Node.js runs JavaScript; the packages are not bundled.
      for (const program of Object.values(transports)) {
        await bundle(project, program, { outfile: script(program), packages: "external" })
      }
      servers = await Servers.start()
    })
    afterAll(() => servers.close())

    for (const { missing, name, runtime } of subjects(major)) {
      describe(name, () => {
        const check = async (environment: Environment, bound: boolean) => {
          const before = await servers.issued()
          assert.strictEqual((await runtime(project, environment)).trim(), `${Servers.items.length} items in stock`)
          const tokens = (await servers.issued()).slice(before.length)
          assert.deepStrictEqual(tokens.map(({ thumbprint }) => thumbprint !== undefined), [bound])
        }
        const test = (title: string, body: () => Promise<void>) =>
          missing === undefined ? it(title, body) : it.skip(`${title} (skipped: ${missing})`, body)
        test("with a secret", () => check(servers.environment, false))
        test("with a private key, and a token bound to another key", () => check(servers.signedEnvironment, true))
      })
    }
  }
)
