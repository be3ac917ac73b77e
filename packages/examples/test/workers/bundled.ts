/** The module of a worker with its imports, as a bundler for Workers creates it. */
import { fileURLToPath } from "node:url"

import { build } from "esbuild"

export const bundled = async (path: string): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(path, import.meta.url))],
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    write: false,
    logLevel: "error"
  })
  return outputFiles[0]?.text ?? ""
}
