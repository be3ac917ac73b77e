/**
 * The question of the page "Tokens of a fleet", and the fleet that answers it.
 */
import * as Fleet from "@effect-oauth/testing/Fleet"
import * as Effect from "effect/Effect"

/** The fields of the form. */
export interface Question {
  readonly instances: number
  readonly days: number
  /** The lifetime of a token, in hours. */
  readonly tokenLife: number
  /** The restarts of an instance in a day; 0 for none. */
  readonly restarts: number
  /** The interval between the calls of an instance, in minutes. */
  readonly callsEvery: number
  /** The tokens that the server issues in 24 hours; 0 for no limit. */
  readonly dailyLimit: number
  readonly isShared: boolean
  readonly onePerClient: "none" | "reissue" | "revoke"
}

/** The fields, with their bounds. */
export const fields = [
  { name: "instances", label: "Instances", min: 1, max: 50, step: 1, unit: "" },
  { name: "tokenLife", label: "Token lifetime", min: 1, max: 24, step: 1, unit: " h" },
  { name: "restarts", label: "Restarts of an instance a day", min: 0, max: 24, step: 0.5, unit: "" },
  { name: "callsEvery", label: "An instance calls every", min: 1, max: 60, step: 1, unit: " min" },
  { name: "dailyLimit", label: "Daily limit of the server (0: none)", min: 0, max: 500, step: 5, unit: "" }
] as const

export const initial: Question = {
  instances: 10,
  days: 4,
  tokenLife: 24,
  restarts: 2,
  callsEvery: 5,
  dailyLimit: 50,
  isShared: false,
  onePerClient: "none"
}

/** The answer, or the sentence of an error. */
export type Answer = Fleet.Report | string

/** Simulates the fleet by the library's own simulator. */
export const answer = (question: Question): Promise<Answer> => {
  const { callsEvery, dailyLimit, days, instances, isShared, onePerClient, restarts, tokenLife } = question
  return Effect.runPromise(
    Fleet.simulate({
      instances,
      days,
      onePerClient,
      tokenLife: `${tokenLife} hours`,
      callsEvery: `${callsEvery} minutes`,
      ...(restarts > 0 ? { restartEvery: `${24 / restarts} hours` } : {}),
      ...(dailyLimit > 0 ? { dailyLimit } : {}),
      ...(isShared ? { shared: dailyLimit > 0 ? { issuanceBudget: { limit: dailyLimit } } : true } : {})
    }).pipe(Effect.catchAll(({ message }) => Effect.succeed(message)))
  )
}

const plural = (count: number, noun: string): string => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`

/** The answer in sentences. */
export const sentences = ({ dailyLimit }: Question, report: Fleet.Report): ReadonlyArray<string> => {
  const [first = 0, ...rest] = report.tokensPerDay
  const steady = rest.length === 0 ? first : Math.max(...rest)
  return [
    `${plural(first, "token")} on the first day, at most ${plural(steady, "token")} on a day after it.`,
    report.limitReachedAt === undefined
      ? dailyLimit === 0 ? "The server has no daily limit." : `The daily limit of ${dailyLimit} is not reached.`
      : `The server rejects a token request for the first time after ${
        (report.limitReachedAt / 3_600_000).toFixed(1)
      } hours.`,
    `${plural(report.failedCalls, "call")} of ${report.calls.toLocaleString("en")} fail without a token.`
  ]
}
