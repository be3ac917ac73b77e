import { defineConfig } from "vitest/config"

import projects from "./vitest.workspace.js"

export default defineConfig({
  test: {
    projects,
    // Vitest leaves one core idle by default; much of a test's time is that of the processes it starts.
    maxWorkers: "100%",
    minWorkers: 1,
    // Only the project "rules" runs in threads.
    poolOptions: { threads: { isolate: false } }
  }
})
