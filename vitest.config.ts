import { availableParallelism } from "node:os"

import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"

import { longestFirst } from "./scripts/longestFirst.mjs"
import projects from "./vitest.workspace.js"

class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    return longestFirst(await super.sort(files))
  }
}

/** Vitest shuffles only where no sequencer is configured. A random order of files shows what one file leaves for the next. */
const isShuffled = process.argv.some((argument) => argument.startsWith("--sequence.shuffle"))

/** One more than the number of cores, since tests often wait for other processes. */
const workers = availableParallelism() + 1

export default defineConfig({
  test: {
    projects,
    // Vitest leaves one core idle by default.
    maxWorkers: "100%",
    minWorkers: 1,
    sequence: isShuffled ? {} : { sequencer: LongestFirst },
    poolOptions: {
      forks: { maxForks: workers },
      // Projects whose files share loaded modules. Vitest 3 would end an idle thread twice if there were fewer than the maximum,
      // and report "Terminating worker thread".
      threads: { isolate: false, minThreads: workers, maxThreads: workers }
    }
  }
})
