/**
 * Setup of each test file that runs in a worker with others. They share the modules of `node_modules`, above all `effect`, whose
 * import takes longer than most tests. The sources of the packages are evaluated again for each file, so their state is that
 * of a new process. A file that changes the state of the process for the files after it fails.
 */
import { env } from "node:process"

import { afterAll, assert, it, vi } from "@effect/vitest"

vi.resetModules()

/** State of the process that tests change, and that all files of a worker share. */
const state = () => {
  const { Date, WeakRef, clearTimeout, fetch, location, process, setTimeout } = globalThis as Record<string, unknown>
  // `layer` of "@effect/vitest" for Effect 3 replaces `it.effect` for good.
  return {
    values: [Date, WeakRef, clearTimeout, fetch, it.effect, location, process, setTimeout],
    // Vitest numbers its workers.
    variables: Object.entries(env).filter(([name]) => !name.startsWith("VITEST_")).sort()
  }
}

const before = state()

// The clock of tests counts the operations of WebCrypto, by methods that stay replaced for the lifetime of its module.
const cryptography = Object.getPrototypeOf(crypto.subtle) as object
const operations = Object.getOwnPropertyDescriptors(cryptography)

afterAll(() => {
  Object.defineProperties(cryptography, operations)
  const after = state()
  assert.deepStrictEqual(after.variables, before.variables, "environment variables that the file left changed")
  assert.isTrue(
    after.values.every((value, index) => value === before.values[index]),
    "globals that the file left changed"
  )
})
