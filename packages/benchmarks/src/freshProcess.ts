/**
 * Runs `fresh.js` for measurements in a separate process.
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

/**
 * Runs the participants in sequence in each round, each in a new process. Returns the rows for each key of the samples.
 */
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
