// `npm run soak`: runs the soak on both majors of Effect at the same time, each in a process, and prefixes their lines.
// Arguments go to both. Effect 4 runs on a newer Node where this one is too old for its HTTP client.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"

import { node24 } from "./node24.mjs"

const majors = [
  { major: 3, node: process.execPath, program: "packages/soak/dist/main.js" },
  { major: 4, node: node24(), program: "packages/effect-4/generated/soak/dist/main.js" }
]

const run = async ({ major, node, program }) => {
  if (node === undefined) {
    console.error(`Effect ${major}: needs Node 22 or newer, and there is none for this machine.`)
    return 1
  }
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: ["ignore", "pipe", "inherit"] })
  createInterface({ input: child.stdout }).on("line", (line) => console.log(`Effect ${major}: ${line}`))
  const [code] = await once(child, "close")
  return code ?? 1
}

const codes = await Promise.all(majors.map(run))
process.exitCode = codes.some((code) => code !== 0) ? 1 : 0
