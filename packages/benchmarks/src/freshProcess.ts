/**
 * Runs `fresh.js`, for what is measured in a process of its own.
 */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

import type { Contender } from "./contender.js"
import { interleaved } from "./measure.js"
import { type Row, summarize } from "./result.js"
import { client, fixedToken } from "./world.js"

const program = fileURLToPath(new URL("../dist/fresh.js", import.meta.url))

export const run = async <K extends string>(
  flags: ReadonlyArray<string>,
  parameters: ReadonlyArray<string>
): Promise<Readonly<Record<K, number>>> => {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, ...parameters], {
    timeout: 600_000,
    env: { ...process.env, CLIENT_ID: client.id, CLIENT_SECRET: client.secret, FIXED_TOKEN: fixedToken }
  })
  return JSON.parse(stdout) as Readonly<Record<K, number>>
}

/** One after the other in each round, each in a new process. The rows of what is asked for by its key. */
export const collect = async <K extends string>(
  participants: ReadonlyArray<Contender>,
  rounds: number,
  sample: (contender: Contender) => Promise<Readonly<Record<K, number>>>
) => {
  const samples = new Map<string, Array<Readonly<Record<K, number>>>>(participants.map(({ name }) => [name, []]))
  await interleaved(rounds, participants, async (contender) => {
    samples.get(contender.name)?.push(await sample(contender))
  })
  return (key: K): ReadonlyArray<Row> => [...samples].map(([name, all]) => summarize(name, all.map((one) => one[key])))
}
