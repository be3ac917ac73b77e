import { fileURLToPath } from "node:url"

import { defineConfig } from "vitest/config"

import { limits } from "../../../vitest.workspace.js"

export default defineConfig({
  test: {
    root: fileURLToPath(new URL(".", import.meta.url)),
    include: ["*.test.ts"],
    ...limits
  }
})
