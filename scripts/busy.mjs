// `npm run test:busy`: the tests, while two processes per core use up the processors. No test may depend on the speed of
// the machine. Arguments go to vitest: npm run test:busy -- --project cli
import { spawn } from "node:child_process"
import { availableParallelism } from "node:os"

// They end with this process, however it ends.
const burn = "const parent = process.ppid; while (process.ppid === parent);"
const burners = Array.from(
  { length: 2 * availableParallelism() },
  () => spawn(process.execPath, ["--eval", burn], { stdio: "ignore" })
)
process.on("exit", () => burners.forEach((burner) => burner.kill("SIGKILL")))
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1))

const npm = process.env.npm_execpath
const tests = spawn(
  npm === undefined ? "npm" : process.execPath,
  [...(npm === undefined ? [] : [npm]), "test", "--", ...process.argv.slice(2)],
  { stdio: "inherit", shell: npm === undefined }
)
tests.once("close", (status) => process.exit(status ?? 1))
