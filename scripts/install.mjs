// Before `npm start`, `npm test` and `npm run bench`: installs what the lockfile lists, if it is not there.
import { spawnSync } from "node:child_process"
import { statSync } from "node:fs"

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

// npm writes the second file at the end of every installation.
if (changed("package-lock.json") > changed("node_modules/.package-lock.json")) {
  const npm = process.env.npm_execpath
  const { status } = spawnSync(
    npm === undefined ? "npm" : process.execPath,
    [...(npm === undefined ? [] : [npm]), "ci", "--no-audit", "--no-fund"],
    { stdio: "inherit", shell: npm === undefined }
  )
  process.exit(status ?? 1)
}
