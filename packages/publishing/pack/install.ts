/**
 * Packs the published packages, and installs the archives into empty projects outside the workspace, as users of each
 * major of Effect do. Installs the runtimes and compilers separately, in `build`, where they are kept for the next run.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

import type { TestProject } from "vitest/node"

import { assemble } from "../../../scripts/assemble.mjs"
import { published, publishedForEffect4 } from "../../../scripts/published.mjs"
import * as programs from "./programs.js"
import { succeed } from "./run.js"
import { compilers, jest, redisClients, runtimes } from "./tools.js"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const quiet = ["--no-audit", "--no-fund", "--loglevel=error"]

/** The project of a user of a major of Effect. */
export interface Installed {
  readonly major: programs.Major
  /** The archives, by the names of their packages. The one of the command line is among those for Effect 3. */
  readonly archives: Readonly<Record<string, string>>
  /** The project with the archives in it. */
  readonly project: string
}

declare module "vitest" {
  interface ProvidedContext {
    readonly installed: ReadonlyArray<Installed>
    /** The folder of the runtimes and compilers. */
    readonly tools: string
  }
}

const manifest = (path: string, content: object) =>
  writeFile(join(path, "package.json"), JSON.stringify({ private: true, type: "module", ...content }, null, 2))

const installTools = async (): Promise<string> => {
  const tools = join(root, "build/pack-test")
  await mkdir(tools, { recursive: true })
  // Optional, so that a machine without binaries of one can test the others.
  await manifest(tools, { optionalDependencies: { ...runtimes, ...compilers, ...jest } })
  await succeed("npm", ["install", ...quiet], { cwd: tools })
  return tools
}

const library = "@effect-oauth/client-credentials"

/** Packages that the documents install next to the library, and peers of the other packages. */
const peers: Readonly<Record<programs.Major, readonly [ReadonlyArray<string>, ReadonlyArray<string>]>> = {
  3: [["effect@3", "@effect/platform@0", "@effect/platform-node@0"], ["@effect/sql@0"]],
  4: [["effect", "@effect/platform-node"], []]
}

const installArchives = async (
  major: programs.Major,
  workspace: string,
  directory: string
): Promise<Installed> => {
  const packages = major === 3 ? published(workspace) : publishedForEffect4(workspace)
  const paths = packages.map(({ path }) => path)
  const packed: ReadonlyArray<{ readonly filename: string }> = JSON.parse(
    await succeed(
      "npm",
      ["pack", ...paths, "--json", "--foreground-scripts=false", ...quiet, "--pack-destination", directory],
      { cwd: root }
    )
  )
  const archives = Object.fromEntries(
    packages.map(({ name }, index) => [name, join(directory, packed[index]?.filename ?? "")] as const)
  )
  const { [library]: first = "", ...others } = archives
  const project = join(directory, `effect-${major}`)
  const install = (...args: ReadonlyArray<string>) => succeed("npm", ["install", ...quiet, ...args], { cwd: project })
  const [beside, more] = peers[major]
  await mkdir(project)
  await manifest(project, {})
  await install(...beside, first)
  const clients = Object.entries(redisClients).map(([name, version]) => `${name}@${version}`)
  await install(
    "--strict-peer-deps",
    "--ignore-scripts",
    ...Object.values(others),
    ...more,
    ...clients,
    "@types/node@20"
  )
  await programs.write(major, project)
  return { major, archives, project }
}

export default async ({ provide }: TestProject) => {
  const directory = await mkdtemp(join(tmpdir(), "pack-test-"))
  const workspace = await assemble(root)
  const [tools, ...installed] = await Promise.all([
    installTools(),
    installArchives(3, workspace, directory),
    installArchives(4, workspace, directory)
  ])
  provide("tools", tools)
  provide("installed", installed)
  return () => rm(directory, { recursive: true })
}
