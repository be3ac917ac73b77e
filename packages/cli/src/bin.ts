#!/usr/bin/env node
/**
 * The executable: the version is printed at once, everything else is loaded first.
 *
 * @since 0.1.0
 */
import * as compileCache from "./internal/compileCache.js"
import { version } from "./internal/version.js"

const [, , first, ...more] = process.argv

if (more.length === 0 && first === "--version") process.stdout.write(`${version}\n`)
else {
  compileCache.enable()
  await import("./internal/main.js")
}
