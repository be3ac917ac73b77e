import { fileURLToPath } from "node:url"

import { defineConfig } from "vitest/config"

import { alias, limits } from "../../../vitest.workspace.js"

export default defineConfig({
  resolve: { alias },
  test: {
    name: "pack-test",
    root: fileURLToPath(new URL("..", import.meta.url)),
    include: ["pack/**/*.test.ts"],
    globalSetup: "pack/install.ts",
    ...limits
  }
})
