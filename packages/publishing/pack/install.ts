/**
 * Packs what is published, and installs the archives into an empty project outside the workspace, as a user does; and, apart
 * from it, the runtimes and compilers to try them on, which are kept in `build` for the next time.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import type { TestProject } from "vitest/node"

import { published } from "../../../scripts/published.mjs"
import * as programs from "./programs.js"
import { succeed } from "./run.js"
import { compilers, redisClients, runtimes } from "./tools.js"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const quiet = ["--no-audit", "--no-fund", "--loglevel=error"]

export interface Installed {
  /** The archives, by the names of their packages. */
  readonly archives: Readonly<Record<string, string>>
  /** The project with the archives in it. */
  readonly project: string
  /** Where the runtimes and compilers are installed. */
  readonly tools: string
}

declare module "vitest" {
  interface ProvidedContext {
    readonly installed: Installed
  }
}

const manifest = (path: string, content: object) =>
  writeFile(join(path, "package.json"), JSON.stringify({ private: true, type: "module", ...content }, null, 2))

const installTools = async (): Promise<string> => {
  const tools = join(root, "build/pack-test")
  await mkdir(tools, { recursive: true })
  // Optional: a machine that one of them does not exist for can try the others.
  await manifest(tools, { optionalDependencies: { ...runtimes, ...compilers } })
  await succeed("npm", ["install", ...quiet], { cwd: tools })
  return tools
}

const installArchives = async (directory: string) => {
  const archives: Record<string, string> = {}
  for (const { name, path } of published(root)) {
    const [{ filename }] = JSON.parse(
      await succeed(
        "npm",
        ["pack", "--json", "--foreground-scripts=false", ...quiet, "--pack-destination", directory],
        { cwd: path }
      )
    )
    archives[name] = join(directory, filename)
  }
  const { devDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"))
  const peers = ["effect", "@effect/platform", "@effect/platform-node", "@effect/sql", "@types/node"]
  const project = join(directory, "project")
  await mkdir(project)
  await manifest(project, {
    dependencies: {
      ...Object.fromEntries(Object.entries(archives).map(([name, path]) => [name, `file:${path}`])),
      ...Object.fromEntries(peers.map((name) => [name, devDependencies[name]])),
      ...redisClients
    }
  })
  await succeed("npm", ["install", "--strict-peer-deps", "--ignore-scripts", ...quiet], { cwd: project })
  await programs.write(project)
  return { archives, project }
}

export default async ({ provide }: TestProject) => {
  const directory = await mkdtemp(join(tmpdir(), "pack-test-"))
  const [tools, packed] = await Promise.all([installTools(), installArchives(directory)])
  provide("installed", { ...packed, tools })
  return () => rm(directory, { recursive: true })
}
