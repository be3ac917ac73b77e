import { fileURLToPath } from "node:url"

import { defineWorkspace } from "vitest/config"

const packages = fileURLToPath(new URL("packages", import.meta.url))

/** Aliases that resolve the packages to their sources, under all their names, so that each module exists once. */
export const alias = [
  { find: /^@effect-oauth\/([^/]+)$/, replacement: `${packages}/$1/src/index.ts` },
  { find: /^@effect-oauth\/([^/]+)\/(.+)$/, replacement: `${packages}/$1/src/$2.ts` }
]

/** Setup of projects whose tests run bundled programs. */
const globalSetup: Readonly<Record<string, ReadonlyArray<string>>> = {
  cli: [`${packages}/cli/test/support/bundle.ts`],
  examples: [`${packages}/examples/test/bundle.ts`]
}

/**
 * Limits after which a test counts as hung. They do not measure speed: on a machine with busy cores, a test of a second
 * may take a minute, and must still pass.
 */
export const limits = { testTimeout: 300_000, hookTimeout: 300_000 }

/**
 * Projects whose files run in threads that load `effect` once for many files, which halves the CPU of a run. The others measure
 * memory and time, or have few files: each of their files has a process.
 */
const shared = ["client-credentials", "testing", "redis", "sql", "cli", "examples"]

const isolated = ["soak", "publishing", "benchmarks", "site"]

/** The tests of the rooms of rules: they are small and without state, so they share the sources as well. */
const rules = "test/{token,protocol}/**/*.test.ts"

export default defineWorkspace([
  ...[...shared, ...isolated].map((name) => ({
    resolve: { alias },
    test: {
      name,
      root: `${packages}/${name}`,
      include: ["test/**/*.test.ts"],
      exclude: name === "client-credentials" ? [rules] : [],
      ...limits,
      ...shared.includes(name)
        ? { pool: "threads" as const, setupFiles: [`${packages}/client-credentials/test/support/sharedWorker.ts`] }
        : {},
      globalSetup: [...globalSetup[name] ?? []],
      // The code generated for Effect 4 is compiled, and imports its own packages.
      server: { deps: { external: [/\/effect-4\/generated\//] } },
      // The compiler checks programs that use the library.
      typecheck: { enabled: name === "publishing", include: ["test/**/*.test-d.ts"], tsconfig: "tsconfig.test.json" }
    }
  })),
  {
    resolve: { alias },
    test: {
      name: "rules",
      root: `${packages}/client-credentials`,
      include: [rules],
      ...limits,
      pool: "threads" as const
    }
  }
])
