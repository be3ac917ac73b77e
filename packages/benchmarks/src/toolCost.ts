/**
 * The cost of a call by tools for the command line: user CPU and peak memory of a process.
 */
import { execFile } from "node:child_process"
import { promisify } from "node:util"

import { interleaved } from "./measure.js"
import { summarize, type Value } from "./result.js"

export interface Tool {
  readonly name: string
  readonly command: readonly [string, ...ReadonlyArray<string>]
}

export interface Cost {
  readonly name: string
  /** User CPU in milliseconds. */
  readonly cpu: Value
  /** Peak memory in megabytes. */
  readonly memory: Value
}

export interface Results {
  readonly at: string
  readonly machine: string
  readonly costs: ReadonlyArray<Cost>
}

/** The tool that others are compared with. */
export const reference = "HTTPie"

/** Node has no resource usage of a child process. Python has it, and HTTPie needs Python. */
const usage = `
import resource, subprocess, sys
children = lambda: resource.getrusage(resource.RUSAGE_CHILDREN)
before = children().ru_utime
subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
used = children()
print((used.ru_utime - before) * 1000, used.ru_maxrss / 1000)
`

/** Returns the standard output of a command. */
export const output = async (
  [file, ...args]: Tool["command"],
  environment: NodeJS.ProcessEnv
): Promise<string> => (await promisify(execFile)(file, args, { env: environment })).stdout

const sample = async ({ command }: Tool, environment: NodeJS.ProcessEnv): Promise<readonly [number, number]> => {
  const text = await output(["python3", "-c", usage, ...command], environment)
  const [cpu = NaN, memory = NaN] = text.trim().split(" ").map(Number)
  return [cpu, memory]
}

/** Runs the tools in turns, after one run of each that is not counted. */
export const measure = async (
  tools: ReadonlyArray<Tool>,
  rounds: number,
  environment: NodeJS.ProcessEnv
): Promise<ReadonlyArray<Cost>> => {
  const samples = new Map<string, Array<readonly [number, number]>>(tools.map(({ name }) => [name, []]))
  for (const tool of tools) await sample(tool, environment)
  await interleaved(rounds, tools, async (tool) => {
    samples.get(tool.name)?.push(await sample(tool, environment))
  })
  return tools.map(({ name }) => {
    const all = samples.get(name) ?? []
    return {
      name,
      cpu: summarize(name, all.map(([cpu]) => cpu)),
      memory: summarize(name, all.map(([, memory]) => memory))
    }
  })
}

const withQuartiles = ({ high, low, median }: Value): string =>
  `${median.toFixed(0)} (${low.toFixed(0)} … ${high.toFixed(0)})`

/** Returns the page with the results. */
export const page = ({ at, costs, machine }: Results): string => {
  const base = costs.find(({ name }) => name === reference)?.cpu.median ?? NaN
  return [
    "# Command line",
    "The cost of one process, measured in turns in one run: a call of an API on loopback with a token that is cached, and " +
    "`token`, which prints it. HTTPie and curl are passed the token. Medians, followed by the first and the third quartile. " +
    "The numbers are in [results/command-line.json](results/command-line.json).",
    "    npm run bench:cli",
    `${machine}; ${at.slice(0, 10)}.`,
    [
      `| | user CPU in ms | of ${reference} | peak memory in MB |`,
      "| --- | ---: | ---: | ---: |",
      ...costs.map(({ cpu, memory, name }) =>
        `| ${name} | ${withQuartiles(cpu)} | ${(cpu.median / base).toFixed(2)} | ${memory.median.toFixed(0)} |`
      )
    ].join("\n"),
    ""
  ].join("\n\n")
}
