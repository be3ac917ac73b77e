import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"

import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

import { longestFirst } from "../../scripts/longestFirst.mjs"

const generated = fileURLToPath(new URL("generated", import.meta.url))

/** Tests see the sources, by whatever name they import them, so that each module exists once. */
export const alias = [
  {
    find: "@effect-oauth/effect-4/property",
    replacement: fileURLToPath(new URL("own/support/property.ts", import.meta.url))
  },
  { find: /^@effect-oauth\/([^/]+)$/, replacement: `${generated}/$1/src/index.ts` },
  { find: /^@effect-oauth\/([^/]+)\/(.+)$/, replacement: `${generated}/$1/src/$2.ts` }
]

/** When a test counts as hung, not a measure of speed: on busy cores a second may become a minute. */
export const limits = { testTimeout: 300_000, hookTimeout: 300_000 }

/** The tests of packages, which load `effect` once for many files, and the sources of the packages for each. */
const shared = (name: string) => ({
  name: `${name} on Effect 4`,
  root: `${generated}/${name}`,
  include: ["test/**/*.test.ts"],
  isolate: false,
  setupFiles: [`${generated}/client-credentials/test/support/sharedWorker.ts`],
  ...limits
})

/** A test that replaces `fetch`, which Effect 4 reads once for all files of a worker. */
const ownFetch = "test/promises.test.ts"

class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    return longestFirst(await super.sort(files))
  }
}

export default defineConfig({
  test: {
    projects: [
      ...["client-credentials", "testing", "redis", "sql"].map((name) => ({ resolve: { alias }, test: shared(name) })),
      {
        resolve: { alias },
        test: { ...shared("examples"), exclude: [ownFetch], globalSetup: ["test/bundle.ts"] }
      },
      {
        resolve: { alias },
        test: { ...shared("promises"), root: `${generated}/examples`, include: [ownFetch], isolate: true }
      },
      {
        resolve: { alias },
        test: {
          name: "effect-4",
          root: fileURLToPath(new URL(".", import.meta.url)),
          include: ["test/**/*.test.ts"],
          ...limits
        }
      }
    ],
    sequence: { sequencer: LongestFirst },
    // One more than the number of cores, since tests often wait for other processes.
    maxWorkers: availableParallelism() + 1
  }
})
