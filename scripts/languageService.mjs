// Makes `tsc` report the diagnostics of @effect/language-service, by that package's patch. Runs after every installation
// (`prepare`) and before every check, which covers installations with --ignore-scripts. Does nothing if nothing changed.
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"

const compiler = "node_modules/typescript/lib/_tsc.js"
const command = "node_modules/@effect/language-service/cli.js"
const manifest = "node_modules/@effect/language-service/package.json"
// An installation without development dependencies has neither.
if (!existsSync(compiler) || !existsSync(manifest)) process.exit(0)

const { version } = JSON.parse(readFileSync(manifest, "utf8"))
const isPatched = () => readFileSync(compiler, "utf8").includes(`use effect-lsp-patch-version ${version}`)

// Diagnostics depend on the settings too, and the compiler does not know that.
const record = "build/language-service.json"
const state = JSON.stringify({ version, settings: readFileSync("tsconfig.base.json", "utf8") })
if (isPatched() && existsSync(record) && readFileSync(record, "utf8") === state) process.exit(0)

const { status, stderr, stdout } = spawnSync(process.execPath, [command, "patch", "--module", "tsc"], {
  encoding: "utf8"
})
if (status !== 0 || !isPatched()) {
  console.error(`effect-language-service patch failed.\n${stdout}${stderr}`)
  process.exit(1)
}
// Incremental state of an unpatched compiler would hide the diagnostics of files that have not changed since.
for (const name of readdirSync("packages")) {
  for (const directory of ["dist", "build/test"]) rmSync(`packages/${name}/${directory}/.tsbuildinfo`, { force: true })
}
mkdirSync("build", { recursive: true })
writeFileSync(record, state)
