// Prints the last line of a CI run from test results in JSON. A test that was skipped counts as failed.
import { readFileSync } from "node:fs"

const results = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")))
const sum = (count) => results.map(count).reduce((left, right) => left + right, 0)

const passed = sum(({ numPassedTests }) => numPassedTests)
// A file that could not be loaded has no tests to count.
const unloaded = sum(({ testResults }) =>
  testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length
)
const failed = sum(({ numTotalTests }) => numTotalTests) - passed + unloaded
console.log(`${passed} passed, ${failed} failed`)
const sound = results.every(({ numFailedTestSuites, numPassedTests, success }) =>
  success && numFailedTestSuites === 0 && numPassedTests > 0
)
process.exit(sound && failed === 0 ? 0 : 1)
