import { parseArgs } from "node:util"

export interface Arguments {
  /** The names of the measures; undefined for all. */
  readonly only: ReadonlyArray<string> | undefined
  readonly scale: number
  /** Measure nothing, and write the page from the stored results. */
  readonly page: boolean
  readonly help: boolean
}

export const usage = (names: ReadonlyArray<string>): string =>
  `npm run bench [-- OPTIONS]

Runs all measures, and writes packages/benchmarks/results, the page with the results, and the excerpt in README.md.

  --only NAME     runs only this measure, prints the result and writes nothing; may be repeated
  --scale NUMBER  multiplies all repetitions, prints the results and writes nothing. Default: 1
  --page          writes the page and the pictures from the stored results, without measuring
  --help

${names.map((name) => `  ${name}`).join("\n")}
`

/** Parses the command line. Returns a message if it is invalid. */
export const parse = (args: ReadonlyArray<string>, names: ReadonlyArray<string>): Arguments | string => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: "string", multiple: true },
        scale: { type: "string", default: "1" },
        page: { type: "boolean", default: false },
        help: { type: "boolean", default: false }
      }
    })
    const unknown = values.only?.find((name) => !names.includes(name))
    if (unknown !== undefined) return `--only: unknown measure "${unknown}"; expected one of ${names.join(", ")}`
    const scale = Number(values.scale)
    if (!(scale > 0 && scale <= 10)) return `--scale: expected a number above 0 and up to 10, got "${values.scale}"`
    return { only: values.only, scale, page: values.page, help: values.help }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
