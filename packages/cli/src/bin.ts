#!/usr/bin/env node
/**
 * The executable: what needs nothing but a text is printed at once, everything else is loaded first.
 *
 * @since 0.1.0
 */
import { overview } from "./internal/overview.js"
import { version } from "./internal/version.js"

const [, , first = "--help", ...more] = process.argv

if (more.length === 0 && first === "--version") process.stdout.write(`${version}\n`)
else if (more.length === 0 && ["--help", "-h"].includes(first)) process.stdout.write(overview)
else await import("./internal/main.js")
