import { fileURLToPath } from "node:url"

import { defineWorkspace } from "vitest/config"

const packages = fileURLToPath(new URL("packages", import.meta.url))

/** Tests see the sources, by whatever name they import them, so that each module exists once. */
const alias = [
  { find: /^@effect-oauth\/([^/]+)$/, replacement: `${packages}/$1/src/index.ts` },
  { find: /^@effect-oauth\/([^/]+)\/(.+)$/, replacement: `${packages}/$1/src/$2.ts` }
]

export default defineWorkspace(
  ["client-credentials", "testing", "redis", "sql", "examples", "benchmarks"].map((name) => ({
    resolve: { alias },
    test: { name, root: `${packages}/${name}`, include: ["test/**/*.test.ts"] }
  }))
)
