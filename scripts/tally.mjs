// Prints the tests that failed, then the last line of a CI run, from test results in JSON. A skipped test counts as
// failed.
import { readFileSync } from "node:fs"
import { relative } from "node:path"

const results = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")))
const files = results.flatMap(({ testResults }) => testResults)

const failures = files.flatMap((file) => {
  const name = relative(process.cwd(), file.name)
  // A file that could not be loaded has no tests to count.
  if (file.status === "failed" && file.assertionResults.length === 0) return [`${name}\n${file.message}`]
  return file.assertionResults
    .filter((test) => test.status !== "passed")
    .map((test) => [`${name} > ${test.fullName}: ${test.status}`, ...test.failureMessages].join("\n"))
})
failures.forEach((failure) => console.log(`${failure}\n`))

const passed = results.reduce((sum, { numPassedTests }) => sum + numPassedTests, 0)
console.log(`${passed} passed, ${failures.length} failed`)
const hasPassed = results.every(({ numFailedTestSuites, numPassedTests, success }) =>
  success && numFailedTestSuites === 0 && numPassedTests > 0
)
process.exit(hasPassed && failures.length === 0 ? 0 : 1)
