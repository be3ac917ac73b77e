/** Bundles what `tsc -b` has built, once before all tests of this package. */
import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"

export const setup = (): void => {
  execFileSync(process.execPath, [fileURLToPath(new URL("../../scripts/bundle.mjs", import.meta.url))], {
    stdio: "inherit"
  })
}
