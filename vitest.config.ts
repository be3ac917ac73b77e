import { defineConfig } from "vitest/config"

import projects from "./vitest.workspace.js"

// Vitest leaves one core idle by default; much of a test's time is that of the processes it starts.
export default defineConfig({ test: { projects, maxWorkers: "100%", minWorkers: 1 } })
