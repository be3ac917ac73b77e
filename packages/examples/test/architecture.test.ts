import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

import { assert, it } from "@effect/vitest"

it("the picture of the architecture matches the imports, and no module imports from a room above", () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/architecture.mjs"], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    encoding: "utf8"
  })
  assert.strictEqual(stderr, "")
  assert.strictEqual(status, 0)
})
