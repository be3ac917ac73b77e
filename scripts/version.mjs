// `npm run version`: takes up the changesets. Versions, changelogs, the version that requests state, package-lock.json.
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"

import { problemsOfAll } from "./changesets.mjs"
import { ofBothMajors } from "./published.mjs"

const run = (command, ...args) => {
  const { status } = spawnSync(command, args, { stdio: "inherit" })
  if (status !== 0) process.exit(status ?? 1)
}

const rejected = problemsOfAll(ofBothMajors().map(({ name }) => name))
if (rejected.length > 0) {
  for (const problem of rejected) console.error(problem)
  process.exit(1)
}

run(process.execPath, "node_modules/@changesets/cli/bin.js", "version")

const stated = "packages/client-credentials/src/internal/http/version.ts"
const { version } = ofBothMajors().find(({ name }) => name === "@effect-oauth/client-credentials")
writeFileSync(stated, readFileSync(stated, "utf8").replace(/version = "[^"]*"/, `version = "${version}"`))

run("npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund")
