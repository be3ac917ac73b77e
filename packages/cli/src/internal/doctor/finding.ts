/**
 * The findings of `doctor`: for each step a verdict with a code, its cause, and the change that is necessary.
 */
import type { Values } from "../profileText.js"
import * as changes from "./change.js"

export type Step =
  | "configuration"
  | "name"
  | "proxy"
  | "connection"
  | "certificate"
  | "clock"
  | "discovery"
  | "authentication"
  | "scope"
  | "audience"
  | "call"

export type Verdict = "ok" | "warning" | "wrong" | "skipped"

export interface Finding {
  readonly step: Step
  readonly verdict: Verdict
  /** `ok`, `skipped`, or the name of the situation. */
  readonly code: string
  readonly message: string
  readonly remedy?: string | undefined
  /** The change of settings that the remedy describes, where it is exactly known. */
  readonly fix?: changes.Change | undefined
  /** True when the step succeeded with `fix`. */
  readonly isProven?: boolean | undefined
}

export const ok = (step: Step, message: string): Finding => ({ step, verdict: "ok", code: "ok", message })

export const skipped = (step: Step, message: string): Finding => ({
  step,
  verdict: "skipped",
  code: "skipped",
  message
})

/** A situation: how it is recognized in a fact, its cause, and its remedy. */
export interface Rule<F> {
  readonly code: string
  /** Default: `wrong`. */
  readonly verdict?: Verdict
  readonly holds: (fact: F) => boolean
  readonly cause: (fact: F) => string
  readonly remedy: (fact: F) => string
  /** The remedy as a change of settings. It is described before `remedy`. */
  readonly fix?: (fact: F) => changes.Change | undefined
}

/** Returns the finding of the first rule that holds, or the result of `otherwise`. */
export const diagnose = <F extends { readonly values: Values }>(
  step: Step,
  rules: ReadonlyArray<Rule<F>>,
  fact: F,
  otherwise: (fact: F) => Finding
): Finding => {
  const rule = rules.find(({ holds }) => holds(fact))
  if (rule === undefined) return otherwise(fact)
  const fix = rule.fix?.(fact)
  const isChange = fix !== undefined && changes.apply(fix, fact.values) !== undefined
  const described = isChange ? `${changes.inWords(fix, fact.values)}. ` : ""
  return {
    step,
    verdict: rule.verdict ?? "wrong",
    code: rule.code,
    message: rule.cause(fact),
    remedy: `${described}${rule.remedy(fact)}`.trim(),
    fix: isChange ? fix : undefined
  }
}

/** The result of all steps. Only a call that succeeded shows that calls can be made. */
export const result = (
  findings: ReadonlyArray<Finding>
): { readonly isGood: boolean; readonly message: string } => {
  const problems = findings.filter(({ verdict }) => verdict === "wrong").length
  if (problems > 0) return { isGood: false, message: `${problems} ${problems === 1 ? "problem" : "problems"} found.` }
  const has = (step: Step, code?: string) =>
    findings.some((one) => one.step === step && (code === undefined ? one.verdict !== "skipped" : one.code === code))
  if (has("call", "no-api") && has("authentication")) return { isGood: true, message: "Tokens can be requested." }
  return has("call") ? { isGood: true, message: "Calls can be made." } : { isGood: false, message: "No call was made." }
}
