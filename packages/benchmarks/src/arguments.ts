import { parseArgs } from "node:util"

export interface Arguments {
  /** The names of the measures; undefined for all. */
  readonly only: ReadonlyArray<string> | undefined
  readonly scale: number
  /** Measure nothing, and write the page from the results that are there. */
  readonly page: boolean
  readonly help: boolean
}

export const usage = (names: ReadonlyArray<string>): string =>
  `npm run bench [-- OPTIONS]

Measures everything, and writes packages/benchmarks/results, the page that shows them, and the excerpt in README.md.

  --only NAME     measures this alone, prints it, and writes nothing; may be repeated
  --scale NUMBER  does everything this fraction as often, prints it, and writes nothing. Default: 1
  --page          measures nothing, and writes the page and the pictures from the results again
  --help

${names.map((name) => `  ${name}`).join("\n")}
`

/** What the command line asks for, or what is wrong with it. */
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
    if (unknown !== undefined) return `--only: there is no "${unknown}"; there are ${names.join(", ")}`
    const scale = Number(values.scale)
    if (!(scale > 0 && scale <= 10)) return `--scale: expected a number above 0 and up to 10, got "${values.scale}"`
    return { only: values.only, scale, page: values.page, help: values.help }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
