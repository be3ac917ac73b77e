import { fileURLToPath } from "node:url"

import { defineConfig } from "vitest/config"

import { alias } from "../../../vitest.workspace.js"

export default defineConfig({
  resolve: { alias },
  test: {
    name: "pack-test",
    root: fileURLToPath(new URL("..", import.meta.url)),
    include: ["pack/**/*.test.ts"],
    globalSetup: "pack/install.ts",
    testTimeout: 120_000,
    hookTimeout: 300_000
  }
})
