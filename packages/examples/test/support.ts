import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"

import { Effect } from "effect"

/** The file of a program, as bundled by `bundle.ts`. */
export const program = (name: string): string => fileURLToPath(new URL(`../build/programs/${name}.js`, import.meta.url))

interface Result {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program in a separate process. */
export const run = (file: string, args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) =>
  Effect.async<Result>((resume) => {
    const child = execFile(process.execPath, [program(file), ...args], {
      env: { ...process.env, ...environment }
    }, (_, stdout, stderr) => resume(Effect.succeed({ exitCode: child.exitCode, stdout, stderr })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })
