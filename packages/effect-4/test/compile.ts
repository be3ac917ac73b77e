/**
 * Compiles the packages that were generated, once before the tests whose processes run them.
 */
import { spawnSync } from "node:child_process"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"

const home = fileURLToPath(new URL("..", import.meta.url))

export const setup = (): void => {
  const packages = ["client-credentials", "testing", "redis", "sql"].map((name) => `tsconfig.${name}.json`)
  const { status } = spawnSync(
    process.execPath,
    [createRequire(import.meta.url).resolve("typescript/bin/tsc"), "-b", ...packages],
    { cwd: home, stdio: "inherit" }
  )
  if (status !== 0) throw new Error("The packages for Effect 4 do not compile")
}
