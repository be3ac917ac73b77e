/**
 * The version, from the package.json of this package: it is two directories above both this module and the bundle.
 */
import { readFileSync } from "node:fs"

export const version = (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string
}).version
