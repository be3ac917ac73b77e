/**
 * Leaks that are planted on purpose, one at a time, in the sources that the tests import: the suite detects each. A
 * sample of them runs in `npm test`, all of them in `.ci/run`.
 */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"

import { assert, describe, it } from "@effect/vitest"

import { leaks } from "./planted/leaks.js"
import { sample } from "./support/runs.js"

const vitest = fileURLToPath(new URL("../../../node_modules/vitest/vitest.mjs", import.meta.url))
const config = fileURLToPath(new URL("planted/vitest.config.ts", import.meta.url))

const run = (leak: string, test: string) =>
  new Promise<{ readonly passed: boolean; readonly output: string }>((resolve) => {
    execFile(
      process.execPath,
      [vitest, "run", "--config", config, "--testNamePattern", test.replaceAll(".", "\\.")],
      { env: { ...process.env, PLANTED_LEAK: leak, NO_COLOR: "1" }, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => resolve({ passed: error === null, output: stdout + stderr })
    )
  })

describe.concurrent("the suite detects", () => {
  for (const { name, test } of sample("planted leaks", leaks, 1)) {
    it(name, async () => {
      const { output, passed } = await run(name, test)
      assert.isFalse(passed, output.slice(-2000))
      // It failed because of the leak, not because the planted code does not compile.
      assert.match(output, /AssertionError: shown: /)
      assert.match(output, /Tests +\d+ failed/)
    })
  }
})
