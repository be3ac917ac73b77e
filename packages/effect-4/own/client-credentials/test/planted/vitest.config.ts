/**
 * Configuration of the tests for Effect 4 with the planted leak that `PLANTED_LEAK` names.
 */
import { fileURLToPath } from "node:url"

import { defineConfig } from "vitest/config"

import { alias, limits } from "../../../../vitest.config.js"
import { leaks } from "./leaks.js"

const planted = leaks.find(({ name }) => name === process.env["PLANTED_LEAK"])
if (planted === undefined) throw new Error("Expected PLANTED_LEAK to be the name of a planted leak")

export default defineConfig({
  resolve: { alias },
  plugins: [{
    name: "planted-leak",
    enforce: "pre",
    transform(code, id) {
      if (!id.endsWith(`/client-credentials/src/${planted.file}`)) return
      if (code.split(planted.find).length !== 2) throw new Error(`${planted.file} has changed: update the planted leak`)
      return `import * as Revealed from "effect/Redacted"\n${code.replace(planted.find, () => planted.replace)}`
    }
  }],
  test: {
    root: fileURLToPath(new URL("../..", import.meta.url)),
    include: ["test/secretLeaksByExport.test.ts"],
    // Modules that are kept on disk would be those of another leak.
    fsModuleCache: false,
    ...limits
  }
})
