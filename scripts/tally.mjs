// Prints the last line of a CI run from the test results in JSON. A test that was skipped counts as failed.
import { readFileSync } from "node:fs"

const { numFailedTestSuites, numPassedTests, numTotalTests, success, testResults } = JSON.parse(
  readFileSync(process.argv[2], "utf8")
)
// A file that could not be loaded has no tests to count.
const unloaded = testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length
const failed = numTotalTests - numPassedTests + unloaded
console.log(`${numPassedTests} passed, ${failed} failed`)
process.exit(success && failed === 0 && numFailedTestSuites === 0 && numPassedTests > 0 ? 0 : 1)
