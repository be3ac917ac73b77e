/**
 * Options of the assertions that the library signs, of clients (RFC 7523 section 2.2) and of grants (section 2.1).
 */
import type * as signedAssertion from "../http/signedAssertion.js"
import { isRecord } from "../protocol/json.js"
import { collect, printable, type Problem } from "./check.js"

export const names: ReadonlyArray<string> = ["previous", "audience", "life", "header", "type", "algorithm"]

/** Returns the problems of options. `algorithm` must be one of the possible algorithms. */
export const problems = (
  { algorithm, audience, header, life, type }: signedAssertion.Options & { readonly algorithm?: string | undefined },
  possible: ReadonlyArray<string>
): ReadonlyArray<Problem> => {
  const { duration, expect, problems } = collect()
  const isHeader = header === undefined || isRecord(header) && Object.values(header).every(printable)
  expect("header", isHeader ? true : undefined, "strings of one or more characters by name")
  duration("life", life, { default: "1 minute", positive: true })
  for (const [setting, value] of Object.entries({ audience, type })) {
    expect(setting, value === undefined || printable(value) ? true : undefined, "a string of one or more characters")
  }
  expect(
    "algorithm",
    algorithm === undefined || possible.includes(algorithm) ? true : undefined,
    `${possible.join(", ")}, or absent`
  )
  return problems
}
