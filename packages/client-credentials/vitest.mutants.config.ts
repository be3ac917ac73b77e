import { fileURLToPath } from "node:url"

import { defineConfig } from "vitest/config"

import { alias } from "../../vitest.workspace.js"

/**
 * The tests that mutants are run against: those of the rooms without Effect, which are quick, and those of token responses and
 * content codings, whose errors show what the rules find. `npm run mutants` changes these rooms line by line and reports each
 * change that no test notices.
 */
export default defineConfig({
  // The package by its name is what is changed too, rather than what was built.
  resolve: { alias },
  test: {
    root: fileURLToPath(new URL(".", import.meta.url)),
    include: ["test/{token,protocol}/**/*.test.ts", "test/http/{tokenResponse,contentCoding}*.test.ts"],
    testTimeout: 300_000,
    // Every mutant meets the same values, and not too many of them.
    env: { FC_SEED: "1", TEST_RUNS: "0.01" }
  }
})
