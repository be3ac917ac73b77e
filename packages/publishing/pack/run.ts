import { spawn, type SpawnOptions } from "node:child_process"

export interface Outcome {
  readonly code: number | null
  readonly output: string
}

/** Runs a program to its end. Returns its exit code and its output on both streams. */
export const run = (command: string, args: ReadonlyArray<string>, options: SpawnOptions = {}): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    child.stdout?.on("data", (chunk) => output += chunk)
    child.stderr?.on("data", (chunk) => output += chunk)
    child.once("error", reject)
    child.once("close", (code) => resolve({ code, output }))
  })

/** Runs a program, and fails if it does. Returns its output. */
export const succeed = async (
  command: string,
  args: ReadonlyArray<string>,
  options?: SpawnOptions
): Promise<string> => {
  const { code, output } = await run(command, args, options)
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${output}`)
  return output
}
