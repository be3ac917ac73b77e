/**
 * Bundles the output of `tsc -b` once before all tests of this package: they start the programs some hundred times, and
 * a program in few files starts in a quarter of the time.
 */
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

import { buildSync } from "esbuild"

const home = fileURLToPath(new URL("..", import.meta.url))

export const setup = (): void => {
  buildSync({
    absWorkingDir: home,
    entryPoints: [
      ...readdirSync(`${home}/src`).filter((name) => name.endsWith(".ts")).map((name) =>
        `dist/${name.replace(".ts", ".js")}`
      ),
      "dist/inventory/main.js"
    ],
    outbase: "dist",
    outdir: "build/programs",
    bundle: true,
    splitting: true,
    minify: true,
    platform: "node",
    target: "node20",
    format: "esm",
    external: ["oidc-provider"],
    logLevel: "error",
    // Parts of it are CommonJS.
    banner: { js: "import{createRequire as requireOf}from\"node:module\";const require=requireOf(import.meta.url);" }
  })
}
