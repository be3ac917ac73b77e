/**
 * Puts what `tsc -b` has built where the tests start it. It is not bundled on Effect 4: esbuild loses the names that
 * `@effect/platform-node/Undici` exports from a CommonJS module.
 */
import { mkdirSync, rmSync, symlinkSync } from "node:fs"
import { fileURLToPath } from "node:url"

const build = fileURLToPath(new URL("../build", import.meta.url))

export const setup = (): void => {
  rmSync(`${build}/programs`, { recursive: true, force: true })
  mkdirSync(build, { recursive: true })
  symlinkSync("../dist", `${build}/programs`, "dir")
}
