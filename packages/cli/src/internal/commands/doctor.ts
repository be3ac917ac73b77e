/**
 * `effect-oauth doctor`: checks each step to a first call, and reports the first problem with its remedy.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"

import { harmless } from "../ansi.js"
import * as changes from "../doctor/change.js"
import { configuration, openSecret } from "../doctor/configurationRules.js"
import { examine } from "../doctor/examination.js"
import { type Finding, result } from "../doctor/finding.js"
import type { Difference } from "../doctor/profileEdit.js"
import * as profileFile from "../doctor/profileFile.js"
import * as session from "../doctor/session.js"
import * as durationText from "../durationText.js"
import { explain } from "../explain.js"
import { usage } from "../Failure.js"
import * as privateFile from "../privateFile.js"
import type { Common, Ended } from "../run.js"
import { Screen } from "../Screen.js"
import * as settings from "../settings.js"
import { wrap } from "../wrap.js"

export interface Options extends Common {
  readonly path: Option.Option<string>
  readonly timeout: string
  readonly fix: boolean
  readonly json: boolean
}

const marks = { ok: "✓", warning: "!", wrong: "✗", skipped: "·" } as const

const line = ({ message, remedy = "", step, verdict }: Finding, { out, room }: Screen["Type"]): string => {
  const paint = { ok: out.green, warning: out.yellow, wrong: out.red, skipped: out.dim }[verdict]
  const text = `${paint(marks[verdict])} ${out.bold(step.padEnd(14))} ${wrap(harmless(message), room, 17)}`
  return remedy === "" ? text : `${text}\n  ${" ".repeat(14)} ${out.cyan("→")} ${wrap(harmless(remedy), room, 19)}`
}

const examined = (
  chosen: settings.Settings,
  options: Options,
  timeout: number,
  report: (one: Finding) => Effect.Effect<void>
) =>
  Effect.gen(function*() {
    const { origin, values } = chosen
    const secret = values["OAUTH_CLIENT_SECRET_FILE"] ?? values["OAUTH_PRIVATE_KEY_FILE"]
    const made = yield* Effect.either(
      Effect.flatMap(session.withSecret(chosen), (all) => session.make(all, timeout))
    )
    yield* report(configuration({
      origin,
      values,
      problem: Either.isLeft(made) ? explain(made.left).message : undefined
    }))
    if (secret !== undefined && (yield* privateFile.isOpen(secret)) === true) yield* report(openSecret(secret))
    if (Either.isRight(made)) {
      yield* examine(made.right, report, { path: Option.getOrElse(options.path, () => ""), timeout })
    }
  }).pipe(
    Effect.scoped,
    // Without --verbose, logs are hidden: unusual conditions are reported as findings.
    options.verbose ? (all) => all : Logger.withMinimumLogLevel(LogLevel.None)
  )

const quoted = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`

/** The change for a shell, where the settings are those of its environment. */
const commands = ({ set, unset }: changes.Change): ReadonlyArray<string> => [
  ...Object.entries(set).map(([name, value]) => `export ${name}=${quoted(value)}`),
  ...(unset.length === 0 ? [] : [`unset ${unset.join(" ")}`])
]

const shownDifference = ({ added, removed }: Difference, { out }: Screen["Type"]): ReadonlyArray<string> => [
  ...removed.map((one) => out.red(`- ${harmless(one)}`)),
  ...added.map((one) => out.green(`+ ${harmless(one)}`))
]

/** Writes the changes of the findings; returns the findings that are left. */
const fixed = (chosen: settings.Settings, findings: ReadonlyArray<Finding>, options: Options) =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const print = options.json ? screen.note : screen.print
    const all = findings.flatMap(({ fix, verdict }) => verdict === "wrong" && fix !== undefined ? [fix] : [])
    if (all.length === 0) {
      yield* print("\nThere is nothing that --fix can change.")
      return findings
    }
    const change = changes.merge(all)
    if (chosen.profile === undefined) {
      yield* print(`\nThe settings are those of the environment. Change them there:\n\n${commands(change).join("\n")}`)
      return findings
    }
    const path = yield* settings.profilePath(chosen.profile)
    const differences = yield* profileFile.change(path, change)
    yield* print(["", harmless(path), ...differences.flatMap((one) => shownDifference(one, screen))].join("\n"))
    return findings.map((one): Finding => one.isProven === true ? { ...one, verdict: "ok" } : one)
  })

export const run = (options: Options): Effect.Effect<Ended, unknown, Screen> =>
  Effect.gen(function*() {
    const screen = yield* Screen
    const timeout = Option.getOrUndefined(durationText.read(options.timeout))
    if (timeout === undefined || timeout < 100) {
      return yield* usage(`--timeout ${options.timeout} is not a duration.`, "Pass 6s, 500ms or 1min.")
    }
    const findings: Array<Finding> = []
    const chosen = yield* settings.load(options.profile)
    yield* examined(chosen, options, timeout, (finding) => {
      findings.push(finding)
      return options.json ? Effect.void : screen.print(line(finding, screen))
    })
    if (options.json) {
      yield* screen.print(
        JSON.stringify(findings.map(({ isProven: _, remedy, ...one }) => ({ ...one, remedy: remedy ?? null })))
      )
    }
    const left = options.fix ? yield* fixed(chosen, findings, options) : findings
    const { isGood, message } = result(left)
    const isFixable = !options.fix && findings.some(({ fix, verdict }) => verdict === "wrong" && fix !== undefined)
    if (!options.json) {
      const command = `effect-oauth doctor${
        chosen.profile === undefined || chosen.profile === "default" ? "" : ` --profile ${chosen.profile}`
      }`
      const hint = isFixable && chosen.profile !== undefined ? ` ${command} --fix writes the change.` : ""
      const again = options.fix && !isGood && left !== findings ? ` Run ${command} again.` : ""
      yield* screen.print(`\n${isGood ? screen.out.green(message) : screen.out.red(message)}${hint}${again}`)
    }
    return isGood ? "success" : "unwell"
  })
