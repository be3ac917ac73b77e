import { fileURLToPath } from "node:url"

import { defineWorkspace } from "vitest/config"

const packages = fileURLToPath(new URL("packages", import.meta.url))

/** Tests see the sources, by whatever name they import them, so that each module exists once. */
export const alias = [
  { find: /^@effect-oauth\/([^/]+)$/, replacement: `${packages}/$1/src/index.ts` },
  { find: /^@effect-oauth\/([^/]+)\/(.+)$/, replacement: `${packages}/$1/src/$2.ts` }
]

/** The tests of the command line and of the examples run what is bundled, so it is bundled before them. */
const globalSetup: Readonly<Record<string, ReadonlyArray<string>>> = {
  cli: [`${packages}/cli/test/support/bundle.ts`],
  examples: [`${packages}/examples/test/bundle.ts`]
}

/**
 * When a test counts as hung. It is not a measure of speed: where all cores are busy, a test that takes a second may take
 * a minute, and it must pass there too.
 */
export const limits = { testTimeout: 300_000, hookTimeout: 300_000 }

const names = ["client-credentials", "testing", "redis", "sql", "cli", "examples", "soak", "publishing", "benchmarks"]

/** The rooms of rules: their tests are small and have no state, so they share the modules that they load. */
const rules = "test/{token,protocol}/**/*.test.ts"

export default defineWorkspace([
  ...names.map((name) => ({
    resolve: { alias },
    test: {
      name,
      root: `${packages}/${name}`,
      include: ["test/**/*.test.ts"],
      exclude: name === "client-credentials" ? [rules] : [],
      ...limits,
      globalSetup: [...globalSetup[name] ?? []],
      // What was generated for Effect 4 is compiled, and imports its own packages.
      server: { deps: { external: [/\/effect-4\/generated\//] } },
      // What the compiler says of a program that uses the library.
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
