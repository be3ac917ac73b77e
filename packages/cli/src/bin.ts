#!/usr/bin/env node
/**
 * The executable: the version is printed at once, everything else is in the program beside it.
 *
 * @since 0.1.0
 */
import { fileURLToPath } from "node:url"

import { commandNames } from "./internal/commandNames.js"
import type * as main from "./internal/main.js"
import * as output from "./internal/output.js"
import { load } from "./internal/program.js"
import { version } from "./internal/version.js"

const args = process.argv.slice(2)

if (args.length === 1 && args[0] === "--version") {
  output.watch(process.exit)
  process.stdout.write(`${version}\n`)
} else {
  // Commands use different parts of the program, so each one has its own code cache.
  const command = commandNames.find((name) => args.includes(name)) ?? "other"
  const program = load(fileURLToPath(new URL("program.cjs", import.meta.url)), command) as typeof main
  program.main(args)
}
